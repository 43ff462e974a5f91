"""Lyapunov exponents of the original dynamics, with averages along the same trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from theory.expressions import ModelError
from theory.streams import stream
from validation.stepping import check_finite, check_positive, checked_start, step_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import ArrayLike

    from numerics.targets import Target

    States = np.ndarray
    Observe = Callable[[np.ndarray], np.ndarray]

LARGEST_CONTRACTION = 1e-11
"""Smallest ratio of growth factors that a QR decomposition resolves well above rounding."""
_PROBES = 20
_TIME_UNITS = "single-unit time constants"
_RATE = {"units": f"1 / {_TIME_UNITS}"}


def lyapunov_exponents(
    target: Target,
    start: ArrayLike,
    duration: float,
    *,
    step: float,
    transient: float,
    exponents: int = 1,
    interval: float | None = None,
    blocks: int = 20,
    seed: int | np.random.SeedSequence = 0,
    observe: Observe | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> xr.Dataset:
    """Measure the leading Lyapunov exponents of the dynamics without noise.

    States and tangent vectors advance together by the classical Runge-Kutta method of order 4,
    and the tangent vectors are made orthonormal again after every interval (Benettin et al.).

    Parameters
    ----------
    target : Target
        With its drift and tangent.
    start : array_like, shape (N, S)
        First states, one trajectory ("chain") a column, each with tangent vectors of its own.
    duration : float
        Length of the averages, after the transient; in the units of time of F, as all times here.
        It is rounded up to whole intervals, as many in every block.
    step : float
        Time step, shortened to a whole number of steps per interval.
    transient : float
        What is left out before the averages; meanwhile the tangent vectors turn to the leading
        directions.
    exponents : int, optional
        How many, at most N.
    interval : float, optional
        Time between two orthonormalisations; by default that of the target's scales.
    blocks : int, optional
        Number of equal parts of the duration, whose spread gives the standard errors. They should
        be longer than the correlation time; short ones make the error of an exponent too large.
    seed : int or numpy.random.SeedSequence, optional
        For the first tangent vectors.
    observe : callable, optional
        Function of the states, shape (N, S), to values of the same shape, such as the transfer
        function, whose mean square is reported.
    progress : callable, optional
        Called with the number of intervals done and their total.

    Returns
    -------
    xarray.Dataset
        ``lyapunov`` over ``chain`` and ``exponent`` with ``lyapunov_error``; ``running``, its
        averages up to the end of every block, over ``time`` as well; ``x_squared``,
        ``x_dot_squared`` and ``observed_squared`` over ``chain``, averages over time and units,
        with ``_error``. The attribute ``step_error`` is the largest relative change of a step
        when it was halved.

    Raises
    ------
    ModelError
        If a number is out of range, if the step or the interval is too long, or if the states
        become infinite.

    References
    ----------
    Benettin, Galgani, Giorgilli & Strelcyn, Meccanica 15, 9 (1980).

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x", "y"], ["-x + 3*y", "-2*y"]))
    >>> start = np.ones((2, 1))
    >>> found = lyapunov_exponents(target, start, 20, step=0.05, transient=20, exponents=2)
    >>> found.lyapunov.isel(chain=0).round(4).values.tolist()
    [-1.0, -2.0]
    """
    states = checked_start(target, start)
    interval = target.scales.time if interval is None else interval
    for name, value in {"duration": duration, "step": step, "interval": interval}.items():
        check_positive(name, value)
    if not (np.isfinite(transient) and transient >= 0):
        raise ModelError(f"transient must be a finite number >= 0, not {transient}")
    if not 1 <= exponents <= target.size:
        raise ModelError(f"exponents must be between 1 and {target.size}, not {exponents}")
    if blocks < 2:
        raise ModelError(f"blocks must be at least 2 to give an error, not {blocks}")
    steps = int(np.ceil(interval / step * (1 - 1e-12)))
    per_block = int(np.ceil(duration / (interval * blocks) * (1 - 1e-12)))
    discarded = int(np.ceil(transient / interval * (1 - 1e-12)))
    generator = np.random.default_rng(stream(seed, "tangents"))
    white = generator.standard_normal((target.size, states.shape[1] * exponents))
    flow = _Flow(target, states, white, interval / steps, observe)
    total = discarded + blocks * per_block
    growth, squares = [], []
    for count, (rates, averages) in enumerate(flow.intervals(steps, total), start=1):
        if count > discarded:
            growth.append(rates)
            squares.append(averages)
        if progress:
            progress(count, total)
    end = interval * per_block * np.arange(1, blocks + 1)
    data = _statistics(np.array(growth), np.array(squares), blocks, end, flow.names)
    data.attrs = {
        "scheme": "Runge-Kutta of order 4, QR decomposition",
        "step": flow.step,
        "step_error": flow.error,
        "transient": discarded * interval,
        "duration": float(end[-1]),
        "interval": interval,
        "seed": str(seed),
    }
    return data


class _Flow:
    """States of S trajectories and k tangent vectors of each, advancing together.

    The tangent vectors are the columns of an array (N, S k), those of one trajectory side by side,
    so that all share one product with the couplings.
    """

    def __init__(
        self,
        target: Target,
        states: States,
        tangents: States,
        step: float,
        observe: Observe | None,
    ) -> None:
        self.target, self.states, self.tangents, self.step = target, states, tangents, step
        self.vectors = tangents.shape[1] // states.shape[1]
        self.observe, self.error = observe, 0.0
        self.names = ["x_squared", "x_dot_squared"]
        if observe is not None:
            shape = np.shape(observe(states))
            if shape != states.shape:
                raise ModelError(
                    f"observe gives shape {shape} for states of shape {states.shape}; it should"
                    " keep the shape"
                )
            self.names.append("observed_squared")
        self._orthonormalise(0.0)

    def intervals(self, steps: int, total: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Give growth rates (S, k) and mean squares (quantities, S) of every interval."""
        probed = set(np.linspace(0, total - 1, _PROBES).astype(int).tolist())
        length = steps * self.step
        for count in range(total):
            if count in probed:
                self._probe(count * length)
            squares = np.zeros((len(self.names), self.states.shape[1]))
            with np.errstate(all="ignore"):
                for _ in range(steps):
                    squares += self._advance()
            time = (count + 1) * length
            check_finite(self.states, time, self.step)
            check_finite(self.tangents, time, self.step)
            yield np.log(self._orthonormalise(time)) / length, squares / steps

    def _advance(self) -> np.ndarray:
        """Advance by a step; give the mean squares at its beginning."""
        values = [self.states, self.target.drift(self.states)]
        if self.observe is not None:
            values.append(self.observe(self.states))
        squares = [np.mean(np.square(value), axis=0) for value in values]
        self.states, self.tangents = _runge_kutta(
            self.target, self.states, self.tangents, self.step, values[1]
        )
        return np.array(squares)

    def _orthonormalise(self, time: float) -> np.ndarray:
        """Make the tangent vectors orthonormal; give the factors by which they had grown."""
        size, chains = self.states.shape
        columns = self.tangents.reshape(size, chains, self.vectors).transpose(1, 0, 2)
        orthonormal, triangle = np.linalg.qr(columns)
        self.tangents = np.ascontiguousarray(orthonormal.transpose(1, 0, 2).reshape(size, -1))
        factors = np.abs(np.diagonal(triangle, axis1=1, axis2=2))
        if not (factors > LARGEST_CONTRACTION * factors.max(axis=1, keepdims=True)).all():
            raise ModelError(
                f"tangent vectors grow too differently at time {time:.4g} to stay independent:"
                f" factors {factors.min():.2g} to {factors.max():.2g}; use a shorter interval or"
                " fewer exponents"
            )
        return factors

    def _probe(self, time: float) -> None:
        """Measure the error of the step in the states and in the tangent vectors."""

        def advance(both: np.ndarray, step: float) -> np.ndarray:
            return np.stack(_runge_kutta(self.target, both[0], both[1], step))

        both = np.stack([np.repeat(self.states, self.vectors, axis=1), self.tangents])
        origin = np.reshape([self.target.scales.origin, 0.0], (2, 1, 1))
        self.error = max(self.error, step_error(advance, both, self.step, time, origin))


