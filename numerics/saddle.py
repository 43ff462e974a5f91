"""Newton's method for the saddle-point equations, with the exact Jacobian, many points at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.field_panels import (
    PANEL_ACCURACY,
    PANEL_STEP,
    is_steep_in_field,
    with_field_panels,
)
from numerics.newton_step import newton_step
from numerics.quadrature import (
    FINE_STEP,
    MOST_PANELS,
    ORDER,
    SMALLEST_STEP,
    TRAPEZOIDAL_STEP,
    Evaluation,
    Quadrature,
    evaluate,
)

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

SMALLEST_DAMPING = 1e-5
_STALLED, _FAR_FROM = 2, 100
"""Refinements that hardly help, and how far from the tolerance they are given up."""
_LOOSER = (
    "rounding grows as the temperature falls: use a larger tolerance (--tolerance 1e-8,"
    " tolerance=1e-8) or a higher temperature"
)


@dataclass
class Solution:
    """Order parameters at many points and what is known of their accuracy.

    Parameters
    ----------
    theta : ndarray, shape (points, order parameters)
    evaluation : Evaluation
        At ``theta``, with the final rule.
    residual : ndarray, shape (points,)
        Largest component of the undamped residual, relative to the natural scales.
    quadrature_error : ndarray, shape (points,)
        Largest relative change when the rule is refined.
    reason : ndarray of str, shape (points,)
        Empty where converged.
    """

    theta: np.ndarray
    evaluation: Evaluation
    residual: np.ndarray
    quadrature_error: np.ndarray
    reason: np.ndarray

    @property
    def converged(self) -> np.ndarray:
        """Where the solution is to be trusted."""
        return self.reason == ""

    @classmethod
    def unsolved(cls, kernel: FunctionalKernel, points: int) -> Solution:
        """Points of which nothing is known."""
        unknowns, outputs = len(kernel.order_parameters), len(kernel.observables)
        shapes = ((), (unknowns,), (unknowns, unknowns), (outputs,), (unknowns,))
        state = Evaluation(*(np.full((points, *shape), np.nan) for shape in shapes))
        nan = np.full(points, np.nan)
        reason = np.full(points, "the one-unit weight cannot be normalised here", dtype=object)
        return cls(np.full((points, unknowns), np.nan), state, nan, nan.copy(), reason)

    def put(self, index: np.ndarray, other: Solution) -> None:
        """Replace some points by those of another."""
        self.theta[index] = other.theta
        for mine, its in zip(self.evaluation, other.evaluation, strict=True):
            mine[index] = its
        self.residual[index], self.quadrature_error[index] = other.residual, other.quadrature_error
        self.reason[index] = other.reason


def relative(array: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Largest component per point in units of the natural scales; inf where not a number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.abs(array / scales).max(axis=-1)
    return np.where(np.isfinite(size), size, np.inf)


def newton(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    tolerance: float,
    iterations: int = 40,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Damped Newton iteration on a fixed rule.

    A step is halved until it decreases the undamped residual; a step that leaves the region
    where the covariance of the fields is positive semidefinite evaluates to NaN and is halved.

    Parameters
    ----------
    kernel : FunctionalKernel
    theta : ndarray, shape (points, order parameters)
        Start.
    parameters : ndarray, shape (points, parameters)
    rule : Quadrature
    tolerance : float
        On the relative size of Newton's correction.
    iterations : int
        Most evaluations per point.
    threads : int

    Returns
    -------
    theta : ndarray
    success : ndarray of bool, shape (points,)
    """
    theta = theta.copy()
    success = np.zeros(len(theta), dtype=bool)
    active = np.arange(len(theta))
    state = evaluate(kernel, theta, parameters, rule, threads)
    residual, scales = state.residual, state.scales
    norm = relative(residual, scales)
    step = newton_step(state.jacobian, state.residual, state.scales)
    damping = np.ones(len(theta))
    for _ in range(iterations):
        usable = np.isfinite(step).all(axis=1) & (damping > SMALLEST_DAMPING)
        small = usable & (relative(step, scales) < tolerance)
        theta[active[small]] += step[small]
        success[active[small]] = True
        keep = usable & ~small
        active, step, damping, norm, scales = (
            array[keep] for array in (active, step, damping, norm, scales)
        )
        if active.size == 0:
            break
        trial = theta[active] + damping[:, None] * step
        state = evaluate(kernel, trial, parameters[active], rule.take(active), threads)
        new_norm = relative(state.residual, scales)
        better = new_norm < (1 - damping / 10) * norm
        # at the level of rounding the residual cannot decrease any more
        better |= new_norm < tolerance / 100
        theta[active[better]] = trial[better]
        fresh = newton_step(state.jacobian, state.residual, state.scales)
        step[better] = fresh[better]
        scales[better] = state.scales[better]
        norm[better] = relative(state.residual, state.scales)[better]
        damping = np.where(better, 1.0, damping / 2)
    return theta, success


