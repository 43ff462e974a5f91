"""Zeros of a drift at the end of a path that starts at any state one likes.

The equations ``s F(x) = (1 - s) (x - x_0)`` have the one solution ``x_0`` at s = 0 and the zeros of
F at s = 1. Where the drift points inwards far away, solutions stay bounded for all s between, so
that for almost every start the path of solutions from ``x_0`` reaches s = 1, turning back in s as
often as it has to. It is followed by pseudo-arclength continuation with one factorisation a step.

References
----------
S. N. Chow, J. Mallet-Paret & J. A. Yorke, Math. Comp. 32, 887 (1978).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.linalg import lu_factor, lu_solve

if TYPE_CHECKING:
    from numerics.targets import Target

ZERO = 1e-10
"""Speed ``|F|/sqrt(N)`` below which a state counts as a zero of the drift."""
_STRAIGHT = (0.85, 0.96, 0.99)  # smallest cosine between successive tangents, at every attempt
_GROWTH, _SHORTENING = 1.5, 0.5
_FIRST, _LARGEST, _SMALLEST = 0.05, 1.0, 1e-9
_CORRECTIONS, _CORRECTED = 5, 1e-7
_LAST_CORRECTIONS = 8


@dataclass
class Path:
    """The end of a path.

    Parameters
    ----------
    state : ndarray, shape (N,)
        The zero, or where the path was lost.
    steps : int
        Factorisations of an N x N matrix, those of steps that had to be repeated included.
    turns : int
        How often the path turned back in s.
    length : float
        Of the path, in units of sqrt(N).
    reason : str
        Empty if the end is a zero.
    """

    state: np.ndarray
    steps: int
    turns: int
    length: float
    reason: str


def follow_to_zero(target: Target, start: np.ndarray, most: int = 5000) -> Path:
    """Follow the path of one start to a zero of the drift.

    Parameters
    ----------
    target : Target
    start : ndarray, shape (N,)
        Different starts lead to different zeros; not one that is itself a zero.
    most : int
        Largest number of factorisations.

    Returns
    -------
    Path

    Examples
    --------
    >>> from numerics.targets import dynamics_target
    >>> from theory import Dynamics
    >>> target = dynamics_target(Dynamics(["x"], ["x - x**3"]))
    >>> print(f"{follow_to_zero(target, np.array([0.3])).state[0]:.12f}")
    1.000000000000
    """
    steps = 0
    for straight in _STRAIGHT:
        follower = _Follower(target, np.asarray(start, dtype=float), straight, most - steps)
        path = follower.run()
        steps += path.steps
        # only a jump to another curve of solutions leads below s = 0: go again in shorter steps
        if path.reason != _JUMPED:
            break
    path.steps = steps
    return path


_JUMPED = "the path was left for another one, also in short steps"


class _Follower:
    """One attempt to follow a path; points are states and s, measured with states by sqrt(N)."""

    def __init__(self, target: Target, start: np.ndarray, straight: float, most: int) -> None:
        self.target, self.start, self.straight, self.most = target, start, straight, most
        self.state, self.s = start.copy(), 0.0
        self.root = np.sqrt(len(start))
        self.steps = self.turns = 0
        self.length, self.stride = 0.0, _FIRST
        _, slope = self._equations(self.state, self.s)
        # the derivative in the states at s = 0 is minus the identity
        self.tangent = self._direction(slope, None)

    def run(self) -> Path:
        while self.steps < self.most:
            if self.stride < _SMALLEST:
                return self._path("the path could not be followed further")
            ahead = self.s + self.stride * self.tangent[1]
            reached = self._finish(ahead) if ahead >= 1 else self._advance()
            if reached and self.s >= 1:
                return self._path("")
            if not np.isfinite(self.state).all():
                return self._path("the drift is not finite on the path")
            if self.s < 0:
                return self._path(_JUMPED)
            if not reached:
                self.stride *= _SHORTENING
        return self._path(
            f"{self.most} factorisations did not suffice; try other starts, or"
            " method='levenberg_marquardt'"
        )

    def _path(self, reason: str) -> Path:
        return Path(self.state, self.steps, self.turns, self.length, reason)

    def _equations(self, state: np.ndarray, s: float) -> tuple[np.ndarray, np.ndarray]:
        """Value of the equations and their derivative in s."""
        drift = self.target.drift(state[:, None])[:, 0]
        displacement = state - self.start
        return s * drift - (1 - s) * displacement, drift + displacement

    def _factor(self, state: np.ndarray, s: float) -> tuple[np.ndarray, np.ndarray] | None:
        """Factors of the derivative in the states."""
        matrix = s * self.target.jacobian(state)
        matrix[np.diag_indices(len(matrix))] -= 1 - s
        self.steps += 1
        if not np.isfinite(matrix).all():
            return None
        return lu_factor(matrix, overwrite_a=True, check_finite=False)

    def _direction(
        self, change: np.ndarray, along: tuple[np.ndarray, float] | None
    ) -> tuple[np.ndarray, float]:
        """Unit tangent from the change of the state with s, oriented along another one."""
        norm = np.sqrt((change @ change) / len(change) + 1)
        if along is not None and (change @ along[0]) / len(change) + along[1] < 0:
            norm = -norm
        return change / norm, 1 / norm

    def _advance(self) -> bool:
        """Take one step along the tangent, corrected in the plane normal to it."""
        state = self.state + self.stride * self.tangent[0]
        s = self.s + self.stride * self.tangent[1]
        factors = self._factor(state, s)
        if factors is None:
            return False
        change = -lu_solve(factors, self._equations(state, s)[1], check_finite=False)
        across = self.tangent[0] / len(state)
        before = np.inf
        for _ in range(_CORRECTIONS):
            value, _ = self._equations(state, s)
            correction = -lu_solve(factors, value, check_finite=False)
            shift = -(across @ correction) / (across @ change + self.tangent[1])
            correction += shift * change
            state, s = state + correction, s + shift
            size = np.hypot(np.linalg.norm(correction) / self.root, shift)
            if not size < before / 2 or not size < self.stride:
                return False
            if size < _CORRECTED:
                return self._accept(state, s, self._direction(change, self.tangent))
            before = size
        return False

    def _accept(self, state: np.ndarray, s: float, tangent: tuple[np.ndarray, float]) -> bool:
        cosine = (tangent[0] @ self.tangent[0]) / len(state) + tangent[1] * self.tangent[1]
        # the end is reached by `_finish` only, which converges at s = 1
        if cosine < self.straight or s >= 1:
            return False
        self.turns += tangent[1] * self.tangent[1] < 0
        self.length += self.stride
        self.state, self.s, self.tangent = state, s, tangent
        if cosine > (4 + self.straight) / 5:
            self.stride = min(_GROWTH * self.stride, _LARGEST)
        return True

    def _finish(self, ahead: float) -> bool:
        """Step to s = 1 and converge there to a zero of the drift itself."""
        stride = self.stride * (1 - self.s) / (ahead - self.s)
        guess = self.state + stride * self.tangent[0]
        state = guess
        for _ in range(_LAST_CORRECTIONS):
            drift = self._equations(state, 1.0)[0]
            if np.linalg.norm(drift) < 1e-3 * ZERO * self.root:
                break
            factors = self._factor(state, 1.0)
            if factors is None:
                return False
            state = state - lu_solve(factors, drift, check_finite=False)
        speed = np.linalg.norm(self._equations(state, 1.0)[0]) / self.root
        near = np.linalg.norm(state - guess) / self.root < self.stride
        if not (speed < ZERO and near):
            return False
        self.length += stride
        self.state, self.s = state, 1.0
        return True
