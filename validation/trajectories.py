"""Trajectories of the original dynamics ``dx = F dt + sqrt(2 D) dW``, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.integrate import DOP853

from theory.expressions import ModelError
from theory.streams import stream
from validation.stepping import (
    advance,
    brownian,
    check_finite,
    check_positive,
    checked_start,
    step_error,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import ArrayLike

    from numerics.targets import Target

    States = np.ndarray
    Observe = Callable[[np.ndarray], np.ndarray]

TIME = {"long_name": "time", "units": "single-unit time constants"}
_PROBES = 20
"""How often the error of the step is measured."""
_BUFFER = 2**18
"""Normal numbers drawn ahead; the trajectory does not depend on it."""


def simulate_dynamics(
    target: Target,
    start: ArrayLike,
    duration: float,
    *,
    step: float,
    noise: float = 0.0,
    seed: int | np.random.SeedSequence = 0,
    observe: Observe | Mapping[str, Observe] | None = None,
    every: int = 1,
    tolerance: float = 1e-9,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Integrate the original dynamics from given states and record it at equal distances in time.

    With noise, by the stochastic Runge-Kutta scheme of `validation.stepping.advance`; the noise
    is additive, so that Ito and Stratonovich equations are the same. Without noise, by SciPy's
    adaptive method of order 8 [1]_, for which step and every only say when to record.

    Parameters
    ----------
    target : Target
        With its drift F.
    start : array_like, shape (N, S)
        First states, one trajectory ("chain") a column.
    duration : float
        In the units of time of F, as the step and the records.
    step : float
        Time step, shortened if needed to have records at equal distances up to duration.
    noise : float, optional
        D >= 0; a free unit would diffuse as <x^2> = 2 D t.
    seed : int or numpy.random.SeedSequence, optional
        The same seed gives the same bits. Every trajectory has its own stream of numbers.
    observe : callable or dict of callables, optional
        Functions of the states, shape (N, S), with values of shape (S,) or (M, S), by name;
        by default the states themselves, named ``x``. One function is named ``observed``.
    every : int, optional
        Number of steps from record to record.
    tolerance : float, optional
        Local error of the integration without noise, relative to the distance from rest and to
        the width of the target's scales. Where the dynamics
        is chaotic two trajectories with different tolerance separate all the same.
    progress : callable, optional
        Called with the number of records done and their total.

    Returns
    -------
    xarray.Dataset
        Over ``time`` (which begins with 0), ``chain`` and, for values of shape (N, S), ``unit``.
        With noise, the attribute ``step_error`` is the largest relative change of the drift's
        part of a step when it was halved; it was looked at up to 20 times.

    Raises
    ------
    ModelError
        If a number is out of range or a shape does not fit, if the step is too long, or if the
        states become infinite.

    References
    ----------
    .. [1] Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I (1993).

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-x"]))
    >>> decay = simulate_dynamics(target, [[1.0, 2.0]], duration=1.0, step=0.5)
    >>> decay.x.isel(time=-1, unit=0).round(6).values.tolist()
    [0.367879, 0.735759]
    >>> noisy = simulate_dynamics(target, np.zeros((1, 500)), 5.0, step=0.1, noise=0.2)
    >>> print(f"{noisy.x.isel(time=-1).var().item():.1f}")
    0.2
    """
    states = checked_start(target, start)
    for name, value in {"duration": duration, "step": step, "tolerance": tolerance}.items():
        check_positive(name, value)
    if not (np.isfinite(noise) and noise >= 0):
        raise ModelError(f"noise must be a finite number >= 0, not {noise}")
    if every < 1:
        raise ModelError(f"every must be at least 1 step, not {every}")
    records = max(1, int(np.ceil(duration / (step * every) * (1 - 1e-12))))
    step = duration / (records * every)
    errors: list[float] = []
    if noise:
        path = _stochastic(target, states, step, noise, seed, every, records, errors)
    else:
        path = _deterministic(target, states, duration, records, tolerance)
    observers = _observers(observe)
    data = {name: _Record(name, function, states, records) for name, function in observers.items()}
    for count, current in enumerate(path, start=1):
        for record in data.values():
            record.take(count, current)
        if progress:
            progress(count, records)
    attributes: dict[str, str | float] = {
        "scheme": "SRA1" if noise else f"DOP853 with tolerance {tolerance:g}",
        "noise": noise,
    }
    if noise:
        attributes |= {"step": step, "step_error": max(errors), "seed": str(seed)}
    return xr.Dataset(
        {name: record.labelled() for name, record in data.items()},
        coords={
            "time": ("time", np.linspace(0.0, duration, records + 1), TIME),
            "chain": ("chain", np.arange(states.shape[1]), {"long_name": "chain", "units": "1"}),
        },
        attrs=attributes,
    )


