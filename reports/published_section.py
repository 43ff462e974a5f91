"""The section of the validation report on published values: figure, verdicts, mixing."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import xarray as xr

from reports import page
from reports.comparison import settings, with_error, worst_r_hat
from reports.figures import SIMULATED, label_axes, legend_below, make_figure
from reports.published_simulation import ColdValue, coldest, overlap_ratio, published_table

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CAPTION = (
    "Overlap q, and mean square overlap of two states in units of q², at the lowest temperature"
    " that was simulated: means over networks against 1/N, extrapolated to N → ∞ at 0. Published"
    " values with the assumed error of reading them, theory at the temperature of the simulation;"
    " for the mean square overlap both are (Q/q)². Error bars are one standard error."
)


def describe_published(
    directory: Path, tempered: Sequence[xr.Dataset], values: Sequence[ColdValue]
) -> str:
    """Write the section: the verdicts, the figure, how well the chains mixed.

    Parameters
    ----------
    directory : pathlib.Path
        Holds the figure ``published``.
    tempered, values
        As for `draw_published`.

    Returns
    -------
    str
        HTML.
    """
    drawn = page.figure(directory, "published", CAPTION)
    return "\n".join([published_table(values), drawn, _tempering_table(tempered)])


def published_data(tempered: Sequence[xr.Dataset], values: Sequence[ColdValue]) -> xr.Dataset:
    """Put the tempered lines and the published values into one dataset over ``gamma``.

    Parameters
    ----------
    tempered, values
        As for `draw_published`.

    Returns
    -------
    xarray.Dataset
        What `validation.cold.validate_cold` gives, without the histograms; over ``published``,
        q and the square of Q/q at the lowest temperature: ``published_value``,
        ``published_simulation``, ``published_error`` and ``published_verdict``.
    """
    parts = []
    for line in tempered:
        gamma = float(line.gamma)
        mine = [value for value in values if value.gamma == gamma]
        columns = {
            "value": ("published value", [_published(value) for value in mine]),
            "simulation": ("simulation, N to infinity", [value.simulation for value in mine]),
            "error": ("standard error of the simulation", [value.error for value in mine]),
            "verdict": ("verdict on the published value", [_verdict(value) for value in mine]),
        }
        part = line.drop_dims("bin").assign_coords(
            published=[value.name for value in mine],
            seed=((), settings(line)["seed"], {"long_name": "seed of the networks", "units": "1"}),
        )
        for key, (label, column) in columns.items():
            attributes = {"long_name": label, "units": "1"}
            part[f"published_{key}"] = ("published", column, attributes)
        parts.append(part.drop_vars("gamma").expand_dims(gamma=[gamma]))
    joined = xr.concat(
        parts, dim="gamma", data_vars="all", coords="different", compat="equals", join="outer"
    )
    joined.attrs["provenance"] = json.dumps(
        [json.loads(line.attrs["provenance"]) for line in tempered]
    )
    for name, label in {"gamma": "reciprocity of the couplings", "published": "quantity"}.items():
        joined[name].attrs = {"long_name": label, "units": "1"}
    return joined


def _published(value: ColdValue) -> float:
    return value.published[0] if value.published else math.nan


def _verdict(value: ColdValue) -> str:
    judgement = value.judge_published()
    return judgement.verdict if judgement else ""


def _tempering_table(tempered: Sequence[xr.Dataset]) -> str:
    """Write how every network was tempered and how well the chains mixed, at the lowest T."""
    rows = []
    for line in tempered:
        at, seed = coldest(line), settings(line)["seed"]
        q, ratio = at.sel(quantity="q"), overlap_ratio(at)
        for k, size in enumerate(at["size"].values):
            of_size = at.isel(size=k)
            value = with_error(float(q["mean"][k]), float(q.mean_error[k]))
            square = with_error(float(ratio[0][k]), float(ratio[1][k]))
            rows.append(
                [
                    f"{float(at.gamma):g}", str(size), str(at.sizes["network"]),
                    " ± ".join(value), " ± ".join(square),
                    f"{float(of_size.r_hat.median()):.3f}", f"{float(of_size.r_hat.max()):.3f}",
                    f"{float(of_size.ess.min()):.0f}", f"{float(of_size.acceptance.min()):.2f}",
                    str(seed),
                ]
            )  # fmt: skip
    worst = max(worst_r_hat(coldest(line)) for line in tempered)
    caption = (
        f"Mixing at T = {float(coldest(tempered[0]).temperature):g}, the lowest temperature of a"
        f" ladder up to T = {float(tempered[0].temperature.max()):g}, chains started hot and cold:"
        " R-hat, median and largest of the networks of a size (worst median"
        f" {worst:.3f}), least effective sample size, least rate of exchange between neighbouring"
        " temperatures."
    )
    head = ["γ", "N", "networks", "q", "overlap² / q²", "R-hat", "largest", "least ESS"]
    return page.table([*head, "exchange", "seed"], rows, caption)


def draw_published(tempered: Sequence[xr.Dataset], values: Sequence[ColdValue]) -> Figure:
    """Draw q and the mean square overlap at the lowest temperature against 1/N.

    Parameters
    ----------
    tempered : sequence of xarray.Dataset
        From `validation.cold.validate_cold`, one for every gamma.
    values : sequence of ColdValue
        Of the same.
    """
    columns = len(tempered)
    figure = make_figure(2, columns, width=3.7 * columns + 0.6, height=7.0)
    for column, line in enumerate(tempered):
        at = coldest(line)
        squares = overlap_ratio(at)
        q = at.sel(quantity="q")
        for row, means in enumerate(((q["mean"].values, q.mean_error.values), squares)):
            axes = figure.axes[row * columns + column]
            name = ("q", "(Q/q)²")[row]
            [value] = [v for v in values if v.gamma == float(at.gamma) and v.name == name]
            _against_size(axes, at["size"].values, means, value)
            axes.set_title(
                rf"$g = {float(at.g):g}$, $\gamma = {value.gamma:g}$, $T = {value.temperature:g}$"
                f"\npublished value: {_verdict(value) or 'none'}",
                fontsize=10,
            )
    legend_below(figure, columns=3)
    return figure


def _against_size(
    axes: Axes, size: np.ndarray, means: tuple[np.ndarray, np.ndarray], value: ColdValue
) -> None:
    inverse = 1 / size
    axes.axhline(value.theory, color="#1f5fa8", linewidth=1.6, label="theory at this $T$")
    if value.published is not None:
        height, reading = value.published
        axes.axhspan(height - reading, height + reading, color="#c0322b", alpha=0.25, linewidth=0)
        axes.axhline(height, color="#c0322b", linestyle="--", label="published, $T = 10^{-4}$")
    axes.errorbar(
        inverse, *means, fmt="o", color="black", markersize=4.5, capsize=2.5,
        label="mean over networks",
    )  # fmt: skip
    axes.errorbar(
        0, value.simulation, value.error, fmt="D", color="black", markerfacecolor="white",
        capsize=3, clip_on=False, zorder=5, label=SIMULATED,
    )  # fmt: skip
    axes.set_xlim(-0.06 * inverse.max(), 1.08 * inverse.max())
    axes.locator_params(axis="x", nbins=5)
    label_axes(axes, "$1/N$", "q" if value.name == "q" else r"$\langle$overlap$^2\rangle / q^2$")
