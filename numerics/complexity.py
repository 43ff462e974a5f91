"""Solving for the annealed complexity of fixed points."""

from __future__ import annotations

from functools import lru_cache
from itertools import chain, pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import brentq

from numerics.cavity import cavity_solver
from numerics.complexity_equations import (
    ACCURACY,
    TOLERANCE,
    ComplexityEquations,
    Place,
    Settled,
)
from numerics.provenance import provenance
from numerics.tables import Point, solve_table
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import xarray as xr
    from numpy.typing import ArrayLike

    from theory.ensembles import RandomNetwork

_OVERLAPS = (0.3, 0.03, 3.0)
_SHARES = (2 / 3, 1.0, 1 / 3)  # close to onset the saddle point has 2/3 of the cavity's overlap
_FACTORS = (1.25, 2.0)
_ALPHAS = 10.0 ** np.arange(4.0, -10.5, -0.5)
LONG_NAMES = {
    "Sigma": "complexity: logarithm of the mean number of fixed points per unit",
    "log_determinant": "log|det dF/dx| per unit at these fixed points",
    "q": "activity overlap of a fixed point with itself",
    "rho": "response overlap in the density of F at 0",
    "m": "mean activity",
    "q_hat": "conjugate of q",
    "m_hat": "conjugate of m",
    "alpha": "weight of small singular values of dF/dx; 0 if there are none",
    "R": "response of the activity, from the resolvent of dF/dx",
}


def complexity(
    network: RandomNetwork,
    g: ArrayLike,
    gamma: ArrayLike,
    *,
    power: float = 0.0,
    q: float | None = None,
) -> xr.Dataset:
    r"""Annealed complexity of the fixed points on the outer product of parameter values.

    Parameters
    ----------
    network : RandomNetwork
        Without confinement; with ``field_std`` only if the gain is constant.
    g, gamma : float or array_like
        Coupling strength ``>= 0`` and reciprocity in [-1, 1].
    power : float, optional
        Fixed points are weighed by ``|det dF/dx|^power``: 0 counts them, -1 is the Gibbs measure
        for T -> 0. ``Sigma`` is the complexity of those that carry the weighted sum.
    q : float, optional
        Only fixed points of this overlap ``q > 0``; by default of all overlaps.

    Returns
    -------
    xarray.Dataset
        Over ``g`` and ``gamma``: Sigma, log_determinant and the order parameters. Where the
        cavity equations have a stable solution there is one fixed point: Sigma is 0 and ``phase``
        says "quiescent" or "one fixed point". Else it says "many fixed points", or "rare fixed
        points" for Sigma < 0. A point that did not converge is NaN with the reason.

    Raises
    ------
    ModelError
        If the model has no complexity, or a parameter is out of range.

    Notes
    -----
    ``E sum |det dF/dx|^power`` is the Kac-Rice integral; its growth with N is stationary in the
    order parameters. It is an annealed average: the typical number may grow more slowly. Saddle
    points are searched for from the cavity solution, so that in a symmetric model with a mean
    coupling the one without mean activity is shown; others may exist.

    References
    ----------
    As of `theory.complexity.FixedPointComplexity`.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> point = complexity(RandomNetwork(), g=1.5, gamma=[0.0, 0.5]).squeeze()
    >>> print(*(f"{value:.8f}" for value in point.Sigma.values))
    0.00714257 0.04878982
    """
    if q is not None and not (np.isfinite(q) and q > 0):
        msg = f"q must be a finite number > 0, not {q}"
        raise ModelError(msg)
    if not np.isfinite(power):
        msg = f"power must be a finite number, not {power}"
        raise ModelError(msg)
    solver = complexity_solver(network)
    made_by = provenance(solver.equations.theory.annealed, method="Kac-Rice", power=power, q=q)
    return solve_table(
        lambda one, two: solver.solve(one, two, power, q), g, gamma, LONG_NAMES, made_by
    )


@lru_cache(maxsize=16)
def complexity_solver(network: RandomNetwork) -> ComplexitySolver:
    """Derive and compile the equations of a network once."""
    return ComplexitySolver(network)


