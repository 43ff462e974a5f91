"""Newton's method for equations with one parameter, bordered by a plane.

A solution and its parameter are one point of a curve. The condition that the point lies in a
plane across the curve makes the equations regular at folds too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol, Self, TypeVar

import numpy as np

ITERATIONS = 12
_SMALLEST_DAMPING = 1e-3
_ROUNDING = 1e-14  # of a relative residual


class State(NamedTuple):
    """What a system says at a point.

    Parameters
    ----------
    residual : ndarray, shape (n,)
    jacobian : ndarray, shape (n, n)
        Derivatives of the residual in the unknowns.
    slope : ndarray, shape (n,)
        Derivative of the residual in the parameter.
    scales : ndarray, shape (n,)
        Natural sizes of the unknowns; equations are measured in the same.
    """

    residual: np.ndarray
    jacobian: np.ndarray
    slope: np.ndarray
    scales: np.ndarray


class System(Protocol):
    """As many equations as unknowns, with one parameter.

    A point is the unknowns followed by the parameter, shape (n + 1,).
    """

    @property
    def parameter_scale(self) -> float:
        """Change of the parameter that counts as much as an unknown's natural size."""

    @property
    def free(self) -> np.ndarray:
        """Which unknowns may change, shape (n,); a symmetry keeps the others at 0.

        The equations of the others do not depend on the free ones there; only branch points
        are sought among them.
        """

    def evaluate(self, point: np.ndarray) -> State:
        """Give the state; NaN where the equations have no meaning."""

    def around(self, point: np.ndarray) -> Self:
        """Fix whatever approximations the equations need, for points near this one."""

    def finer(self) -> Self | None:
        """Improve the approximations; None where there are none to improve."""


AnySystem = TypeVar("AnySystem", bound=System)


@dataclass
class Point:
    """A point of a curve of solutions.

    Parameters
    ----------
    point : ndarray, shape (n + 1,)
    tangent : ndarray, shape (n + 1,)
        Direction of the curve, of length 1 in units of the scales.
    state : State
    scales : ndarray, shape (n + 1,)
    determinant : float
        Of the free unknowns' derivatives bordered by the tangent: it changes its sign at branch
        points, but not at folds.
    others : ndarray
        Real parts of the eigenvalues of the other unknowns' derivatives, sorted.
    residual, error : float
        Relative size of the residual, and of the change under finer approximations.
    kind : {"", "fold", "branch point"}
    """

    point: np.ndarray
    tangent: np.ndarray
    state: State
    scales: np.ndarray
    determinant: float
    others: np.ndarray
    residual: float
    error: float
    kind: str = ""


class StepError(Exception):
    """A step that was not corrected to a solution; the message says why."""


def correct(
    system: AnySystem, guess: np.ndarray, normal: np.ndarray, tolerance: float = 1e-10
) -> tuple[Point, AnySystem]:
    """Find the solution in the plane through a guess with a given normal.

    Parameters
    ----------
    system : System
    guess : ndarray, shape (n + 1,)
    normal : ndarray, shape (n + 1,)
        In units of the scales; the tangent is oriented along it.
    tolerance : float
        Largest relative change by Newton's method, and by finer approximations. Where equations
        that hold to rounding leave a larger change, because they hardly depend on the point, it
        is accepted up to 10^4 times the tolerance and is the point's ``error``.

    Returns
    -------
    point : Point
    system : System
        With approximations that are good enough.

    Raises
    ------
    StepError
        If no solution was found.
    """
    system = system.around(guess)
    point, error = _newton(system, guess, guess, normal, tolerance)
    while (finer := system.finer()) is not None:
        state = finer.evaluate(point)
        scales = _scales(system, state)
        change = _size(_step(state, scales, normal, 0.0, system.free), scales)
        error = max(error, change)
        if change < tolerance or _is_rounding(change, state, tolerance):
            break
        system = finer
        point, error = _newton(system, point, guess, normal, tolerance)
    state = system.evaluate(point)
    scales = _scales(system, state)
    tangent, determinant, others = _directions(state, scales, normal, system.free)
    residual = _size(state.residual, state.scales)
    return Point(point, tangent, state, scales, determinant, others, residual, error), system


