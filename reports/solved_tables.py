"""Solved points for the terminal: tables of a few points, a summary of many."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
from rich import box
from rich.table import Table

from numerics.phases import AXES, ORDER_PARAMETERS
from reports.results import points, reasons

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import xarray as xr

    Columns = dict[str, list[str]]

_SHOWN = (*ORDER_PARAMETERS, "free_energy", "energy", "quadrature_error")
_GAP = 3
"""Characters between two columns."""


def to_tables(dataset: xr.Dataset, width: int = 80) -> list[Table]:
    """Lay out a solution, one row a point, in as many tables as the width needs.

    What is the same at every point is left to `remarks`.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `numerics.solve`.
    width : int
        Characters of a line.

    Returns
    -------
    list of rich.table.Table

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> phases = solve(replica_symmetric(RandomNetwork()), g=[1.2, 1.3], gamma=0, temperature=0.1)
    >>> [column.header for column in to_tables(phases)[0].columns][:3]
    ['g', 'q', 'rho']
    """
    rows = list(points(dataset))
    zero, varied = _zeros(dataset), [name for name in AXES if dataset.sizes[name] > 1]
    labels: Columns = {name: [_number(row[name], 8) for row in rows] for name in varied}
    if len(_branches(dataset)) > 1:
        labels["branch"] = [row["branch"] if row["converged"] else "-" for row in rows]
    values: Columns = {
        name: [_number(row[name], 2 if name == "quadrature_error" else 6) for row in rows]
        for name in _SHOWN
        if name not in zero
    }
    return [_table(labels | block) for block in _blocks(values, width - _width(labels))]


def remarks(dataset: xr.Dataset) -> list[str]:
    """Say what holds at every point, and where replica symmetry is unstable, one line each.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `numerics.solve`.

    Returns
    -------
    list of str
    """
    fixed = [name for name in AXES if dataset.sizes[name] == 1]
    lines = [", ".join(f"{name} = {_number(dataset[name].item(), 8)}" for name in fixed)]
    if zero := _zeros(dataset):
        lines.append(f"{', '.join(zero)} = 0 at every point")
    if len(branches := _branches(dataset)) == 1:
        lines.append(f"branch: {branches[0]}")
    if unstable := int((dataset.replicon < 0).sum()):
        number = f"{unstable} of {int(dataset.converged.sum())} points"
        lines.append(f"replica symmetry is unstable (replicon < 0) at {number}")
    return [line for line in lines if line]


def summary_table(dataset: xr.Dataset) -> Table:
    """Give the range of every number over the points.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `numerics.solve`.

    Returns
    -------
    rich.table.Table
    """
    varied = [name for name in AXES if dataset.sizes[name] > 1]
    names = [*varied, *(name for name in _SHOWN if name not in _zeros(dataset))]
    columns: Columns = {"": names, "lowest": [], "highest": [], "values": []}
    for name in names:
        values = dataset[name].values
        finite = values[np.isfinite(values)]
        digits = 2 if name == "quadrature_error" else 8 if name in AXES else 6
        columns["lowest"].append(_number(finite.min(), digits) if finite.size else "-")
        columns["highest"].append(_number(finite.max(), digits) if finite.size else "-")
        columns["values"].append(str(finite.size))
    return _table(columns)


def counts(dataset: xr.Dataset, most: int = 5) -> list[str]:
    """Count the points that converged, and the reasons of those that did not, most common first.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `numerics.solve`.
    most : int
        Reasons that are told apart.

    Returns
    -------
    list of str

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> phases = solve(replica_symmetric(RandomNetwork()), g=[0.8, 1.2], gamma=0, temperature=0)
    >>> counts(phases)
    ['2 points, 1 converged', '1 did not converge: no solution at temperature 0: ...']
    """
    lines = []
    if "branch" in dataset.dims:
        # further branches are not found everywhere, which is no failure
        further = int(dataset.converged.isel(branch=slice(1, None)).sum())
        lines.append(f"{dataset.sizes['branch']} branches, {further} points on further ones")
        dataset = dataset.isel(branch=0)
    solved = dataset.converged.values
    lines.insert(0, f"{solved.size} points, {int(solved.sum())} converged")
    # without the numbers of a point, which come in brackets
    words = (re.sub(r" \([^)]*\d[^)]*\)", "", reason) for reason in reasons(dataset)[~solved])
    found = Counter(words).most_common()
    lines += [f"{number} did not converge: {reason}" for reason, number in found[:most]]
    if rest := sum(number for _, number in found[most:]):
        lines.append(f"{rest} did not converge for {len(found) - most} further reasons")
    return lines


def _zeros(dataset: xr.Dataset) -> list[str]:
    """Order parameters that vanish at every point, as far as any is known."""
    largest = {name: np.abs(dataset[name].values).ravel() for name in ORDER_PARAMETERS}
    return [
        name
        for name, values in largest.items()
        if np.isfinite(values).any() and not np.nanmax(values)
    ]


def _branches(dataset: xr.Dataset) -> list[str]:
    names = dataset.branch_name.transpose(*dataset.converged.dims).values
    return list(dict.fromkeys(names[dataset.converged.values].tolist()))


def _number(value: float, digits: int) -> str:
    if not np.isfinite(value):
        return "-"
    return f"{value:.{digits}g}" if value else "0"


def _width(columns: Columns) -> int:
    return sum(max(map(len, (name, *texts))) + _GAP for name, texts in columns.items())


def _blocks(columns: Columns, width: int) -> Iterable[Columns]:
    """Share columns among tables, at least one each."""
    block: Columns = {}
    for name, texts in columns.items():
        if block and _width(block | {name: texts}) > width:
            yield block
            block = {}
        block[name] = texts
    yield block


def _table(columns: Columns) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        left = name in {"", "branch"}
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    rows: Iterable[Sequence[str]] = zip(*columns.values(), strict=True)
    for row in rows:
        table.add_row(*row)
    return table
