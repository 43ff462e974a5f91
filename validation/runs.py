"""Many networks of many points, simulated side by side and kept on disk one by one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from numerics.density import bin_probability
from numerics.solve import AXES
from theory.codegen.kernels import network_kernels
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.checkpoint import Checkpoint
from validation.simulate import Sampling, simulate_network

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import xarray as xr

    from theory.ensembles import RandomNetwork

BINS = 60


class Point(NamedTuple):
    """A solved point, how it is sampled, and the predicted shares of the bins."""

    phases: xr.Dataset
    sampling: Sampling
    predicted: np.ndarray

    @property
    def parameters(self) -> tuple[float, float, float]:
        """Values of g, gamma and T."""
        g, gamma, temperature = (float(self.phases[name]) for name in AXES)
        return g, gamma, temperature


def select_points(
    network: RandomNetwork, phases: xr.Dataset, dims: list[str], sampling: Sampling
) -> list[Point]:
    """Select the points one by one, and choose bins that hold what the theory predicts."""
    if "branch" in phases.dims:
        msg = "phases holds several branches; select one: phases.sel(branch=0)"
        raise ModelError(msg)
    free_energy = replica_symmetric(network)
    points = []
    for place in product(*(range(phases.sizes[name]) for name in dims)):
        point = phases.isel(dict(zip(dims, place, strict=True)))
        if not float(point.temperature) > 0:
            msg = "temperature 0 has no measure to sample; validate at a positive temperature"
            raise ModelError(msg)
        width = np.sqrt(float(point.x_squared)) if np.isfinite(point.x_squared) else 1.0
        edges = np.linspace(-5 * width, 5 * width, BINS + 1)
        predicted = bin_probability(free_energy, point, edges)
        points.append(Point(point, replace(sampling, edges=tuple(edges.tolist())), predicted))
    return points


def simulate_all(
    network: RandomNetwork,
    points: list[Point],
    sizes: np.ndarray,
    networks: int,
    seed: int,
    threads: int,
    progress: Callable[[int, int], None] | None,
    directory: Path | None,
) -> list[dict[tuple[int, int], dict[str, np.ndarray]]]:
    """Simulate every network of every point, the largest first, and keep each when it is done."""
    network_kernels(network)  # compiled once, before threads ask for it
    tasks = [
        (k, int(n), index)
        for n in sizes[::-1]
        for k in range(len(points))
        for index in range(networks)
    ]
    kept = [_checkpoint(network, point, seed, directory) for point in points]
    results: list[dict] = [{} for _ in points]

    def run(task: tuple[int, int, int]) -> dict[str, np.ndarray]:
        k, n, index = task
        name = f"{n}-{index}"
        if (found := kept[k].get(name)) is not None:
            return found
        found = simulate_network(network, *points[k].parameters, n, index, seed, points[k].sampling)
        return kept[k].put(name, found)

    # products of matrices stay on one thread: networks are what is done side by side
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        try:
            for done, (task, found) in enumerate(zip(tasks, pool.map(run, tasks), strict=True), 1):
                results[task[0]][task[1:]] = found
                if progress:
                    progress(done, len(tasks))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    if directory is None:
        for store in kept:
            store.clear()
    return results


def _checkpoint(
    network: RandomNetwork, point: Point, seed: int, directory: Path | None
) -> Checkpoint:
    names = ("local", "gain", "transfer", "mean", "field_std", "confinement")
    return Checkpoint(
        {
            "model": {name: str(getattr(network, name)) for name in names},
            "parameters": point.parameters,
            "seed": seed,
            "sampling": asdict(point.sampling),
        },
        directory,
    )
