"""Dynamical mean-field theory: two-time correlation and response of a network of infinite size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from threadpoolctl import threadpool_limits

from numerics.scales import network_scales
from theory import ensembles
from theory.codegen.effective import effective_kernels
from theory.effective_process import EffectiveProcess
from theory.ensembles import check_parameters
from theory.expressions import ModelError
from validation.adaptation import check_whole
from validation.effective_batch import Batch, Solution
from validation.effective_units import Equation
from validation.stepping import check_positive

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.ensembles import RandomNetwork
    from validation.effective_batch import Start

_TIME = {"units": "single-unit time constants"}
_VARIABLES = {
    "mean": ("mean activity <c(t)>", ("time",)),
    "correlation": ("correlation of the activity <c(t) c(t')>", ("time", "time_prime")),
    "response": ("response d<c(t)>/d zeta(t') of the mean activity", ("time", "time_prime")),
    "x_squared": ("mean square state of a unit", ("time",)),
}


def dynamical_mean_field(
    network: RandomNetwork,
    g: float,
    gamma: float,
    duration: float,
    *,
    steps: int = 200,
    noise: float = 0.0,
    start: Start | None = None,
    trajectories: int = 50_000,
    batches: int = 10,
    tolerance: float = 0.05,
    halve: bool = False,
    seed: int | np.random.SeedSequence = 0,
    threads: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    r"""Solve the dynamics ``dx = F dt + sqrt(2 D) dW`` of an infinitely large network.

    All units start independently of each other and of the couplings. The equations are those of
    `theory.effective_process.EffectiveProcess`. Many effective units move through time once,
    together: the order parameters of a time are averages over them and need only earlier ones.
    The Gaussian field continues by one row of the Cholesky factor of its covariance. The
    trajectories are split in batches, each of which is a solution of its own; the standard error
    is that of their mean and contains what an error of the order parameters does later on.

    Parameters
    ----------
    network : RandomNetwork
        Any; its confinement belongs to the quasi-potential and plays no part.
    g, gamma : float
        Coupling strength ``>= 0`` and reciprocity in [-1, 1].
    duration : float
        In the units of time of F.
    steps : int, optional
        Number T of time steps. The error of the step falls as its square.
    noise : float, optional
        D >= 0; a free unit would diffuse as <x^2> = 2 D t.
    start : (mean, standard deviation) or callable, optional
        Law of the first state of a unit: normal, by default around rest with the width of the
        model's scales, or a function of a generator and a count that returns so many states.
    trajectories : int, optional
        Number of effective units in all batches.
    batches : int, optional
        At least 2.
    tolerance : float, optional
        Largest relative residual of a solution.
    halve : bool, optional
        Solve once more with halved steps, to estimate the error of the step.
    seed : int or numpy.random.SeedSequence, optional
        The same seed gives the same bits.
    threads : int, optional
        Batches solved at once. The result has the same bits on any number of threads.
    progress : callable, optional
        Called with the number of batches done and their total.

    Returns
    -------
    xarray.Dataset
        ``correlation`` and ``response`` over ``time`` and ``time_prime`` (T + 1 times each; the
        response is zero where ``time_prime`` is later), ``mean`` and ``x_squared`` over ``time``,
        each with ``_standard_error`` and, if halved, ``_step_error``: its estimated difference
        from the limit of short steps, which has a Monte Carlo error of about 2 standard errors.
        ``residual`` of the self-consistency, the largest over mean, correlation and response, in
        the Euclidean norm over all times relative to the solution: units with fresh random
        numbers move in the field of given order parameters, and their own are compared with the
        given ones, without damping. ``residual_by_chance`` is what it would be from the
        fluctuations of the fresh numbers alone. ``converged``, and if not, NaN and the
        ``reason``.

    Raises
    ------
    ModelError
        If a number is out of range, the model jumps, or start gives something else than states.

    Notes
    -----
    With memory, the response in the solution is that of the fresh units, as an average over
    responses of single units to single kicks. The sampling errors are reduced by random numbers
    whose sample covariances are exact (`validation.matched`), which needs a batch to be larger
    than 2.5 or, with memory, 3.75 times the number of steps; the attribute ``matched`` says
    whether it was.

    References
    ----------
    Eissfeller & Opper, Phys. Rev. Lett. 68, 2094 (1992); Roy, Biroli, Bunin & Cammarota, J. Phys.
    A 52, 484001 (2019).

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> found = dynamical_mean_field(
    ...     RandomNetwork(transfer="x"), g=0.4, gamma=1.0, duration=2.0, steps=40, trajectories=2000
    ... )
    >>> response = found.response.sel(time=2.0, time_prime=1.0).item()
    >>> print(f"{response:.3f} {bool(found.converged)}")  # exp(-1) I_1(0.8)/0.4
    0.398 True
    """
    check_parameters(g=g, gamma=gamma)
    scales = network_scales(network)
    start = (scales.origin, scales.width()) if start is None else start
    _check(start, noise, steps, trajectories, batches, threads)
    for name, value in {"duration": duration, "tolerance": tolerance}.items():
        check_positive(name, value)
    sequence = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    process = EffectiveProcess(network)
    numbers = {ensembles.g: g, ensembles.gamma: gamma, **network.values}
    drive, covariance, memory, variance = (
        float(part.subs(numbers))
        for part in (process.drive, process.noise, process.memory, process.field_variance)
    )
    kernels = effective_kernels(process)
    jobs = []
    for level in range(1 + halve):
        count = steps * 2**level
        equation = Equation(kernels, drive, covariance, memory, noise, duration / count)
        batch = Batch(equation, start, np.sqrt(variance), count, trajectories // batches)
        jobs += [(batch, _child(sequence, level, number)) for number in range(batches)]
    solutions: list[Solution] = []
    # products of matrices stay on one thread: batches are what is done side by side
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        for solution in pool.map(lambda job: job[0].solve(job[1]), jobs):
            solutions.append(solution)
            if progress:
                progress(len(solutions), len(jobs))
    time = np.linspace(0.0, duration, steps + 1)
    dataset = _dataset(solutions[:batches], time, tolerance)
    if halve:
        dataset = _with_step_error(dataset, solutions[batches:], time, tolerance)
    settings = {"g": g, "gamma": gamma, "noise": noise, "step": duration / steps}
    settings |= {"trajectories": trajectories // batches * batches, "batches": batches}
    dataset.attrs = {
        "model": str(network),
        "scheme": "Heun",
        **settings,
        "start": "sampler" if callable(start) else f"normal, mean and deviation {start}",
        "matched": str(all(solution.matched for solution in solutions)),
        "seed": str(seed),
    }
    return dataset


def _check(
    start: Start, noise: float, steps: int, trajectories: int, batches: int, threads: int
) -> None:
    """Refuse numbers out of range."""
    check_whole("steps", steps, 2)
    check_whole("batches", batches, 2)
    check_whole("threads", threads, 1)
    check_whole("trajectories", trajectories, 2 * batches)
    if not (np.isfinite(noise) and noise >= 0):
        raise ModelError(f"noise must be a finite number >= 0, not {noise}")
    if not callable(start) and not (np.isfinite(start).all() and start[1] >= 0):
        raise ModelError(f"start must be a mean and a standard deviation >= 0, not {start}")


def _child(sequence: np.random.SeedSequence, level: int, number: int) -> np.random.SeedSequence:
    """Stream of a batch; unlike `spawn` this gives the same one at every call."""
    key = (*sequence.spawn_key, level, number)
    return np.random.SeedSequence(sequence.entropy, spawn_key=key)


def _dataset(solutions: list[Solution], time: np.ndarray, tolerance: float) -> xr.Dataset:
    """Average the solutions of the batches, with errors and the verdict on convergence."""
    data: dict[str, Any] = {}
    diverged = [solution.diverged for solution in solutions if solution.diverged is not None]
    residual = chance = np.nan
    reason = ""
    if diverged:
        reason = (
            f"states become infinite at time {min(diverged):.4g}: use more steps or a shorter"
            " duration, if the model confines its states at all"
        )
    else:
        residual, chance = _residual(solutions)
        if not residual <= tolerance:
            reason = (
                f"the residual is {residual:.2g}, above the tolerance {tolerance:g}, of which"
                f" {chance:.2g} would be by chance; use more trajectories"
            )
    for name, (long_name, dimensions) in _VARIABLES.items():
        shape = (len(time),) * len(dimensions)
        mean, error = np.full((2, *shape), np.nan)
        if not reason:
            values = np.array([_complete(name, solution) for solution in solutions])
            mean, error = values.mean(axis=0), values.std(axis=0, ddof=1) / np.sqrt(len(values))
        data[name] = (dimensions, mean, {"long_name": long_name, "units": "1"})
        attributes = {"long_name": f"standard error of {long_name}", "units": "1"}
        data[f"{name}_standard_error"] = (dimensions, error, attributes)
    for name, value, long_name in (
        ("residual", residual, "relative residual of the self-consistency, undamped"),
        ("residual_by_chance", chance, "residual expected from the Monte Carlo error alone"),
        ("converged", not reason, "whether the residual is within the tolerance"),
        ("reason", reason, "why there is no solution"),
    ):
        data[name] = ((), value, {"long_name": long_name, "units": "1"})
    coordinates = {
        name: (name, time, {"long_name": long_name} | _TIME)
        for name, long_name in (("time", "time"), ("time_prime", "earlier or later time"))
    }
    return xr.Dataset(data, coords=coordinates)


def _complete(name: str, solution: Solution) -> np.ndarray:
    """Fill the part of the correlation above the diagonal."""
    values = solution.values[name]
    return values + np.tril(values, -1).T if name == "correlation" else values


def _residual(solutions: list[Solution]) -> tuple[float, float]:
    """Largest relative norm of a mean residual, and its size by chance.

    The size of the mean activity is that of the activity, as it may be zero by symmetry.
    """
    found = []
    for name in solutions[0].residuals:
        all_of = np.array([solution.residuals[name] for solution in solutions])
        values = np.mean([solution.values[name] for solution in solutions], axis=0)
        if name == "mean":
            values = np.mean([_activity(solution) for solution in solutions], axis=0)
        size = np.linalg.norm(values)
        variance = all_of.var(axis=0, ddof=1).sum() / len(all_of)
        parts = np.linalg.norm(all_of.mean(axis=0)), np.sqrt(variance)
        found.append([float(part / size) if size else 0.0 for part in parts])
    residual, chance = max(found)
    return residual, chance


def _activity(solution: Solution) -> np.ndarray:
    """Root mean square activity at all times."""
    return np.sqrt(np.diag(solution.values["correlation"]))


def _with_step_error(
    dataset: xr.Dataset, halved: list[Solution], time: np.ndarray, tolerance: float
) -> xr.Dataset:
    """Add the errors of the time step, of second order, by comparison with halved steps."""
    fine = np.linspace(0.0, time[-1], 2 * len(time) - 1)
    finer = _dataset(halved, fine, tolerance).isel(
        {name: slice(None, None, 2) for name in ("time", "time_prime")}
    )
    for name, (long_name, dimensions) in _VARIABLES.items():
        error = 4 / 3 * (dataset[name].values - finer[name].values)
        attributes = {"long_name": f"error of the time step in {long_name}", "units": "1"}
        dataset[f"{name}_step_error"] = (dimensions, error, attributes)
    return dataset
