"""Langevin dynamics without a Metropolis test, and its limit of small time steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError
from validation.adaptation import check_positive, check_whole
from validation.confinement import Confinement, farthest
from validation.running import Record, columns_observed
from validation.samplers import Samples
from validation.walkers import checked_start, checked_temperature

if TYPE_CHECKING:
    from numerics.targets import Target
    from validation.running import Observe, Progress


@dataclass(frozen=True)
class Extrapolated:
    """Time averages at several time steps and their limit at step zero.

    Parameters
    ----------
    steps : ndarray, shape (levels,)
        Time steps, each half of the one before.
    means : ndarray, shape (levels, k, S)
        Time averages of every quantity in every chain.
    value : ndarray, shape (k,)
        Means over chains, extrapolated to step 0.
    standard_error : ndarray, shape (k,)
        Statistical error of ``value``, from the spread of the independent chains.
    bias : ndarray, shape (levels, k)
        Error of every step, ``means - value``; halves with the step if the steps are small.
    bias_error : ndarray, shape (levels, k)
        Statistical error of ``bias``; small since all steps feel the same noise.
    """

    steps: np.ndarray
    means: np.ndarray
    value: np.ndarray
    standard_error: np.ndarray
    bias: np.ndarray
    bias_error: np.ndarray


def langevin(
    target: Target,
    start: np.ndarray,
    temperature: float,
    *,
    step: float,
    steps: int,
    generator: np.random.Generator,
    observe: Observe,
    every: int = 1,
    warmup: int = 0,
    progress: Progress | None = None,
) -> Samples:
    """Integrate ``dx = -grad E dt + sqrt(2 T) dW`` (Ito) by the Euler-Maruyama method.

    The noise is additive, so the sense of Stratonovich is the same. Averages differ from those of
    exp(-E/T) by terms of the order of ``step``; see `extrapolated_langevin`.

    Parameters
    ----------
    target : Target
        N units or variables.
    start : array_like, shape (N, S)
        A state for every chain.
    temperature : float
        ``T > 0``.
    step : float
        Time step of the Langevin dynamics, in the units of ``dt``.
    steps : int
        Number of steps after warm-up, at least ``every``.
    generator : numpy.random.Generator
        The same seed gives the same bits.
    observe : callable
        States, shape (N, S), which it must not change, to quantities, shape (k, S).
    every : int
        Steps from one observation to the next.
    warmup : int
        Steps before the first observed ones.
    progress : callable, optional
        Called with the number of observations done and of all.

    Returns
    -------
    Samples
        With acceptance 1.

    Raises
    ------
    ModelError
        If an argument is out of range or the states run away.

    References
    ----------
    Kloeden & Platen, Numerical Solution of Stochastic Differential Equations (1992), section 10.2.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-x"]))
    >>> samples = langevin(
    ...     target, np.zeros((1, 200)), 0.3, step=0.1, steps=2000, warmup=100,
    ...     generator=np.random.default_rng(1), observe=lambda x: x**2,
    ... )  # E = x^2/2; at this step the variance is T/(1 - step/2)
    >>> bool(abs(samples.observed.mean() - 0.3 / 0.95) < 0.01)
    True
    """
    draws = _check_times(temperature, step, steps, every, warmup)
    path = _Path(target, start, temperature, step)
    for _ in range(warmup):
        path.advance(path.kick(generator))
    record = Record(observe, draws, temperature, target.scales.origin)
    for draw in range(draws):
        for _ in range(every):
            path.advance(path.kick(generator))
        path.check()
        record.take(path.x, path.energy, path.gradient)
        if progress is not None:
            progress(draw + 1, draws)
    record.check()
    acceptance = np.ones(path.x.shape[1])
    return Samples(record.values, path.x, acceptance, float(step), 0, record.energy)


def extrapolated_langevin(
    target: Target,
    start: np.ndarray,
    temperature: float,
    *,
    step: float,
    steps: int,
    generator: np.random.Generator,
    observe: Observe,
    every: int = 1,
    warmup: int = 0,
    levels: int = 3,
    progress: Progress | None = None,
) -> Extrapolated:
    """Extrapolate time averages of the Langevin dynamics to time step 0.

    The dynamics is integrated over the same time with steps ``step``, ``step/2``, ... that feel
    one Brownian path, so that their differences are known better than their values. The bias is a
    power series in the step that begins with the first power; with n levels the first n - 1
    powers drop out. Errors are those of independent chains, whatever their correlation times.

    Parameters
    ----------
    target, start, temperature, generator, observe, progress
        As for `langevin`; at least 2 chains. ``observe`` is called for every level.
    step : float
        The largest time step.
    steps, every, warmup : int
        As for `langevin`, in units of the largest step.
    levels : int
        Number of steps, at least 2.

    Returns
    -------
    Extrapolated

    Raises
    ------
    ModelError
        As `langevin`.

    References
    ----------
    Talay & Tubaro, Stoch. Anal. Appl. 8, 483 (1990).

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x"], ["-x"]))
    >>> found = extrapolated_langevin(
    ...     target, np.zeros((1, 200)), 0.3, step=0.2, steps=1000, warmup=50,
    ...     generator=np.random.default_rng(1), observe=lambda x: x**2,
    ... )
    >>> bool(abs(found.value[0] - 0.3) < 4 * found.standard_error[0] < 0.02)
    True
    """
    draws = _check_times(temperature, step, steps, every, warmup)
    check_whole("levels", levels, 2)
    sizes = step / 2.0 ** np.arange(levels)
    paths = [_Path(target, start, temperature, size) for size in sizes]
    if paths[0].x.shape[1] < 2:
        msg = "at least 2 chains are needed for an error; give a start with more columns"
        raise ModelError(msg)
    for _ in range(warmup):
        _advance_together(paths, generator)
    watch = Confinement(draws, temperature, target.scales.origin)
    total: np.ndarray | float = 0.0
    for draw in range(draws):
        for _ in range(every):
            _advance_together(paths, generator)
        for path in paths:
            path.check()
        total = total + np.stack([columns_observed(observe, path.x) for path in paths])
        watch.take(paths[-1].x, paths[-1].gradient)
        if progress is not None:
            progress(draw + 1, draws)
    watch.check()
    return _extrapolate(sizes, np.asarray(total) / draws)


def _extrapolate(sizes: np.ndarray, means: np.ndarray) -> Extrapolated:
    """Value at step 0 of the polynomial through the means at all steps."""
    others = [np.delete(sizes, level) for level in range(len(sizes))]
    weights = np.array([np.prod(o / (o - s)) for s, o in zip(sizes, others, strict=True)])
    limit = np.tensordot(weights, means, 1)

    def error(values: np.ndarray) -> np.ndarray:
        return values.std(axis=-1, ddof=1) / np.sqrt(values.shape[-1])

    bias = means - limit
    return Extrapolated(
        sizes, means, limit.mean(axis=-1), error(limit), bias.mean(axis=-1), error(bias)
    )


class _Path:
    """Euler-Maruyama paths side by side."""

    def __init__(self, target: Target, start: np.ndarray, temperature: float, step: float) -> None:
        self.x, self.step = checked_start(target, start), step
        self._evaluate, self._change = target.energy_and_gradient, np.empty_like(self.x)
        self.energy, self.gradient = self._evaluate(self.x)
        self._origin = target.scales.origin
        self._limit = farthest(self.x, np.asarray(temperature), target.scales)
        self._scale = np.sqrt(2 * temperature * step)

    def kick(self, generator: np.random.Generator) -> np.ndarray:
        """Draw the noise of one step."""
        return self._scale * generator.standard_normal(self.x.shape)

    def advance(self, kick: np.ndarray) -> None:
        """One step with a given noise."""
        # a path that is unstable overflows and is refused by `check`
        with np.errstate(all="ignore"):
            self.x -= np.multiply(self.gradient, self.step, out=self._change)
            self.x += kick
            self.energy, self.gradient = self._evaluate(self.x)

    def check(self) -> None:
        """Refuse states that ran away."""
        lowest, highest = self.x.min() - self._origin, self.x.max() - self._origin
        if not (-self._limit < lowest and highest < self._limit):
            msg = (
                f"unstable step: with step {self.step:.3g} the states ran away beyond"
                f" {self._limit:.3g} from rest; use a smaller step, and if that does not help the"
                " measure cannot be normalised: use a local drift that grows with x or"
                " confinement > 0"
            )
            raise ModelError(msg)


def _advance_together(paths: list[_Path], generator: np.random.Generator) -> None:
    """Advance all paths by the largest step, each with its own, along one Brownian path."""
    kicks = [paths[-1].kick(generator) for _ in range(2 ** (len(paths) - 1))]
    for path in reversed(paths):
        for kick in kicks:
            path.advance(kick)
        # the noise of a step twice as long; none is left after the longest
        kicks = [first + second for first, second in zip(kicks[::2], kicks[1::2], strict=False)]


def _check_times(temperature: float, step: float, steps: int, every: int, warmup: int) -> int:
    """Number of observations, if the arguments make sense."""
    checked_temperature(temperature)
    check_positive("step", step)
    check_whole("every", every, 1)
    check_whole("warmup", warmup, 0)
    check_whole("steps", steps, every)
    return steps // every
