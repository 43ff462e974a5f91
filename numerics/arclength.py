"""Pseudo-arclength continuation: following solutions of equations through folds.

A step goes along the tangent of the curve of solutions and is corrected in the plane normal to
it.

References
----------
H. B. Keller, Lectures on Numerical Methods in Bifurcation Problems (1987).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from numerics.bordered import Point, StepError, correct, known_point

if TYPE_CHECKING:
    from collections.abc import Callable

    from numerics.bordered import System

_STRAIGHT = 0.9  # smallest cosine between successive tangents
_SHARE = 0.05  # least part of an interval that is cut off
_LOCATED = 1e-9
_SINGULAR = 1e-5  # the root of what locates a point: eigenvalues may vanish in pairs


@dataclass
class Curve:
    """A curve of solutions, in the order in which it was followed.

    Parameters
    ----------
    points : list of Point
    reason : str
        Why it ended.
    """

    points: list[Point] = field(default_factory=list)
    reason: str = ""

    @property
    def parameter(self) -> np.ndarray:
        """The parameter at every point."""
        return np.array([p.point[-1] for p in self.points])


def trace(
    system: System,
    start: np.ndarray,
    bounds: tuple[float, float],
    *,
    direction: float | np.ndarray = 1.0,
    step: float = 0.05,
    largest: float = 0.3,
    smallest: float = 1e-6,
    most: int = 500,
    tolerance: float = 1e-10,
) -> Curve:
    """Follow a curve of solutions until the parameter leaves its bounds.

    Folds and branch points are located and become points of the curve.

    Parameters
    ----------
    system : System
    start : ndarray, shape (n + 1,)
        A solution, or close to one.
    bounds : tuple of float
        Of the parameter.
    direction : float or ndarray, shape (n + 1,)
        Sign of the parameter's change at the start, or a direction in units of the scales.
    step, largest, smallest : float
        First, largest and smallest length of a step, in units of the scales.
    most : int
        Largest number of steps.
    tolerance : float

    Returns
    -------
    Curve

    Raises
    ------
    StepError
        If there is no solution at the start.

    Notes
    -----
    Two branch points within one step may stay unseen, or be seen as one; a smaller ``largest``
    shows them.
    """
    at_start = np.ndim(direction) == 0
    normal = np.append(np.zeros(len(start) - 1), 1.0) if at_start else np.asarray(direction)
    first, system = correct(system, start, normal, tolerance)
    if at_start:
        turn = float(np.sign(direction * first.tangent[-1])) or 1.0
        first.tangent, first.determinant = turn * first.tangent, turn * first.determinant
    curve = Curve([first])
    while len(curve.points) < most:
        here = curve.points[-1]
        try:
            ahead, system = _advance(system, here, step, tolerance)
        except StepError as failure:
            step /= 3
            if step < smallest:
                curve.reason = f"the branch could not be followed further: {failure}"
                return curve
            continue
        curve.points += _special_points(system, here, ahead, tolerance)
        if not bounds[0] <= ahead.point[-1] <= bounds[1]:
            bound = bounds[0] if ahead.point[-1] < bounds[0] else bounds[1]
            last = _at_bound(system, here, ahead, bound, tolerance)
            curve.points = [p for p in curve.points if bounds[0] <= p.point[-1] <= bounds[1]]
            curve.points.append(last)
            curve.reason = "reached the bound"
            return curve
        curve.points.append(ahead)
        if len(curve.points) > 4 and _closes(first, here, ahead):
            curve.reason = "closed"
            return curve
        step = min(1.5 * step, largest)
    curve.reason = f"{most} steps were taken"
    return curve


def _advance(system: System, here: Point, step: float, tolerance: float) -> tuple[Point, System]:
    """Take one step along the tangent; a sharp turn is a failure."""
    guess = here.point + step * here.tangent * here.scales
    ahead, system = correct(system, guess, here.tangent, tolerance)
    if here.tangent @ ahead.tangent < _STRAIGHT:
        msg = "the branch turns too sharply"
        raise StepError(msg)
    if np.abs((ahead.point - guess) / here.scales).max() > 2 * step:
        msg = "the corrected point is far from the predicted one"
        raise StepError(msg)
    return ahead, system


def _special_points(system: System, here: Point, ahead: Point, tolerance: float) -> list[Point]:
    """Folds and branch points between two points, in the order in which they come."""
    tests: list[tuple[str, Callable[[Point], float]]] = [
        ("fold", lambda p: float(p.tangent[-1])),
        ("branch point", lambda p: p.determinant),
    ]
    # eigenvalues may pass 0 in pairs, which a determinant would not show
    negative = sorted(int((p.others < 0).sum()) for p in (here, ahead))
    pairs = [lambda p: float(p.others[negative[0]])] if negative[0] < negative[1] else []
    tests += [("branch point", test) for test in pairs]
    found = []
    for kind, test in tests:
        if test(here) * test(ahead) < 0:
            point = _locate(system, here, ahead, test, tolerance)
            point.kind = kind
            if test not in pairs or _is_singular(system, point):
                found.append(point)
    return sorted(found, key=lambda p: float(here.tangent @ ((p.point - here.point) / here.scales)))


def _is_singular(system: System, point: Point) -> bool:
    """Whether a derivative vanishes: a pair of complex eigenvalues passes 0 without a branch."""
    derivatives = system.around(point.point).evaluate(point.point).jacobian
    others = derivatives[np.ix_(~system.free, ~system.free)]
    others = others * point.scales[:-1][~system.free] / point.scales[:-1][~system.free, None]
    sizes = np.linalg.svd(others, compute_uv=False)
    return bool(sizes[-1] < _SINGULAR * sizes[0])


def _locate(
    system: System,
    one: Point,
    other: Point,
    test: Callable[[Point], float],
    tolerance: float,
) -> Point:
    """Find where a test function vanishes between two points, by safeguarded false position.

    The planes of correction cross the chord between the points, which are on the curve, so that
    the guesses become better faster than the equations become singular at a branch point.
    """
    values = [test(one), test(other)]
    while True:
        share = float(np.clip(values[0] / (values[0] - values[1]), _SHARE, 1 - _SHARE))
        chord = (other.point - one.point) / one.scales
        length = float(np.linalg.norm(chord))
        guess = one.point + share * (other.point - one.point)
        try:
            middle, system = correct(system, guess, chord / length, tolerance)
        except StepError:
            # so close to a branch point that there is no direction any more
            return known_point(system.around(guess), guess, other.point - one.point)
        value = test(middle)
        if length < _LOCATED or value == 0:
            middle.tangent = chord / length
            return middle
        # halving the value at the end that stays makes both ends move (the Illinois rule)
        if value * values[0] > 0:
            one, values = middle, [value, values[1] / 2]
        else:
            other, values = middle, [values[0] / 2, value]


def _at_bound(system: System, here: Point, ahead: Point, bound: float, tolerance: float) -> Point:
    """The point of the curve at the bound of the parameter."""
    last = _locate(system, here, ahead, lambda p: float(p.point[-1] - bound), tolerance)
    guess = np.append(last.point[:-1], bound)
    normal = np.append(np.zeros(len(guess) - 1), np.sign(ahead.point[-1] - here.point[-1]))
    # at a fixed parameter the point is exact, unless the branch turns back here
    return correct(system, guess, normal, tolerance)[0]


def _closes(first: Point, here: Point, ahead: Point) -> bool:
    """Whether the curve passes its first point between two points, in the same direction."""
    before, after = ((p.point - first.point) / first.scales for p in (here, ahead))
    chord = after - before
    inside = before @ first.tangent < 0 <= after @ first.tangent
    near = min(np.linalg.norm(before), np.linalg.norm(after)) <= np.linalg.norm(chord)
    return bool(inside and near and chord @ first.tangent > 0)
