"""Section on branches that coexist: folds, and where free energies cross."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.branch_diagram import pieces_of
from numerics.branch_tracing import trace_branch
from numerics.solve import solve
from numerics.transitions import first_order_transitions
from reports import page
from reports.figures import label_axes, legend_below, make_figure
from reports.page import number
from reports.sections import Drawing, Section, refused
from theory.critical_lines import activity_onset
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

GAMMA = -0.2
TEMPERATURES = (1e-2, 1e-3, 1e-4, 1e-5)
AROUND = (0.9, 1.25)
"""Range of g, in units of that at which q starts at T = 0."""


def coexistence_section(network: RandomNetwork) -> Section:
    """Follow the symmetric branch through its folds at negative reciprocity.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    Section
    """
    key, heading = "coexistence", "Coexisting branches"
    try:
        onset = activity_onset(network).at(GAMMA)
    except ModelError as error:
        return refused(key, heading, str(error))
    symmetric = replace(replica_symmetric(network), reduced=True)
    bounds = (AROUND[0] * onset, AROUND[1] * onset)
    branches, crossings, problems = [], [], []
    for temperature in TEMPERATURES:
        start = solve(symmetric, bounds[0], GAMMA, temperature)
        try:
            branch = trace_branch(symmetric, start, "g", bounds)
            crossings.append(first_order_transitions(symmetric, branch))
        except ModelError as error:
            problems.append(f"branch at gamma = {GAMMA:g}, T = {temperature:g}: {error}")
            continue
        branches.append(branch)
    if not branches:
        return refused(key, heading, problems[0])
    data = xr.concat(
        [branch.expand_dims(line=[k]) for k, branch in enumerate(branches)], dim="line",
        join="outer", combine_attrs="drop_conflicts",
    )  # fmt: skip
    drawing = Drawing(
        draw_coexistence(branches, crossings),
        data,
        f"The symmetric branch followed along g at gamma = {GAMMA:g} through its folds (dots), at"
        " several temperatures; dashed where its replicon is negative. Thin vertical lines: free"
        " energies of two parts cross.",
    )
    return Section(key, heading, _table(branches, crossings), {"coexistence": drawing},
                   problems=problems)  # fmt: skip


def draw_coexistence(branches: list[xr.Dataset], crossings: list[xr.Dataset]) -> Figure:
    """Draw q and the free energy along g for every temperature.

    Parameters
    ----------
    branches : list of xarray.Dataset
        From `numerics.branch_tracing.trace_branch`.
    crossings : list of xarray.Dataset
        From `numerics.transitions.first_order_transitions`.
    """
    figure = make_figure(1, 2, width=11.5, height=4.8)
    colours = ("#1f5fa8", "#2f7d4f", "#c98a1b", "#c0322b")
    for branch, crossing, colour in zip(branches, crossings, colours, strict=False):
        temperature = branch_temperature(branch)
        stable = branch.replicon.values > 0
        excess = branch.free_energy / temperature - float(branch.free_energy[0]) / temperature
        for axes, values in zip(figure.axes, (branch.q.values, excess.values), strict=True):
            axes.plot(branch.g, values, "--", color=colour, linewidth=1.4)
            axes.plot(
                branch.g, np.where(stable, values, np.nan), color=colour, linewidth=1.8,
                label=f"$T$ = {temperature:g}",
            )  # fmt: skip
            axes.plot(branch.g[branch.fold], values[branch.fold], "o", color=colour, markersize=5)
            for place in np.atleast_1d(crossing.g.values):
                axes.axvline(place, color=colour, linewidth=0.7, linestyle=":")
    label_axes(figure.axes[0], "g", "q")
    label_axes(figure.axes[1], "g", r"free energy $/\,T$, from the left end")
    legend_below(figure, columns=len(branches))
    return figure


def branch_temperature(branch: xr.Dataset) -> float:
    """Temperature of a branch that was followed along another parameter."""
    return float(np.atleast_1d(branch.temperature.values)[0])


def _table(branches: list[xr.Dataset], crossings: list[xr.Dataset]) -> str:
    rows = []
    for branch, crossing in zip(branches, crossings, strict=True):
        [piece] = pieces_of(branch)
        folds = ", ".join(number(place, 7) for place in piece.g[piece.fold].values) or "none"
        places = np.atleast_1d(crossing.g.values)
        jumps = (
            f"{number(low, 4)} → {number(high, 4)}"
            for low, high in np.atleast_2d(crossing.q.values)
        )
        rows.append(
            [
                f"{branch_temperature(branch):g}", folds,
                ", ".join(number(place, 8) for place in places) or "none",
                ", ".join(jumps) if places.size else "–",
            ]
        )  # fmt: skip
    caption = (
        f"Folds of the symmetric branch at γ = {GAMMA:g} and first-order transitions on it. The"
        " active part has a negative replicon near the transition, so that the true transition may"
        " lie elsewhere; see replica symmetry breaking."
    )
    return page.table(["T", "folds at g", "free energies cross at g", "q there"], rows, caption)
