"""What became of a sweep, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.sweep_layout import DONE, FAILED

if TYPE_CHECKING:
    import xarray as xr

    Mask = np.ndarray


def summary(found: xr.Dataset) -> str:
    """Count the points of a sweep.

    Parameters
    ----------
    found : xarray.Dataset
        From `numerics.sweep`.

    Returns
    -------
    str

    Examples
    --------
    >>> import xarray as xr
    >>> points = {"status": ("g", [1, 2]), "converged": ("g", [True, False])}
    >>> summary(xr.Dataset(points, {"g": [0.5, 0.6]}))
    '2 points, 1 converged, 1 of chunks that failed'
    """
    failed = int((found.status == FAILED).sum())
    converged = int(found.converged.sum())
    ending = f", {failed} of chunks that failed" if failed else ""
    return f"{found.status.size} points, {converged} converged{ending}"


def describe_failures(found: xr.Dataset, most: int = 10) -> list[str]:
    """Say which points failed or did not converge and why, one line each.

    Parameters
    ----------
    found : xarray.Dataset
        From `numerics.sweep`.
    most : int
        How many points of either kind are named one by one.

    Returns
    -------
    list of str
        Empty if every point converged.

    Examples
    --------
    >>> import xarray as xr
    >>> points = {"status": 2, "converged": False, "reason": "MemoryError: ", "g": [0.5, 0.6]}
    >>> flags = {name: ("g", [points[name]] * 2) for name in ("status", "converged", "reason")}
    >>> describe_failures(xr.Dataset(flags, {"g": points["g"]}), most=1)
    ['failed at g = 0.5: MemoryError: ', 'failed at 2 of 2 points, the first are listed']
    """
    status, converged = found.status.values, found.converged.values
    lines = _listed(found, status == FAILED, "failed", most)
    return lines + _listed(found, (status == DONE) & ~converged, "did not converge", most)


def _listed(found: xr.Dataset, chosen: Mask, what: str, most: int) -> list[str]:
    dims = [str(name) for name in found.status.dims]
    places = np.argwhere(chosen)
    lines = []
    for place in places[:most]:
        point = found.isel(dict(zip(dims, place.tolist(), strict=True)))
        where = ", ".join(f"{name} = {point[name].item():.12g}" for name in dims)
        lines.append(f"{what} at {where}: {point.reason.item()}")
    if len(places) > most:
        lines.append(f"{what} at {len(places)} of {chosen.size} points, the first are listed")
    return lines
