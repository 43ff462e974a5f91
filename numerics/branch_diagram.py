"""All branches that hang together: along a parameter, and at one of its values."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from numerics.bordered import Point, StepError, correct
from numerics.branch_tracing import branch_dataset, switch_branch, trace_branch
from numerics.phases import LONG_NAMES
from numerics.saddle_system import SaddleSystem, saddle_system
from theory.expressions import ModelError

if TYPE_CHECKING:
    from theory.free_energy import FreeEnergy

_SAME = 1e-6


def branch_diagram(
    free_energy: FreeEnergy,
    starts: xr.Dataset,
    parameter: str = "g",
    bounds: tuple[float, float] = (0.0, 2.0),
    *,
    switches: int = 2,
    **options: Any,
) -> xr.Dataset:
    """Follow branches and, at their branch points, the branches that cross.

    Parameters
    ----------
    free_energy : FreeEnergy
        With all order parameters, or on the symmetric branch.
    starts : xarray.Dataset
        Solved points, as `numerics.solve` gives them; several along ``branch`` or a parameter.
        Points that did not converge or lie on a branch that was followed are left out.
    parameter : {"g", "gamma", "temperature"}, optional
    bounds : tuple of float
    switches : int, optional
        How many times branches are left at branch points in succession.
    **options
        As of `numerics.branch_tracing.trace_branch`.

    Returns
    -------
    xarray.Dataset
        Over ``arc``; ``branch`` numbers the pieces, ``parent`` tells which piece each left, -1
        for those from a start.

    Raises
    ------
    ModelError
        If no point has converged, or as of `numerics.branch_tracing.trace_branch`.

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> symmetric = replica_symmetric(RandomNetwork()).symmetric
    >>> start = solve(symmetric, g=1.0, gamma=0.5, temperature=0.01)
    >>> diagram = branch_diagram(symmetric, start, "g", (0.9, 1.1))
    >>> sorted(set(diagram.branch.values.tolist()))
    [0]
    """
    dims = [d for d in ("branch", "g", "gamma", "temperature") if d in starts.dims]
    flat = starts.stack(start=dims) if dims else starts.expand_dims("start")
    chosen = [flat.isel(start=k) for k in range(flat.start.size)]
    chosen = [point for point in chosen if np.isfinite(point.q.item())]
    if not chosen:
        msg = "no point to start from has converged"
        raise ModelError(msg)
    pieces: list[tuple[xr.Dataset, int, int]] = []
    for point in chosen:
        if any(_passes(free_energy, piece, point, parameter) for piece, _, _ in pieces):
            continue
        branch = trace_branch(free_energy, point, parameter, bounds, **options)
        pieces.append((branch, -1, 0))
    place = 0
    while place < len(pieces):
        branch, _, depth = pieces[place]
        crossings = branch.arc[branch.branch_point].values.tolist() if depth < switches else []
        for arc in crossings:
            for other in switch_branch(free_energy, branch, arc, parameter, bounds, **options):
                middle = other.isel(arc=other.arc.size // 2)
                if not any(_passes(free_energy, p, middle, parameter) for p, _, _ in pieces):
                    pieces.append((other, place, depth + 1))
        place += 1
    return _joined(pieces)


def _joined(pieces: list[tuple[xr.Dataset, int, int]]) -> xr.Dataset:
    """Join the pieces along ``arc``."""
    parts = []
    for number, (piece, parent, _) in enumerate(pieces):
        labels = {
            "branch": ("arc", np.full(piece.arc.size, number), "number of the piece"),
            "parent": ("arc", np.full(piece.arc.size, parent), "piece that this one left"),
        }
        parts.append(
            piece.assign(
                {
                    name: (dim, values, {"long_name": title, "units": "1"})
                    for name, (dim, values, title) in labels.items()
                }
            )
        )
    joined = xr.concat(parts, dim="arc", join="outer", combine_attrs="drop_conflicts")
    return joined.assign_coords(arc=("arc", np.arange(joined.arc.size), pieces[0][0].arc.attrs))


def pieces_of(diagram: xr.Dataset) -> list[xr.Dataset]:
    """Split a diagram into its pieces."""
    if "branch" not in diagram:
        return [diagram]
    return [diagram.isel(arc=diagram.branch.values == k) for k in np.unique(diagram.branch)]


def monotone_parts(piece: xr.Dataset, parameter: str) -> list[xr.Dataset]:
    """Parts between folds, with the parameter increasing."""
    edges = [0, *np.flatnonzero(piece.fold.values).tolist(), piece.arc.size - 1]
    parts = [piece.isel(arc=slice(a, b + 1)) for a, b in pairwise(edges) if b > a]
    return [part.sortby(parameter) for part in parts if part.arc.size > 1]


def solve_on(
    free_energy: FreeEnergy, part: xr.Dataset, parameter: str, value: float
) -> tuple[SaddleSystem, Point]:
    """The point of a monotone part at a value of the parameter."""
    grid = part[parameter].values
    place = int(np.clip(np.searchsorted(grid, value), 1, len(grid) - 1))
    system, low = saddle_system(free_energy, part.isel(arc=place - 1), parameter)
    other, high = saddle_system(free_energy, part.isel(arc=place), parameter)
    system = replace(system, free=system.free | other.free)
    at = np.log(value) if system.is_logarithmic else value
    share = (at - low[-1]) / (high[-1] - low[-1])
    guess = (1 - share) * low + share * high
    guess[-1] = at
    normal = np.append(np.zeros(len(guess) - 1), 1.0)
    point, system = correct(system, guess, normal)
    return system, point


def _passes(free_energy: FreeEnergy, piece: xr.Dataset, point: xr.Dataset, parameter: str) -> bool:
    """Whether a piece goes through a solution."""
    value = point[parameter].item()
    _, wanted = saddle_system(free_energy, point, parameter)
    for part in monotone_parts(piece, parameter):
        grid = part[parameter].values
        if not grid[0] <= value <= grid[-1]:
            continue
        try:
            found = solve_on(free_energy, part, parameter, value)[1]
        except StepError:
            continue
        if np.abs((found.point - wanted) / found.scales).max() < _SAME:
            return True
    return False


def branches_at(
    free_energy: FreeEnergy, diagram: xr.Dataset, value: float, parameter: str = "g"
) -> xr.Dataset:
    """All solutions of a diagram at one value of its parameter.

    Parameters
    ----------
    free_energy : FreeEnergy
        The one that was followed.
    diagram : xarray.Dataset
        From `branch_diagram` or `numerics.branch_tracing.trace_branch`.
    value : float
    parameter : {"g", "gamma", "temperature"}, optional
        The one that was followed.

    Returns
    -------
    xarray.Dataset
        Over ``branch`` and single ``g``, ``gamma``, ``temperature``, by increasing free energy,
        as `numerics.solve.solve` gives all branches.

    Raises
    ------
    ModelError
        If no branch of the diagram reaches the value.
    """
    found: list[tuple[SaddleSystem, Point]] = []
    for piece in pieces_of(diagram):
        for part in monotone_parts(piece, parameter):
            grid = part[parameter].values
            if grid[0] <= value <= grid[-1]:
                try:
                    found.append(solve_on(free_energy, part, parameter, value))
                except StepError:
                    continue
    distinct: list[tuple[SaddleSystem, Point]] = []
    for system, point in found:
        if all(np.abs((point.point - p.point) / p.scales).max() > _SAME for _, p in distinct):
            distinct.append((system, point))
    if not distinct:
        low, high = diagram[parameter].values.min(), diagram[parameter].values.max()
        msg = f"no branch reaches {parameter} = {value}; they run from {low:.6g} to {high:.6g}"
        raise ModelError(msg)
    made_by = diagram.attrs.get("provenance", "")
    rows = [branch_dataset(system, [point], ("", ""), made_by) for system, point in distinct]
    rows.sort(key=lambda row: row.free_energy.item())
    return _like_solve(rows)


def _like_solve(rows: list[xr.Dataset]) -> xr.Dataset:
    """Points as branches, in the form of `numerics.solve.solve`."""
    joined = xr.concat(rows, dim="arc", join="outer").drop_vars(["fold", "branch_point", "arc"])
    count = len(rows)
    labels = {
        "converged": np.full(count, True),
        "branch_name": np.array(["followed"] * count, dtype=object),
        "reason": np.array([""] * count, dtype=object),
    }
    joined = joined.rename(arc="branch").assign(
        {
            name: ("branch", values, {"long_name": LONG_NAMES[name], "units": "1"})
            for name, values in labels.items()
        }
    )
    axes = {name: joined[name][:1] for name in ("g", "gamma", "temperature")}
    joined = joined.drop_vars(list(axes))
    for name, axis in axes.items():
        joined = joined.expand_dims({name: axis.values}, axis=-1)
        joined[name].attrs = axis.attrs
    number = {"long_name": "branch number", "units": "1"}
    joined = joined.assign_coords(branch=("branch", np.arange(count), number))
    for name in ("start", "end"):
        joined.attrs.pop(name, None)
    return joined
