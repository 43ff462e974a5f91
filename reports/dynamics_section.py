"""The section of the validation report on the original dynamics: chaos against size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest

from reports import page
from reports.comparison import with_error
from reports.figures import make_figure
from reports.page import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    import xarray as xr
    from matplotlib.figure import Figure

_NAMES = {
    "exponent": "λ",
    "x_squared": "⟨x²⟩",
    "transfer_squared": "⟨c²⟩",
    "x_dot_squared": "⟨ẋ²⟩",
}


def draw_chaos(chaos: xr.Dataset, mean_field: Mapping[str, float]) -> Figure:
    """Draw largest Lyapunov exponents against 1/N, and how many networks are chaotic.

    Parameters
    ----------
    chaos : xarray.Dataset
        From `validation.chaos.chaos_against_size`.
    mean_field : mapping of str to float
        Values for infinite N, by the names of the variables; ``exponent`` is drawn.
    """
    figure = make_figure(1, 2, width=11, height=4.4)
    exponents, fraction = figure.axes
    inverse = 1 / chaos["size"].values
    for k, place in enumerate(inverse):
        values = chaos.exponent.isel(size=k).values
        label = "single networks" if not k else "_"
        exponents.plot(np.full(len(values), place), values, ".", color="0.65", label=label)
    exponents.errorbar(
        inverse, chaos.exponent_mean, chaos.exponent_mean_error, fmt="o", color="#1f5fa8",
        capsize=3, label="mean over networks",
    )  # fmt: skip
    if np.isfinite(limit := mean_field.get("exponent", np.nan)):
        exponents.plot(
            0, limit, "*", color="#c0322b", markersize=11, clip_on=False, zorder=5,
            label="mean field of the dynamics",
        )  # fmt: skip
    exponents.axhline(0, color="0.5", linewidth=0.9)
    exponents.set_xlim(0, 1.08 * inverse.max())
    exponents.locator_params(axis="x", nbins=5)
    exponents.set_xlabel("$1/N$")
    exponents.set_ylabel(r"largest Lyapunov exponent $\lambda$")
    count = chaos.sizes["network"]
    share = chaos.chaotic_fraction.values
    tests = [binomtest(round(part * count), count) for part in share]
    intervals = [test.proportion_ci(confidence_level=0.683, method="wilson") for test in tests]
    below = share - [interval.low for interval in intervals]
    above = [interval.high for interval in intervals] - share
    fraction.errorbar(
        chaos["size"], share, np.maximum([below, above], 0), fmt="o", color="#1f5fa8", capsize=3
    )
    fraction.set_xscale("log")
    fraction.set_xticks(chaos["size"].values, [str(size) for size in chaos["size"].values])
    fraction.minorticks_off()
    fraction.set_ylim(-0.05, 1.05)
    fraction.set_xlabel("$N$")
    fraction.set_ylabel("fraction of chaotic networks")
    exponents.legend(frameon=False, fontsize=9)
    figure.suptitle(
        rf"dynamics without noise, $g = {chaos.attrs['g']:g}$,"
        rf" $\gamma = {chaos.attrs['gamma']:g}$", fontsize=11,
    )  # fmt: skip
    return figure


def describe_chaos(chaos: xr.Dataset, mean_field: Mapping[str, float]) -> str:
    """Write the table of the dynamics, size by size, with a sentence on what it shows.

    Parameters
    ----------
    chaos, mean_field
        As for `draw_chaos`.

    Returns
    -------
    str
        HTML.
    """
    names = [name for name in _NAMES if f"{name}_mean" in chaos]
    rows = []
    for k, size in enumerate(chaos["size"].values):
        at = chaos.isel(size=k)
        cells = [
            " ± ".join(with_error(float(at[f"{name}_mean"]), float(at[f"{name}_mean_error"])))
            for name in names
        ]
        rows.append([str(size), *cells, number(float(at.chaotic_fraction), 3), _word(at)])
    if mean_field:
        limit = [number(mean_field.get(name, np.nan), 5) for name in names]
        rows.append(["mean field, N → ∞", *limit, "–", "–"])
    caption = (
        f"Dynamics without noise at g = {chaos.attrs['g']:g}, γ = {chaos.attrs['gamma']:g}:"
        f" means over {chaos.sizes['network']} networks and {chaos.sizes['chain']} trajectories"
        f" each, of duration {chaos.attrs['duration']:g}. The mean-field values belong to the"
        " attractor of the dynamics, not to the measure of the quasi-potential."
    )
    head = ["N", *(_NAMES[name] for name in names), "chaotic fraction", "verdict"]
    return page.table(head, rows, caption) + page.items([_sentence(chaos)])


def _word(at: xr.Dataset) -> str:
    return str(at.verdict.values).replace("undecided at this size", "undecided at these sizes")


def _sentence(chaos: xr.Dataset) -> str:
    """Say in words what the largest sizes show."""
    words = {_word(chaos.isel(size=k)) for k in range(chaos.sizes["size"])}
    largest = int(chaos["size"].max())
    last = _word(chaos.sel(size=largest))
    if len(words) == 1 and "undecided" not in last:
        return f"Networks of all sizes shown are {last}."
    if "undecided" not in last:
        return f"Networks of N = {largest} are {last}; smaller ones differ among each other."
    share = float(chaos.chaotic_fraction.sel(size=largest))
    return (
        "Whether networks are chaotic is undecided at these sizes: at the largest,"
        f" N = {largest}, {share:.0%} of the networks have an exponent that is significantly"
        " positive."
    )
