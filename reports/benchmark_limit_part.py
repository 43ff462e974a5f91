"""Part on the machine's limit of the solver: the elementary functions at its nodes alone."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import xarray as xr

from reports import page
from reports.benchmark_solver import GAMMA, TEMPERATURES, G, measure_solver
from reports.sections import Section, refused
from theory.expressions import ModelError

if TYPE_CHECKING:
    from reports.benchmark_solver import SolverSpeed
    from theory.ensembles import RandomNetwork

THREADS = 2
_MEANING = {
    "points": ("points of the diagram", "1"),
    "converged": ("converged points", "1"),
    "threads": ("threads", "1"),
    "wall": ("wall time of the diagram", "s"),
    "processor": ("processor time of the diagram", "s"),
    "largest_error": ("largest relative error estimate", "1"),
    "evaluations": ("evaluations of the functional", "1"),
    "nodes": ("quadrature nodes in all evaluations", "1"),
    "kernel_nodes": ("nodes of one evaluation", "1"),
    "kernel": ("processor time of one evaluation", "s"),
    "rate": ("points per second", "1/s"),
    "kernel_fraction": ("limit over time of one evaluation", "1"),
    "solve_fraction": ("limit over time of the diagram", "1"),
}


def limit_part(network: RandomNetwork, *, points: int, repetitions: int) -> Section:
    """Time a diagram and one evaluation of its kernel beside the functions that bound both.

    Parameters
    ----------
    network : RandomNetwork
    points : int
        Values of g and of gamma.
    repetitions : int
        Of the measurement of the kernel and the functions.

    Returns
    -------
    Section
    """
    key, heading = "limit", "A diagram, and the machine's limit"
    try:
        speed = measure_solver(network, points=points, threads=THREADS, repetitions=repetitions)
    except ModelError as error:
        return refused(key, heading, str(error))
    return Section(key, heading, _words(speed, points), data={"solver_limit": _dataset(speed)})


def _words(speed: SolverSpeed, points: int) -> str:
    temperatures = ", ".join(f"{value:g}" for value in TEMPERATURES)
    costs = ", ".join(f"{name} {1e9 * cost:.2f} ns" for name, cost in speed.functions.items())
    lines = [
        f"{points} x {points} values of g in {G[0]} to {G[1]} and γ in {GAMMA[0]} to {GAMMA[1]} at"
        f" T = {temperatures}: {speed.points} points in {speed.wall:.3g} s on {speed.threads}"
        f" threads ({speed.processor:.3g} s of processors), {speed.rate:.4g} points per second;"
        f" {speed.converged} converged, largest error estimate {speed.largest_error:.1g}.",
        f"It took {speed.evaluations / speed.points:.3g} evaluations a point, each with Newton's"
        f" matrix, of {speed.nodes / speed.evaluations:.3g} nodes.",
        f"NumPy's time of one elementary function in cache: {costs}. The limit is nodes ×"
        " evaluations × functions of a node × that time. One evaluation of the kernel reaches"
        f" {100 * speed.kernel_fraction:.0f} % of it; the whole diagram, with the search for the"
        " range of x, Newton's steps, eigenvalues and bookkeeping,"
        f" {100 * speed.solve_fraction:.0f} %.",
    ]
    return page.items(lines)


def _dataset(speed: SolverSpeed) -> xr.Dataset:
    numbers = {name: value for name, value in asdict(speed).items() if name != "functions"}
    numbers |= {
        "rate": speed.rate,
        "kernel_fraction": speed.kernel_fraction,
        "solve_fraction": speed.solve_fraction,
    }
    data = xr.Dataset(
        {
            name: ((), value, {"long_name": text, "units": units})
            for name, value in numbers.items()
            for text, units in [_MEANING[name]]
        }
    )
    seconds = {"long_name": "seconds of one value", "units": "s"}
    data["cost"] = ("function", list(speed.functions.values()), seconds)
    label = {"long_name": "elementary function", "units": "1"}
    return data.assign_coords(function=("function", list(speed.functions), label))
