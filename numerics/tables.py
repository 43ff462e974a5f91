"""Results on grids of g and gamma as labelled datasets."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from theory.ensembles import check_parameters
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

AXES = {"g": "coupling strength g", "gamma": "reciprocity gamma"}
COMMON = {
    "residual": "largest undamped residual, relative",
    "quadrature_error": "largest relative change under a finer quadrature",
    "converged": "whether the point is solved to tolerance",
    "phase": "which kind of solution is shown",
    "reason": "why a point did not converge",
    "remark": "what to know of a point that did",
}


@dataclass
class Point:
    """One solution.

    Parameters
    ----------
    values : dict of str to float
        What is missing is NaN.
    phase : str
    reason : str
        Empty where converged.
    remark : str
    kept : tuple of str
        Names of values that are shown even where the point did not converge.
    """

    values: dict[str, float] = field(default_factory=dict)
    phase: str = ""
    reason: str = ""
    remark: str = ""
    kept: tuple[str, ...] = ("residual", "quadrature_error")


def solve_table(
    solve_point: Callable[[float, float], Point],
    g: ArrayLike,
    gamma: ArrayLike,
    long_names: dict[str, str],
    provenance: str,
) -> xr.Dataset:
    """Solve the points of an outer product one by one.

    Parameters
    ----------
    solve_point : callable
        Takes g and gamma.
    g, gamma : float or array_like
    long_names : dict of str to str
        Of the values of the points.
    provenance : str

    Returns
    -------
    xarray.Dataset
        Over ``g`` and ``gamma``.

    Raises
    ------
    ModelError
        If a parameter is out of range.

    Examples
    --------
    >>> table = solve_table(lambda g, gamma: Point({"y": g + gamma}), 1, [0, 0.5], {"y": "sum"}, "")
    >>> table.y.values.tolist()
    [[1.0, 1.5]]
    """
    axes = {"g": _axis("g", g), "gamma": _axis("gamma", gamma)}
    points = [solve_point(float(one), float(two)) for one, two in product(*axes.values())]
    shape = tuple(len(values) for values in axes.values())
    columns: dict[str, list] = {
        name: [
            p.values.get(name, np.nan) + 0.0 if not p.reason or name in p.kept else np.nan
            for p in points
        ]
        for name in (*long_names, "residual", "quadrature_error")
    }
    columns["converged"] = [p.reason == "" for p in points]
    columns |= {name: [getattr(p, name) for p in points] for name in ("phase", "reason", "remark")}
    kinds = {"converged": bool, "phase": object, "reason": object, "remark": object}
    names = long_names | COMMON
    return xr.Dataset(
        {
            name: (
                tuple(axes),
                np.array(values, dtype=kinds.get(name, float)).reshape(shape),
                {"long_name": names[name], "units": "1"},
            )
            for name, values in columns.items()
        },
        {n: (n, axes[n], {"long_name": text, "units": "1"}) for n, text in AXES.items()},
        {"format_version": 1, "provenance": provenance},
    )


def _axis(name: str, values: ArrayLike) -> np.ndarray:
    axis = np.atleast_1d(np.asarray(values, dtype=float))
    if axis.ndim != 1 or axis.size == 0:
        msg = f"{name} must be a number or a one-dimensional, non-empty array"
        raise ModelError(msg)
    for value in axis:
        check_parameters(**{name: float(value)})
    return axis
