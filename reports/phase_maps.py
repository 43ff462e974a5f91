"""Section on the phase diagram: order parameters and stability over g, gamma and T."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from numerics.solve import solve
from reports import page
from reports.chosen import Chosen
from reports.figures import SYMBOLS, make_figure
from reports.results import describe_failures
from reports.sections import Drawing, Section
from theory.codegen.functional import functional_kernel
from theory.critical_lines import activity_onset, response_singularity
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

TEMPERATURES = (1e-1, 1e-2, 1e-3)
SHOWN = ("q", "rho", "replicon")
_LABELS = {"replicon": "replicon"}
_LINES = (
    (response_singularity, "response singularity, $T = 0$", "-"),
    (activity_onset, "onset of $q$, $T = 0$", "--"),
)


def maps_section(
    network: RandomNetwork,
    *,
    points: int = 60,
    chosen: Chosen | None = None,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Section:
    """Solve and draw the plane of g and gamma at several temperatures.

    Parameters
    ----------
    network : RandomNetwork
    points : int
        Along each axis; a sixth of it for models with Gaussian fields, which cost much more.
    chosen : Chosen, optional
        Values of axes that take the place of these, and the tolerance.
    threads : int
    progress : callable, optional

    Returns
    -------
    Section
    """
    free_energy, chosen = replica_symmetric(network), chosen or Chosen()
    kernel = functional_kernel(free_energy.symmetric or free_energy)
    count = max(points // 6, 4) if kernel.fields else points
    # three fields take minutes where it is cold
    own: dict[str, Iterable[float]] = {
        "g": np.linspace(0.3, 1.7, count),
        "gamma": np.linspace(-0.95, 1, count),
        "temperature": TEMPERATURES[: 3 - len(kernel.fields) // 2],
    }
    axes = {name: chosen.axis(name, values) for name, values in own.items()}
    phases = solve(
        free_energy, *axes.values(), tolerance=chosen.tolerance, threads=threads,
        progress=progress,
    )  # fmt: skip
    caption = (
        "Overlap q, response rho and the smallest eigenvalue against inequivalent replicas"
        " (replicon) over coupling strength and reciprocity, at several temperatures. Where the"
        " replicon is negative, red, the replica-symmetric solution shown is unstable. White: no"
        " solution found. Lines are the closed forms for T = 0, where there are some."
    )
    drawing = Drawing(draw_maps(phases, network), phases, caption)
    problems = [f"map: {line}" for line in describe_failures(phases, most=3)]
    return Section("map", "Phase diagram", _summary(phases), {"map": drawing}, problems=problems)


def draw_maps(phases: xr.Dataset, network: RandomNetwork) -> Figure:
    """Draw q, rho and the replicon, one row per temperature.

    Parameters
    ----------
    phases : xarray.Dataset
        Over ``g``, ``gamma`` and ``temperature``.
    network : RandomNetwork
        Whose closed forms are drawn.
    """
    rows = phases.sizes["temperature"]
    figure = make_figure(rows, len(SHOWN), width=12, height=0.6 + 3.2 * rows)
    lines = _lines(network, phases.gamma.values)
    for row, temperature in enumerate(phases.temperature.values):
        for column, name in enumerate(SHOWN):
            axes = figure.axes[len(SHOWN) * row + column]
            _draw_map(figure, axes, phases.sel(temperature=temperature), name)
            for label, style, place in lines:
                axes.plot(place, phases.gamma.values, style, color="black", lw=1.3, label=label)
            axes.set_title(f"{_LABELS.get(name, SYMBOLS.get(name))}, $T = {temperature:g}$")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    if handles:
        figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_map(figure: Figure, axes: Axes, phases: xr.Dataset, name: str) -> None:
    values = phases[name].transpose("gamma", "g").values
    limits: dict[str, Any] = {}
    if name == "replicon":
        reach = np.nanmax(np.abs(values)) if np.isfinite(values).any() else 1.0
        limits = {"vmin": -reach, "vmax": reach, "cmap": "RdBu"}
    axes.grid(visible=False)
    shade = axes.pcolormesh(phases.g, phases.gamma, values, rasterized=True, **limits)
    figure.colorbar(shade, ax=axes)
    if name == "replicon" and (values < 0).any():
        axes.contour(phases.g, phases.gamma, values, levels=[0.0], colors="#7a1010", linewidths=1.4)
    axes.set_xlabel(SYMBOLS["g"])
    axes.set_ylabel(SYMBOLS["gamma"])
    axes.set_xlim(float(phases.g[0]), float(phases.g[-1]))
    axes.set_ylim(float(phases.gamma[0]), float(phases.gamma[-1]))


def _lines(network: RandomNetwork, gamma: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
    found = []
    for derive, label, style in _LINES:
        try:
            line = derive(network)
        except ModelError:
            continue
        found.append((label, style, line.along(gamma)))
    return found


def _summary(phases: xr.Dataset) -> str:
    lines = []
    for temperature in phases.temperature.values:
        at = phases.sel(temperature=temperature)
        solved = int(at.converged.sum())
        unstable = at.replicon < 0
        text = (
            f"T = {temperature:g}: {solved} of {at.converged.size} points solved; replica symmetry"
            f" is unstable at {int(unstable.sum())} of them"
        )
        if unstable.any():
            place = at.where(unstable)
            gamma = at.gamma.values[unstable.any("g").values]
            text += (
                f", for gamma between {gamma.min():.2f} and {gamma.max():.2f}, where the lowest"
                f" replicon is {float(place.replicon.min()):.3g}"
            )
        lines.append(text + ".")
    return page.items(lines)
