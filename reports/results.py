"""Solved points as JSON, as a table for the terminal, and as a list of those that failed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.phases import AXES, ORDER_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from rich.table import Table

NUMBERS = (*ORDER_PARAMETERS, "free_energy", "energy", "residual", "quadrature_error")
_SHOWN = (*ORDER_PARAMETERS, "free_energy", "energy", "quadrature_error")


def points(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Go through the points of a solution, one dictionary each, in the order of the axes.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `numerics.solve`. Of further branches only the points where they were found appear.

    Yields
    ------
    dict
        The keys of the command's JSON contract, and ``reason``.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> [point] = points(solve(replica_symmetric(RandomNetwork()), g=0.8, gamma=0, temperature=0))
    >>> point["converged"], point["q"]
    (False, nan)
    """
    names = [*NUMBERS, "converged", "branch_name", "reason"]
    sizes = [dataset.sizes.get(name, 1) for name in (*AXES, "branch")]
    arrays = {
        name: dataset[name].transpose(*AXES, ..., "branch", missing_dims="ignore").values
        for name in names
    }
    axes = [dataset[name].values for name in AXES]
    for place in np.ndindex(*sizes):
        here = place if "branch" in dataset.dims else place[:-1]
        values = {name: array[here] for name, array in arrays.items()}
        if place[-1] > 0 and not values["converged"]:
            continue
        yield {
            **{name: float(axis[k]) for name, axis, k in zip(AXES, axes, place, strict=False)},
            **{name: float(values[name]) for name in NUMBERS},
            "converged": bool(values["converged"]),
            "branch": str(values["branch_name"]),
            "reason": str(values["reason"]),
        }


def to_json(dataset: xr.Dataset) -> str:
    """Write a solution as the JSON object of the command; what is not finite is null.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> phases = solve(replica_symmetric(RandomNetwork()), g=1.2, gamma=0, temperature=0)
    >>> round(json.loads(to_json(phases))["points"][0]["q"], 6)
    0.173273
    """
    rows = [
        {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in point.items()
            if key != "reason"
        }
        for point in points(dataset)
    ]
    return json.dumps({"points": rows}, allow_nan=False)


def failures(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """List the points that have no solution, as in `points`."""
    return [point for point in points(dataset) if not point["converged"]]


def describe_failures(dataset: xr.Dataset, most: int = 10) -> list[str]:
    """Say which points did not converge and why, one line each.

    Parameters
    ----------
    dataset : xarray.Dataset
    most : int
        How many points are named one by one.

    Returns
    -------
    list of str
        Empty if every point converged.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> phases = solve(replica_symmetric(RandomNetwork()), g=0.8, gamma=0, temperature=0)
    >>> describe_failures(phases)[0]
    'did not converge at g = 0.8, gamma = 0, temperature = 0: no solution at temperature 0: ...'
    """
    failed = failures(dataset)
    lines = [
        f"did not converge at {', '.join(f'{name} = {point[name]:.12g}' for name in AXES)}:"
        f" {point['reason']}"
        for point in failed[:most]
    ]
    if len(failed) > most:
        total = int(np.prod([dataset.sizes[name] for name in AXES]))
        lines.append(f"did not converge at {len(failed)} of {total} points, the first are listed")
    return lines


def to_table(dataset: xr.Dataset) -> Table:
    """Lay out a solution for the terminal.

    Columns that are zero everywhere go to the caption, and so does how many points are unstable
    against inequivalent replicas.

    Parameters
    ----------
    dataset : xarray.Dataset

    Returns
    -------
    rich.table.Table
    """
    from rich import box  # noqa: PLC0415  (not needed for JSON)
    from rich.table import Table  # noqa: PLC0415

    rows = list(points(dataset))
    solved = [row for row in rows if row["converged"]]
    zero = [name for name in ORDER_PARAMETERS if solved and not any(r[name] for r in solved)]
    remarks = [f"{', '.join(zero)} = 0 at every point"] if zero else []
    if unstable := int((dataset.replicon < 0).sum()):
        number = f"{unstable} of {len(solved)} points"
        remarks.append(f"replica symmetry is unstable (replicon < 0) at {number}")
    caption = "\n".join(remarks) or None
    table = Table(box=box.SIMPLE_HEAD, caption=caption, caption_justify="left", pad_edge=False)
    shown = [name for name in _SHOWN if name not in zero]
    for name in (*AXES, *shown):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("branch", no_wrap=True)
    for row in rows:
        numbers = [f"{row[name]:.8g}" for name in AXES]
        for name in shown:
            digits = ".1e" if name == "quadrature_error" else ".8g"
            numbers.append(format(row[name], digits) if row["converged"] else "-")
        table.add_row(*numbers, row["branch"] if row["converged"] else "not converged")
    return table
