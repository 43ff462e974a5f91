"""Newton's method for the saddle-point equations, with the exact Jacobian, many points at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.quadrature import (
    MOST_PANELS,
    SMALLEST_STEP,
    Evaluation,
    Quadrature,
    evaluate,
)

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

SMALLEST_DAMPING = 1e-5


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


def relative(array: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Largest component per point in units of the natural scales; inf where not a number."""
    with np.errstate(divide="ignore", invalid="ignore"):
        size = np.abs(array / scales).max(axis=-1)
    return np.where(np.isfinite(size), size, np.inf)


def newton_step(state: Evaluation) -> np.ndarray:
    """Solve for Newton's correction in scaled variables; NaN where the matrix is singular."""
    scales = np.where(np.isfinite(state.scales), state.scales, 1.0)
    # scaling rows and columns by the natural sizes keeps the matrix well conditioned
    matrix = state.jacobian * scales[:, None, :] / scales[:, :, None]
    right = -(state.residual / scales)[..., None]
    step = np.full(state.residual.shape, np.nan)
    usable = np.isfinite(matrix).all(axis=(1, 2)) & np.isfinite(right).all(axis=(1, 2))
    for lane in np.flatnonzero(usable & (np.abs(np.linalg.det(np.where(
            usable[:, None, None], matrix, np.eye(matrix.shape[1])))) < 1e-14)):
        usable[lane] = np.linalg.matrix_rank(matrix[lane]) == matrix.shape[1]
    if usable.any():
        step[usable] = np.linalg.solve(matrix[usable], right[usable])[..., 0] * scales[usable]
    return step


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
    step = newton_step(state)
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
        step[better] = newton_step(state)[better]
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
    start = tolerance if not kernel.fields else 1e-5
    theta, success = newton(kernel, theta, parameters, rule, start, threads=threads)
    reason = np.where(success, "", _newton_failure(rule)).astype(object)
    error = np.full(len(theta), np.inf)
    kinds = ["x", "fields"] if kernel.fields else ["x"]
    errors = {kind: np.full(len(theta), np.inf) for kind in kinds}
    rule = Quadrature.around(kernel, theta, parameters)
    for _ in range(40):
        error = np.maximum.reduce([errors[kind] for kind in kinds])
        active = np.flatnonzero((reason == "") & ~(error < tolerance))
        if active.size == 0:
            break
        for kind in kinds:
            todo = active[~(errors[kind][active] < tolerance) & (reason[active] == "")]
            if todo.size == 0:
                continue
            trial = rule.take(todo).finer(kind)
            state = evaluate(kernel, theta[todo], parameters[todo], trial, threads)
            step = newton_step(state)
            change = relative(step, state.scales)
            fine = np.isfinite(change)
            theta[todo[fine]] += step[fine]
            errors[kind][todo] = change
            # a rule that has proved fine enough is kept; the finer one was its test
            keep = ~(change < tolerance)
            rule = rule.replaced(todo[keep], trial.take(np.flatnonzero(keep)))
            # the other kind was judged at other order parameters
            for other in kinds:
                if other != kind:
                    errors[other][todo[change > np.sqrt(tolerance)]] = np.inf
            lost = ~fine | (rule.panels[todo] > MOST_PANELS) | (rule.step[todo] < SMALLEST_STEP)
            reason[todo[lost]] = (
                f"the quadrature did not reach {tolerance:g} in {kind}; allow a larger tolerance"
            )
    state = evaluate(kernel, theta, parameters, rule, threads)
    residual = relative(state.residual, state.scales)
    with np.errstate(invalid="ignore"):
        poor = (reason == "") & ~(residual < 10 * tolerance)
    reason[poor] = "the undamped residual stays above tolerance; allow a larger tolerance"
    return Solution(theta, state, residual, error, reason)


def _newton_failure(rule: Quadrature) -> np.ndarray:
    normalised = np.isfinite(rule.lower)
    return np.where(
        normalised,
        "Newton's method did not converge; no solution may exist here",
        "the one-unit weight cannot be normalised here",
    )
