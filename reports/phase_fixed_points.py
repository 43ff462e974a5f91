"""Section on the fixed points that searches find, beside the ensembles of fixed points."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.complexity import complexity
from numerics.solve import solve
from reports import page
from reports.comparison import with_error
from reports.page import number
from reports.sections import Section, refused
from theory.critical_lines import response_singularity
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric
from validation.ensemble import mean_and_error
from validation.search import ENDS, search_networks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from theory.ensembles import RandomNetwork

RATIO = 1.5
"""Coupling in units of that at which the response becomes singular."""
COLD = 1e-6
SEARCHES = (
    ("homotopy", "gaussian"),
    ("newton", "gaussian"),
    ("newton", "trajectory"),
    ("levenberg_marquardt", "gaussian"),
    ("levenberg_marquardt", "trajectory"),
)


def fixed_points_section(
    network: RandomNetwork,
    *,
    sizes: tuple[int, ...] = (100, 200),
    networks: int = 8,
    starts: int = 16,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Section:
    """Search fixed points by every method and compare what is found with two ensembles.

    Parameters
    ----------
    network : RandomNetwork
    sizes : tuple of int
    networks, starts : int
        Networks of every size, and starts in each.
    seed, threads : int
    directory : pathlib.Path, optional
        Where finished networks are kept.
    progress : callable, optional

    Returns
    -------
    Section
    """
    key, heading = "fixed-points", "Fixed points that searches find"
    try:
        g = RATIO * float(response_singularity(network).at(0.0))
    except ModelError as error:
        return refused(key, heading, str(error))
    runs = []
    cases = list(product(SEARCHES, sizes))
    for place, ((method, kind), size) in enumerate(cases):
        try:
            run = search_networks(
                network, g, 0.0, size, networks, starts, method=method, kind=kind, seed=seed,
                threads=threads, directory=directory,
            )  # fmt: skip
        except ModelError as error:
            return refused(key, heading, str(error))
        runs.append(run)
        if progress is not None:
            progress(place + 1, len(cases))
    table = _joined(runs, cases)
    words = _words(table, g, predictions(network, g), networks, starts)
    return Section(key, heading, words, data={"fixed_points": table})


def predictions(network: RandomNetwork, g: float) -> dict[str, float]:
    """Mean square transfer of fixed points in the ensembles that have one, at gamma = 0."""
    gibbs = solve(replica_symmetric(network), g, 0.0, COLD)
    found = {"Gibbs measure, T → 0": float(gibbs.q.item())}
    try:
        found["Kac-Rice (all alike)"] = float(complexity(network, g, 0.0).q.item())
    except ModelError:
        found["Kac-Rice (all alike)"] = float("nan")
    return found


def _joined(runs: list[xr.Dataset], cases: list) -> xr.Dataset:
    table = xr.concat([run.drop_attrs(deep=False) for run in runs], dim="search")
    for name, values, text in (
        ("method", [method for (method, _), _ in cases], "method of the search"),
        ("starts", [kind for (_, kind), _ in cases], "where it starts"),
        ("size", [size for _, size in cases], "number of units N"),
    ):
        table = table.assign_coords({name: ("search", values, {"long_name": text, "units": "1"})})
    return table


def _words(
    table: xr.Dataset, g: float, predicted: dict[str, float], networks: int, starts: int
) -> str:
    rows = []
    for place in range(table.sizes["search"]):
        at = table.isel(search=place)
        mean, error = _over_networks(at.transfer_squared.values)
        rows.append(
            [
                str(at.method.item()).replace("_", "-"), str(at.starts.item()),
                f"{int(at['size'])}",
                *(f"{100 * float(at.share.sel(end=end).mean()):.0f} %" for end in ENDS),
                number(float(at.found.mean()), 3),
                " ± ".join(with_error(mean, error)) if np.isfinite(error) else number(mean, 3),
                number(float(at.unstable.mean(skipna=True)), 3),
            ]
        )  # fmt: skip
    ensembles = "; ".join(f"{name}: {number(value, 4)}" for name, value in predicted.items())
    lines = [
        f"{networks} networks of every size at g = {g:g}, γ = 0, {starts} starts in each."
        f" Mean square transfer ⟨c²⟩ of fixed points for infinite N: {ensembles}.",
        "The homotopy follows s F(x) = (1 - s)(x - x₀) from a random state to a zero of F;"
        " the others minimise E from there, and also end in minima where F is not zero, or at"
        " rest in x = 0, which is a zero like others but is found far more often.",
        _bias(table, predicted),
    ]
    head = ["method", "starts", "N", "at rest", "zeros", "slow", "spurious", "unfinished"]
    head += ["zeros per network", "⟨c²⟩", "unstable"]
    caption = (
        "Ends of searches (parts of the starts), and the different zeros not at rest: number,"
        " mean square transfer with standard error over networks, part of unstable directions"
    )
    return page.items(lines) + page.table(head, rows, caption)


def _bias(table: xr.Dataset, predicted: dict[str, float]) -> str:
    """Say in numbers how far what was found is from an ensemble in which all points count alike."""
    alike = predicted["Kac-Rice (all alike)"]
    largest = table.where(table["size"] == table["size"].max(), drop=True)
    parts = []
    for place in range(largest.sizes["search"]):
        at = largest.isel(search=place)
        mean, error = _over_networks(at.transfer_squared.values)
        if np.isfinite(mean - alike) and error > 0:
            name = f"{str(at.method.item()).replace('_', '-')} from {at.starts.item()} states"
            parts.append(f"{name} {mean - alike:+.3f} ({(mean - alike) / error:+.1f} s.e.)")
    if not parts:
        return "No bias can be given: no zero was found, or no ensemble is known for the model."
    return (
        "Bias of the searches, mean ⟨c²⟩ of what they find minus that of all fixed points, which"
        f" includes what finite size does: {'; '.join(parts)}. Their averages are not those of any"
        " ensemble."
    )


def _over_networks(values: np.ndarray) -> tuple[float, float]:
    """Mean over the networks that have a value and its standard error; NaN where there are none."""
    known = values[np.isfinite(values)]
    if known.size == 0:
        return float("nan"), float("nan")
    mean, error = mean_and_error(known)
    return float(mean), float(error)
