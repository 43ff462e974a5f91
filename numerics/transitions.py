"""First-order transitions: where the free energies of two branches cross."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.interpolate import CubicSpline
from scipy.optimize import brentq

from numerics.bordered import StepError
from numerics.branch_diagram import branches_at, monotone_parts, pieces_of, solve_on
from numerics.branch_tracing import branch_dataset
from numerics.phases import LONG_NAMES, ORDER_PARAMETERS
from theory.expressions import ModelError

if TYPE_CHECKING:
    from theory.free_energy import FreeEnergy

_ROUNDING = 1e-15
_TITLES = {
    "error": "largest shift of the transition by the errors of the free energies",
    "lowest": "whether no other branch of the diagram has a lower free energy there",
}


def first_order_transitions(
    free_energy: FreeEnergy, diagram: xr.Dataset, parameter: str = "g"
) -> xr.Dataset:
    """Values of the parameter at which the free energies of two branches cross.

    Parameters
    ----------
    free_energy : FreeEnergy
        The one that was followed.
    diagram : xarray.Dataset
        From `branch_diagram` or `numerics.branch_tracing.trace_branch`, at positive temperature.
    parameter : {"g", "gamma", "temperature"}, optional
        The one that was followed.

    Returns
    -------
    xarray.Dataset
        Over ``transition`` and ``side``, 0 for the branch that is lower at smaller values of the
        parameter and 1 for the other: the parameter with its ``error``, order parameters,
        energy and free energy of both branches, and whether they are the ``lowest``.

    Raises
    ------
    ModelError
        If the temperature is 0, where all free energies vanish.

    Examples
    --------
    >>> from numerics import solve
    >>> from numerics.branch_tracing import trace_branch
    >>> from theory import RandomNetwork, replica_symmetric
    >>> symmetric = replica_symmetric(RandomNetwork()).symmetric
    >>> start = solve(symmetric, g=1.0, gamma=-0.2, temperature=1e-4)
    >>> branch = trace_branch(symmetric, start, "g", (1.0, 1.3))
    >>> print(first_order_transitions(symmetric, branch).g.values.round(6))
    [1.175755]
    """
    if (diagram.temperature.values == 0).any():
        msg = "the free energies of all branches vanish at temperature 0; use a positive one"
        raise ModelError(msg)
    parts = [p for piece in pieces_of(diagram) for p in monotone_parts(piece, parameter)]
    rows = []
    for one, other in combinations(parts, 2):
        for low, high in _sign_changes(one, other, parameter):
            row = _crossing(free_energy, one, other, parameter, low, high)
            if row is not None:
                rows.append(row)
    rows.sort(key=lambda row: row[parameter].values[0])
    for row in rows:
        value = row[parameter].values[0]
        everything = branches_at(free_energy, diagram, value, parameter).free_energy.values.min()
        row["lowest"] = bool(everything > row.free_energy.values.min() - 1e-12 * abs(everything))
    return _transitions(rows, parameter)


def _sign_changes(one: xr.Dataset, other: xr.Dataset, parameter: str) -> list[tuple[float, float]]:
    """Intervals in which the difference of interpolated free energies changes its sign."""
    curves = []
    for part in (one, other):
        grid, first = np.unique(part[parameter].values, return_index=True)
        if len(grid) < 2:
            return []
        curves.append((grid, CubicSpline(grid, part.free_energy.values[first])))
    low = max(grid[0] for grid, _ in curves)
    high = min(grid[-1] for grid, _ in curves)
    grid = np.unique(np.concatenate([grid for grid, _ in curves]))
    grid = grid[(low <= grid) & (grid <= high)]
    difference = curves[0][1](grid) - curves[1][1](grid)
    places = np.flatnonzero(difference[:-1] * difference[1:] < 0)
    return [(float(grid[k]), float(grid[k + 1])) for k in places]


def _crossing(
    free_energy: FreeEnergy,
    one: xr.Dataset,
    other: xr.Dataset,
    parameter: str,
    low: float,
    high: float,
) -> xr.Dataset | None:
    """The exact crossing in an interval; None if interpolation only seemed to show one."""

    def both(value: float) -> list[xr.Dataset]:
        solved = [solve_on(free_energy, part, parameter, value) for part in (one, other)]
        return [branch_dataset(system, [point], ("", ""), "") for system, point in solved]

    def difference(value: float) -> float:
        first, second = both(value)
        return first.free_energy.item() - second.free_energy.item()

    try:
        at_low, at_high = difference(low), difference(high)
        if not at_low * at_high < 0:
            return None
        value = brentq(difference, low, high, xtol=1e-14, rtol=1e-13)
        sides = both(value)
    except StepError:
        return None
    if at_low > 0:
        sides.reverse()
    joined = xr.concat(sides, dim="arc", join="outer").rename(arc="side")
    errors = np.abs(joined.free_energy) * np.maximum(joined.quadrature_error, _ROUNDING)
    rounding = float(errors.sum())
    joined["error"] = rounding * (high - low) / abs(at_high - at_low)
    return joined


def _transitions(rows: list[xr.Dataset], parameter: str) -> xr.Dataset:
    """Label the crossings."""
    kept = [*ORDER_PARAMETERS, "free_energy", "energy", "replicon", "longitudinal"]
    variables: dict[str, tuple] = {
        name: (
            ("transition", "side"),
            np.array([row[name].values for row in rows]).reshape(-1, 2),
            {"long_name": LONG_NAMES[name], "units": "1"},
        )
        for name in kept
    }
    titles = {"g": "coupling strength g", "gamma": "reciprocity gamma", "temperature": "T"}
    for name, title in titles.items():
        values = np.array([row[name].values[0] for row in rows])
        variables[name] = ("transition", values, {"long_name": title, "units": "1"})
    for name, title in _TITLES.items():
        values = np.array([row[name].item() for row in rows])
        variables[name] = ("transition", values, {"long_name": title, "units": "1"})
    coordinates = {
        "transition": np.arange(len(rows)),
        "side": ("side", [0, 1], {"long_name": "below and above the transition", "units": "1"}),
    }
    return xr.Dataset(variables, coordinates, {"format_version": 1, "parameter": parameter})
