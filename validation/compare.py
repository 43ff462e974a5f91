"""Theory and simulation side by side: one labelled dataset with a verdict per quantity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.solve import AXES, FORMAT_VERSION, provenance
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.distributions import compare_histograms
from validation.finite_size import extrapolate
from validation.runs import select_points, simulate_all
from validation.simulate import QUANTITIES, Sampling
from validation.statistics import mixing
from validation.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from theory.ensembles import RandomNetwork
    from validation.runs import Point

LARGEST_R_HAT = 1.05
_PER_NETWORK = {
    "r_hat": "largest rank-normalised split R-hat of q and the energy",
    "ess": "smallest effective sample size of q and the energy",
    "cold": "q of chains started near x = 0",
    "hot": "q of chains started from wide random states",
    "acceptance": "mean acceptance probability",
}


_LONG_NAMES = {
    "quantity": "quantity compared",
    "size": "number of units N",
    "network": "number of the network",
    "theory": "solution of the saddle-point equations",
    "simulation": "mean over networks, extrapolated to infinite N",
    "standard_error": "standard error of the simulated value",
    "z": "(simulation - theory) / standard error",
    "verdict": "confirmed, refuted or undecided",
    "reason": "why",
    "exponent": "power of 1/N in the extrapolation",
    "exponent_error": "standard deviation of the power",
    "mean": "mean over networks",
    "mean_error": "standard error of the mean over networks",
    "value": "average over chains and draws of one network",
    "monte_carlo_error": "Monte Carlo standard error of that average",
    "mixed": "whether the chains forgot their starts",
    "bin_centre": "state x of a unit",
    "theory_density": "predicted probability density of x",
    "density": "simulated probability density of x",
    "density_error": "standard error over networks of the density",
    "distance": "Kolmogorov distance of simulated and predicted distribution",
    "distance_error": "jackknife standard error of the distance",
    "distance_by_chance": "mean distance if the prediction were exact",
} | _PER_NETWORK


def validate(
    network: RandomNetwork,
    phases: xr.Dataset,
    *,
    size: Sequence[int] = (250, 500, 1000),
    networks: int = 8,
    chains: int = 8,
    draws: int = 200,
    warmup: int = 100,
    integration_time: float = 4.0,
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
    networks : int
        Networks of every size, at least 2.
    chains, draws, warmup, integration_time
        As for `validation.simulate.Sampling`.
    seed : int
        Everything random follows from it; the result has the same bits on any number of threads.
    threads : int
        Networks simulated side by side.
    directory : pathlib.Path, optional
        Where finished networks are kept, so that an interrupted run continues. By default this
        is the private cache, and they are removed when all are done; in a directory that is given
        they stay.
    progress : callable, optional
        Called with the number of networks done and their total.

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
    >>> checked = validate(network, phases.squeeze(), size=[20, 40, 80], networks=8, draws=50)
    >>> str(checked.verdict.sel(quantity="energy").values)
    'confirmed'
    """
    sampling = Sampling(chains, draws, warmup, integration_time)
    sizes = _checked_sizes(size, networks)
    dims = [name for name in AXES if name in phases.dims]
    points = select_points(network, phases, dims, sampling)
    runs = simulate_all(network, points, sizes, networks, seed, threads, progress, directory)
    parts = [_compare(point, runs[k], sizes) for k, point in enumerate(points)]
    result = _labelled(parts, phases, dims)
    settings = {
        "size": list(map(int, sizes)),
        "networks": networks,
        "seed": seed,
        "chains": chains,
        "draws": draws,
        "warmup": warmup,
        "integration_time": integration_time,
    }
    result.attrs = {
        "format_version": FORMAT_VERSION,
        "provenance": provenance(replica_symmetric(network), **settings),
    }
    return result


def _checked_sizes(size: Sequence[int], networks: int) -> np.ndarray:
    sizes = np.unique(np.atleast_1d(np.asarray(size, dtype=float)))
    if sizes.size == 0 or (sizes < 2).any() or (sizes != np.round(sizes)).any():
        msg = f"sizes must be whole numbers of at least 2, not {list(np.atleast_1d(size))}"
        raise ModelError(msg)
    if networks < 2:
        msg = f"networks must be at least 2, not {networks}: the error comes from their spread"
        raise ModelError(msg)
    return sizes.astype(int)


