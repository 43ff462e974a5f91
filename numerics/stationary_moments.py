"""Mean and variance of a unit in the stationary state: all solutions, and one to rounding."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq, minimize_scalar, root

from numerics.smoothing import Rule
from numerics.stationary_equation import Equation, Trial

if TYPE_CHECKING:
    from collections.abc import Callable

SCAN, _SCAN_ACCURACY, _SEARCH_ACCURACY = Rule(10, 1e-9), 1e-6, 1e-3
_DECADES = np.linspace(-18, 18, 37) * np.log(10)
_NOISELESS_ACCURACY, _JUMP, _LEAST = 1e-11, 0.1, 1e-6
_OUTSIDE = 4  # steps outwards, beyond which the mean is not sought
ROUNDING = 2e-15
"""Relative error of sums over nodes."""


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
            least = 0.0 if equation.noise else _LEAST * below.variance
            if abs(below.energy) < _JUMP and below.variance - below.frozen > least:
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
