"""The saddle-point equations of the complexity as functions of numbers, and Newton's method."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from numerics.one_unit import MOST_PANELS, PANELS, SiteExpressions, kinks_of
from theory.cavity import CavityEquations
from theory.complexity import KAPPA, FixedPointComplexity
from theory.determinant import RESPONSE
from theory.ensembles import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.ensembles import RandomNetwork

TOLERANCE = 1e-12
"""On the undamped residual."""
TARGET, ACCURACY = 1e-11, 1e-8
"""Error of the order parameters that is aimed at, and the largest that is accepted.

Close to onset the equations determine them to no more than rounding over the cube of the distance.
"""
_LOOSE, _SHORTEST, _EVALUATIONS = 1e-5, 1e-4, 60
_SMALLEST, _LARGEST = 1e-12, 1e12


class Place(NamedTuple):
    """Where the equations are solved.

    Parameters
    ----------
    g, gamma : float
    kappa : float
        Power of ``|det F'|`` in the integrand.
    q : float or None
        Given overlap; its own equation is left out then.
    """

    g: float
    gamma: float
    kappa: float
    q: float | None = None


class Settled(NamedTuple):
    """A solution: order parameters, outputs, residual, quadrature error."""

    theta: np.ndarray
    outputs: np.ndarray
    residual: float
    error: float


class ComplexityEquations:
    """The equations of one network.

    ``q`` and ``alpha`` are solved for in their logarithms, and the equation of ``alpha`` is
    divided by it, because alpha = 0 always solves it.

    Parameters
    ----------
    network : RandomNetwork
    """

    def __init__(self, network: RandomNetwork) -> None:
        theory = self.theory = FixedPointComplexity(network)
        self.names = [str(symbol) for symbol in theory.symbols]
        self.model = [float(value) for value in network.values.values()]
        self.q, self.alpha = (self.names.index(name) for name in ("q", "alpha"))
        outputs = [theory.complexity, theory.log_determinant, theory.mean_activity]
        rows = [*theory.residual, *theory.jacobian, *outputs]
        symbols = [*theory.symbols, KAPPA, *PARAMETERS]
        self._rows = SiteExpressions(
            theory.exponent, rows, symbols, kinks_of(network), theory.determinant.screened
        )
        self._outputs = len(outputs)

    def evaluate(
        self, theta: np.ndarray, place: Place, panels: int = PANELS
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Evaluate the scaled residual, its derivatives and the outputs.

        Parameters
        ----------
        theta : ndarray, shape (order parameters,)
        place : Place
        panels : int

        Returns
        -------
        residual : ndarray, shape (order parameters,)
            Of q and alpha relative to themselves, of conjugates relative to powers of 1/q.
        jacobian : ndarray
            In the unknowns, which are the order parameters with log q and log alpha.
        outputs : ndarray, shape (3,)
            Sigma, the log determinant and the mean activity.
        """
        found = self._rows([*theta, place.kappa, place.g, place.gamma, 0.0, *self.model], panels)
        size = len(self.names)
        residual, jacobian = found[:size], found[size : -self._outputs].reshape(size, size)
        jacobian[:, self.q] *= theta[self.q]
        jacobian[:, self.alpha] *= theta[self.alpha]
        for name, power in (("q", -1.0), ("q_hat", 1.0), ("m_hat", 0.5)):
            if name in self.names:
                row = self.names.index(name)
                residual[row] *= theta[self.q] ** power
                jacobian[row] *= theta[self.q] ** power
                jacobian[row, self.q] += power * residual[row]
        if theta[self.alpha] > 0:
            residual[self.alpha] /= theta[self.alpha]
            jacobian[self.alpha] /= theta[self.alpha]
            jacobian[self.alpha, self.alpha] -= residual[self.alpha]
        return residual, jacobian, found[-self._outputs :]

    def at_rest(self, response: float, place: Place) -> float:
        """Log determinant where every unit is in the state ``quiescent_state`` of the cavity.

        Parameters
        ----------
        response : float
        place : Place
        """
        state = CavityEquations(self.theory.network).quiescent_state
        value = self.theory.determinant.at(state)
        strengths = dict(zip(PARAMETERS, place[:2], strict=False))
        return float(value.subs({RESPONSE: response, **strengths}))

    def _free(self, theta: np.ndarray, place: Place) -> tuple[np.ndarray, np.ndarray]:
        """Equations and unknowns that are left where q is given or alpha is 0."""
        rows, columns = (np.ones(len(self.names), dtype=bool) for _ in range(2))
        if place.q is not None:
            # stationarity in q is the equation of its conjugate
            rows[self.names.index("q_hat")] = columns[self.q] = False
        if theta[self.alpha] == 0:
            rows[self.alpha] = columns[self.alpha] = False
        return rows, columns

    def _moved(self, theta: np.ndarray, step: np.ndarray) -> np.ndarray:
        moved = theta + step
        for k in (self.q, self.alpha):
            moved[k] = theta[k] * np.exp(np.clip(step[k], -9, 9))
        return moved

    def newton(self, start: np.ndarray, place: Place) -> np.ndarray | None:
        """Damped Newton iteration from one start; None without success.

        A step is halved until the simplified correction after it is smaller than the step. This
        test does not depend on how the equations are scaled, which matters close to onset, where
        the residual is small far from the solution too.

        Parameters
        ----------
        start : ndarray, shape (order parameters,)
            With alpha = 0, it stays 0.
        place : Place

        References
        ----------
        P. Deuflhard, Newton Methods for Nonlinear Problems (2004), section 3.3.
        """
        theta = start.copy()
        if place.q is not None:
            theta[self.q] = place.q
        solve, step = self._linearised(theta, place, PANELS)
        damping = 1.0
        for _ in range(_EVALUATIONS):
            size = np.abs(step).max()
            if size < _LOOSE:
                return theta if self._inside(theta, start) else None
            if not np.isfinite(size) or damping < _SHORTEST:
                return None
            # a step in a logarithm of more than one says little
            damping = min(damping, 2.0 / size)
            trial = self._moved(theta, damping * step)
            remaining = solve(self.evaluate(trial, place)[0])
            if np.abs(remaining).max() < (1 - damping / 4) * size:
                theta, damping = trial, min(1.0, 4 * damping)
                solve, step = self._linearised(theta, place, PANELS)
            else:
                damping /= 2
        return None

    def _inside(self, theta: np.ndarray, start: np.ndarray) -> bool:
        """Whether q, and alpha if it was not 0, stayed away from 0 and infinity."""
        unknown = theta[[self.q] if start[self.alpha] == 0 else [self.q, self.alpha]]
        return bool((unknown > _SMALLEST).all() and (unknown < _LARGEST).all())

    def _linearised(
        self, theta: np.ndarray, place: Place, panels: int
    ) -> tuple[Callable[[np.ndarray], np.ndarray], np.ndarray]:
        """Newton's correction as a function of the residual, and the correction here."""
        rows, columns = self._free(theta, place)
        residual, jacobian, _ = self.evaluate(theta, place, panels)
        matrix = jacobian[np.ix_(rows, columns)]

        def solve(right: np.ndarray) -> np.ndarray:
            step = np.zeros(len(theta))
            try:
                step[columns] = np.linalg.solve(matrix, -right[rows])
            except np.linalg.LinAlgError:
                step[columns] = np.inf
            return np.where(np.isnan(step), np.inf, step)

        return solve, solve(residual)

    def settle(self, theta: np.ndarray, place: Place) -> Settled:
        """Newton steps on finer and finer rules until the solution does not move any more.

        Parameters
        ----------
        theta : ndarray, shape (order parameters,)
            From `newton`.
        place : Place
        """
        panels, error = PANELS, np.inf
        theta = self._polished(theta, place, panels)
        while error > TARGET and panels < MOST_PANELS and np.isfinite(theta).all():
            panels *= 2
            before, theta = theta, self._polished(theta, place, panels)
            error = float((np.abs(theta - before) / self._scales(before)).max())
        residual, _, outputs = self.evaluate(theta, place, panels)
        rows = self._free(theta, place)[0]
        return Settled(theta, outputs, float(np.abs(residual[rows]).max()), error)

    def _polished(self, theta: np.ndarray, place: Place, panels: int) -> np.ndarray:
        for _ in range(6):
            _, step = self._linearised(theta, place, panels)
            if not np.isfinite(step).all():
                break
            theta = self._moved(theta, step)
            if np.abs(step).max() < TOLERANCE:
                break
        return theta

    def _scales(self, theta: np.ndarray) -> np.ndarray:
        """Natural sizes of the order parameters, by which errors are measured."""
        q, alpha = theta[self.q], theta[self.alpha] or 1.0
        known = {"q": q, "q_hat": 1 / q, "m_hat": q**-0.5, "m": q**0.5, "alpha": alpha}
        return np.array([known.get(name, 1.0) for name in self.names])

    def follow(self, theta: np.ndarray, start: Place, end: Place) -> np.ndarray | None:
        """Follow a solution while g, gamma, kappa and log q move from start to end.

        Parameters
        ----------
        theta : ndarray, shape (order parameters,)
            The solution at the start.
        start, end : Place

        Returns
        -------
        ndarray or None
            None where the solution is lost.
        """
        reached, stride = 0.0, 0.25
        while reached < 1:
            target = min(reached + stride, 1.0)
            found = self.newton(theta, _between(start, end, target))
            # a long way in q may lead to another solution
            if found is not None and abs(np.log(found[self.q] / theta[self.q])) < 1.0:
                theta, reached, stride = found, target, 2 * stride
            elif stride < _SHORTEST:
                return None
            else:
                stride /= 4
        return theta


def _between(start: Place, end: Place, share: float) -> Place:
    if share == 1:
        return end
    q = None
    if start.q is not None and end.q is not None:
        q = float(start.q ** (1 - share) * end.q**share)
    g, gamma, kappa = ((1 - share) * a + share * b for a, b in zip(start[:3], end[:3], strict=True))
    return Place(g, gamma, kappa, q)
