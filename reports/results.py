"""Solved points as JSON, and as a list of those that failed."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.phases import AXES, ORDER_PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr

NUMBERS = (*ORDER_PARAMETERS, "free_energy", "energy", "residual", "quadrature_error")


def points(dataset: xr.Dataset) -> Iterator[dict[str, Any]]:
    """Go through the points of a solution, one dictionary each, in the order of the axes.

    Parameters
    ----------
    dataset : xarray.Dataset
        From `numerics.solve`. Of further branches only the points where they were found appear.

    Yields
    ------
    dict
        The keys of the command's JSON contract.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> [point] = points(solve(replica_symmetric(RandomNetwork()), g=0.8, gamma=0, temperature=0))
    >>> point["converged"], point["q"]
    (False, nan)
    """
    names = [*NUMBERS, "converged", "branch_name"]
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
        }
        for point in points(dataset)
    ]
    return json.dumps({"points": rows}, allow_nan=False)


def reasons(dataset: xr.Dataset) -> np.ndarray:
    """Why points did not converge, in words, along the dimensions of ``converged``.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> free_energy = replica_symmetric(RandomNetwork())
    >>> found = reasons(solve(free_energy, g=[0.8, 1.2], gamma=0, temperature=0))
    >>> [bool(words) for words in found.ravel()]
    [True, False]
    """
    return dataset.reason.transpose(*dataset.converged.dims).values.astype(str)


def failures(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """List the points that have no solution: the axes, and the reason in words.

    Of a search for all branches only the first counts: others are not found everywhere.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> from numerics import solve
    >>> [lost] = failures(solve(replica_symmetric(RandomNetwork()), g=0.8, gamma=0, temperature=0))
    >>> lost["g"], lost["reason"]
    (0.8, 'no solution at temperature 0: ...')
    """
    if "branch" in dataset.dims:
        dataset = dataset.isel(branch=0)
    dataset = dataset.transpose(*AXES, missing_dims="ignore")
    words, lost = reasons(dataset), np.argwhere(~dataset.converged.values)
    values = [dataset[name].values for name in AXES]
    return [
        {
            **{name: float(axis[k]) for name, axis, k in zip(AXES, values, place, strict=True)},
            "reason": str(words[tuple(place)]),
        }
        for place in lost
    ]


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