def _stochastic(
    target: Target,
    states: States,
    step: float,
    noise: float,
    seed: int | np.random.SeedSequence,
    every: int,
    records: int,
    errors: list[float],
) -> Iterator[States]:
    """Give the states at every record; their error is added to the list."""
    size, chains = states.shape
    generators = [np.random.default_rng(child) for child in stream(seed, "noise").spawn(chains)]
    ahead = max(1, _BUFFER // (2 * size * chains))
    probed = set(np.linspace(0, records - 1, _PROBES).astype(int).tolist())
    normals = np.empty((0, 2, size, chains))
    used = 0
    for record in range(records):
        if record in probed:
            time = record * every * step
            errors.append(
                step_error(
                    lambda x, h: advance(target.drift, x, h), states, step, time,
                    target.scales.origin,
                )
            )  # fmt: skip
        for k in range(every):
            if used == len(normals):
                drawn = [generator.standard_normal((ahead, 2, size)) for generator in generators]
                normals, used = np.stack(drawn, axis=-1), 0
            increment, integral = brownian(normals[used], step)
            used += 1
            with np.errstate(all="ignore"):
                states = advance(target.drift, states, step, noise, increment, integral)
            check_finite(states, (record * every + k + 1) * step, step)
        yield states


def _deterministic(
    target: Target, states: States, duration: float, records: int, tolerance: float
) -> Iterator[States]:
    """Give the states at every record, all trajectories as one system."""
    times = np.linspace(0.0, duration, records + 1)[1:]
    shape, origin = states.shape, target.scales.origin
    absolute = tolerance * target.scales.width()

    def rates(_: float, flat: np.ndarray) -> np.ndarray:
        return target.drift(flat.reshape(shape) + origin).ravel()

    with np.errstate(all="ignore"):
        first = (states - origin).ravel()
        solver = DOP853(rates, 0.0, first, duration, rtol=tolerance, atol=absolute)
        interpolant = None
        for time in times:
            while solver.t < time:
                solver.step()
                interpolant = None
                if solver.status == "failed" or not np.isfinite(solver.y).all():
                    raise ModelError(
                        f"the integration without noise stops at time {solver.t:.4g}, where the"
                        " states diverge or the drift jumps; use a shorter duration or check F"
                    )
            interpolant = interpolant or solver.dense_output()
            yield interpolant(time).reshape(shape) + origin


def _observers(observe: Observe | Mapping[str, Observe] | None) -> dict[str, Observe]:
    if observe is None:
        return {"x": lambda states: states}
    return {"observed": observe} if callable(observe) else dict(observe)


class _Record:
    """Values of one function of the states along the trajectory."""

    def __init__(self, name: str, function: Observe, start: States, records: int) -> None:
        self.name, self.function, self.size = name, function, len(start)
        first = np.asarray(function(start), dtype=np.float64)
        if first.ndim not in {1, 2} or first.shape[-1] != start.shape[1]:
            raise ModelError(
                f"observe gives shape {first.shape} for {name}, for states of shape {start.shape};"
                f" it should give ({start.shape[1]},) or (any, {start.shape[1]})"
            )
        self.values = np.empty((records + 1, *first.shape))
        self.values[0] = first

    def take(self, count: int, states: States) -> None:
        self.values[count] = self.function(states)

    def labelled(self) -> xr.Variable:
        """Values over time, chain and unit."""
        attributes = {"long_name": "state of a unit" if self.name == "x" else self.name}
        attributes["units"] = "1"
        if self.values.ndim == 2:
            return xr.Variable(("time", "chain"), self.values, attributes)
        row = "unit" if self.values.shape[1] == self.size else f"{self.name}_component"
        return xr.Variable(("time", row, "chain"), self.values, attributes).transpose(
            "time", "chain", row
        )
