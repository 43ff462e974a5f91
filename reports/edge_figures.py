"""The figures of the edge-of-chaos report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np

from reports.figures import (
    SYMBOLS,
    UNSTABLE,
    draw_lines,
    draw_simulated,
    label_axes,
    legend_below,
    make_figure,
    note,
    style_of,
)

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from reports.edge_lines import EdgeLines
    from reports.published import PublishedValue


def draw_order_parameters(
    dataset: xr.Dataset, published: list[PublishedValue], lines: EdgeLines
) -> Figure:
    """Draw q, Q, rho and P against g, one line per gamma.

    Parameters
    ----------
    dataset : xarray.Dataset
        At one temperature.
    published : list of PublishedValue
        Drawn as markers.
    lines : EdgeLines
        Of which that of the response is marked.
    """
    figure = make_figure(2, 2)
    dataset = dataset.squeeze("temperature")
    for axes, name in zip(figure.axes, ("q", "Q", "rho", "P"), strict=True):
        _against(axes, dataset, "g", name)
        for value in published:
            if name in value.values:
                _mark_published(axes, value, name)
        _explain_zero(axes, dataset[name])
        axes.set_xlim(dataset.g.min(), dataset.g.max())
    _mark_edges(figure.axes[2], dataset, lines)
    legend_below(figure, columns=3)
    return figure


def _against(axes: Axes, dataset: xr.Dataset, horizontal: str, name: str) -> None:
    values = dataset[name].transpose("gamma", horizontal)
    lines = [(float(row.gamma), row.values) for row in values]
    draw_lines(axes, dataset[horizontal].values, lines)
    label_axes(axes, horizontal, name)


def _explain_zero(axes: Axes, values: xr.DataArray) -> None:
    solved = values.values[np.isfinite(values.values)]
    if not solved.size:
        note(axes, "no solution found")
        axes.set_yticks([])
    elif not solved.any():
        note(axes, f"{SYMBOLS[str(values.name)]} = 0 on the symmetric branch")
        axes.set_ylim(-0.02, max(0.08, axes.get_ylim()[1]))


def _mark_published(axes: Axes, value: PublishedValue, name: str) -> None:
    axes.plot(
        value.g, value.values[name], "X", color=style_of(value.gamma)["color"],
        markeredgecolor="black", markersize=6.5, zorder=5, label=_published_label(axes),
    )  # fmt: skip


def _published_label(axes: Axes) -> str:
    """Label the first marker of an axes only: one legend entry stands for all."""
    label = "published (did not reproduce)"
    return "_" if label in axes.get_legend_handles_labels()[1] else label


def _mark_edges(axes: Axes, dataset: xr.Dataset, lines: EdgeLines) -> None:
    low, high = float(dataset.g.min()), float(dataset.g.max())
    label = lines.labels.get("response", "_")
    for gamma in dataset.gamma.values:
        edge = float(lines.data.response.sel(gamma=gamma))
        if gamma > 0 and low < edge < high:
            color = style_of(gamma)["color"]
            axes.axvline(edge, color=color, linewidth=0.9, linestyle=":", label=label)
            label = "_"


def draw_moderate(dataset: xr.Dataset, simulated: xr.Dataset) -> Figure:
    """Draw q and rho against g with simulated points, at the temperature of the dataset.

    Parameters
    ----------
    dataset : xarray.Dataset
        At one temperature.
    simulated : xarray.Dataset
        From `reports.edge_simulation.simulate_edge`.
    """
    figure = make_figure(1, 2, height=4.2)
    for axes, name in zip(figure.axes, ("q", "rho"), strict=True):
        _against(axes, dataset.squeeze("temperature"), "g", name)
        at = np.isclose(simulated.temperature, dataset.temperature.item())
        _simulated(axes, simulated.isel(point=at), "g", name)
    legend_below(figure, columns=3)
    return figure


def _simulated(axes: Axes, simulated: xr.Dataset, horizontal: str, name: str) -> None:
    for gamma in np.unique(simulated.gamma):
        mine = simulated.isel(point=simulated.gamma.values == gamma).sel(quantity=name)
        draw_simulated(axes, mine[horizontal], mine.simulation, mine.standard_error, gamma)


def draw_temperature(dataset: xr.Dataset, simulated: xr.Dataset | None = None) -> Figure:
    """Draw q and rho against temperature, one row per g.

    Parameters
    ----------
    dataset : xarray.Dataset
    simulated : xarray.Dataset, optional
        From `reports.edge_simulation.simulate_edge`.
    """
    count = dataset.sizes["g"]
    figure = make_figure(count, 2, height=0.9 + 2.9 * count)
    for row, g in enumerate(dataset.g.values):
        for column, name in enumerate(("q", "rho")):
            axes = figure.axes[2 * row + column]
            _against(axes, dataset.sel(g=g), "temperature", name)
            if simulated is not None:
                on = simulated.isel(point=np.isclose(simulated.g, g))
                _simulated(axes, on, "temperature", name)
            axes.set_xscale("log")
            axes.set_xlim(0.9 * dataset.temperature.min(), dataset.temperature.max() / 0.9)
            axes.set_title(rf"$g = {g:g}$", fontsize=10)
    legend_below(figure, columns=3)
    return figure


def draw_energy(dataset: xr.Dataset) -> Figure:
    """Draw the energy, its ratio to T/2, and the mean square state against 1/T.

    Parameters
    ----------
    dataset : xarray.Dataset
        At one g.
    """
    figure = make_figure(1, 3, width=12, height=4.2)
    dataset = dataset.squeeze("g")
    inverse = 1 / dataset.temperature.values
    half = dataset.half_temperature.values
    energy, ratio, square = figure.axes
    for axes, name, scale in (
        (energy, "energy", 1),
        (ratio, "energy", half),
        (square, "x_squared", 1),
    ):
        values = dataset[name].transpose("gamma", "temperature")
        draw_lines(axes, inverse, [(float(row.gamma), row.values / scale) for row in values])
        label_axes(axes, "$1/T$", name)
        axes.set_xscale("log")
        axes.set_xlim(0.9 * inverse.min(), inverse.max() / 0.9)
    energy.plot(inverse, half, color="black", linestyle=":", linewidth=1.4, label="$T/2$")
    energy.set_yscale("log")
    ratio.axhline(1, color="black", linestyle=":", linewidth=1.4)
    ratio.set_ylabel(r"$(E/N)\,/\,(T/2)$")
    square.set_ylim(bottom=0)
    legend_below(figure, columns=6)
    return figure


def draw_map(dataset: xr.Dataset, lines: EdgeLines) -> Figure:
    """Draw maps of rho and q over g and gamma, with the response peak where one was located.

    Parameters
    ----------
    dataset : xarray.Dataset
        With ``g_peak`` over gamma.
    lines : EdgeLines
    """
    figure = make_figure(1, 2, width=11, height=5.4)
    plane = dataset.squeeze("temperature")
    for axes, name in zip(list(figure.axes), ("rho", "q"), strict=True):
        axes.grid(visible=False)
        axes.set_facecolor("0.85")
        colours = mpl.colormaps["viridis" if name == "rho" else "magma"]
        values = np.ma.masked_invalid(plane[name].transpose("gamma", "g").values)
        image = axes.pcolormesh(
            plane.g, plane.gamma, values, cmap=colours, shading="nearest", rasterized=True
        )
        if not values.mask.all():
            figure.colorbar(image, ax=axes, label=SYMBOLS[name])
        label_axes(axes, "g", "gamma")
        if values.mask.any():
            axes.fill_between([], [], [], color="0.85", label="no solution found")
        _outline(axes, plane, lines)
    legend_below(figure, columns=2)
    return figure


def _outline(axes: Axes, plane: xr.Dataset, lines: EdgeLines) -> None:
    """Draw what lies over the map without letting it change the limits."""
    limits = axes.get_xlim(), axes.get_ylim()
    if np.isfinite(plane.g_peak).any():
        axes.plot(
            plane.g_peak, plane.gamma, "o", color="white", markeredgecolor="black",
            markersize=4.5, label=r"peak of $\rho$ along $g$, located numerically",
        )  # fmt: skip
    for name, style in (("response", "-"), ("onset", "--")):
        if name in lines.labels:
            axes.plot(
                lines.data[name], lines.data.gamma, color="#ff5d5d", linestyle=style,
                linewidth=1.6, label=lines.labels[name],
            )  # fmt: skip
    replicon = plane.replicon.transpose("gamma", "g").values
    if (replicon < 0).any():
        axes.contourf(
            plane.g, plane.gamma, np.nan_to_num(replicon, nan=1.0), levels=[-np.inf, 0.0],
            colors="none", hatches=["///"],
        )  # fmt: skip
        axes.fill_between(
            [], [], [], facecolor="0.9", edgecolor="black", hatch="///", linewidth=0,
            label=UNSTABLE,
        )  # fmt: skip
    axes.set_xlim(limits[0])
    axes.set_ylim(limits[1])
