"""Theory and simulation side by side: one labelled dataset with a verdict per quantity."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.phases import AXES
from validation.distributions import compare_histograms
from validation.finite_size import EXPONENT_PRIOR
from validation.network_errors import extrapolate_networks
from validation.simulate import LARGEST_R_HAT, QUANTITIES
from validation.statistics import mixing
from validation.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numerics.scales import Scales
    from validation.finite_size import Extrapolation

WARM, WARM_PRIOR = 0.1, (1.0, 0.2)
"""From this temperature on, in units of the model's energy (`numerics.scales`), averages are taken
to approach their limit as 1/N, as fluctuations around a regular saddle point do."""
COOL, COOL_PRIOR = 0.03, (0.816, 0.203)
"""From this one on between that and the power 2/3 of a mean-field transition: they are one
standard deviation away. Below it the power is left open (see `extrapolate`). This range was chosen
after seeing networks at g = 1.2, gamma = 0, T = 0.03, whose power is 0.6 to 0.7: intervals are too
narrow if it is 1/2."""
LEVEL = 0.003
"""Probability of the difference between hot and cold starts, at any size of a point, below which
they disagree."""
_PER_NETWORK = {
    "r_hat": "largest rank-normalised split R-hat of q and the energy",
    "ess": "smallest effective sample size of q and the energy",
    "cold": "q of chains started near rest",
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
    "extrapolated": "whether the simulated value is one for infinite N",
    "degrees": "degrees of freedom of the standard error",
    "replicon": "smallest eigenvalue against inequivalent replicas; negative: unstable",
    "exponent": "power of 1/N in the extrapolation",
    "exponent_error": "standard deviation of the power",
    "mean": "mean over networks",
    "mean_error": "standard error of the mean over networks, from networks of all sizes",
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


def compare_point(
    phases: xr.Dataset,
    runs: dict[tuple[int, int], dict[str, np.ndarray]],
    predicted: np.ndarray,
    edges: Sequence[float],
    scales: Scales,
) -> xr.Dataset:
    """Compare one solved point with its networks.

    Parameters
    ----------
    phases : xarray.Dataset
        Scalars of `numerics.solve`.
    runs : dict
        What `validation.simulate.simulate_network` gave, by size and number of the network.
    predicted : ndarray, shape (bins,)
        Shares of the bins.
    edges : sequence of float, shape (bins + 1,)
    scales : Scales
        Of the model.

    Returns
    -------
    xarray.Dataset
        Over ``quantity``, ``size`` and ``network``.
    """
    counts = Counter(size for size, _ in runs)
    sizes = sorted(counts)

    def rows(key: str) -> list[np.ndarray]:
        return [np.array([runs[n, k][key] for k in range(counts[n])]) for n in sizes]

    value = rows("value")
    mean = np.array([part.mean(axis=0) for part in value]).T
    own = np.array([part.std(axis=0, ddof=1) / np.sqrt(len(part)) for part in value]).T
    prior = exponent_prior(scales.reduced(float(phases.temperature)))
    networks = [counts[n] for n in sizes]
    limits = [
        extrapolate_networks(sizes, *measured, networks, exponent_prior=prior)
        for measured in zip(mean, own, strict=True)
    ]
    error = np.array([used for _, used, _ in limits])
    middle = (np.asarray(edges)[1:] + np.asarray(edges)[:-1]) / 2 - scales.origin
    # of x^2 what the units make of it, not what the origin of x does
    spread = float(predicted @ middle**2) if scales.origin else float(phases.x_squared)
    per_network = {name: rows(name) for name in _PER_NETWORK}
    mixed, why = _mixed(per_network, error[QUANTITIES.index("q")])
    columns = [
        _quantity(phases, name, limit, degrees, mixed, why, spread)
        for name, (limit, _, degrees) in zip(QUANTITIES, limits, strict=True)
    ]
    variables: dict = {key: ("quantity", [column[key] for column in columns]) for key in columns[0]}
    variables |= {
        "mean": (("quantity", "size"), mean),
        "mean_error": (("quantity", "size"), error),
        "value": (("size", "network", "quantity"), padded(value)),
        "monte_carlo_error": (("size", "network", "quantity"), padded(rows("monte_carlo_error"))),
        "mixed": ((), mixed),
        "replicon": ((), float(phases.get("replicon", np.nan))),
    }
    variables |= {name: (("size", "network"), padded(per_network[name])) for name in per_network}
    variables |= compare_histograms(rows("histogram"), predicted, edges)
    network = np.arange(max(counts.values()))
    coords = {"quantity": list(QUANTITIES), "size": sizes, "network": network}
    return xr.Dataset(variables, coords).transpose("quantity", "size", "network", "bin")


def padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Stack rows of different length into one array, with NaN where there is nothing.

    Examples
    --------
    >>> padded([np.ones(2), np.ones(1)]).tolist()
    [[1.0, 1.0], [1.0, nan]]
    """
    result = np.full((len(rows), max(map(len, rows)), *rows[0].shape[1:]), np.nan)
    for place, row in zip(result, rows, strict=True):
        place[: len(row)] = row
    return result


