"""The section of the validation report on where x = 0 loses its stability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from reports import page
from reports.comparison import with_error
from reports.figures import SIMULATED, legend_below, make_figure
from reports.page import number

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

CAPTION = (
    "Coupling strength g at which x = 0 becomes unstable in single networks, the mean over networks"
    " and its extrapolation to N → ∞, against 1/N; the line is the elliptic law. Error bars are one"
    " standard error."
)


@dataclass(frozen=True)
class Crossing:
    """Couplings at which x = 0 becomes unstable at one gamma, beside the elliptic law.

    Parameters
    ----------
    quiescence : xarray.Dataset
        From `validation.quiescence.quiescent_stability`.
    limits : xarray.Dataset
        From `validation.limits.crossing_limit`.
    """

    quiescence: xr.Dataset
    limits: xr.Dataset

    @property
    def limit(self) -> xr.Dataset:
        """The only quantity there is."""
        return self.limits.sel(quantity="crossing")

    @property
    def gamma(self) -> float:
        """Reciprocity."""
        return float(self.quiescence.attrs["gamma"])


def draw_stability(crossings: Sequence[Crossing]) -> Figure:
    """Draw the couplings at which single networks become unstable against 1/N.

    Parameters
    ----------
    crossings : sequence of Crossing
    """
    columns = len(crossings)
    figure = make_figure(1, columns, width=1 + 4.5 * columns, height=4.6)
    for axes, crossing in zip(figure.axes, crossings, strict=True):
        found, limit = crossing.quiescence, crossing.limit
        inverse = 1 / found["size"].values
        for k, place in enumerate(inverse):
            values = found.crossing.isel(size=k).values
            label = "single networks" if not k else "_"
            axes.plot(np.full(len(values), place), values, ".", color="0.65", label=label)
        axes.axhline(
            float(limit.theory), color="#1f5fa8", linewidth=1.6,
            label="elliptic law",
        )  # fmt: skip
        axes.errorbar(
            inverse, found.crossing_mean, found.crossing_error, fmt="o", color="black",
            capsize=3, label="mean over networks",
        )  # fmt: skip
        axes.errorbar(
            0, float(limit.simulation), float(limit.standard_error), fmt="D", color="black",
            markerfacecolor="white", capsize=3, clip_on=False, zorder=5, label=SIMULATED,
        )  # fmt: skip
        axes.set_xlim(-0.04 * inverse.max(), 1.08 * inverse.max())
        axes.locator_params(axis="x", nbins=5)
        axes.set_xlabel("$1/N$")
        axes.set_ylabel("$g$ at which $x = 0$ becomes unstable")
        axes.set_title(rf"$\gamma = {crossing.gamma:g}$", fontsize=10)
    legend_below(figure, columns=4)
    return figure


def stability_data(crossings: Sequence[Crossing]) -> xr.Dataset:
    """Put the numbers of the figure into one dataset over ``gamma``.

    Parameters
    ----------
    crossings : sequence of Crossing

    Returns
    -------
    xarray.Dataset
        What `validation.quiescence.quiescent_stability` gives, with the couplings at which growth
        rates were measured over ``place``, and with the prefix ``limit_`` what
        `validation.limits.judge_limits` gives.
    """
    parts = []
    for crossing in crossings:
        found = crossing.quiescence
        seed = {"long_name": "seed of the networks", "units": "1"}
        limit = crossing.limit.drop_vars("quantity")
        part = found.rename_dims(g="place").reset_index("g").reset_coords("g")
        part = part.assign({f"limit_{name}": limit[name] for name in limit.data_vars})
        part["seed"] = ((), found.attrs["seed"], seed)
        part = part.expand_dims(gamma=[crossing.gamma]).drop_attrs(deep=False)
        part["gamma"].attrs = {"long_name": "reciprocity of the couplings", "units": "1"}
        parts.append(part)
    return xr.concat(
        parts, dim="gamma", data_vars="all", coords="minimal", compat="equals", join="outer"
    )


def describe_stability(directory: Path, crossings: Sequence[Crossing]) -> str:
    """Write the table of the couplings at which x = 0 becomes unstable.

    Parameters
    ----------
    directory : pathlib.Path
        Holds the figure ``stability``.
    crossings : sequence of Crossing

    Returns
    -------
    str
        HTML.
    """
    rows = []
    for crossing in crossings:
        found, limit = crossing.quiescence, crossing.limit
        pairs = zip(found.crossing_mean.values, found.crossing_error.values, strict=True)
        means = "; ".join(
            f"N = {size}: {' ± '.join(with_error(*map(float, pair)))}"
            for size, pair in zip(found["size"].values, pairs, strict=True)
        )
        value = with_error(float(limit.simulation), float(limit.standard_error))
        rows.append(
            [
                f"{crossing.gamma:g}", means, number(float(limit.theory), 5), " ± ".join(value),
                number(float(limit.z), 3), str(limit.verdict.values), str(limit.reason.values),
                str(found.attrs["seed"]),
            ]
        )  # fmt: skip
    networks = crossings[0].quiescence.sizes["network"]
    caption = (
        "Coupling strength g at which the largest real part of the eigenvalues of the Jacobian at"
        f" x = 0 becomes positive, mean over {networks} networks of each size, extrapolated to"
        " N → ∞, beside the elliptic law (Sommers et al. 1988)."
    )
    head = ["γ", "means over networks", "elliptic law", "simulation, N → ∞", "z", "verdict"]
    written = page.table([*head, "reason", "seed"], rows, caption)
    written = written.replace("<table>", '<table class="words">')
    return written + page.figure(directory, "stability", CAPTION)
