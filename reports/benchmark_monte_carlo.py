"""Times and errors of one saddle point: the solver, NumPy with fixed nodes, and Monte Carlo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.solve import solve
from reports.benchmark_saddle import fixed_nodes, monte_carlo
from reports.timing import alternate, fit_growth, spread
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reports.benchmark_saddle import PlainSaddle
    from reports.timing import Growth

RANGE = (0.4, 1.4)
"""Of g in the sweep."""
SOLVE, SWEEP, NODES = "solve, one point alone", "solve, point of a sweep", "NumPy, fixed nodes"


def measure_point(
    saddle: PlainSaddle,
    point: tuple[float, float, float],
    samples: Sequence[int],
    draws: int,
    repetitions: int,
    seed: int,
) -> xr.Dataset:
    """Time the solver, NumPy with fixed nodes, and Monte Carlo with several numbers of samples.

    Parameters
    ----------
    saddle : PlainSaddle
    point : (g, gamma, T)
    samples : sequence of int
    draws, repetitions : int
        Solutions by Monte Carlo with new random numbers, and how many of them are timed.
    seed : int

    Returns
    -------
    xarray.Dataset
        ``seconds`` over ``samples`` and ``repetition`` and ``error`` (relative, of the order
        parameter that is worst; NaN where the damped map did not settle) over ``samples`` and
        ``draw``; ``solve_seconds``, ``sweep_seconds`` (of one point), ``solve_error``,
        ``nodes_seconds`` and ``nodes_error``, the latter two NaN for a model with fields.

    Raises
    ------
    ModelError
        If the point has no solution.
    """
    solved = solve(saddle.free_energy, *point).squeeze()
    if not solved.converged:
        raise ModelError(f"the point has no solution: {solved.reason.item()}")
    exact = np.array([float(solved[str(symbol)]) for symbol in saddle.symbols])
    scales = saddle.scales(exact, point)
    errors: dict[str, list[float]] = {}

    def kept(name: str, solution: Callable[[], np.ndarray]) -> Callable[[], None]:
        errors[name] = []

        def call() -> None:
            try:
                theta = solution()
            except ModelError:
                theta = np.full_like(exact, np.nan)
            errors[name].append(float(np.abs((theta - exact) / scales).max()))

        return call

    def sampled(count: int) -> Callable[[], np.ndarray]:
        streams = iter(np.random.SeedSequence(seed, spawn_key=(count,)).spawn(draws))
        return lambda: monte_carlo(saddle, point, count, next(streams)).theta

    draws = max(draws, repetitions + 1)
    g = np.linspace(*RANGE, 8 if saddle.fields else 256)
    calls: dict[str, Callable[[], object]] = {
        SOLVE: lambda: solve(saddle.free_energy, *point),
        SWEEP: lambda: solve(saddle.free_energy, g, *point[1:]),
    }
    if not saddle.fields:
        calls[NODES] = kept(NODES, lambda: fixed_nodes(saddle, point).theta)
    calls |= {str(count): kept(str(count), sampled(count)) for count in samples}
    seconds = alternate(calls, repetitions)
    for count in samples:
        while len(errors[str(count)]) < draws:
            calls[str(count)]()
    none = np.full(repetitions, np.nan)
    return xr.Dataset(
        {
            "seconds": (
                ("samples", "repetition"), [seconds[str(count)] for count in samples],
                {"long_name": "wall time of one Monte Carlo solution", "units": "s"},
            ),
            "error": (
                ("samples", "draw"), [errors[str(count)] for count in samples],
                {"long_name": "largest relative error of an order parameter", "units": "1"},
            ),
            "solve_seconds": (
                "repetition", seconds[SOLVE],
                {"long_name": "wall time of the solver for this point alone", "units": "s"},
            ),
            "sweep_seconds": (
                "repetition", seconds[SWEEP] / len(g),
                {"long_name": "wall time of the solver for one point of a sweep", "units": "s"},
            ),
            "solve_error": (
                (), float(solved.quadrature_error),
                {"long_name": "relative change of the solution under finer quadrature",
                 "units": "1"},
            ),
            "nodes_seconds": (
                "repetition", seconds.get(NODES, none),
                {"long_name": "wall time in NumPy with fixed nodes", "units": "s"},
            ),
            "nodes_error": (
                (), errors.get(NODES, [np.nan])[-1],
                {"long_name": "difference of fixed nodes from the solver", "units": "1"},
            ),
        },
        {"samples": ("samples", list(samples), {"long_name": "random states", "units": "1"})},
    )  # fmt: skip


def root_mean_square(errors: xr.DataArray) -> np.ndarray:
    """Root mean square over the draws that settled."""
    return np.sqrt((errors**2).mean("draw").values)


def decrease(at: xr.Dataset) -> Growth:
    """Fit the power of the number of samples with which the error falls, -1/2 for independent ones.

    Parameters
    ----------
    at : xarray.Dataset
        From `measure_point`.
    """
    return fit_growth(at.samples.values, root_mean_square(at.error))


def time_needed(at: xr.Dataset, aim: float) -> float:
    """Extrapolate the Monte Carlo time to an error, from the largest number of samples.

    Work is proportional to the inverse square of the error, and with fields, where states and
    fields are drawn independently, to the inverse fourth power.

    Parameters
    ----------
    at : xarray.Dataset
        From `measure_point`.
    aim : float

    Returns
    -------
    float
        Seconds.
    """
    power = 4 if np.isnan(at.nodes_error) else 2
    seconds = spread(at.seconds.isel(samples=-1).values).median
    return float(seconds * (root_mean_square(at.error)[-1] / aim) ** power)
