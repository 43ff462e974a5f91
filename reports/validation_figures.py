"""The figures of the validation report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

from reports.comparison import split
from reports.figures import (
    SIMULATED,
    SYMBOLS,
    draw_lines,
    draw_simulated,
    label_axes,
    legend_below,
    make_figure,
)
from validation.compare import WARM

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = {"confirmed": "#2f7d4f", "undecided": "#c98a1b", "refuted": "#c0322b"}
PANELS = 12
DISTRIBUTIONS = 6


def title_of(point: xr.Dataset) -> str:
    """Name a point above its axes, in two lines."""
    model = point.model.item().replace("σ_h", r"$\sigma_h$")
    return (
        f"{model}\n$g = {float(point.g):g}$, $\\gamma = {float(point.gamma):g}$,"
        f" $T = {float(point.temperature):g}$"
    )


def draw_along(checked: xr.Dataset, lines: xr.Dataset, axis: str) -> Figure:
    """Draw lines of the theory along T or g with the simulated points, one row per family.

    Parameters
    ----------
    checked : xarray.Dataset
        Over ``point``.
    lines : xarray.Dataset
        From `reports.validation_lines.theory_lines`, not empty.
    axis : {"temperature", "g"}
    """
    other = "g" if axis == "temperature" else "temperature"
    keys = list(dict.fromkeys(zip(lines.model.values, lines[other].values, strict=True)))
    figure = make_figure(len(keys), 3, width=12, height=0.9 + 3.0 * len(keys))
    for row, (model, common) in enumerate(keys):
        mine = lines.isel(line=(lines.model == model) & (lines[other] == common))
        on = checked.isel(point=(checked.model == model) & (checked[other] == common))
        names = ("q", "rho", "Q" if np.nan_to_num(mine.Q).any() else "energy")
        for column, name in enumerate(names):
            axes = figure.axes[3 * row + column]
            _along(axes, mine, on, axis, name)
            axes.set_title(f"{model}, {SYMBOLS[other]} = {common:g}", fontsize=10)
    legend_below(figure, columns=4)
    return figure


def _along(axes: Axes, lines: xr.Dataset, points: xr.Dataset, axis: str, name: str) -> None:
    place = lines[axis].values[0]
    # the energy is close to T/2, beside which nothing else would show
    half = name == "energy" and axis == "temperature"
    theory = lines[name].values / (place / 2 if half else 1)
    gammas = lines.gamma.values.tolist()
    draw_lines(axes, place, list(zip(gammas, theory, strict=True)))
    for gamma in gammas:
        mine = points.isel(point=points.gamma == gamma).sel(quantity=name)
        scale = mine.temperature.values / 2 if half else 1.0
        draw_simulated(
            axes, mine[axis], mine.simulation / scale, mine.standard_error / scale, gamma
        )
    label_axes(axes, axis, r"$(E/N)\,/\,(T/2)$" if half else name)
    if axis == "temperature":
        axes.set_xscale("log")
        ticks = np.unique(points[axis].values)
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.minorticks_off()


def draw_scores(checked: xr.Dataset) -> Figure:
    """Draw all differences in standard errors, and their quantiles against chance.

    Parameters
    ----------
    checked : xarray.Dataset
    """
    figure = make_figure(1, 2, width=11, height=5.0)
    strip, quantiles = figure.axes
    names = [str(name) for name in checked["quantity"].values]
    for column, name in enumerate(names):
        mine = checked.sel(quantity=name)
        shift = np.linspace(-0.25, 0.25, mine.sizes["point"]) if mine.sizes["point"] > 1 else 0.0
        for verdict, colour in COLOURS.items():
            z = mine.z.where(mine.verdict == verdict).values
            label = verdict if column == 0 else "_"
            strip.plot(column + shift, z, "o", color=colour, markersize=4, label=label)
    strip.set_xticks(range(len(names)), [SYMBOLS[name] for name in names])
    for height in (-2, 0, 2):
        strip.axhline(height, color="0.6", linewidth=0.9, linestyle="-" if not height else ":")
    reach = max(3.2, 1.1 * float(np.abs(checked.z.where(np.isfinite(checked.z))).max()))
    strip.set_ylim(-reach, reach)
    strip.set_ylabel("(simulation − theory) / standard error")
    for name in ("q", "rho", "energy"):
        at = checked.sel(quantity=name)
        score = np.sort(normal_scores(at.z.values, at.degrees.values))
        if len(score):
            expected = norm.ppf((np.arange(len(score)) + 0.5) / len(score))
            quantiles.plot(expected, score, "o", markersize=4, label=SYMBOLS[name])
    low, high = -3, 3
    quantiles.plot([low, high], [low, high], color="0.5", linewidth=1, label="chance")
    quantiles.set_xlabel("normal quantile")
    quantiles.set_ylabel("normal score of the difference")
    legend_below(figure, columns=7)
    return figure


def normal_scores(z: np.ndarray, degrees: np.ndarray) -> np.ndarray:
    """Turn Student's variables into normal ones with the same probabilities; NaN are left out.

    Examples
    --------
    >>> normal_scores(np.array([-1.0, 12.706, np.nan]), np.ones(3)).round(2).tolist()
    [-0.67, 1.96]
    """
    known = np.isfinite(z)
    z, degrees = z[known], degrees[known]
    # from the nearer tail, so that nothing rounds to probability 1
    return np.sign(z) * -norm.ppf(student.sf(np.abs(z), degrees))


def choose(checked: xr.Dataset, count: int) -> np.ndarray:
    """Choose points to show: those of refuted, then of undecided q, the coldest, then evenly.

    Examples
    --------
    >>> import xarray as xr
    >>> verdict = [["confirmed"], ["refuted"], ["confirmed"], ["confirmed"]]
    >>> temperature = ("point", [0.3, 0.3, 0.3, 0.03])
    >>> data = xr.Dataset(
    ...     {"verdict": (("point", "quantity"), verdict)},
    ...     {"quantity": ["q"], "temperature": temperature},
    ... )
    >>> choose(data, 3).tolist()
    [0, 1, 3]
    """
    verdict = checked.verdict.sel(quantity="q").values
    cold = checked.temperature.values < WARM
    classes = [verdict == "refuted", verdict == "undecided", cold, np.full_like(cold, True)]
    kind = np.select(classes, range(4))
    first = np.argsort(kind, kind="stable")[: min(count, int((kind < 3).sum()))]
    others = np.flatnonzero(kind == 3)
    left = min(count - len(first), len(others))
    rest = others[np.linspace(0, len(others) - 1, left).round().astype(int)]
    return np.sort(np.concatenate([first, rest])).astype(int)


def draw_sizes(checked: xr.Dataset) -> Figure:
    """Draw q against 1/N with the extrapolated and the theoretical value, one panel per point.

    Parameters
    ----------
    checked : xarray.Dataset
    """
    chosen = choose(checked, PANELS)
    points = split(checked)
    figure = _panels(len(chosen), 4)
    for axes, k in zip(figure.axes, chosen, strict=False):
        point = points[k].sel(quantity="q")
        inverse = 1 / point["size"].values
        axes.axhline(float(point.theory), color="#1f5fa8", linewidth=1.6, label="theory")
        axes.errorbar(
            inverse, point["mean"], point.mean_error, fmt="s", color="0.35", markersize=4.5,
            capsize=2.5, label="simulation, mean over networks",
        )  # fmt: skip
        axes.errorbar(
            0, float(point.simulation), float(point.standard_error), fmt="o", markersize=5.5,
            color=COLOURS[str(point.verdict.values)], capsize=3, label=_limit_label(point),
        )  # fmt: skip
        axes.set_xlim(-0.06 * inverse.max(), 1.08 * inverse.max())
        axes.locator_params(axis="x", nbins=4)
        label_axes(axes, "$1/N$", "q")
        axes.set_title(title_of(point), fontsize=9)
    legend_below(figure, columns=5)
    return figure


def _limit_label(point: xr.Dataset) -> str:
    what = SIMULATED if point.sizes["size"] > 2 else "simulation, largest $N$"
    return f"{what}: {point.verdict.values}"


def _panels(count: int, columns: int, width: float = 3.0) -> Figure:
    """Make a figure with at least as many axes, those too many invisible."""
    columns = min(columns, count)
    rows = -(-count // columns)
    figure = make_figure(rows, columns, width=width * columns, height=0.8 + 2.7 * rows)
    for axes in figure.axes[count:]:
        axes.set_visible(False)
    return figure


def draw_distributions(checked: xr.Dataset) -> Figure:
    """Draw predicted densities of x and simulated histograms, one panel per point.

    Parameters
    ----------
    checked : xarray.Dataset
    """
    chosen = choose(checked, DISTRIBUTIONS)
    points = split(checked)
    figure = _panels(len(chosen), 3, width=3.7)
    for axes, k in zip(figure.axes, chosen, strict=False):
        point = points[k].isel(size=-1)
        band = 2 * point.density_error
        axes.fill_between(
            point.bin_centre, point.density - band, point.density + band, step="mid",
            color="0.75", label="± 2 standard errors over networks",
        )  # fmt: skip
        axes.step(
            point.bin_centre, point.density, where="mid", color="0.3", linewidth=1,
            label="simulation at the largest $N$",
        )  # fmt: skip
        axes.plot(
            point.bin_centre, point.theory_density, color="#1f5fa8", linewidth=1.5, label="theory"
        )
        label_axes(axes, "$x$", "probability density")
        apart, error, chance = (
            float(point[key]) for key in ("distance", "distance_error", "distance_by_chance")
        )
        found = f"distance {apart:.4f} ± {error:.4f}, by chance {chance:.4f}"
        size = f"$N = {int(point['size'])}$"
        axes.set_title(f"{title_of(point)}, {size}\n{found}", fontsize=9)
        axes.set_ylim(bottom=0)
    legend_below(figure, columns=3)
    return figure