def polish(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    tolerance: float = 1e-10,
    threads: int = 1,
) -> Solution:
    """Solve to full accuracy from a good start, refining the quadrature until it settles.

    Parameters
    ----------
    kernel : FunctionalKernel
    theta : ndarray, shape (points, order parameters)
    parameters : ndarray, shape (points, parameters)
    tolerance : float
        On the relative error of the order parameters, from Newton and from quadrature.
    threads : int

    Returns
    -------
    Solution
        Points that failed carry the reason.
    """
    rule = Quadrature.around(kernel, theta, parameters)
    solution = Solution.unsolved(kernel, len(theta))
    smooth = np.flatnonzero(~is_steep_in_field(kernel, theta, parameters))
    solution.put(
        smooth,
        _polished(kernel, theta[smooth], parameters[smooth], rule.take(smooth), tolerance, threads),
    )
    hard = np.flatnonzero(~solution.converged & np.isfinite(rule.lower))
    if kernel.fields and hard.size:
        # the averages over the fields need panels of their own
        finer = replace(rule.take(hard), step=np.full(len(hard), PANEL_STEP))
        start, given = theta[hard], parameters[hard]
        panelled = with_field_panels(kernel, start, given, finer, PANEL_ACCURACY, threads)
        solution.put(hard, _polished(kernel, start, given, panelled, tolerance, threads))
    return solution


def _polished(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    tolerance: float,
    threads: int,
) -> Solution:
    """Solve from a start, with rules of the kind of the given one."""
    first = tolerance if not kernel.fields else 1e-5
    start = theta
    theta, success = newton(kernel, start, parameters, rule, first, threads=threads)
    while (failed := _with_finer_fields(kernel, rule, success)).size:
        # on a coarse rule there need not be a solution where the finer one has its own
        rule = rule.replaced(failed, rule.take(failed).finer("fields"))
        theta[failed], success[failed] = newton(
            kernel, start[failed], parameters[failed], rule.take(failed), first, threads=threads
        )
    reason = np.where(success, "", _newton_failure(rule)).astype(object)
    # a small change of differences of overlaps can make the weight of a unit much narrower
    unchanged = 0.0 if kernel.fields else 1e-6
    moved = np.flatnonzero(~np.isclose(theta, start, rtol=unchanged, atol=0.0).all(axis=1))
    around = replace(
        Quadrature.around(kernel, theta[moved], parameters[moved]), step=rule.step[moved]
    )
    if rule.edges is not None:
        around = with_field_panels(
            kernel, theta[moved], parameters[moved], around, PANEL_ACCURACY, threads
        )
    rule = rule.replaced(moved, around)
    error = np.zeros(len(theta))
    if kernel.fields:
        # how fine x must be hardly depends on the fields: settle it where they are still cheap
        rule, error = _settle_in_x(kernel, theta, parameters, rule, tolerance, reason, threads)
    theta, rule, change = _refine(kernel, theta, parameters, rule, tolerance, reason, threads)
    error = np.maximum(error, change)
    state = evaluate(kernel, theta, parameters, rule, threads)
    _check_features(kernel, Solution(theta, state, error, error, reason), parameters, rule, threads)
    residual = relative(state.residual, state.scales)
    with np.errstate(invalid="ignore"):
        poor = (reason == "") & ~(residual < 10 * tolerance)
    reason[poor] = f"the undamped residual stays above {10 * tolerance:g}; {_LOOSER}"
    return Solution(theta, state, residual, error, reason)


def _with_finer_fields(
    kernel: FunctionalKernel, rule: Quadrature, success: np.ndarray
) -> np.ndarray:
    """Find the points without success that another rule in the fields may help."""
    if not kernel.fields or rule.edges is not None:
        return np.empty(0, dtype=int)
    return np.flatnonzero(~success & np.isfinite(rule.lower) & (rule.step > FINE_STEP))


