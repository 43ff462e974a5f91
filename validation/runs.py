"""Many networks simulated side by side and kept on disk one by one."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from threadpoolctl import threadpool_limits

from validation.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from theory.ensembles import RandomNetwork

    Result = dict[str, np.ndarray]

SMALL = 200
"""Units up to which networks are not simulated side by side."""


class Job(NamedTuple):
    """Something to be done for many networks.

    Parameters
    ----------
    settings : dict
        All that the results depend on, beside the size and number of the network.
    run : callable
        Size and number of a network to its result, a dict of arrays.
    """

    settings: dict[str, Any]
    run: Callable[[int, int], Result]


def model_settings(network: RandomNetwork) -> dict[str, str]:
    """Say which model it is, in words that a checkpoint can be recognised by.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> model_settings(RandomNetwork())["transfer"]
    'tanh(x)'
    """
    names = ("local", "gain", "transfer", "mean", "field_std", "confinement")
    return {name: str(getattr(network, name)) for name in names}


def run_jobs(
    jobs: Sequence[Job],
    networks: Mapping[int, int],
    *,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[tuple[int, int], Result]]:
    """Run every job for every network, and keep each result when it is there.

    One thread begins with the smallest networks, the others with the largest, and those of at most
    `SMALL` units are never done side by side: they are many short calls, at which threads would
    wait for each other's turn in the interpreter (two threads with such a network each take twice
    as long as one thread with both).

    Parameters
    ----------
    jobs : sequence of Job
    networks : mapping of int to int
        How many of every size.
    threads : int
        Networks done side by side; results do not depend on it.
    directory : pathlib.Path, optional
        As for `validation.validate`.
    progress : callable, optional
        Called with the work done and its total, N^2 for a network of N units.

    Returns
    -------
    list of dict
        For every job, its results by size and number of the network.

    Examples
    --------
    >>> import numpy as np
    >>> job = Job({"of": "example"}, lambda size, index: {"q": np.array(size + index)})
    >>> [found] = run_jobs([job], {10: 3, 20: 2})
    >>> int(found[20, 1]["q"])
    21
    """
    tasks = deque(
        (k, size, index)
        for size, count in sorted(networks.items(), reverse=True)
        for k in range(len(jobs))
        for index in range(count)
    )
    count, smallest = len(tasks), Lock()
    done, total = 0, sum(size**2 for _, size, _ in tasks)
    kept = [Checkpoint(job.settings, directory) for job in jobs]
    results: list[dict] = [{} for _ in jobs]

    def run(task: tuple[int, int, int]) -> Result:
        k, size, index = task
        name = f"{size}-{index}"
        found = kept[k].get(name)
        return kept[k].put(name, jobs[k].run(size, index)) if found is None else found

    def run_next(_: int) -> tuple[tuple[int, int, int], Result]:
        if threads > 1 and smallest.acquire(blocking=False):
            try:
                return (task := tasks.pop()), run(task)
            finally:
                smallest.release()
        task = tasks.popleft()
        with smallest if task[1] <= SMALL else nullcontext():
            return task, run(task)

    # products of matrices stay on one thread: networks are what is done side by side
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        try:
            for task, found in pool.map(run_next, range(count)):
                results[task[0]][task[1:]] = found
                done += task[1] ** 2
                if progress:
                    progress(done, total)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if directory is None:
        for store in kept:
            store.clear()
    return results
