"""The measure down a ladder of temperatures, where only tempering equilibrates."""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from numerics.density import bin_probability
from numerics.instances import Instance
from numerics.provenance import FORMAT_VERSION, provenance
from numerics.scales import network_scales
from theory.codegen.kernels import network_kernels
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.compare import compare_point, labelled, padded
from validation.equilibrium import bin_edges, networks_by_size, recorded, select_points
from validation.runs import Job, model_settings, run_jobs
from validation.sampling import NETWORKS, Tempering
from validation.simulate import Recorder, starts
from validation.tempering import temper

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import xarray as xr

    from theory.ensembles import RandomNetwork

SWAPPING = 1.6
"""Neighbouring temperatures differ by a factor of at most ``1 + SWAPPING/sqrt(N)``."""


def validate_cold(
    network: RandomNetwork,
    phases: xr.Dataset,
    *,
    size: Sequence[int] = (50, 100, 200),
    networks: int | Sequence[int] = NETWORKS,
    tempering: Tempering | None = None,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Simulate all temperatures of a line together by parallel tempering and compare.

    Parameters
    ----------
    network : RandomNetwork
    phases : xarray.Dataset
        Points of `numerics.solve` at one g and gamma, over ``temperature``. The highest
        temperature should be one at which chains mix by themselves; temperatures are put between
        those given until neighbours exchange their states.
    size, networks, seed, threads, directory, progress
        As for `validation.validate`.
    tempering : Tempering, optional

    Returns
    -------
    xarray.Dataset
        As of `validation.validate`, over ``temperature``; also ``overlap_squared``, see
        `mean_square_overlap`, over ``temperature``, ``size`` and ``network``.

    Raises
    ------
    ModelError
        If there are fewer than two temperatures, or several g or gamma.

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> network = RandomNetwork()
    >>> line = solve(replica_symmetric(network), 0.5, 0.0, [0.1, 0.2]).squeeze()
    >>> short = Tempering(draws=30, warmup=30)
    >>> validate_cold(network, line, size=[10, 20], networks=2, tempering=short).simulation.dims
    ('temperature', 'quantity')
    """
    tempering = tempering or Tempering()
    if phases.q.dims != ("temperature",) or phases.sizes["temperature"] < 2:
        msg = "tempering needs several temperatures at one g and gamma; select them from phases"
        raise ModelError(msg)
    counts = networks_by_size(size, networks)
    phases = phases.sortby("temperature")
    points = select_points(phases, ["temperature"])
    edges = [bin_edges(network, point) for point in points]
    free_energy = replica_symmetric(network)
    network_kernels(network)  # compiled once, before threads ask for it
    parameters = float(phases.g), float(phases.gamma)
    temperatures = phases.temperature.values
    settings = {
        "model": model_settings(network),
        "parameters": [*parameters, temperatures],
        "seed": seed,
        "tempering": vars(tempering),
        "edges": edges,
    }

    def run(size: int, index: int) -> dict[str, np.ndarray]:
        instance = Instance(network, size, seed, index)
        return temper_network(instance, *parameters, temperatures, edges, tempering)

    [found] = run_jobs(
        [Job(settings, run)],
        counts,
        threads=threads,
        directory=directory,
        progress=progress,
    )
    parts, scales = [], network_scales(network)
    for k, point in enumerate(points):
        rung = {task: {name: v[k] for name, v in result.items()} for task, result in found.items()}
        predicted = bin_probability(free_energy, point, edges[k])
        parts.append(compare_point(point, rung, predicted, edges[k].tolist(), scales))
    result = labelled(parts, phases, ["temperature"])
    squares = padded(
        [
            np.array([found[n, k]["overlap_squared"] for k in range(count)])
            for n, count in counts.items()
        ]
    )
    result["overlap_squared"] = (
        ("temperature", "size", "network"),
        np.moveaxis(squares, -1, 0),
        {"long_name": "mean square overlap of the states of independent chains", "units": "1"},
    )
    shown = {"size": list(counts), "networks": recorded(counts), "seed": seed, **vars(tempering)}
    result.attrs = {
        "format_version": FORMAT_VERSION,
        "provenance": provenance(free_energy, **shown),
    }
    return result


def temper_network(
    instance: Instance,
    g: float,
    gamma: float,
    temperatures: np.ndarray,
    edges: Sequence[np.ndarray],
    tempering: Tempering,
) -> dict[str, np.ndarray]:
    """Sample the measure of one network at all temperatures.

    Parameters
    ----------
    instance : Instance
    g, gamma : float
    temperatures : ndarray, shape (R,)
        Rising.
    edges : sequence of ndarray
        Bins of the histogram at every temperature.
    tempering : Tempering

    Returns
    -------
    dict of str to ndarray
        As of `validation.simulate.simulate_network`, with a first axis for the temperatures, and
        ``overlap_squared`` and ``acceptance``, the smallest rate of exchange in the ladder.
    """
    target = instance.target(g, gamma)
    rungs = ladder_through(temperatures, instance.size)
    chains = tempering.chains
    recorder = Recorder(instance.model, target.drive_gradient, np.repeat(rungs, chains), edges[0])
    samples = temper(
        target,
        starts(instance, chains, temperatures[-1]),
        rungs,
        draws=tempering.draws,
        warmup=tempering.warmup,
        generator=instance.generator("momenta"),
        observe=recorder.observe,
        integration_time=tempering.integration_time,
    )
    energy = samples.energy[:, None] / instance.size
    draws = np.concatenate([samples.observed, energy], axis=1)
    found = []
    for temperature, bins in zip(temperatures, edges, strict=True):
        rung = int(np.argmin(np.abs(rungs - temperature)))
        recorder.edges = bins
        columns = slice(rung * chains, (rung + 1) * chains)
        c = recorder.transfer(np.stack(recorder.seen)[..., columns])
        overlap = {"overlap_squared": np.array(mean_square_overlap(c))}
        found.append(recorder.summary(draws[..., rung], columns) | overlap)
    swaps = {"acceptance": np.full(len(temperatures), samples.swap_rates.min())}
    return {name: np.stack([part[name] for part in found]) for name in found[0]} | swaps


def mean_square_overlap(values: np.ndarray) -> float:
    """Mean square of the overlap ``(1/N) sum_i c_i c'_i`` of states of different chains.

    Where ``x -> -x`` is a symmetry, time averages ``<c>`` vanish in every finite network, and with
    them the mean overlap, whether or not there is order. The mean square keeps it: as N grows it
    tends to ``Q^2`` if two states have the overlap ``Q`` or ``-Q``, and to 0 like 1/N if ``Q = 0``.

    Parameters
    ----------
    values : ndarray, shape (draws, N, chains)
        Transfer function of the states of independent chains.

    Returns
    -------
    float

    Examples
    --------
    >>> opposite = np.stack([np.ones((3, 50)), -np.ones((3, 50))], axis=-1)
    >>> mean_square_overlap(opposite)
    1.0
    """
    chains = np.moveaxis(values, -1, 0)
    pairs = combinations(chains, 2)
    return float(np.mean([(one @ other.T / values.shape[1]) ** 2 for one, other in pairs]))


def ladder_through(temperatures: np.ndarray, size: int) -> np.ndarray:
    """Put temperatures between those given, evenly in the logarithm, so that states exchange.

    Parameters
    ----------
    temperatures : ndarray, shape (R,)
        Rising.
    size : int
        N; energies fluctuate by ``sqrt(N)``, which decides how far neighbours may be apart.

    Returns
    -------
    ndarray

    Examples
    --------
    >>> ladder_through(np.array([0.1, 0.4]), size=4).round(6).tolist()
    [0.1, 0.15874, 0.251984, 0.4]
    """
    factor = np.log1p(SWAPPING / np.sqrt(size))
    rungs = [temperatures[:1]]
    for low, high in pairwise(temperatures):
        count = int(np.ceil(np.log(high / low) / factor))
        # a multiple of the lowest, so that the ladder has the same digits in all units
        rungs.append(np.append(low * np.geomspace(1, high / low, count + 1)[1:-1], high))
    return np.concatenate(rungs)
