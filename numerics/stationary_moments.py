"""Mean and variance of a unit in the stationary state, with and without noise.

The autocovariance moves like a particle that starts at the variance, with a speed that the noise
gives it, and comes to rest at the covariance that never decays. Conservation of its energy is
the equation for the variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize_scalar, root

from numerics.one_unit import compiled
from numerics.smoothing import Rule, Smoothed, SmoothFunction
from theory import ensembles, stationary_process
from theory.expressions import X, kinks

if TYPE_CHECKING:
    from collections.abc import Callable

    import sympy as sp

    from theory.ensembles import RandomNetwork
    from theory.stationary_process import StationaryProcess

SCAN, _SCAN_ACCURACY, _SEARCH_ACCURACY = Rule(10, 1e-9), 1e-6, 1e-3
_DECADES = np.linspace(-18, 18, 37) * np.log(10)
_NOISELESS_ACCURACY, _JUMP = 1e-11, 0.1
_STEPS, _OUTSIDE = 100, 4
ROUNDING = 2e-15
"""Relative error of sums over nodes."""


@dataclass(frozen=True)
class Equation:
    """The numbers of `theory.stationary_process.StationaryProcess`.

    Parameters
    ----------
    transfer : SmoothFunction
    stiffness, coupling, field : float
        ``Delta'' = stiffness Delta - coupling C(Delta) - field``.
    noise : float
        ``-Delta'(0+)``.
    offset, drive : float
        The mean state is ``offset + drive <c>``.
    """

    transfer: SmoothFunction
    stiffness: float
    coupling: float
    field: float
    noise: float
    offset: float
    drive: float

    @classmethod
    def of(
        cls, process: StationaryProcess, network: RandomNetwork, g: float, noise: float
    ) -> Equation:
        """Put numbers into the equations of a network."""
        numbers = {ensembles.g: g, stationary_process.D: noise, **network.values}
        acceleration = process.acceleration.subs(numbers)
        bare = {stationary_process.Delta: 0, stationary_process.C: 0}
        stiffness, coupling = (acceleration.diff(s) for s in bare)
        offset = process.mean.subs(stationary_process.m, 0)
        drive = process.mean.diff(stationary_process.m)
        transfer = SmoothFunction(
            _array_function(network.transfer),
            _array_function(network.transfer.diff(X)),
            tuple(float(kink) for kink in kinks(network.transfer)),
        )
        rest = -coupling, -acceleration.subs(bare), -process.start, offset, drive
        return cls(transfer, float(stiffness), *(float(part.subs(numbers)) for part in rest))


def _array_function(expression: sp.Expr) -> Callable[[np.ndarray], np.ndarray]:
    function = compiled([X], [expression])
    return lambda x: function(x)[0]


@dataclass(frozen=True)
class Trial:
    """The energy of the fall for a mean and a variance that need not solve the equations."""

    equation: Equation
    mean: float
    variance: float
    rule: Rule
    guess: float = 0.0
    """Where `frozen` is sought first."""

    @cached_property
    def smoothed(self) -> Smoothed:
        """Averages of two units of this mean and variance."""
        return Smoothed(self.equation.transfer, self.mean, self.variance, self.rule)

    @cached_property
    def constant(self) -> float:
        """Covariance of the fields that the mean transfer and the random fields give."""
        return self.equation.field + self.equation.coupling * self.smoothed.average**2

    @property
    def mean_residual(self) -> float:
        """Mean minus what it should be."""
        return self.mean - self.equation.offset - self.equation.drive * self.smoothed.average

    def push(self, covariance: float) -> tuple[float, float]:
        """``-Delta''`` at a covariance and its slope, which grows with the covariance."""
        equation, at = self.equation, self.smoothed.at(covariance)
        push = equation.coupling * at.correlation + self.constant - equation.stiffness * covariance
        return push, equation.coupling * at.slope - equation.stiffness

    @cached_property
    def frozen(self) -> float:
        """Covariance at which the fall can come to rest; NaN where there is none.

        It is the first zero of a convex function, which Newton's method approaches from below.
        """
        covariance, before = self.guess if self.guess < self.variance else 0.0, np.inf
        for _ in range(_STEPS):
            push, slope = self.push(covariance)
            if slope >= 0 and covariance == self.guess > 0:
                covariance = 0.0
                continue
            if slope >= 0:
                return np.nan
            step = -push / slope
            # from beyond the zero the first step leads below it
            covariance = max(covariance + step, 0.0)
            if covariance >= self.variance:
                return np.nan
            # rounding ends the quadratic convergence
            size = abs(step)
            if size <= 1e-16 * covariance or (size < 1e-9 * self.variance and size >= before / 2):
                return covariance
            before = size
        return covariance

    @property
    def terms(self) -> tuple[float, ...]:
        """Contributions to the energy at the end of the fall minus that at its start."""
        equation, frozen = self.equation, self.frozen
        rise = self.smoothed.square.integral - self.smoothed.at(frozen).integral
        return (
            equation.stiffness * (self.variance**2 - frozen**2) / 2,
            -equation.coupling * rise,
            -self.constant * (self.variance - frozen),
            -(equation.noise**2) / 2,
        )

    @property
    def scale(self) -> float:
        """What energies are measured in; without noise the static solution is divided out."""
        fall = self.variance - self.frozen if not self.equation.noise else self.variance
        return self.equation.stiffness * fall**2

    @cached_property
    def energy(self) -> float:
        """Balance of the energy, in units of `scale`: the equation of the variance.

        Its sign alone counts far from a solution, where bounds decide without integrals over two
        units: the covariance at rest is not below ``constant/stiffness``, and the variance not
        above that of fields that never change.
        """
        equation = self.equation
        square = equation.coupling * self.smoothed.square.correlation + self.constant
        if not np.isfinite(square):
            return -1.0
        free = self.variance - equation.noise / np.sqrt(equation.stiffness)
        if equation.stiffness * free <= self.constant:
            return -1.0
        if equation.stiffness * free >= square:
            return 1.0
        if np.isnan(self.frozen):
            return -1.0
        return self.balance

    @property
    def balance(self) -> float:
        """The same without the shortcuts, so that it is smooth around a solution."""
        return float(sum(self.terms) / self.scale)


def variances(
    equation: Equation, mean: float, rule: Rule, accuracy: float = _SCAN_ACCURACY
) -> list[float]:
    """All variances at which a given mean has a stationary state that fluctuates.

    Parameters
    ----------
    equation : Equation
    mean : float
    rule : Rule
        Of the integrals.
    accuracy : float, optional
        Of the logarithm of the variance.
    """
    if not equation.noise:
        # the interval of a negative balance is narrow near the onset of chaos
        accuracy = _NOISELESS_ACCURACY
    guess = 0.0

    def energy(logarithm: float) -> float:
        nonlocal guess
        trial = Trial(equation, mean, float(np.exp(logarithm)), rule, guess)
        value = trial.energy
        if "frozen" in vars(trial) and np.isfinite(trial.frozen):
            guess = trial.frozen
        return value

    places = list(_DECADES)
    values = [energy(place) for place in places]
    for k in range(1, len(_DECADES) - 1):
        # a dip between the points of the scan
        if values[k] > 0 and values[k] < min(values[k - 1], values[k + 1]):
            lowest = minimize_scalar(energy, bounds=_DECADES[k - 1 : k + 2 : 2], method="bounded")
            places.append(lowest.x)
            values.append(lowest.fun)
    ordered = sorted(zip(places, values, strict=True))
    solutions = []
    # more fluctuation than this decays: only where the balance rises is the state an attractor
    for (low, before), (high, after) in pairwise(ordered):
        if before < 0 <= after:
            logarithm = brentq(energy, low, high, xtol=accuracy, rtol=1e-15)
            below = Trial(equation, mean, float(np.exp(logarithm - accuracy)), rule)
            # a static state lies where the end of the fall appears, without a change of sign
            if abs(below.energy) < _JUMP and np.isfinite(below.frozen):
                solutions.append(float(np.exp(logarithm)))
    return solutions


def states(equation: Equation) -> list[tuple[float, float]]:
    """All pairs of mean and variance that a scan finds, to three digits or more.

    Parameters
    ----------
    equation : Equation

    Returns
    -------
    list of (mean, variance)
        Those that are stable against a change of the mean.
    """
    if not equation.drive:
        mean = equation.offset
        return [(mean, variance) for variance in variances(equation, mean, SCAN)]
    known: dict[float, list[Trial]] = {}

    def trials(mean: float) -> list[Trial]:
        if mean not in known:
            spread = variances(equation, mean, SCAN, _SEARCH_ACCURACY)
            known[mean] = [Trial(equation, mean, variance, SCAN) for variance in spread]
        return known[mean]

    def residual(mean: float, rank: int) -> float:
        return trials(mean)[rank].mean_residual if trials(mean) else np.nan

    ladder = _ladder(equation, trials)
    solutions: dict[tuple[float, float], None] = {}
    for rank in (0, -1):
        values = [(mean, residual(mean, rank)) for mean in ladder]
        kept = [pair for pair in values if pair[1] != 0]
        for (low, before), (high, after) in pairwise(kept):
            if before < 0 < after:
                width = 10 * _SEARCH_ACCURACY * (high - low)
                mean = brentq(residual, low, high, args=(rank,), xtol=width)
                solutions[mean, trials(mean)[rank].variance] = None
    return list(solutions)


def _ladder(equation: Equation, trials: Callable[[float], list[Trial]]) -> list[float]:
    """Means from the one without activity outwards, until the drift points inwards."""
    start = equation.offset
    first = trials(start)
    [alone] = equation.transfer.value(np.array([start]))
    average = first[-1].smoothed.average if first else alone
    reach = abs(equation.drive * average)
    width = float(np.sqrt(first[-1].variance)) if first else 1.0
    if not reach > 1e-9 * width:
        reach = width
    ladder = [start]
    for sign in (-1, 1):
        outside = 0
        for power in range(-3, 40):
            mean = start + sign * reach * 2.0**power
            ladder.append(mean)
            there = trials(mean)
            inwards = not there or all(sign * trial.mean_residual > 0 for trial in there)
            outside = outside + 1 if inwards else 0
            if power > 0 and outside >= _OUTSIDE:
                break
    return sorted(ladder)


@dataclass(frozen=True)
class Solution:
    """A solution to rounding, and what an error of the equations does to it.

    Parameters
    ----------
    trial : Trial
    changed : tuple of Trial
        With the logarithm of the variance, and the mean in standard deviations where it is
        unknown, larger by `CHANGE`.
    uncertainty : ndarray
        Of these unknowns, from rounding and from what is left of the residuals.
    """

    trial: Trial
    changed: tuple[Trial, ...]
    uncertainty: np.ndarray


CHANGE = 1e-4


def polished(equation: Equation, state: tuple[float, float], rule: Rule) -> Solution:
    """Solve to rounding, from a solution of a few digits.

    Parameters
    ----------
    equation : Equation
    state : (mean, variance)
    rule : Rule
        Of the integrals.

    Returns
    -------
    Solution
    """
    mean, variance = state
    width = np.sqrt(variance)
    guess = 0.0

    def trial(unknowns: np.ndarray) -> Trial:
        logarithm, *shift = unknowns
        shifted = mean + width * shift[0] if shift else mean
        return Trial(equation, float(shifted), float(variance * np.exp(logarithm)), rule, guess)

    def residual(at: Trial) -> np.ndarray:
        return np.array([at.balance, *([at.mean_residual / width] if equation.drive else [])])

    def sought(unknowns: np.ndarray) -> np.ndarray:
        nonlocal guess
        at = trial(unknowns)
        values = residual(at)
        guess = at.frozen if np.isfinite(at.frozen) else 0.0
        return values

    start = np.zeros(2 if equation.drive else 1)
    unknowns = root(sought, start, method="hybr", options={"xtol": 1e-15}).x
    solved = trial(unknowns)
    guess = solved.frozen if np.isfinite(solved.frozen) else 0.0
    changed = tuple(trial(unknowns + CHANGE * unit) for unit in np.eye(len(start)))
    residuals = residual(solved)
    jacobian = np.array([residual(one) - residuals for one in changed]).T / CHANGE
    terms = sum(map(abs, solved.terms)) / solved.scale
    means = abs(solved.mean) + abs(equation.offset) + abs(solved.mean - equation.offset)
    rounding = ROUNDING * np.array([terms, means / width])[: len(start)] + np.abs(residuals)
    return Solution(solved, changed, np.abs(np.linalg.inv(jacobian)) @ rounding)