def _compare(point: Point, runs: dict, sizes: np.ndarray) -> xr.Dataset:
    """Compare one point with its networks."""
    networks = len(runs) // len(sizes)

    def table(key: str) -> np.ndarray:
        return np.array([[runs[int(n), k][key] for k in range(networks)] for n in sizes])

    value = np.moveaxis(table("value"), -1, 0)
    mean, error = value.mean(axis=2), value.std(axis=2, ddof=1) / np.sqrt(networks)
    per_network = {name: table(name) for name in _PER_NETWORK}
    mixed, why = _mixed(per_network)
    columns = [
        _quantity(point.phases, name, sizes, mean[k], error[k], networks, mixed, why)
        for k, name in enumerate(QUANTITIES)
    ]
    variables: dict = {key: ("quantity", [column[key] for column in columns]) for key in columns[0]}
    variables |= {
        "mean": (("quantity", "size"), mean),
        "mean_error": (("quantity", "size"), error),
        "value": (("quantity", "size", "network"), value),
        "monte_carlo_error": (
            ("quantity", "size", "network"),
            np.moveaxis(table("monte_carlo_error"), -1, 0),
        ),
        "mixed": ((), mixed),
    }
    variables |= {name: (("size", "network"), values) for name, values in per_network.items()}
    variables |= compare_histograms(table("histogram"), point.predicted, point.sampling.edges)
    return xr.Dataset(
        variables,
        coords={"quantity": list(QUANTITIES), "size": sizes, "network": np.arange(networks)},
    )


def _mixed(per_network: dict[str, np.ndarray]) -> tuple[bool, str]:
    """Tell whether chains mixed in the networks of every size, and if not, why."""
    r_hat = float(np.median(per_network["r_hat"], axis=1).max())
    if not r_hat < LARGEST_R_HAT:
        return False, f"chains did not mix: R-hat {r_hat:.3f}"
    for hot, cold in zip(per_network["hot"], per_network["cold"], strict=True):
        starts = mixing(hot, cold)
        if not starts.mixed:
            return False, starts.reason
    return True, ""


def _quantity(
    phases: xr.Dataset,
    name: str,
    sizes: np.ndarray,
    mean: np.ndarray,
    error: np.ndarray,
    networks: int,
    mixed: bool,
    why: str,
) -> dict[str, float | str]:
    """Extrapolate one quantity and judge the theory by it."""
    theory = float(phases[name])
    limit = extrapolate(sizes, mean, error)
    judgement = judge(
        theory,
        limit.value,
        limit.standard_error,
        degrees=len(sizes) * (networks - 1),
        mixed=mixed,
        extrapolated=limit.decided,
        theory_error=abs(theory) * float(phases.quadrature_error),
        scale=_scale(phases, name),
    )
    reason = "; ".join(part for part in (judgement.reason, why, limit.reason) if part)
    return {
        "theory": theory,
        "simulation": limit.value,
        "standard_error": limit.standard_error,
        "z": judgement.z,
        "verdict": judgement.verdict,
        "reason": reason,
        "exponent": limit.exponent,
        "exponent_error": limit.exponent_error,
    }


def _scale(phases: xr.Dataset, name: str) -> float:
    """Natural size of a quantity that may vanish by symmetry."""
    q = float(phases.q)
    natural = {"Q": q, "m": np.sqrt(q), "P": abs(float(phases.rho))}
    return max(abs(float(phases[name])), natural.get(name, 0.0))


def _labelled(parts: list[xr.Dataset], phases: xr.Dataset, dims: list[str]) -> xr.Dataset:
    """Put the points on the axes of the phases and say what every variable is."""
    shape = [phases.sizes[name] for name in dims]
    result = xr.concat(parts, dim="point", coords="minimal", compat="equals", join="exact")
    if dims:
        places = np.arange(len(parts)).reshape(shape)
        result = result.isel(point=xr.DataArray(places, dims=dims))
    else:
        result = result.isel(point=0)
    result = result.assign_coords({name: phases[name] for name in AXES})
    for name, variable in result.variables.items():
        if name not in AXES:
            variable.attrs = {"long_name": _LONG_NAMES[str(name)], "units": "1"}
    return result
