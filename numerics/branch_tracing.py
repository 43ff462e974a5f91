"""Following a branch of saddle points in one parameter, through folds and onto other branches."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import xlogy

from numerics.arclength import Curve, trace
from numerics.bordered import Point, StepError, known_point
from numerics.branch_switching import switch
from numerics.continuation import TEMPERATURE
from numerics.phases import LONG_NAMES, ORDER_PARAMETERS
from numerics.provenance import provenance
from numerics.saddle_system import SaddleSystem, saddle_system
from numerics.stability import replicon, smallest
from theory.ensembles import check_parameters
from theory.expressions import ModelError
from theory.parameter_derivatives import VARIED

if TYPE_CHECKING:
    from theory.free_energy import FreeEnergy

_TITLES = {
    "g": "coupling strength g",
    "gamma": "reciprocity gamma",
    "temperature": "T",
    "fold": "whether the branch turns back here",
    "branch_point": "whether another branch crosses here",
}
_MARKS = {"fold": "fold", "branch_point": "branch point"}


def trace_branch(
    free_energy: FreeEnergy,
    point: xr.Dataset,
    parameter: str = "g",
    bounds: tuple[float, float] = (0.0, 2.0),
    **options: Any,
) -> xr.Dataset:
    """Follow the branch of a solved point in both directions of a parameter.

    Parameters
    ----------
    free_energy : FreeEnergy
        With all order parameters to see where asymmetric branches leave a symmetric one; its
        ``symmetric`` is faster and only sees folds and branches of its own.
    point : xarray.Dataset
        One point, as `numerics.solve` gives it.
    parameter : {"g", "gamma", "temperature"}, optional
    bounds : tuple of float
        Where to stop; positive for a temperature.
    **options
        ``step``, ``largest``, ``smallest``, ``most``, ``tolerance`` of
        `numerics.arclength.trace`.

    Returns
    -------
    xarray.Dataset
        Over ``arc``, the number of the point along the branch, which runs to larger values of
        the parameter at the given point: parameters, order parameters, free energy, eigenvalues,
        residual and quadrature error; ``fold`` and ``branch_point`` flag the located ones. The
        attributes ``start`` and ``end`` say why the branch ended.

    Raises
    ------
    ModelError
        If a parameter is out of range or the point does not solve the equations.

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> symmetric = replica_symmetric(RandomNetwork()).symmetric
    >>> start = solve(symmetric, g=1.0, gamma=-0.2, temperature=1e-4)
    >>> branch = trace_branch(symmetric, start, "g", (1.0, 1.3))
    >>> print(branch.g[branch.fold].values.round(4))
    [1.2093 1.1487]
    """
    system, start = saddle_system(free_energy, point, parameter)
    limits = _limits(system, bounds)
    try:
        backward, forward = (
            trace(system, start, limits, direction=direction, **options)
            for direction in (-1.0, 1.0)
        )
    except StepError as failure:
        msg = f"the point does not solve the saddle-point equations here: {failure}"
        raise ModelError(msg) from failure
    if backward.reason == "closed":
        forward = Curve(forward.points[:1], "closed")
    points = [*reversed(backward.points[1:]), *forward.points]
    ends = (backward.reason, forward.reason)
    return branch_dataset(system, points, ends, _made_by(free_energy, parameter, bounds, options))


def switch_branch(
    free_energy: FreeEnergy,
    branch: xr.Dataset,
    arc: int,
    parameter: str = "g",
    bounds: tuple[float, float] = (0.0, 2.0),
    **options: Any,
) -> list[xr.Dataset]:
    """Follow the branch that crosses at a branch point, away from it on both sides.

    Parameters
    ----------
    free_energy : FreeEnergy
        The one that was followed.
    branch : xarray.Dataset
        From `trace_branch` with the same parameter.
    arc : int
        Number of a point with ``branch_point``.
    parameter, bounds, options
        As of `trace_branch`.

    Returns
    -------
    list of xarray.Dataset
        None to two; as from `trace_branch`, from the branch point on. A side on which the
        covariance of the fields is not valid does not exist.

    Raises
    ------
    ModelError
        If the point is no branch point.
    """
    if not bool(branch.branch_point.sel(arc=arc)):
        found = branch.arc[branch.branch_point].values.tolist()
        msg = f"arc {arc} is no branch point; those of this branch are {found}"
        raise ModelError(msg)
    system, here = saddle_system(free_energy, branch.sel(arc=arc), parameter)
    limits = _limits(system, bounds)
    near = branch.isel(arc=[max(arc - 1, 0), min(arc + 1, branch.arc.size - 1)])
    chord = np.subtract(
        *(saddle_system(free_energy, near.isel(arc=k), parameter)[1] for k in (1, 0))
    )
    at = known_point(system.around(here), here, chord)
    made_by = _made_by(free_energy, parameter, bounds, options)
    system = replace(system, free=np.ones_like(system.free))
    found = []
    for point in switch(system, at):
        curve = trace(system, point.point, limits, direction=point.tangent, **options)
        ends = ("branch point", curve.reason)
        found.append(branch_dataset(system, [at, *curve.points], ends, made_by))
    return found


def _limits(system: SaddleSystem, bounds: tuple[float, float]) -> tuple[float, float]:
    lower, upper = map(float, bounds)
    for value in (lower, upper):
        check_parameters(**{system.name: value})
    if not lower < upper or (system.is_logarithmic and not lower > 0):
        msg = f"bounds must be increasing, and positive for a temperature, not {bounds}"
        raise ModelError(msg)
    return (np.log(lower), np.log(upper)) if system.is_logarithmic else (lower, upper)


def _made_by(free_energy: FreeEnergy, parameter: str, bounds: tuple, options: dict) -> str:
    return provenance(
        free_energy, method="arclength", parameter=parameter, bounds=list(bounds), **options
    )


def branch_dataset(
    system: SaddleSystem, points: list[Point], ends: tuple[str, str], made_by: str
) -> xr.Dataset:
    """Label the points of a branch."""
    kernel = system.kernel
    rows = [system.at(p.point) for p in points]
    theta, parameters = (np.concatenate(column) for column in zip(*rows, strict=True))
    states = [system.around(p.point).evaluation(p.point) for p in points]
    observables, jacobian, value = (
        np.concatenate([getattr(s, name) for s in states])
        for name in ("observables", "jacobian", "value")
    )
    temperature = parameters[:, TEMPERATURE]
    constant = kernel.metadata["log_temperature"] * xlogy(temperature, temperature)
    columns: dict[str, np.ndarray] = dict.fromkeys(ORDER_PARAMETERS, np.zeros(len(points)))
    columns |= {
        name: column
        for name, column in zip(kernel.observables, observables.T, strict=True)
        if name in LONG_NAMES
    }
    columns |= dict(zip(kernel.order_parameters, theta.T, strict=True))
    columns |= {
        "free_energy": -temperature * value - constant,
        "longitudinal": smallest(-jacobian),
        "replicon": replicon(kernel, observables),
        "residual": np.array([p.residual for p in points]),
        "quadrature_error": np.array([p.error for p in points]),
    }
    columns |= {name: parameters[:, k] for k, name in enumerate(VARIED)}
    columns |= {name: np.array([p.kind == kind for p in points]) for name, kind in _MARKS.items()}
    titles = LONG_NAMES | _TITLES
    variables = {
        name: ("arc", values, {"long_name": titles[name], "units": "1"})
        for name, values in columns.items()
    }
    number = {"long_name": "number of the point along the branch", "units": "1"}
    return xr.Dataset(
        variables,
        {"arc": ("arc", np.arange(len(points)), number)},
        {"format_version": 1, "provenance": made_by, "start": ends[0], "end": ends[1]},
    )
