"""What a sweep costs beside the solver it calls."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from numerics import SolvingTask, solve, sweep
from theory import RandomNetwork, replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable


TEMPERATURE = 0.1


class Seconds(NamedTuple):
    """What some work took.

    Parameters
    ----------
    wall : float
    processor : float
        Of all threads together.
    """

    wall: float
    processor: float


class SweepOverhead(NamedTuple):
    """Seconds for the same points, solved alone and in a sweep.

    Parameters
    ----------
    points, chunks : int
        Of one chunk; how many chunks.
    solver, sweep : Seconds
        The fastest of the repetitions.
    """

    points: int
    chunks: int
    solver: Seconds
    sweep: Seconds

    @property
    def share(self) -> float:
        """Processor time of the sweep beyond the solver's, in units of the solver's."""
        return self.sweep.processor / self.solver.processor - 1


def sweep_overhead(
    points: int = 10_000,
    chunks: int = 16,
    *,
    network: RandomNetwork | None = None,
    repetitions: int = 3,
) -> SweepOverhead:
    """Solve the same chunks without and with a store, in turns, on one thread.

    Parameters
    ----------
    points : int
        Of a chunk, a line in g.
    chunks : int
        One for every gamma.
    network : RandomNetwork, optional
        By default the one with the fastest equations, for which the store weighs most.
    repetitions : int
        The fastest of either kind counts; the first is preceded by one that is not measured.

    Returns
    -------
    SweepOverhead

    Examples
    --------
    >>> found = sweep_overhead(points=20, chunks=2, repetitions=1)
    >>> found.sweep.processor > found.solver.processor > 0
    True
    """
    network = RandomNetwork() if network is None else network
    g, gamma = np.linspace(0.4, 1.4, points), np.linspace(0, 0.9, chunks)
    task = SolvingTask(network, g, gamma, TEMPERATURE)

    def alone() -> None:
        free_energy = replica_symmetric(network)
        with threadpool_limits(1):
            for value in gamma:
                solve(free_energy, g, value, TEMPERATURE)

    with TemporaryDirectory() as directory:
        # all are removed at the end: some file systems are slow to reuse what was just deleted
        paths = iter([Path(directory) / f"{k}.zarr" for k in range(repetitions + 1)])

        def stored() -> None:
            sweep(task, next(paths), chunks={"g": points, "gamma": 1}).close()

        runs = [(_timed(alone), _timed(stored)) for _ in range(repetitions + 1)]
    # what else the machine does only adds
    solver, swept = (
        Seconds(*map(min, zip(*kind, strict=True))) for kind in zip(*runs[1:], strict=True)
    )
    return SweepOverhead(points, chunks, solver, swept)


def _timed(work: Callable[[], None]) -> Seconds:
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Seconds(time.perf_counter() - wall, time.process_time() - processor)