def _settle_in_x(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    tolerance: float,
    reason: np.ndarray,
    threads: int,
) -> tuple[Quadrature, np.ndarray]:
    """Double the panels in x until the equations at the same point do not change any more."""
    error = np.full(len(theta), np.inf)
    stalled = np.zeros(len(theta), dtype=int)
    active = np.flatnonzero(reason == "")
    coarse = evaluate(kernel, theta[active], parameters[active], rule.take(active), threads)
    while active.size:
        before = error[active]
        trial = rule.take(active).finer("x")
        fine = evaluate(kernel, theta[active], parameters[active], trial, threads)
        change = newton_step(fine.jacobian, fine.residual - coarse.residual, fine.scales)
        error[active] = relative(change, fine.scales)
        again = ~(error[active] < tolerance)
        rule = rule.replaced(active[again], trial.take(np.flatnonzero(again)))
        with np.errstate(invalid="ignore"):
            # what rounding leaves is averaged over nodes: it falls, but no more than slowly
            stalled[active] += error[active] > before / 2
        hopeless = (stalled[active] >= _STALLED) & (error[active] > _FAR_FROM * tolerance)
        lost = again & (~np.isfinite(error[active]) | (trial.panels > MOST_PANELS) | hopeless)
        reason[active[lost]] = f"the quadrature in x did not reach {tolerance:g}; {_LOOSER}"
        keep = again & ~lost
        active = active[keep]
        coarse = Evaluation(*(array[keep] for array in fine))
    return rule, error


def _refine(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    tolerance: float,
    reason: np.ndarray,
    threads: int,
) -> tuple[np.ndarray, Quadrature, np.ndarray]:
    """Refine a rule in the fields (or in x where there are none) until the solutions settle.

    Every refinement is followed by one Newton step.

    The error of the finer rule is bounded by continuing the decrease of the last two changes
    geometrically; the convergence of these rules is faster than that.
    """
    theta = theta.copy()
    kind = "fields" if kernel.fields else "x"
    error = np.full(len(theta), np.inf)
    before = np.full(len(theta), np.inf)
    active = np.flatnonzero(reason == "")
    while active.size:
        trial = rule.take(active).finer(kind)
        state = evaluate(kernel, theta[active], parameters[active], trial, threads)
        step = newton_step(state.jacobian, state.residual, state.scales)
        change = relative(step, state.scales)
        fine = np.isfinite(change)
        theta[active[fine]] += step[fine]
        with np.errstate(invalid="ignore"):
            rate = np.where(np.isfinite(before[active]), change / before[active], np.inf)
            extrapolated = np.where(rate < 0.1, change * rate, np.inf)
        error[active], before[active] = np.minimum(change, extrapolated), change
        settled = error[active] < tolerance
        # a rule that the finer one has confirmed is kept; one that only extrapolates is not
        finer = ~(change < tolerance)
        rule = rule.replaced(active[finer], trial.take(np.flatnonzero(finer)))
        smallest = TRAPEZOIDAL_STEP if trial.edges is None else SMALLEST_STEP
        lost = ~fine | (trial.panels > MOST_PANELS) | (trial.step < smallest)
        reason[active[lost & ~settled]] = (
            f"the quadrature did not reach {tolerance:g} in {kind}; {_LOOSER}"
        )
        active = active[~settled & ~lost]
    return theta, rule, error


def _check_features(
    kernel: FunctionalKernel,
    solution: Solution,
    parameters: np.ndarray,
    rule: Quadrature,
    threads: int,
) -> None:
    """Add what more nodes a panel change: panels around features are not halved with the others."""
    around = np.flatnonzero(rule.steps_over(kernel) & solution.converged)
    if not around.size:
        return
    theta, scales = solution.theta[around], solution.evaluation.scales[around]
    finer = replace(rule.take(around), order=3 * ORDER // 2)
    state = evaluate(kernel, theta, parameters[around], finer, threads)
    change = state.residual - solution.evaluation.residual[around]
    step = newton_step(state.jacobian, change, scales)
    error = solution.quadrature_error
    error[around] = np.maximum(error[around], relative(step, scales))


def _newton_failure(rule: Quadrature) -> np.ndarray:
    normalised = np.isfinite(rule.lower)
    return np.where(
        normalised,
        "Newton's method did not converge: no solution may exist here, or others (--branch all,"
        " branch='all')",
        "the one-unit weight cannot be normalised here",
    )
