"""What searches for fixed points find in many drawn networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.fixed_points import KINDS, find_fixed_points
from numerics.instances import Instance
from theory.expressions import ModelError
from validation.ensemble import measure_networks
from validation.runs import Job, model_settings
from validation.simulate import transfer_function
from validation.starts import starting_states

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from theory.ensembles import RandomNetwork

REST = 1e-6
"""Largest root mean square distance from rest, in units of the width of the model's scales, that
counts as the state of rest."""
ENDS = ("rest", *KINDS)
_COLUMNS = {
    "share": "part of the starts that ended so",
    "transfer_squared": "mean square transfer of the different zeros not at rest",
    "found": "number of different zeros not at rest",
    "unstable": "mean part of unstable directions of these zeros",
}


def search_networks(
    network: RandomNetwork,
    g: float,
    gamma: float,
    size: int,
    networks: int,
    starts: int,
    *,
    method: str = "homotopy",
    kind: str = "gaussian",
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Search fixed points in drawn networks and summarise each network.

    Parameters
    ----------
    network : RandomNetwork
    g, gamma : float
    size, networks, starts : int
        Units of a network, networks, and starts in each.
    method : str
        As of `numerics.fixed_points.find_fixed_points`.
    kind : str
        Of the starts, as of `validation.starts.starting_states`.
    seed, threads, directory, progress
        As of `validation.ensemble.measure_networks`.

    Returns
    -------
    xarray.Dataset
        Over ``network``, and ``end`` for the shares. What no zero was found for is NaN.

    Raises
    ------
    ModelError
        If there are no starts, or as of `find_fixed_points`.

    Notes
    -----
    A search does not weigh fixed points as any ensemble does: these numbers describe the search.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> found = search_networks(RandomNetwork(), 0.5, 0.0, size=20, networks=2, starts=3)
    >>> found.share.sel(end="rest").values.tolist()
    [1.0, 1.0]
    """
    if starts < 1:
        raise ModelError(f"starts must be at least 1, not {starts}")
    transfer = transfer_function(network)
    settings = {
        "of": "search", **model_settings(network), "g": g, "gamma": gamma, "starts": starts,
        "method": method, "kind": kind, "seed": seed,
    }  # fmt: skip

    def run(size: int, index: int) -> dict[str, np.ndarray]:
        instance = Instance(network, size, seed, index)
        target = instance.target(g, gamma)
        states = starting_states(target, starts, kind, seed=instance.sequence)
        found = find_fixed_points(target, states, method=method)
        away = np.sqrt(((found.state - instance.scales.origin) ** 2).mean("unit"))
        at_rest = (away < REST * instance.scales.width()).values
        zeros = (found.kind == "zero").values & ~at_rest
        number = found.multiplicity.values
        shares = [number[at_rest].sum(), number[zeros].sum()]
        shares += [number[(found.kind == k).values & ~at_rest].sum() for k in KINDS[1:-1]]
        shares += [(found.end == -1).sum()]
        return {
            "share": np.array(shares, dtype=float) / starts,
            "transfer_squared": _mean((transfer(found.state.values[zeros]) ** 2).mean(axis=1)),
            "found": np.array(zeros.sum(), dtype=float),
            "unstable": _mean(found.unstable.values[zeros] / size),
        }

    columns = measure_networks(
        Job(settings, run), [size], networks, threads=threads, directory=directory,
        progress=progress,
    )  # fmt: skip
    result = xr.Dataset(
        {
            name: (("network", "end") if name == "share" else ("network",), columns[name][0])
            for name in _COLUMNS
        },
        {"end": list(ENDS), "network": np.arange(networks)},
        {"format_version": 1, **{key: str(value) for key, value in settings.items()}},
    )
    for name, text in _COLUMNS.items():
        result[name].attrs = {"long_name": text, "units": "1"}
    return result


def _mean(values: np.ndarray) -> np.ndarray:
    return np.array(values.mean() if values.size else np.nan)
