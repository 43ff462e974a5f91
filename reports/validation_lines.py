"""Lines of the theory through points that share a model, for the figures of the report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import xarray as xr

from numerics.solve import solve
from reports.chosen import TOLERANCE
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reports.validation_points import Point

LINE_POINTS = 25
SHOWN = ("q", "Q", "rho", "energy")


class _Family(NamedTuple):
    """Points of one model that differ along one axis and share the value of the other."""

    model: str
    common: float
    points: list[Point]


def theory_lines(points: Sequence[Point], axis: str, tolerance: float = TOLERANCE) -> xr.Dataset:
    """Solve the lines of the theory along an axis on which several points lie.

    Parameters
    ----------
    points : sequence of Point
    axis : {"temperature", "g"}
    tolerance : float
        Of the solutions.

    Returns
    -------
    xarray.Dataset
        Over ``line`` and ``place``: the values of the axis and the order parameters; over
        ``line`` the model, gamma, and the value of the other of temperature and g. Empty if no
        two points of a model differ along the axis alone.
    """
    other = "g" if axis == "temperature" else "temperature"
    parts = []
    for model, common, members in _families(points, axis, other):
        space = np.geomspace if axis == "temperature" else np.linspace
        ends = [getattr(point, axis) for point in members]
        along = space(0.8 * min(ends), 1.2 * max(ends), LINE_POINTS)
        gammas = sorted({point.gamma for point in members})
        axes: dict[str, Any] = {axis: along, other: common, "gamma": gammas}
        solved = solve(replica_symmetric(members[0].network), **axes, tolerance=tolerance)
        parts.append(_as_lines(solved, axis, other, model))
    return xr.concat(parts, dim="line", join="exact") if parts else xr.Dataset()


def _families(points: Sequence[Point], axis: str, other: str) -> list[_Family]:
    found = []
    for model in dict.fromkeys(point.label for point in points):
        mine = [point for point in points if point.label == model]
        for common in sorted({getattr(point, other) for point in mine}):
            members = [point for point in mine if getattr(point, other) == common]
            if _differ(members, axis):
                found.append(_Family(model, common, members))
    return found


def _differ(points: Sequence[Point], axis: str) -> bool:
    """Tell whether points with one gamma differ along an axis."""
    places = {(point.gamma, getattr(point, axis)) for point in points}
    return len(places) > len({point.gamma for point in points})


def _as_lines(solved: xr.Dataset, axis: str, other: str, model: str) -> xr.Dataset:
    """Put the lines of one model over ``line`` and ``place``."""
    gamma, along = solved.gamma.values, solved[axis].values
    common = np.full(len(gamma), solved[other].item())
    shape = (len(gamma), len(along))
    variables = {
        name: (
            ("line", "place"),
            solved[name].squeeze(other).transpose("gamma", axis).values,
            solved[name].attrs,
        )
        for name in SHOWN
    }
    coordinates = {
        axis: (("line", "place"), np.broadcast_to(along, shape), solved[axis].attrs),
        other: ("line", common, solved[other].attrs),
        "gamma": ("line", gamma, solved.gamma.attrs),
        "model": ("line", [model] * len(gamma), {"long_name": "model", "units": "1"}),
    }
    return xr.Dataset(variables, coordinates)