def _runge_kutta(
    target: Target,
    states: States,
    tangents: States,
    step: float,
    first: States | None = None,
) -> tuple[States, States]:
    """Advance states and tangent vectors; ``first`` is the drift at the states if it is known."""
    vectors = tangents.shape[1] // states.shape[1]
    rate = target.drift(states) if first is None else first
    state, tangent = states, tangents
    new_states, new_tangents = states.copy(), tangents.copy()
    for weight, ahead in ((1 / 6, 0.5), (1 / 3, 0.5), (1 / 3, 1.0), (1 / 6, 0.0)):
        repeated = state if vectors == 1 else np.repeat(state, vectors, axis=1)
        turn = target.tangent(repeated, tangent)
        new_states += weight * step * rate
        new_tangents += weight * step * turn
        if ahead:
            state, tangent = states + ahead * step * rate, tangents + ahead * step * turn
            rate = target.drift(state)
    return new_states, new_tangents


def _statistics(
    growth: np.ndarray, squares: np.ndarray, blocks: int, end: np.ndarray, names: list[str]
) -> xr.Dataset:
    """Averages and their errors from growth (intervals, S, k) and squares (intervals, q, S)."""
    length = len(growth) // blocks

    def in_blocks(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
        return np.average(
            values.reshape(blocks, length, *values.shape[1:]), axis=1, weights=weights
        )

    def error(values: np.ndarray) -> np.ndarray:
        return values.std(axis=0, ddof=1) / np.sqrt(blocks)

    even = np.ones(length)
    rates, averages = in_blocks(growth, even), in_blocks(squares, even)
    # the mean with these weights is the slope of a line fitted to the logarithm of the growth: the
    # length of a tangent vector goes up and down in time, which would dominate short blocks
    number = np.arange(length)
    slopes = in_blocks(growth, (number + 1.0) * (length - number))
    running = np.cumsum(rates, axis=0) / np.arange(1, blocks + 1)[:, None, None]
    over, what = ("chain", "exponent"), "Lyapunov exponent"
    variables: dict[str, tuple] = {
        "lyapunov": (over, rates.mean(axis=0), {"long_name": what} | _RATE),
        "lyapunov_error": (over, error(slopes), {"long_name": f"error of the {what}"} | _RATE),
        "running": (
            ("time", *over),
            running,
            {"long_name": f"{what}, averaged until this time"} | _RATE,
        ),
    }
    long_names = {
        "x_squared": ("mean square state of a unit", "1"),
        "x_dot_squared": ("mean square velocity of a unit", f"1 / ({_TIME_UNITS})^2"),
        "observed_squared": ("mean square of the observed function", "1"),
    }
    for name, values in zip(names, np.moveaxis(averages, 1, 0), strict=True):
        what, units = long_names[name]
        labels = {"long_name": what, "units": units}
        variables[name] = ("chain", values.mean(axis=0), labels)
        labels = {"long_name": f"standard error of the {what}", "units": units}
        variables[f"{name}_error"] = ("chain", error(values), labels)
    chains, vectors = rates.shape[1:]
    coordinates = {
        "time": ("time", end, {"long_name": "time after the transient", "units": _TIME_UNITS}),
        "chain": ("chain", np.arange(chains), {"long_name": "chain", "units": "1"}),
        "exponent": (
            "exponent",
            np.arange(1, vectors + 1),
            {"long_name": "number of the exponent, the largest first", "units": "1"},
        ),
    }
    return xr.Dataset(variables, coords=coordinates)
