"""Large parameter sweeps: chunks side by side, on disk one by one, gone on with after a crash."""

from __future__ import annotations

import logging
from concurrent.futures import FIRST_COMPLETED, CancelledError, ThreadPoolExecutor, wait
from itertools import islice
from math import prod
from typing import TYPE_CHECKING

import xarray as xr
from threadpoolctl import threadpool_limits

from numerics.fingerprint import fingerprint
from numerics.memory import check_memory
from numerics.sweep_layout import Layout, differences
from numerics.sweep_store import open_store
from numerics.sweep_task import chunk_lengths
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Executor, Future
    from pathlib import Path

    from distributed import Client

    from numerics.sweep_layout import Block
    from numerics.sweep_store import SweepStore
    from numerics.sweep_task import Task

POINT_BYTES = 16
"""Of the mark of a point, and of going through it."""
FEWEST_ON_CLUSTER = 16
"""Chunks handed to a cluster even if it has no workers yet, so that it can grow."""
logger = logging.getLogger("restpoint")


def sweep(
    task: Task,
    path: Path | str,
    *,
    chunks: Mapping[str, int] | None = None,
    threads: int = 1,
    client: Client | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Do a task chunk by chunk into a Zarr store, or go on with a store that is not complete.

    Interrupted in any way, the same call computes what is missing; the result has the same bits
    as that of a run without interruption, on any number of threads or workers.

    Parameters
    ----------
    task : Task
        `numerics.SolvingTask` or `validation.SimulatingTask`, with the values of the axes.
    path : path-like
        Directory of the store. ``xarray.open_zarr`` opens it, at any time.
    chunks : dict, optional
        How many values of an axis are computed and written together, by name of the axis. They
        belong to the settings: a solution starts from its neighbours in the chunk.
    threads : int
        Of this process, that share the chunks.
    client : distributed.Client, optional
        Its workers do the chunks, and this process writes them; `threads` must be left at 1.
    progress : callable, optional
        Called with the number of points done and their total.

    Returns
    -------
    xarray.Dataset
        Over all axes, read from the store when used. A chunk that failed is NaN with ``status``
        2 and its ``reason``; the same call tries it again.

    Raises
    ------
    ModelError
        If the store was made with other settings, is in use or cannot be written, or if the
        chunks do not fit in memory.

    Notes
    -----
    On a cluster, run the same script with a client of it, for example of
    ``dask_jobqueue.SLURMCluster(...)`` or ``Client("scheduler:8786")``. The store must be where
    this process can write; the workers need only this package, in the same versions and on one
    kind of processor (else chunks fail with that reason).

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from numerics import SolvingTask
    >>> from theory import RandomNetwork
    >>> task = SolvingTask(RandomNetwork(), g=[0.8, 1.2], gamma=0.5, temperature=[0.1, 0.2])
    >>> found = sweep(task, Path(mkdtemp()) / "phases.zarr", chunks={"g": 1}, threads=2)
    >>> print(f"{found.q.sel(g=1.2, temperature=0.1).item():.10f}")
    0.3793082206
    """
    if client is not None and threads != 1:
        msg = f"threads are those of this process; with a client leave them at 1, not {threads}"
        raise ModelError(msg)
    total = prod(task.lengths.values())
    check_memory(total * POINT_BYTES, f"a sweep of {total} points")
    # the last digits are those of the workers, which need not be like this process
    versions = fingerprint() if client is None else client.submit(fingerprint, pure=False).result()
    layout = Layout(task, chunk_lengths(task.lengths, task.POINTS_TOGETHER, chunks), versions)
    if client is None:
        _check_fits(task, layout.chunks, threads)
    with open_store(path, layout) as store:
        blocks = store.unfinished()
        if client is None:
            place: _Threads | _Workers = _Threads(threads, len(blocks))
        else:
            place = _Workers(client, versions)
        # products of matrices stay on one thread: chunks are what is done side by side
        with threadpool_limits(1), place.executor:
            _fill(store, blocks, place, _Count(total, blocks, progress))
    return xr.open_zarr(path, chunks=None, consolidated=True)


class _Threads:
    """Chunks side by side on threads of this process."""

    def __init__(self, threads: int, chunks: int) -> None:
        self.executor: Executor = ThreadPoolExecutor(threads)
        self._threads, self._inside = threads, max(threads // max(chunks, 1), 1)

    @property
    def room(self) -> int:
        """How many chunks are handed over at a time: some wait while others are written."""
        return 2 * self._threads

    def submit(self, part: Task) -> Future:
        """Begin with a chunk."""
        return self.executor.submit(part.compute, self._inside)


class _Workers:
    """Chunks on the workers of a Dask cluster."""

    def __init__(self, client: Client, versions: dict[str, str]) -> None:
        # the same chunk may have failed before: nothing is looked up by its arguments
        self.executor: Executor = client.get_executor(pure=False)
        self._client, self._versions = client, versions

    @property
    def room(self) -> int:
        """How many chunks are handed over at a time; workers may come and go."""
        return max(2 * sum(self._client.nthreads().values()), FEWEST_ON_CLUSTER)

    def submit(self, part: Task) -> Future:
        """Begin with a chunk."""
        return self.executor.submit(_compute_on_worker, part, self._versions)


def _compute_on_worker(part: Task, versions: dict[str, str]) -> xr.Dataset:
    """Do a chunk in a worker, unless its last digits or its memory would be wrong."""
    from distributed import get_worker  # noqa: PLC0415  (an optional dependency)

    if found := differences(versions, fingerprint()):
        msg = f"the worker is not like the one that was asked first: {'; '.join(found)}"
        raise ModelError(msg)
    _check_fits(part, part.lengths, get_worker().state.nthreads)
    # for good: limits are those of the process, and setting them back would hit other chunks
    threadpool_limits(1)
    return part.compute()


def _check_fits(task: Task, chunks: Mapping[str, int], side_by_side: int) -> None:
    needed, what = task.memory(chunks)
    check_memory(side_by_side * needed, f"{what}, {side_by_side} at a time,")


def _fill(
    store: SweepStore, blocks: list[Block], place: _Threads | _Workers, count: _Count
) -> None:
    """Compute blocks and write each when it is there."""
    waiting = iter(blocks)
    running: dict[Future, Block] = {}
    try:
        while True:
            for block in islice(waiting, max(place.room - len(running), 0)):
                running[place.submit(store.layout.part(block))] = block
            if not running:
                return
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                _keep(store, running[future], future)
                count(running.pop(future))
    except BaseException as error:
        in_work = {future: block for future, block in running.items() if not future.cancel()}
        if isinstance(error, KeyboardInterrupt) and in_work:
            logger.warning("interrupted; chunks in work are finished first: %d", len(in_work))
            for future, block in in_work.items():
                _keep(store, block, future)
        raise


def _keep(store: SweepStore, block: Block, future: Future) -> None:
    """Write a chunk, or why there is none."""
    try:
        result = future.result()
    except CancelledError:
        msg = "the Dask scheduler was lost; finished chunks are kept, and the same sweep goes on"
        raise ModelError(msg) from None
    except Exception as error:  # whatever it is, the other chunks go on
        logger.debug("a chunk failed", exc_info=error)
        name = "" if isinstance(error, ModelError) else f"{type(error).__name__}: "
        store.fail(block, f"{name}{error}")
    else:
        store.write(block, result)


class _Count:
    """Counts points and tells the user."""

    def __init__(
        self, total: int, blocks: list[Block], progress: Callable[[int, int], None] | None
    ) -> None:
        self._total, self._progress = total, progress
        self._done = total - sum(map(_points, blocks))
        self._tell()

    def __call__(self, block: Block) -> None:
        self._done += _points(block)
        self._tell()

    def _tell(self) -> None:
        if self._progress:
            self._progress(self._done, self._total)


def _points(block: Block) -> int:
    return prod(part.stop - part.start for part in block)
