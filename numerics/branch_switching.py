"""From a branch point onto the branch that crosses there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.bordered import Point, StepError, correct, scaled_derivatives

if TYPE_CHECKING:
    from numerics.bordered import System

_DIFFERENCE = 1e-3
_FLAT = 1e-3
_APART = 0.3


def crossing_direction(system: System, at: Point) -> np.ndarray:
    r"""Direction of the second branch through a branch point.

    The derivatives have two null vectors there, the tangent ``t`` of the known branch and one
    ``p`` normal to it. To second order, solutions ``alpha t + beta p`` obey
    ``2 B(t, p) alpha beta + B(p, p) beta^2 = 0`` with the second derivatives ``B`` projected on
    the left null vector: the other branch has ``alpha : beta = -B(p, p) : 2 B(t, p)``. In a
    pitchfork ``B(p, p) = 0`` and the branch starts along ``p``.

    Parameters
    ----------
    system : System
    at : Point
        The branch point.

    Returns
    -------
    ndarray, shape (n + 1,)
        Of length 1, in units of the scales.

    References
    ----------
    H. B. Keller, in Applications of Bifurcation Theory, ed. P. Rabinowitz (1977), p. 359.
    """
    derivatives = scaled_derivatives(at.state, at.scales)
    left, _, right = np.linalg.svd(derivatives)
    # both null vectors: the last row by construction, the one before where the rank is lost
    plane, adjoint = right[-2:], left[:, -1]
    along = plane @ at.tangent
    along /= np.linalg.norm(along)
    tangent, normal = along @ plane, np.array([-along[1], along[0]]) @ plane
    change = _change_of_derivatives(system, at, normal)
    if change is None:
        return normal
    mixed, own = adjoint @ change @ tangent, adjoint @ change @ normal
    # where two eigenvalues vanish together neither may say anything
    if not abs(mixed) > _FLAT * max(abs(own), np.abs(change).max()):
        return normal
    direction = -own * tangent + 2 * mixed * normal
    return direction / np.linalg.norm(direction) * np.sign(mixed)


def _change_of_derivatives(system: System, at: Point, direction: np.ndarray) -> np.ndarray | None:
    """Derivatives of the derivatives along a direction, one-sided where there is one side."""
    system = system.around(at.point)
    values = {}
    for sign in (-1, 0, 1):
        point = at.point + sign * _DIFFERENCE * direction * at.scales
        state = system.evaluate(point)
        values[sign] = scaled_derivatives(state._replace(scales=at.state.scales), at.scales)
    usable = [sign for sign, value in values.items() if np.isfinite(value).all()]
    if len(usable) < 2:
        return None
    first, last = usable[0], usable[-1]
    return (values[last] - values[first]) / ((last - first) * _DIFFERENCE)


def switch(
    system: System, at: Point, *, distance: float = 0.02, tolerance: float = 1e-10
) -> list[Point]:
    """Find points on both sides of the branch that crosses at a branch point.

    Parameters
    ----------
    system : System
    at : Point
        The branch point, with the tangent of the known branch.
    distance : float
        From the branch point, in units of the scales; it is tried in shorter steps too.
    tolerance : float

    Returns
    -------
    list of Point
        None, one or two, with tangents away from the branch point. A side on which the
        equations have no meaning is left out.
    """
    direction = crossing_direction(system, at)
    found = []
    for sign in (1.0, -1.0):
        for length in (distance, distance / 4, distance / 16):
            guess = at.point + sign * length * direction * at.scales
            try:
                point, _ = correct(system, guess, sign * direction, tolerance)
            except StepError:
                continue
            moved = (point.point - at.point) / at.scales
            aside = moved - (moved @ at.tangent) * at.tangent
            # the known branch must not have been found again
            if np.linalg.norm(aside) > _APART * length * np.linalg.norm(
                direction - (direction @ at.tangent) * at.tangent
            ):
                found.append(point)
                break
    return found
