"""Following a branch of solutions from where it is simple: zero coupling, high temperature."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.field_panels import PANEL_STEP, is_steep_in_field, with_field_panels
from numerics.newton_step import newton_step
from numerics.quadrature import FINE_STEP, STEP, Quadrature, evaluate
from numerics.saddle import newton, relative

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

HIGH_TEMPERATURE, LOW_TEMPERATURE = 4.0, 1e-8
"""Where branches start, and what stands for 0, in units of the model's energy."""
RUNG = 4.0
"""Ratio of temperatures on the way down."""
_LOOSE = 1e-6
_SMALLEST_STRIDE = 1e-4
_SHORT_STRIDE = 3e-3  # a jump that is left at this stride is a fold: the branch has ended
_FAR = 0.4
_COARSE = 0.1
_PREDICTED = 0.05
G, TEMPERATURE = 0, 2  # columns of the parameter array


def uncoupled(kernel: FunctionalKernel, parameters: np.ndarray, threads: int = 1) -> np.ndarray:
    """Order parameters at g = 0, where the map does not depend on most of them.

    Parameters
    ----------
    kernel : FunctionalKernel
    parameters : ndarray, shape (points, parameters)
        Their ``g`` is taken as 0.
    threads : int

    Returns
    -------
    ndarray, shape (points, order parameters)
    """
    parameters = parameters.copy()
    parameters[:, G] = 0
    theta = np.zeros((len(parameters), len(kernel.order_parameters)))
    theta[:, kernel.order_parameters.index("q")] = 1.0
    # a fixed point of a map that is constant, or nearly so where mean couplings remain
    for _ in range(10):
        rule = Quadrature.around(kernel, theta, parameters)
        theta = theta + evaluate(kernel, theta, parameters, rule, threads).residual
    return theta


