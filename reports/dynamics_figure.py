"""The figure of the validation report on the original dynamics: chaos against size."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.stats import binomtest

from reports.figures import SIMULATED, legend_below, make_figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = {
    "exponent": "λ",
    "x_squared": "Δ(0) = ⟨x²⟩",
    "transfer_squared": "⟨c²⟩",
    "x_dot_squared": "⟨ẋ²⟩",
}
"""How quantities of the dynamics are written in text."""
_SQUARES = {
    "x_squared": (r"$\Delta(0) = \langle x^2\rangle$", "o", "#1f5fa8"),
    "transfer_squared": (r"$\langle c^2\rangle$", "s", "#2f7d4f"),
    "x_dot_squared": (r"$\langle \dot x^2\rangle$", "^", "#c98a1b"),
}
MEAN_FIELD = r"mean field of the dynamics, $N \to \infty$"


@dataclass(frozen=True)
class Attractor:
    """Networks of one g without noise, beside the mean field.

    Parameters
    ----------
    chaos : xarray.Dataset
        From `validation.chaos.chaos_against_size`.
    mean_field : mapping of str to float, optional
        Values for infinite N, by the names of the variables.
    limits : xarray.Dataset, optional
        From `validation.limits.attractor_limits`, where the networks are on the attractor that the
        mean field is about.
    errors : mapping of str to float, optional
        Estimated numerical errors of ``mean_field``.
    """

    chaos: xr.Dataset
    mean_field: Mapping[str, float] = field(default_factory=dict)
    limits: xr.Dataset | None = None
    errors: Mapping[str, float] = field(default_factory=dict)


def draw_chaos(attractors: Sequence[Attractor]) -> Figure:
    """Draw exponents and mean squares against 1/N, and how many networks are chaotic.

    Parameters
    ----------
    attractors : sequence of Attractor
        One row of axes for each.
    """
    rows = len(attractors)
    figure = make_figure(rows, 3, width=12.5, height=0.9 + 3.3 * rows)
    for row, attractor in enumerate(attractors):
        exponents, squares, fraction = figure.axes[3 * row : 3 * row + 3]
        _exponents(exponents, attractor)
        _squares(squares, attractor)
        _fraction(fraction, attractor.chaos)
        chaos = attractor.chaos
        for axes in (exponents, squares, fraction):
            axes.set_title(
                rf"$g = {chaos.attrs['g']:g}$, $\gamma = {chaos.attrs['gamma']:g}$", fontsize=10
            )
    legend_below(figure, columns=4)
    return figure


def _exponents(axes: Axes, attractor: Attractor) -> None:
    chaos, limits = attractor.chaos, attractor.limits
    inverse = 1 / chaos["size"].values
    for k, place in enumerate(inverse):
        values = chaos.exponent.isel(size=k).values
        label = "single networks" if not k else "_"
        axes.plot(np.full(len(values), place), values, ".", color="0.65", label=label)
    axes.errorbar(
        inverse, chaos.exponent_mean, chaos.exponent_mean_error, fmt="o", color="black",
        capsize=3, label="mean over networks",
    )  # fmt: skip
    if limits is not None:
        limit = limits.sel(quantity="exponent")
        axes.errorbar(
            0, float(limit.simulation), float(limit.standard_error), fmt="D", color="black",
            markerfacecolor="white", capsize=3, clip_on=False, label=SIMULATED,
        )  # fmt: skip
    if np.isfinite(value := attractor.mean_field.get("exponent", np.nan)):
        axes.plot(
            0, value, "*", color="#c0322b", markersize=11, clip_on=False, zorder=5,
            label=MEAN_FIELD,
        )  # fmt: skip
    axes.axhline(0, color="0.5", linewidth=0.9)
    _inverse_axis(axes, inverse)
    axes.set_ylabel(r"largest Lyapunov exponent $\lambda$")


def _squares(axes: Axes, attractor: Attractor) -> None:
    """Draw mean squares in units of their mean-field values."""
    chaos, limits = attractor.chaos, attractor.limits
    inverse = 1 / chaos["size"].values
    for k, (name, (label, marker, colour)) in enumerate(_SQUARES.items()):
        scale = attractor.mean_field.get(name, np.nan)
        shift = 0.015 * (k - 1) * inverse.max()
        axes.errorbar(
            inverse + shift, chaos[f"{name}_mean"] / scale, chaos[f"{name}_mean_error"] / scale,
            fmt=marker, color=colour, markersize=5, capsize=3, label=label,
        )  # fmt: skip
        if limits is None:
            continue
        limit = limits.sel(quantity=name)
        axes.errorbar(
            shift, float(limit.simulation) / scale, float(limit.standard_error) / scale,
            fmt=marker, color=colour, markerfacecolor="white", markersize=5, capsize=3,
            clip_on=False,
        )  # fmt: skip
    axes.axhline(1, color="#c0322b", linewidth=1.2, zorder=1)
    _inverse_axis(axes, inverse)
    axes.set_ylabel("mean square / its mean-field value")


def _inverse_axis(axes: Axes, inverse: np.ndarray) -> None:
    axes.set_xlim(-0.04 * inverse.max(), 1.08 * inverse.max())
    axes.locator_params(axis="x", nbins=5)
    axes.set_xlabel("$1/N$")


def _fraction(axes: Axes, chaos: xr.Dataset) -> None:
    count = chaos.sizes["network"]
    share = chaos.chaotic_fraction.values
    tests = [binomtest(round(part * count), count) for part in share]
    intervals = [test.proportion_ci(confidence_level=0.683, method="wilson") for test in tests]
    below = share - [interval.low for interval in intervals]
    above = [interval.high for interval in intervals] - share
    axes.errorbar(
        chaos["size"], share, np.maximum([below, above], 0), fmt="o", color="black", capsize=3
    )
    axes.set_xscale("log")
    axes.set_xticks(chaos["size"].values, [str(size) for size in chaos["size"].values])
    axes.minorticks_off()
    axes.set_ylim(-0.05, 1.05)
    axes.set_xlabel("$N$")
    axes.set_ylabel("fraction of chaotic networks")


def chaos_data(attractors: Sequence[Attractor]) -> xr.Dataset:
    """Put the numbers of the figure into one dataset over ``g``.

    Parameters
    ----------
    attractors : sequence of Attractor

    Returns
    -------
    xarray.Dataset
        What `validation.chaos.chaos_against_size` gives, NaN at sizes that a g does not have, its
        settings, ``mean_field`` and ``mean_field_error`` over ``quantity``, and with the prefix
        ``limit_`` what `validation.limits.judge_limits` gives.
    """
    parts = []
    for attractor in attractors:
        part = attractor.chaos.assign(verdict=attractor.chaos.verdict.astype(str))
        for key, value in part.attrs.items():
            if key != "g":
                part[key] = ((), value, {"long_name": f"setting: {key}", "units": "1"})
        part = part.assign_coords(quantity=list(NAMES))
        subject = "mean-field theory of the dynamics"
        for key, label, values in (
            ("mean_field", subject, attractor.mean_field),
            ("mean_field_error", f"numerical error of the {subject}", attractor.errors),
        ):
            column = [values.get(name, np.nan) for name in NAMES]
            part[key] = ("quantity", column, {"long_name": label, "units": "1"})
        if attractor.limits is not None:
            names = {str(name): f"limit_{name}" for name in attractor.limits.data_vars}
            part = part.merge(attractor.limits.rename(names), combine_attrs="drop_conflicts")
        part = part.expand_dims(g=[part.attrs["g"]]).drop_attrs(deep=False)
        part["g"].attrs = {"long_name": "coupling strength", "units": "1"}
        parts.append(part)
    words = {"verdict": "", "limit_verdict": "", "limit_reason": "", "limit_extrapolated": False}
    return xr.concat(
        parts, dim="g", data_vars="all", coords="minimal", compat="equals", join="outer",
        fill_value={**dict.fromkeys(_numbers(parts), np.nan), **words},
    )  # fmt: skip


def _numbers(parts: Sequence[xr.Dataset]) -> set[str]:
    return {str(name) for part in parts for name in part.data_vars}