def _mixed(per_network: dict[str, list[np.ndarray]], tolerance: np.ndarray) -> tuple[bool, str]:
    """Tell whether chains mixed in the networks of every size, and if not, why."""
    r_hat = max(float(np.median(row)) for row in per_network["r_hat"])
    if not r_hat < LARGEST_R_HAT:
        return False, f"chains did not mix: R-hat {r_hat:.3f}"
    level = LEVEL / len(tolerance)
    # half of a difference between the starts is what it can do to the mean
    for hot, cold, matters in zip(per_network["hot"], per_network["cold"], tolerance, strict=True):
        starts = mixing(hot, cold, level=level, tolerance=matters)
        if not starts.mixed:
            return False, starts.reason
    return True, ""


def _quantity(
    phases: xr.Dataset,
    name: str,
    limit: Extrapolation,
    degrees: float,
    mixed: bool,
    why: str,
    spread: float,
) -> dict[str, float | str | bool]:
    """Judge the theory of one quantity by its limit."""
    theory = float(phases[name])
    judgement = judge(
        theory,
        limit.value,
        limit.standard_error,
        degrees=degrees,
        mixed=mixed,
        extrapolated=limit.decided,
        theory_error=abs(theory) * float(phases.quadrature_error),
        scale=_scale(phases, name, spread),
    )
    reason = "; ".join(part for part in (judgement.reason, why, limit.reason) if part)
    return {
        "theory": theory,
        "simulation": limit.value,
        "standard_error": limit.standard_error,
        "z": judgement.z,
        "verdict": judgement.verdict,
        "reason": reason,
        "degrees": degrees,
        "extrapolated": limit.decided,
        "exponent": limit.exponent,
        "exponent_error": limit.exponent_error,
    }


def exponent_prior(temperature: float) -> tuple[float, float]:
    """Say what is known about the power of the size: the less, the colder it is.

    Parameters
    ----------
    temperature : float
        In units of the model's energy.

    Examples
    --------
    >>> exponent_prior(0.1), exponent_prior(0.05), exponent_prior(0.01)
    ((1.0, 0.2), (0.816, 0.203), (0.8, 0.4))
    """
    if temperature >= WARM:
        return WARM_PRIOR
    return COOL_PRIOR if temperature >= COOL else EXPONENT_PRIOR


def _scale(phases: xr.Dataset, name: str, spread: float) -> float:
    """Natural size of a quantity that may vanish by symmetry, or be that of the origin of x."""
    q = float(phases.q)
    if name == "x_squared":
        return spread
    natural = {"Q": q, "m": np.sqrt(q), "P": abs(float(phases.rho))}
    return max(abs(float(phases[name])), natural.get(name, 0.0))


def labelled(parts: list[xr.Dataset], phases: xr.Dataset, dims: list[str]) -> xr.Dataset:
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