def follow(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    threads: int = 1,
    before: tuple[np.ndarray, float] | None = None,
    rules: _Rules | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Follow solutions while the parameters move from start to end, with adaptive strides.

    The temperature moves geometrically, the other parameters linearly. The predictor is a
    secant through the last two solutions.

    Parameters
    ----------
    kernel : FunctionalKernel
    theta : ndarray, shape (points, order parameters)
        Solutions at ``start``.
    start, end : ndarray, shape (points, parameters)
    threads : int
    before : tuple of ndarray, shape (points, order parameters), and float, optional
        Solutions before the start, and the (negative) fraction of the way at which they are.
    rules : _Rules, optional
        How fine the averages over the fields have to be, from the way before; changed here.

    Returns
    -------
    theta : ndarray
        At ``end``, to a loose tolerance.
    reached : ndarray, shape (points,)
        The fraction of the way that was reached, 1 where successful.
    """
    points = len(theta)
    earlier, fraction = (theta, 0.0) if before is None else before
    path = _Path(theta.copy(), earlier.copy(), np.zeros(points), np.full(points, fraction))
    stride = np.ones(points)
    rules = rules or _Rules.coarse(kernel, points, threads)
    active = np.flatnonzero(np.isfinite(theta).all(axis=1))
    while active.size:
        target = np.minimum(path.reached[active] + stride[active], 1.0)
        guess = path.predicted(active, target)
        there = _between(start[active], end[active], target)
        rule = rules.around(active, guess, there)
        lost = ~np.isfinite(rule.lower)
        if lost.any():
            guess[lost] = _feasible(kernel, path.theta[active[lost]], there[lost], threads)
            rule = rules.around(active, guess, there)
        found, success = newton(kernel, guess, there, rule, _LOOSE, iterations=12, threads=threads)
        scales = evaluate(kernel, found, there, rule, threads).scales
        # a far jump may have landed on another branch: take a shorter stride instead
        distance = relative(found - guess, scales)
        success &= (distance < _FAR) | (target - path.reached[active] < _SHORT_STRIDE)
        # what was predicted well is resolved: errors of a rule change from step to step
        coarse = rules.too_coarse(active, found, there, rule, success & (distance > _PREDICTED))
        good = success & ~coarse
        path.move(active[good], found[good], target[good])
        stride[active] *= np.where(good, 2.0, np.where(coarse, 1.0, 0.3))
        # at low temperature the averages over the fields can be too coarse to follow
        refined = rules.refine(active[coarse | (~good & (stride[active] < 0.05))])
        # what stopped at a rule that was too coarse gets a chance with the finer one
        stride[refined] = np.maximum(stride[refined], 0.05)
        active = active[(path.reached[active] < 1) & (stride[active] > _SMALLEST_STRIDE)]
    return path.theta, path.reached


@dataclass
class _Path:
    """How far solutions were followed: the last two on the way of each."""

    theta: np.ndarray
    previous: np.ndarray
    reached: np.ndarray
    before: np.ndarray

    def predicted(self, index: np.ndarray, target: np.ndarray) -> np.ndarray:
        """The secant through the last two solutions, at the target."""
        reached, before = self.reached[index], self.before[index]
        gap = np.where(reached > before, reached - before, np.inf)
        ahead = ((target - reached) / gap)[:, None]
        return self.theta[index] + ahead * (self.theta[index] - self.previous[index])

    def move(self, index: np.ndarray, theta: np.ndarray, reached: np.ndarray) -> None:
        """Accept solutions."""
        self.previous[index], self.before[index] = self.theta[index], self.reached[index]
        self.theta[index], self.reached[index] = theta, reached


@dataclass
class _Rules:
    """How fine the averages over the fields are taken on the way."""

    kernel: FunctionalKernel
    spacing: np.ndarray
    panelled: np.ndarray
    threads: int

    @classmethod
    def coarse(cls, kernel: FunctionalKernel, points: int, threads: int) -> _Rules:
        """The coarsest rules."""
        return cls(kernel, np.full(points, STEP), np.zeros(points, dtype=bool), threads)

    def take(self, index: np.ndarray) -> _Rules:
        """Copies of the rules of some points."""
        return replace(self, spacing=self.spacing[index], panelled=self.panelled[index])

    def put(self, index: np.ndarray, other: _Rules) -> None:
        """Keep what was learnt of some points."""
        self.spacing[index], self.panelled[index] = other.spacing, other.panelled

    def around(self, index: np.ndarray, theta: np.ndarray, parameters: np.ndarray) -> Quadrature:
        """Make a rule for every point."""
        rule = Quadrature.around(self.kernel, theta, parameters)
        rule = replace(rule, step=self.spacing[index])
        steep = is_steep_in_field(self.kernel, theta, parameters)
        hard = np.flatnonzero((self.panelled[index] | steep) & np.isfinite(rule.lower))
        if hard.size:
            panels = with_field_panels(
                self.kernel, theta[hard], parameters[hard], rule.take(hard), 1e-4, self.threads
            )
            rule = rule.replaced(hard, panels)
        return rule

    def too_coarse(
        self,
        index: np.ndarray,
        theta: np.ndarray,
        parameters: np.ndarray,
        rule: Quadrature,
        solved: np.ndarray,
    ) -> np.ndarray:
        """Where a finer rule in the fields would move the solution far."""
        coarse = np.zeros(len(index), dtype=bool)
        looked = np.flatnonzero(solved & ~self.panelled[index] & bool(self.kernel.fields))
        if looked.size:
            finer = rule.take(looked).finer("fields")
            state = evaluate(self.kernel, theta[looked], parameters[looked], finer, self.threads)
            step = newton_step(state.jacobian, state.residual, state.scales)
            coarse[looked] = ~(relative(step, state.scales) < _COARSE)
        return coarse

    def refine(self, index: np.ndarray) -> np.ndarray:
        """Make rules finer, in the end with panels; returns those that could be."""
        index = index[~self.panelled[index]] if self.kernel.fields else index[:0]
        last = self.spacing[index] <= FINE_STEP
        self.panelled[index[last]] = True
        self.spacing[index] = np.where(last, PANEL_STEP, self.spacing[index] / 1.5)
        return index


def _feasible(
    kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray, threads: int
) -> np.ndarray:
    """A guess with a valid covariance of the fields.

    Without correlations the covariance is valid, and the map gives overlaps of one and the same
    measure, whose covariance is valid again.
    """
    theta = theta.copy()
    for name in kernel.metadata["correlations"]:
        theta[:, kernel.order_parameters.index(name)] = 0.0
    rule = Quadrature.around(kernel, theta, parameters)
    return theta + evaluate(kernel, theta, parameters, rule, threads).residual


def _between(start: np.ndarray, end: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    share = fraction[:, None]
    mixed = (1 - share) * start + share * end
    low, high = start[:, TEMPERATURE], end[:, TEMPERATURE]
    with np.errstate(divide="ignore"):
        geometric = np.exp((1 - fraction) * np.log(low) + fraction * np.log(high))
    moving = (low > 0) & (high > 0)
    mixed[:, TEMPERATURE] = np.where(moving, geometric, mixed[:, TEMPERATURE])
    exact = fraction == 1
    mixed[exact] = end[exact]
    return mixed


def cool(
    kernel: FunctionalKernel,
    parameters: np.ndarray,
    temperatures: np.ndarray,
    threads: int = 1,
    energy: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Follow the branch that is continued from high temperature down a ladder of temperatures.

    Parameters
    ----------
    kernel : FunctionalKernel
    parameters : ndarray, shape (points, parameters)
        Their temperature is not used.
    temperatures : ndarray, shape (levels,)
        Descending; 0 may be the last. What is found at one does not depend on the others.
    threads : int
    energy : float
        Of the model, as of `numerics.scales`.

    Returns
    -------
    theta : ndarray, shape (points, levels, order parameters)
        Loose solutions; NaN where the branch was lost.
    reason : ndarray of str, shape (points, levels)
    """
    points, levels = len(parameters), len(temperatures)
    result = np.full((points, levels, len(kernel.order_parameters)), np.nan)
    reason = np.full((points, levels), "", dtype=object)
    top, low = HIGH_TEMPERATURE * energy, LOW_TEMPERATURE * energy
    hot = temperatures > top
    for level in np.flatnonzero(hot):
        # nothing is as hot as twice its own temperature: a way of its own
        descent = _Descent(kernel, parameters, (2 * temperatures[level], low), threads)
        result[:, level], reason[:, level] = descent.to(temperatures[level])
    if not hot.all():
        descent = _Descent(kernel, parameters, (top, low), threads)
        for level in np.flatnonzero(~hot):
            result[:, level], reason[:, level] = descent.to(temperatures[level])
    return result, reason


class _Descent:
    """Solutions on a ladder of temperatures, the same for whatever temperatures are asked for.

    A point is reached from the rung above it, so that it does not depend on other points.
    """

    def __init__(
        self,
        kernel: FunctionalKernel,
        parameters: np.ndarray,
        ends: tuple[float, float],
        threads: int,
    ) -> None:
        top, self.lowest = ends
        self.kernel, self.threads, self.rung = kernel, threads, top
        here = parameters.copy()
        here[:, TEMPERATURE] = top
        origin = here.copy()
        origin[:, G] = 0
        start = uncoupled(kernel, origin, threads)
        theta, reached = follow(kernel, start, origin, here, threads)
        self.here, self.theta = here, theta
        self.rules = _Rules.coarse(kernel, len(parameters), threads)
        self.before: np.ndarray | None = None
        self.reason = np.full(len(parameters), "", dtype=object)
        for lane in np.flatnonzero(reached < 1):
            strength = reached[lane] * here[lane, G]
            self.reason[lane] = (
                f"no solution was found at high temperature: the branch from g = 0 ends near"
                f" g = {strength:.4g}"
            )

    def to(self, temperature: float) -> tuple[np.ndarray, np.ndarray]:
        """Solutions at a temperature, not above those asked for before, and why there are none."""
        end = temperature if temperature > 0 else self.lowest
        while end < self.rung / RUNG:
            theta, self.reason = self._leg(self.rung / RUNG, learn=True)
            self.before, self.theta = self.theta, theta
            self.rung /= RUNG
        theta, reason = self._leg(end)
        alive = np.flatnonzero(reason == "")
        if temperature == 0 and alive.size:
            there = self._at(end)[alive]
            reason[alive] = _zero_temperature_failure(self.kernel, theta[alive], there)
        theta[reason != ""] = np.nan
        return theta, reason

    def _at(self, temperature: float) -> np.ndarray:
        there = self.here.copy()
        there[:, TEMPERATURE] = temperature
        return there

    def _leg(self, end: float, *, learn: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Follow from the rung to a temperature below it."""
        theta, reason = self.theta.copy(), self.reason.copy()
        alive = np.flatnonzero(reason == "")
        if end == self.rung or not alive.size:
            return theta, reason
        before = None
        if self.before is not None:
            before = self.before[alive], np.log(RUNG) / np.log(end / self.rung)
        start, there = self._at(self.rung)[alive], self._at(end)[alive]
        rules = self.rules.take(alive)
        theta[alive], reached = follow(
            self.kernel, theta[alive], start, there, self.threads, before, rules
        )
        if learn:
            self.rules.put(alive, rules)
        for lane, fraction in zip(alive, reached, strict=True):
            if fraction < 1:
                stop = self.rung * (end / self.rung) ** fraction
                reason[lane] = (
                    f"the branch was lost near temperature {stop:.3g}; others may exist"
                    " there (--branch all, branch='all')"
                )
        return theta, reason


def _zero_temperature_failure(
    kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray
) -> list[str]:
    """Why T = 0 has no solution: q - Q vanishes with T, so that the one-unit weight collapses."""
    colder = parameters.copy()
    colder[:, TEMPERATURE] /= 100
    below, reached = follow(kernel, theta, parameters, colder)
    widths = [_width(kernel, solution) for solution in (theta, below)]
    failures = []
    for one, other, fraction, low in zip(*widths, reached, parameters[:, TEMPERATURE], strict=True):
        if fraction == 1 and other > 0.7 * one:
            failures.append("")
        else:
            failures.append(
                f"no solution at temperature 0: q - Q vanishes with the temperature"
                f" ({one:.2g} at T = {low:g}); use a positive temperature"
            )
    return failures


def _width(kernel: FunctionalKernel, theta: np.ndarray) -> np.ndarray:
    names = kernel.order_parameters
    other = theta[:, names.index("Q")] if "Q" in names else 0.0
    return theta[:, names.index("q")] - other
