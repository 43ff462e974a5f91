"""Part on the solver's baselines: the same saddle point by Monte Carlo integrals and by NumPy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from matplotlib.ticker import NullFormatter

from reports import page
from reports.benchmark_growth import COLOURS, exponent_words
from reports.benchmark_monte_carlo import (
    NODES,
    SOLVE,
    SWEEP,
    decrease,
    measure_point,
    root_mean_square,
    time_needed,
)
from reports.benchmark_saddle import PlainSaddle
from reports.figures import legend_below, make_figure
from reports.page import number
from reports.sections import Drawing, Section, refused
from reports.timing import spread
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from theory.ensembles import RandomNetwork

G, GAMMA = 1.2, 0.5
TEMPERATURES = (0.1, 0.01)
AIM = 1e-10
"""Relative error of the solver, to which the Monte Carlo times are extrapolated."""
_POINTS = (
    ("*", "solve", "solve", SOLVE), ("P", "sweep", "solve", SWEEP), ("D", "nodes", "nodes", NODES),
)  # fmt: skip


def monte_carlo_part(
    network: RandomNetwork,
    *,
    samples: Sequence[int],
    draws: int,
    repetitions: int,
    seed: int = 0,
) -> Section:
    """Solve one point at several temperatures by Monte Carlo integrals, beside the solver.

    Parameters
    ----------
    network : RandomNetwork
    samples : sequence of int
        Random states, for a model without Gaussian fields. With fields, of which as many are
        drawn, the square roots of these numbers are taken, which cost the same.
    draws : int
        Solutions with new random numbers, from which the error is found, of which
    repetitions : int
        are timed.
    seed : int

    Returns
    -------
    Section
    """
    key, heading = "monte-carlo", "The same saddle point by Monte Carlo integrals"
    saddle = PlainSaddle(replica_symmetric(network))
    if saddle.fields:
        samples = [round(count**0.5) for count in samples]
    try:
        parts = [
            measure_point(saddle, (G, GAMMA, temperature), samples, draws, repetitions, seed)
            for temperature in TEMPERATURES
        ]
    except ModelError as error:
        return refused(key, heading, str(error))
    axis = ("temperature", list(TEMPERATURES), {"long_name": "temperature T", "units": "1"})
    data = xr.concat(parts, dim="temperature").assign_coords(temperature=axis)
    data.attrs = {"g": G, "gamma": GAMMA, "model": str(network)}
    html = page.items(_words(data, bool(saddle.fields))) + _table(data)
    drawing = Drawing(
        draw_monte_carlo(data),
        data,
        f"One point, g = {G:g}, gamma = {GAMMA:g}. Left: largest relative error of an order"
        f" parameter by Monte Carlo, root mean square over {draws} draws, with the"
        " fitted power. Right: error against wall time of one solution; the error of the solver is"
        " the change under a finer quadrature, that of NumPy with fixed nodes the difference from"
        " the solver, both not drawn below 1e-16.",
    )
    return Section(key, heading, html, {"benchmark_monte_carlo": drawing})


def _words(data: xr.Dataset, fields: bool) -> list[str]:
    lines = []
    for temperature in data.temperature.values:
        at = data.sel(temperature=temperature)
        count, error = int(at.samples[-1]), root_mean_square(at.error)[-1]
        seconds, own = spread(at.seconds.isel(samples=-1)), spread(at.solve_seconds)
        ratio = spread(at.seconds.isel(samples=-1) / at.solve_seconds)
        swept = spread(at.seconds.isel(samples=-1) / at.sweep_seconds)
        years = time_needed(at, AIM) / (365.25 * 86400)
        lines.append(
            f"T = {temperature:g}: Monte Carlo with {count} samples takes"
            f" {number(seconds.median, 3)} s and reaches a relative error of {number(error, 2)};"
            f" the solver takes {number(own.median, 3)} s, alone and from scratch, and reaches"
            f" {number(float(at.solve_error), 2)}. The time is {ratio} times that of the solver,"
            f" {swept} times that of a point of a sweep. An error of {AIM:g} would take"
            f" {number(years, 2)} years."
        )
        lines.append(
            f"T = {temperature:g}: the error falls with the samples to the power"
            f" {exponent_words(decrease(at))}; independent samples give -1/2."
        )
        lost = float(np.isnan(at.error).mean())
        if lost:
            lines.append(
                f"T = {temperature:g}: {lost:.0%} of the Monte Carlo iterations did not settle and"
                " are left out."
            )
        if not fields:
            nodes = spread(at.nodes_seconds / at.solve_seconds)
            of_sweep = spread(at.nodes_seconds / at.sweep_seconds)
            lines.append(
                f"T = {temperature:g}: NumPy without kernels, with fixed Gauss-Legendre nodes and"
                f" SciPy's root finder, takes {nodes} times the time of the solver for one point"
                f" alone, {of_sweep} times that of a point of a sweep, and differs from the"
                f" solution by {number(float(at.nodes_error), 1)}. It estimates no error and"
                " no stability."
            )
    lines.append(
        "The equations of the baselines are those of the derivation, translated by SymPy; Monte"
        " Carlo iterates the damped map from q = 1 with the same random numbers throughout, until"
        " a change is a hundredth of one over the root of the number of samples."
    )
    return lines


def _table(data: xr.Dataset) -> str:
    rows = []
    for temperature in data.temperature.values:
        at = data.sel(temperature=temperature)
        methods = [
            (SOLVE, at.solve_seconds, float(at.solve_error)),
            (SWEEP, at.sweep_seconds, float(at.solve_error)),
            (NODES, at.nodes_seconds, float(at.nodes_error)),
        ]
        for count, error in zip(at.samples.values, root_mean_square(at.error), strict=True):
            methods.append((f"Monte Carlo, {count} samples", at.seconds.sel(samples=count), error))
        for name, seconds, error in methods:
            time, ratio = spread(seconds), spread(seconds / at.solve_seconds)
            if np.isfinite(time.median):
                cells = [number(1e3 * time.median, 3), str(ratio), number(error, 2)]
                rows.append([f"{temperature:g}", name, *cells])
    head = ["T", "method", "median, ms", "of solve", "relative error"]
    return page.table(head, rows, f"One solution at g = {G:g}, γ = {GAMMA:g}, one thread.")


def draw_monte_carlo(data: xr.Dataset) -> Figure:
    """Draw errors against samples and against time.

    Parameters
    ----------
    data : xarray.Dataset
        Of `measure_point`, over ``temperature``.
    """
    figure = make_figure(1, 2, width=11.5, height=4.8)
    left, right = figure.axes
    for place, temperature in enumerate(data.temperature.values):
        at, colour = data.sel(temperature=temperature), COLOURS[place]
        error, samples = root_mean_square(at.error), at.samples.values.astype(float)
        fitted = decrease(at)
        left.plot(samples, error, "o", color=colour, label=f"Monte Carlo, $T = {temperature:g}$")
        left.plot(samples, fitted.amplitude * samples**fitted.exponent, color=colour, linewidth=1.0)
        left.annotate(
            exponent_words(fitted), (samples[-1], error[-1]), xytext=(7, 0),
            textcoords="offset points", color=colour, fontsize=8.5, va="center",
        )  # fmt: skip
        right.plot(at.seconds.median("repetition"), error, "o-", color=colour, linewidth=1.0)
        for marker, name, kind, label in _POINTS:
            if np.isfinite(at[f"{kind}_error"]):
                right.plot(
                    float(at[f"{name}_seconds"].median()), max(float(at[f"{kind}_error"]), 1e-16),
                    marker, color=colour, markersize=10 if marker == "*" else 6, linestyle="none",
                    label=f"{label}, $T = {temperature:g}$",
                )  # fmt: skip
    left.set_xlabel("random states")
    right.set_xlabel("seconds of one solution")
    for axes in figure.axes:
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylabel("relative error of the order parameters")
        # whole decades, so that there are ticks
        low, high = np.log10(axes.get_xlim())
        axes.set_xlim(10 ** np.floor(low), 10 ** np.ceil(high))
        axes.xaxis.set_minor_formatter(NullFormatter())
    legend_below(figure, columns=3)
    return figure
