"""Simulation of the measure at solved points, compared with the theory: `validate`."""

from __future__ import annotations

from dataclasses import asdict, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from numerics.density import bin_probability
from numerics.instances import Instance
from numerics.phases import AXES
from numerics.provenance import FORMAT_VERSION, provenance
from numerics.scales import network_scales
from theory.codegen.kernels import network_kernels
from theory.ensembles import check_network
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.compare import compare_point, labelled
from validation.runs import Job, model_settings, run_jobs
from validation.sampling import NETWORKS, SIZES, Sampling
from validation.simulate import simulate_network

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import xarray as xr

    from theory.ensembles import RandomNetwork

BINS = 60
WIDE, FINE = 5, 20
"""Of the bins that look for the width of the distribution: its reach and how fine it is."""


def validate(
    network: RandomNetwork,
    phases: xr.Dataset,
    *,
    size: Sequence[int] = SIZES,
    networks: int | Sequence[int] = NETWORKS,
    chains: int = Sampling.chains,
    draws: int = Sampling.draws,
    warmup: int = Sampling.warmup,
    doublings: int = Sampling.doublings,
    integration_time: float = Sampling.integration_time,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Simulate the measure of drawn networks at solved points and compare.

    For every size, networks are drawn and sampled by Hamiltonian Monte Carlo from hot and cold
    starts; averages over networks are extrapolated to ``N -> infinity`` with an unknown power of
    N, and compared with the theory.

    Parameters
    ----------
    network : RandomNetwork
    phases : xarray.Dataset
        Points of `numerics.solve`, with any of ``g``, ``gamma`` and ``temperature`` as dimensions.
    size : sequence of int
        N. Only three sizes or more can be extrapolated.
    networks : int or sequence of int
        Networks of every size, or one number for each size; at least 2. Small networks vary more
        and cost less, so that more of them give the same error for the same work at all sizes.
    chains, draws, warmup, doublings, integration_time
        As for `validation.sampling.Sampling`.
    seed : int
        Everything random follows from it; the result has the same bits on any number of threads.
    threads : int
        Networks simulated side by side.
    directory : pathlib.Path, optional
        Where finished networks are kept, so that an interrupted run continues. By default this
        is the private cache, and they are removed when all are done; in a directory that is given
        they stay.
    progress : callable, optional
        Called with the work done and its total, N^2 for a network of N units.

    Returns
    -------
    xarray.Dataset
        Over the dimensions of ``phases``, ``quantity``, ``size`` and ``network``: ``theory``,
        ``simulation`` (extrapolated), ``standard_error``, ``z``, ``verdict`` and ``reason``, and
        what they come from.

    Raises
    ------
    ModelError
        If a number is out of range or the measure cannot be sampled.

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> network = RandomNetwork()
    >>> phases = solve(replica_symmetric(network), g=0.5, gamma=0.0, temperature=0.5)
    >>> checked = validate(network, phases.squeeze(), size=[20, 40, 80], networks=32)
    >>> str(checked.verdict.sel(quantity="energy").values)
    'confirmed'
    """
    check_network(network, "validate")
    sampling = Sampling(chains, draws, warmup, doublings, integration_time)
    counts = networks_by_size(size, networks)
    dims = [name for name in AXES if name in phases.dims]
    points = [_Point(network, point, sampling) for point in select_points(phases, dims)]
    network_kernels(network)  # compiled once, before threads ask for it
    runs = run_jobs(
        [point.job(seed) for point in points],
        counts,
        threads=threads,
        directory=directory,
        progress=progress,
    )
    parts = [
        compare_point(
            point.phases, found, point.predicted, point.sampling.edges, network_scales(network)
        )
        for point, found in zip(points, runs, strict=True)
    ]
    result = labelled(parts, phases, dims)
    settings = {
        "size": list(counts),
        "networks": recorded(counts),
        "seed": seed,
        "chains": chains,
        "draws": draws,
        "warmup": warmup,
        "doublings": doublings,
        "integration_time": integration_time,
    }
    result.attrs = {
        "format_version": FORMAT_VERSION,
        "provenance": provenance(replica_symmetric(network), **settings),
    }
    return result


class _Point:
    """A solved point, how it is sampled, and the predicted shares of the bins."""

    def __init__(self, network: RandomNetwork, phases: xr.Dataset, sampling: Sampling) -> None:
        edges = bin_edges(network, phases)
        self.network, self.phases = network, phases
        self.sampling = replace(sampling, edges=tuple(edges.tolist()))
        self.predicted = bin_probability(replica_symmetric(network), phases, edges)

    def job(self, seed: int) -> Job:
        """What is done for every network."""
        g, gamma, temperature = (float(self.phases[name]) for name in AXES)
        settings = {
            "model": model_settings(self.network),
            "parameters": [g, gamma, temperature],
            "seed": seed,
            "sampling": asdict(self.sampling),
        }

        def run(size: int, index: int) -> dict[str, np.ndarray]:
            instance = Instance(self.network, size, seed, index)
            return simulate_network(instance, g, gamma, temperature, self.sampling)

        return Job(settings, run)


def bin_edges(network: RandomNetwork, phases: xr.Dataset) -> np.ndarray:
    """Choose bins around rest that hold what the theory predicts for the states of units."""
    scales, square = network_scales(network), float(phases.x_squared)
    if scales.origin and np.isfinite(square):
        # the mean square from the origin is that from 0 only there
        wide = WIDE * (scales.width(float(phases.temperature)) + np.sqrt(square))
        edges = scales.origin + np.linspace(-wide, wide, FINE * BINS + 1)
        share = bin_probability(replica_symmetric(network), phases, edges)
        middle = (edges[1:] + edges[:-1]) / 2 - scales.origin
        square = float(share @ middle**2 / share.sum())
    width = np.sqrt(square) if np.isfinite(square) else scales.width(float(phases.temperature))
    return scales.origin + np.linspace(-5 * width, 5 * width, BINS + 1)


def select_points(phases: xr.Dataset, dims: list[str]) -> list[xr.Dataset]:
    """Select the points one by one and refuse what cannot be sampled."""
    if "branch" in phases.dims:
        msg = "phases holds several branches; select one: phases.sel(branch=0)"
        raise ModelError(msg)
    if not (phases.temperature > 0).all():
        msg = "temperature 0 has no measure to sample; validate at a positive temperature"
        raise ModelError(msg)
    places = product(*(range(phases.sizes[name]) for name in dims))
    return [phases.isel(dict(zip(dims, place, strict=True))) for place in places]


def checked_sizes(size: Sequence[int]) -> list[int]:
    """Give different sizes in their order and refuse what is none."""
    sizes = np.unique(np.atleast_1d(np.asarray(size, dtype=float)))
    if sizes.size == 0 or (sizes < 2).any() or (sizes != np.round(sizes)).any():
        msg = f"sizes must be whole numbers of at least 2, not {list(np.atleast_1d(size))}"
        raise ModelError(msg)
    return sizes.astype(int).tolist()


def networks_by_size(size: Sequence[int], networks: int | Sequence[int]) -> dict[int, int]:
    """Give the number of networks of every size, in the order of the sizes.

    Parameters
    ----------
    size : sequence of int
    networks : int or sequence of int
        Of every size, or one number for each.

    Raises
    ------
    ModelError
        If a size or a number of networks means nothing, or a size comes with two numbers.

    Examples
    --------
    >>> networks_by_size([200, 100], 8), networks_by_size([200, 100], [8, 16])
    ({100: 8, 200: 8}, {100: 16, 200: 8})
    """
    sizes = checked_sizes(size)
    many = np.ndim(networks) > 0
    if many and not len(np.atleast_1d(size)) == len(sizes) == np.size(networks):
        msg = (
            f"networks gives {np.size(networks)} numbers for the {len(np.atleast_1d(size))} sizes"
            f" {list(np.atleast_1d(size))}; give one for each of different sizes, or one for all"
        )
        raise ModelError(msg)
    if (least := np.min(networks)) < 2:
        msg = f"networks must be at least 2, not {least}: the error comes from their spread"
        raise ModelError(msg)
    if not many:
        return dict.fromkeys(sizes, int(np.max(networks)))
    return dict(sorted(zip(map(int, size), map(int, np.ravel(networks)), strict=True)))


def recorded(counts: dict[int, int]) -> int | list[int]:
    """Write numbers of networks as one number, or as a list where they differ.

    Examples
    --------
    >>> recorded({100: 8, 200: 8}), recorded({100: 16, 200: 8})
    (8, [16, 8])
    """
    numbers = list(counts.values())
    return numbers[0] if len(set(numbers)) == 1 else numbers
