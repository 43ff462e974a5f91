"""Section on broken replica symmetry: where it is unstable, and one step of breaking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from numerics.one_step import solve_one_step
from numerics.solve import solve
from reports import page
from reports.figures import label_axes, legend_below, make_figure
from reports.page import number
from reports.sections import Drawing, Section, refused
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

GAMMA, TEMPERATURE = -0.2, 0.01
"""Where the lines against g are solved: reciprocity is negative, and it is cold."""


def breaking_section(network: RandomNetwork, *, points: int = 21) -> Section:
    """Solve one step of replica symmetry breaking along g where replicas are inequivalent.

    Parameters
    ----------
    network : RandomNetwork
    points : int

    Returns
    -------
    Section
    """
    key, heading = "breaking", "Replica symmetry breaking"
    g = np.round(np.linspace(1.1, 1.6, points), 12)
    try:
        broken = solve_one_step(network, g, GAMMA, TEMPERATURE)
    except ModelError as error:
        return refused(key, heading, str(error))
    symmetric = solve(replica_symmetric(network), g, GAMMA, TEMPERATURE)
    drawing = Drawing(
        draw_breaking(symmetric, broken),
        _beside(symmetric, broken),
        f"Along g at gamma = {GAMMA:g}, T = {TEMPERATURE:g}: overlaps, free energy above T/2 per"
        " unit and block size y of the solution with one step of replica symmetry breaking,"
        " beside the symmetric solution with Q = 0. Nothing is drawn where there is no solution.",
    )
    return Section(key, heading, _summary(symmetric, broken), {"breaking": drawing})


def _beside(symmetric: xr.Dataset, broken: xr.Dataset) -> xr.Dataset:
    names = ("q", "rho", "free_energy", "energy", "replicon")
    renamed = symmetric[list(names)].rename({name: f"symmetric_{name}" for name in names})
    return xr.merge([renamed, broken], combine_attrs="drop_conflicts")


def draw_breaking(symmetric: xr.Dataset, broken: xr.Dataset) -> Figure:
    """Draw overlaps, free energies and the block size along g.

    Parameters
    ----------
    symmetric, broken : xarray.Dataset
        Over ``g`` at one gamma and temperature.
    """
    symmetric, broken = symmetric.squeeze(), broken.squeeze()
    figure = make_figure(1, 3, width=12.5, height=4.2)
    overlap, energy, size = figure.axes
    plain: dict[str, Any] = {"color": "#1f5fa8", "linewidth": 1.6}
    step: dict[str, Any] = {"color": "#c0322b", "linewidth": 1.6, "marker": ".", "markersize": 4}
    overlap.plot(symmetric.g, symmetric.q, label="symmetric, $q$", **plain)
    overlap.plot(broken.g, broken.q, label="one step, $q$", **step)
    overlap.plot(broken.g, broken.Q, "--", label="one step, $Q$ in a block", **step)
    half = TEMPERATURE / 2
    energy.plot(symmetric.g, symmetric.free_energy - half, **plain)
    energy.plot(broken.g, broken.free_energy - half, **step)
    size.plot(broken.g, broken.y, **step)
    labels = ("$q$, $Q$", "free energy per unit $- T/2$", "$y$")
    for axes, label in zip(figure.axes, labels, strict=True):
        label_axes(axes, "g", label)
        axes.set_xlim(float(broken.g[0]), float(broken.g[-1]))
    legend_below(figure, columns=3)
    return figure


def _summary(symmetric: xr.Dataset, broken: xr.Dataset) -> str:
    symmetric, broken = symmetric.squeeze(), broken.squeeze()
    g = broken.g.values
    unstable = g[symmetric.replicon.values < 0]
    solved = g[broken.converged.values]
    lines = [
        "The replicon is the smallest eigenvalue of one minus the linearised saddle-point map for"
        " changes that make replicas inequivalent; it comes from the same functional.",
    ]
    if unstable.size:
        lines.append(
            f"At gamma = {GAMMA:g}, T = {TEMPERATURE:g} the symmetric solution with Q = 0 is"
            f" unstable from g = {number(unstable.min(), 4)} on (steps of {g[1] - g[0]:.3g})."
        )
    if solved.size:
        at = broken.sel(g=solved[-1])
        beside = symmetric.sel(g=solved[-1])
        lines.append(
            f"One step of breaking exists from g = {number(solved.min(), 4)} on; at"
            f" g = {solved[-1]:g} it has q = {number(float(at.q))}, Q = {number(float(at.Q))} and"
            f" y = {number(float(at.y), 4)}, against q = {number(float(beside.q))} without."
            f" Its free energy is higher by {number(float(at.free_energy - beside.free_energy), 3)}"
            " per unit, as it must be where the number of replicas goes to 0."
        )
    else:
        lines.append("No solution with one step of breaking was found along this line.")
    lines.append(
        "Whether one step is enough is not decided here: its own stability is not computed."
    )
    return page.items(lines)