class ComplexitySolver:
    """Finds the complexity of one network.

    Parameters
    ----------
    network : RandomNetwork
    """

    def __init__(self, network: RandomNetwork) -> None:
        self.equations = ComplexityEquations(network)
        self.cavity = cavity_solver(network)

    def solve(self, g: float, gamma: float, power: float, q: float | None) -> Point:
        """Solve at one point."""
        place = Place(g, gamma, 1 + power, q)
        state = self.cavity.solve(g, gamma)
        single = state.reason == "" and state.values["g2D"] <= 1
        if single and q is None and state.phase == "quiescent":
            return self._quiescent(state, place)
        if g == 0:
            return Point(reason="at g = 0 the units do not know of each other; use g > 0")
        theta = self._saddle(place, state)
        if theta is None:
            return Point(reason="no saddle point with a finite overlap was found; try another q")
        if not self._is_extremal(theta, place):
            return Point(reason="alpha vanishes on the way from another q; try one between")
        point = _judged(self.equations, self.equations.settle(theta, place))
        if single and q is None and power == 0:
            point.phase, point.remark = "one fixed point", ""
        return point

    def _saddle(self, place: Place, state: Point) -> np.ndarray | None:
        """Find the saddle point of all overlaps, then follow it to a given one."""
        free = place._replace(q=None)
        theta = self._at_all_overlaps(free, state)
        if place.q is None:
            return theta
        equations = self.equations
        if theta is not None:
            origin = free._replace(q=float(theta[equations.q]))
            followed = equations.follow(theta, origin, place)
            if followed is not None:
                return followed
        return next(self._found(self._plain_starts(place, [place.q]), place), None)

    def _at_all_overlaps(self, place: Place, state: Point) -> np.ndarray | None:
        """Find it from here, else follow it from a larger g or from gamma = 0."""
        equations = self.equations
        if state.reason == "" and state.phase == "active" and state.values["g2D"] <= 1:
            return equations.follow(self._from_cavity(state), place._replace(kappa=1.0), place)
        found = self._from_here(place, state)
        if found is not None:
            return found
        origins = [place._replace(g=factor * place.g) for factor in _FACTORS]
        origins += [place._replace(gamma=0.0)] if place.gamma else []
        for origin in origins:
            first = self._from_here(origin, self.cavity.solve(origin.g, origin.gamma))
            found = None if first is None else equations.follow(first, origin, place)
            if found is not None:
                return found
        return None

    def _from_here(self, place: Place, state: Point) -> np.ndarray | None:
        """Start from the cavity solution, at a lower overlap too, or from anywhere."""
        starts = []
        if state.reason == "" and state.phase == "active":
            for share in _SHARES:
                start = self._from_cavity(state)
                start[self.equations.q] *= share
                start[self.equations.alpha] = self._alpha(start, place)
                # at a given overlap first: close to onset the equation of q is nearly degenerate
                at_overlap = place._replace(q=float(start[self.equations.q]))
                found = self.equations.newton(start, at_overlap)
                starts.append(start if found is None else found)
        return next(self._found(chain(starts, self._plain_starts(place, _OVERLAPS)), place), None)

    def _from_cavity(self, state: Point) -> np.ndarray:
        """The cavity solution is a saddle point, the one without small singular values."""
        known = {"q": "C", "rho": "R", "R": "R", "m": "m"}
        names = self.equations.names
        return np.array([state.values[known[n]] if n in known else 0.0 for n in names])

    def _plain_starts(self, place: Place, overlaps: Sequence[float]) -> Iterator[np.ndarray]:
        """Starts with and without small singular values, from overlaps and responses."""
        names = self.equations.names
        for q, response in product(overlaps, (0.5, 0.1, 1.0)):
            known = {"q": q, "rho": response, "R": response}
            theta = np.array([known.get(name, 0.0) for name in names])
            theta[self.equations.alpha] = self._alpha(theta, place)
            yield theta

    def _found(self, starts: Iterable[np.ndarray], place: Place) -> Iterator[np.ndarray]:
        """Solutions from some starts, but none whose alpha = 0 is not the extremum."""
        for start in starts:
            theta = self.equations.newton(start, place)
            if theta is not None and self._is_extremal(theta, place):
                yield theta

    def _alpha(self, theta: np.ndarray, place: Place) -> float:
        """The alpha that its own equation gives at otherwise fixed order parameters."""

        def excess(logarithm: float) -> float:
            trial = theta.copy()
            trial[self.equations.alpha] = np.exp(logarithm)
            value = self.equations.evaluate(trial, place)[0][self.equations.alpha]
            return float(np.nan_to_num(value, nan=1.0))

        # the largest root; none beyond the largest of the list
        for high, low in pairwise(np.log(_ALPHAS)):
            if excess(low) > 0:
                inside = excess(high) <= 0
                return float(np.exp(brentq(excess, low, high, xtol=1e-3) if inside else high))
        return 0.0

    def _is_extremal(self, theta: np.ndarray, place: Place) -> bool:
        """Whether alpha > 0, or may be 0 because ``g^2 <v^2/Delta> <= 1`` there."""
        return bool(theta[self.equations.alpha] > 0 or self._alpha(theta, place) == 0)

    def _quiescent(self, state: Point, place: Place) -> Point:
        """The state in which c vanishes: its own log determinant, and no complexity."""
        values = dict.fromkeys((*self.equations.names, "Sigma"), 0.0)
        values |= {"rho": state.values["R"], "R": state.values["R"], "m": 0.0, "m_hat": 0.0}
        values |= {"residual": 0.0, "quadrature_error": 0.0}
        values["log_determinant"] = self.equations.at_rest(state.values["R"], place)
        return Point(values, "quiescent")


def _judged(equations: ComplexityEquations, found: Settled) -> Point:
    """Say whether a solution is one, and what it means."""
    values = dict(zip(equations.names, found.theta.tolist(), strict=True))
    values = {"m_hat": 0.0, **values}
    values |= {"Sigma": float(found.outputs[0]), "log_determinant": float(found.outputs[1])}
    values |= {"residual": found.residual, "quadrature_error": found.error}
    values["m"] = float(found.outputs[2])
    point = Point(values, "many fixed points" if values["Sigma"] > 0 else "rare fixed points")
    if not (found.residual < TOLERANCE and found.error < ACCURACY):
        point.reason = (
            f"residual {found.residual:.1e} and quadrature error {found.error:.1e} did not reach"
            f" {TOLERANCE:g} and {ACCURACY:g}; the point is too close to a transition, or the"
            " model's functions are too steep"
        )
    elif values["Sigma"] < 0:
        point.remark = "Sigma < 0: the mean number is less than one and carried by rare networks"
    return point