def known_point(system: System, point: np.ndarray, direction: np.ndarray) -> Point:
    """Take a solution as it is, with a direction for its tangent: for branch points.

    Newton's method and the derivatives give no direction where two branches cross.

    Parameters
    ----------
    system : System
    point, direction : ndarray, shape (n + 1,)

    Returns
    -------
    Point
    """
    state = system.evaluate(point)
    scales = _scales(system, state)
    tangent = direction / scales
    tangent /= np.linalg.norm(tangent)
    residual = _size(state.residual, state.scales)
    return Point(point, tangent, state, scales, 0.0, np.empty(0), residual, 0.0, "branch point")


def _newton(
    system: System, start: np.ndarray, guess: np.ndarray, normal: np.ndarray, tolerance: float
) -> tuple[np.ndarray, float]:
    """Damped Newton iteration for the equations and the plane.

    Returns the point, and the relative change that rounding leaves.
    """
    point, state = start, system.evaluate(start)
    damping, before = 1.0, np.inf
    for _ in range(ITERATIONS):
        scales = _scales(system, state)
        distance = float(normal @ ((point - guess) / scales))
        step = _step(state, scales, normal, distance, system.free)
        if not np.isfinite(step).all():
            break
        change = _size(step, scales)
        if change < tolerance:
            return point + step, 0.0
        if change > before / 2 and _is_rounding(change, state, tolerance):
            return point, change
        before = change
        norm = max(_size(state.residual, state.scales), abs(distance))
        while True:
            trial = point + damping * step
            ahead = system.evaluate(trial)
            new = _size(ahead.residual, state.scales)
            if new < (1 - damping / 10) * norm or new < tolerance / 100:
                break
            damping /= 2
            if damping < _SMALLEST_DAMPING:
                msg = "Newton's method did not converge"
                raise StepError(msg)
        point, state, damping = trial, ahead, min(1.0, 2 * damping)
    msg = "Newton's method did not converge"
    raise StepError(msg)


def _is_rounding(change: float, state: State, tolerance: float) -> bool:
    """Whether a change that is not too large is made by rounding of the residual."""
    return change < 1e4 * tolerance and _size(state.residual, state.scales) < _ROUNDING


def _scales(system: System, state: State) -> np.ndarray:
    return np.append(state.scales, system.parameter_scale)


def _size(vector: np.ndarray, scales: np.ndarray) -> float:
    with np.errstate(invalid="ignore"):
        size = float(np.abs(vector / scales).max())
    return size if np.isfinite(size) else np.inf


def scaled_derivatives(state: State, scales: np.ndarray) -> np.ndarray:
    """Derivatives in unknowns and parameter, shape (n, n + 1), all in natural units."""
    return np.column_stack([state.jacobian, state.slope]) * scales / state.scales[:, None]


def _step(
    state: State, scales: np.ndarray, normal: np.ndarray, distance: float, free: np.ndarray
) -> np.ndarray:
    """Newton's correction of the equations and of the distance from the plane."""
    moving = np.append(free, True)
    matrix = np.vstack([scaled_derivatives(state, scales)[free], normal])[:, moving]
    right = -np.append((state.residual / state.scales)[free], distance)
    step = np.zeros(len(scales))
    step[moving] = np.nan
    if np.isfinite(matrix).all() and np.isfinite(right).all():
        try:
            step[moving] = np.linalg.solve(matrix, right) * scales[moving]
        except np.linalg.LinAlgError:
            return step
    return step


def _directions(
    state: State, scales: np.ndarray, along: np.ndarray, free: np.ndarray
) -> tuple[np.ndarray, float, np.ndarray]:
    """Tangent along a given direction, bordered determinant, eigenvalues of the others."""
    derivatives = scaled_derivatives(state, scales)
    if not np.isfinite(derivatives).all():
        msg = "the equations have no derivatives here"
        raise StepError(msg)
    moving = np.append(free, True)
    inner = derivatives[np.ix_(free, moving)]
    tangent = np.zeros(len(scales))
    tangent[moving] = np.linalg.svd(inner)[2][-1]
    tangent *= np.sign(tangent @ along)
    determinant = np.linalg.det(np.vstack([inner, tangent[moving]]))
    # derivatives of all equations are block triangular where the others vanish
    others = np.linalg.eigvals(derivatives[np.ix_(~free, np.append(~free, False))]).real
    return tangent, float(determinant), np.sort(others)
