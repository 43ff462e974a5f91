"""Measurements of the dynamics against size, extrapolated and judged by theories of infinite N."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from theory.critical_lines import response_singularity
from theory.expressions import ModelError
from validation.network_errors import extrapolate_networks
from validation.verdicts import judge

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from numerics.stationary import StationaryChaos
    from theory.ensembles import RandomNetwork

_LONG_NAMES = {
    "quantity": "quantity compared",
    "theory": "theory of infinite N",
    "simulation": "mean over networks, extrapolated to infinite N",
    "standard_error": "standard error of the simulated value",
    "z": "(simulation - theory) / standard error",
    "verdict": "confirmed, refuted or undecided",
    "reason": "why",
    "extrapolated": "whether the simulated value is one for infinite N",
    "exponent": "power of 1/N in the extrapolation",
    "exponent_error": "standard deviation of the power",
    "degrees": "degrees of freedom of the standard error",
}


def judge_limits(
    size: ArrayLike,
    networks: int,
    measured: Mapping[str, tuple[np.ndarray, np.ndarray]],
    theory: Mapping[str, float],
) -> xr.Dataset:
    """Extrapolate means over networks to infinite size and judge a theory by them.

    Parameters
    ----------
    size : array_like, shape (k,)
        At least three sizes for an extrapolation.
    networks : int
        How many of every size.
    measured : mapping of str to (ndarray, ndarray)
        Means over networks and their standard errors, over the sizes, by quantity.
    theory : mapping of str to float
        What the theory says of them.

    Returns
    -------
    xarray.Dataset
        Over ``quantity``: ``theory``, ``simulation``, ``standard_error``, ``z``, ``verdict``,
        ``reason``, ``extrapolated``, ``exponent``, ``exponent_error``, ``degrees``.

    Examples
    --------
    >>> means = {"q": (np.array([0.2592, 0.2647, 0.2671]), np.array([0.0021, 0.0022, 0.0006]))}
    >>> judge_limits([200, 400, 800], 8, means, {"q": 0.2700}).verdict.values.tolist()
    ['confirmed']
    """
    number = np.full(np.size(size), networks)
    columns: list[dict[str, float | str | bool]] = []
    for name, (mean, error) in measured.items():
        limit, _, degrees = extrapolate_networks(size, mean, error, number)
        found = judge(
            theory[name],
            limit.value,
            limit.standard_error,
            degrees=degrees,
            extrapolated=limit.decided,
        )
        columns.append(
            {
                "theory": theory[name],
                "simulation": limit.value,
                "standard_error": limit.standard_error,
                "z": found.z,
                "verdict": found.verdict,
                "reason": "; ".join(part for part in (found.reason, limit.reason) if part),
                "extrapolated": limit.decided,
                "exponent": limit.exponent,
                "exponent_error": limit.exponent_error,
                "degrees": degrees,
            }
        )
    result = xr.Dataset(
        {key: ("quantity", [column[key] for column in columns]) for key in columns[0]},
        coords={"quantity": list(measured)},
    )
    for key, variable in result.variables.items():
        variable.attrs = {"long_name": _LONG_NAMES[str(key)], "units": "1"}
    return result


def attractor_limits(chaos: xr.Dataset, state: StationaryChaos) -> xr.Dataset:
    """Judge the mean-field theory of the chaotic state by networks of several sizes.

    Parameters
    ----------
    chaos : xarray.Dataset
        From `validation.chaos.chaos_against_size`.
    state : numerics.stationary.StationaryChaos
        At the same g.

    Returns
    -------
    xarray.Dataset
        As of `judge_limits`, for ``exponent``, ``x_squared``, ``transfer_squared`` and
        ``x_dot_squared``.

    Raises
    ------
    ModelError
        If the simulation is of another g, or has reciprocity.
    """
    if chaos.attrs["g"] != state.g or chaos.attrs["gamma"]:
        at = f"g = {chaos.attrs['g']:g}, gamma = {chaos.attrs['gamma']:g}"
        raise ModelError(f"the mean field is for g = {state.g:g}, gamma = 0, the networks for {at}")
    theory = mean_field_values(state)
    measured = {
        name: (chaos[f"{name}_mean"].values, chaos[f"{name}_mean_error"].values) for name in theory
    }
    return judge_limits(chaos["size"].values, chaos.sizes["network"], measured, theory)


def mean_field_values(state: StationaryChaos) -> dict[str, float]:
    """Give the numbers of the mean-field theory the names they have in a simulation.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> from numerics.stationary import StationaryChaos
    >>> sorted(mean_field_values(StationaryChaos(RandomNetwork(), 1.5)))
    ['exponent', 'transfer_squared', 'x_dot_squared', 'x_squared']
    """
    return {
        "exponent": state.lyapunov,
        "x_squared": state.x_squared,
        "transfer_squared": state.transfer_squared,
        "x_dot_squared": state.x_dot_squared,
    }


def mean_field_errors(state: StationaryChaos) -> dict[str, float]:
    """Estimated numerical errors of `mean_field_values`.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> from numerics.stationary import StationaryChaos
    >>> max(mean_field_errors(StationaryChaos(RandomNetwork(), 1.5)).values()) < 1e-11
    True
    """
    names = ("x_squared", "transfer_squared", "x_dot_squared")
    return {"exponent": state.lyapunov_error} | {name: state.errors[name] for name in names}


def stability_edge(network: RandomNetwork, gamma: float) -> float:
    """Coupling at which x = 0 becomes unstable as N tends to infinity, that of the response line.

    Parameters
    ----------
    network : RandomNetwork
        With a quiescent state.
    gamma : float
        Above -1.

    Returns
    -------
    float

    Raises
    ------
    ModelError
        If there is none.

    References
    ----------
    Sommers, Crisanti, Sompolinsky & Stein, Phys. Rev. Lett. 60, 1895 (1988): the eigenvalues of
    the couplings fill an ellipse that reaches to ``g (1 + gamma)`` on the real axis.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> stability_edge(RandomNetwork(local="-3*x", gain="2 + x", transfer="sin(2*x)"), 0.5)
    0.5
    """
    edge = response_singularity(network).at(gamma)
    if not np.isfinite(edge):
        raise ModelError(f"x = 0 stays stable at every g at gamma = {gamma:g}; use a larger gamma")
    return edge


def crossing_limit(quiescence: xr.Dataset, network: RandomNetwork) -> xr.Dataset:
    """Judge the response line by the couplings at which networks lose the stability of x = 0.

    Parameters
    ----------
    quiescence : xarray.Dataset
        From `validation.quiescence.quiescent_stability`.
    network : RandomNetwork
        The same.

    Returns
    -------
    xarray.Dataset
        As of `judge_limits`, for the quantity ``crossing``.

    Raises
    ------
    ModelError
        If the theory has no such coupling.
    """
    measured = (quiescence.crossing_mean.values, quiescence.crossing_error.values)
    edge = stability_edge(network, quiescence.attrs["gamma"])
    return judge_limits(
        quiescence["size"].values,
        quiescence.sizes["network"],
        {"crossing": measured},
        {"crossing": edge},
    )
