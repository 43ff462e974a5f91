"""Solving the static cavity equations: overlap, response and susceptibility at a fixed point."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from scipy.optimize import root
from scipy.special import erf

from numerics.one_unit import MOST_PANELS, PANELS, compiled, kinks_of, site_nodes, support
from numerics.provenance import provenance
from numerics.tables import Point, solve_table
from theory.cavity import OWN, SHARED, CavityEquations, R
from theory.ensembles import PARAMETERS, RandomNetwork
from theory.expressions import X
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Iterator

    import xarray as xr
    from numpy.typing import ArrayLike

TOLERANCE = 1e-12
"""On the undamped residual."""
ACCURACY = 1e-10
"""Largest relative error of the order parameters that is accepted; close to onset it is felt."""
SEVERAL = 1e-9
"""Mean number of roots beyond one that is taken for a second root."""
_LOOSE = 1e-8
_HERMITE = 32
_STARTS = (1.0, 0.1, 1e-2, 1e-3, 10.0)
_SMALLEST = 1e-12
LONG_NAMES = {
    "C": "activity overlap of a fixed point with itself",
    "R": "response of the activity to fields that the gain multiplies",
    "m": "mean activity",
    "Gamma": "reaction of the network on a unit, g^2 gamma R",
    "g2D": "g^2 <(dc/dzeta)^2>; linear response diverges at 1",
    "chi": "(q - Q)/T of one state for T -> 0",
    "roots": "mean number of roots of the one-unit equation",
}


def solve_cavity(network: RandomNetwork, g: ArrayLike, gamma: ArrayLike) -> xr.Dataset:
    """Solve the static cavity equations on the outer product of parameter values.

    Parameters
    ----------
    network : RandomNetwork
        Without confinement.
    g, gamma : float or array_like
        Coupling strength ``>= 0`` and reciprocity in [-1, 1].

    Returns
    -------
    xarray.Dataset
        Over ``g`` and ``gamma``: C, R, m, Gamma, g2D, chi and the mean number of ``roots`` of the
        one-unit equation. The active solution is shown where one is found, with m = 0 if the
        model's symmetry allows it, else the quiescent one. Where the equation has several roots,
        or nothing was found, the point is NaN with the reason; where chi < 0, ``remark`` says
        what that means.

    Raises
    ------
    ModelError
        If the model has no cavity equations or a parameter is out of range.

    Notes
    -----
    A fixed point counts with the sign of ``det(-dF/dx)`` here, so that these are not averages
    over all fixed points where there are many: see `numerics.complexity`.

    Examples
    --------
    >>> point = solve_cavity(RandomNetwork(), g=1.2, gamma=0.0).squeeze()
    >>> print(f"{point.C:.6f} {point.R:.6f} {point.g2D:.6f}")
    0.173273 0.826727 1.033501
    """
    solver = cavity_solver(network)
    made_by = provenance(replica_symmetric(network), method="static cavity")
    return solve_table(solver.solve, g, gamma, LONG_NAMES, made_by)


@lru_cache(maxsize=16)
def cavity_solver(network: RandomNetwork) -> CavitySolver:
    """Derive and compile the equations of a network once."""
    return CavitySolver(network)


class CavitySolver:
    """The cavity equations of one network as functions of numbers.

    The unknowns are C, R and, with a mean coupling, m; C is solved for in its logarithm, which
    keeps away from C = 0.

    Parameters
    ----------
    network : RandomNetwork
    """

    def __init__(self, network: RandomNetwork) -> None:
        theory = self.theory = CavityEquations(network)
        self.model = [float(value) for value in network.values.values()]
        self.kinks = kinks_of(network)
        self.size = len(theory.unknowns)
        arguments = [X, *theory.unknowns, *PARAMETERS]
        means = [theory.integrands[str(symbol)] for symbol in theory.unknowns]
        slopes = [mean.diff(symbol) for mean in means for symbol in theory.unknowns]
        rows = [*means, *slopes, theory.integrands["m"], theory.integrands["degree"]]
        self._map = compiled(arguments, rows)
        self._height = compiled(arguments, [theory.height])
        spread = [theory.density, theory.slope, theory.slope_variance, *theory.fluctuation]
        self._spread = compiled(arguments, spread)
        if theory.quiescent_state is not None:
            at_rest = [e.subs(X, theory.quiescent_state) for e in theory.fluctuation]
            self._rest = compiled([R, *PARAMETERS], [theory.quiescent_slope, *at_rest])
            coefficients = sp.Poly(theory.quiescent_response, R).all_coeffs()
            self._response = sp.lambdify(PARAMETERS, coefficients)
        self._reaction = sp.lambdify([R, *PARAMETERS], theory.reaction)
        self._susceptibility = sp.lambdify([OWN, SHARED], theory.susceptibility)

    def _nodes(
        self, theta: np.ndarray, parameters: list[float], panels: int
    ) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = support(lambda x: self._height(x, *theta, *parameters)[0])
        return site_nodes(lower, upper, self.kinks, panels)

    def residual(
        self, theta: np.ndarray, parameters: list[float], panels: int = PANELS
    ) -> tuple[np.ndarray, np.ndarray]:
        """Undamped map minus the unknowns (that of C relative to C), derivatives in log C, R, m."""
        nodes, weights = self._nodes(theta, parameters, panels)
        sums = self._map(nodes, *theta, *parameters) @ weights
        sums = sums * np.sign(sums[-1])
        size = self.size
        residual = sums[:size] - theta
        jacobian = sums[size : size + size**2].reshape(size, size) - np.eye(size)
        jacobian[:, 0] *= theta[0]
        residual[0] /= theta[0]
        jacobian[0] /= theta[0]
        jacobian[0, 0] -= residual[0]
        return residual, jacobian

    def solve(self, g: float, gamma: float) -> Point:
        """Solve at one point."""
        parameters = [g, gamma, 0.0, *self.model]
        for start in self._starts(parameters) if g > 0 or self.theory.network.field_std else ():
            found = self._active(start, parameters)
            if found is not None:
                return self._settled(found, parameters)
        return self._quiescent(parameters)

    def _starts(self, parameters: list[float]) -> Iterator[np.ndarray]:
        """Some damped steps of the map from overlaps of many sizes, without mean activity first."""
        means = (0.0, 1.0, -1.0) if self.size > 2 else (0.0,)
        for mean in means:
            for overlap in _STARTS:
                theta = np.array([overlap, 0.0, mean * np.sqrt(overlap)][: self.size])
                for _ in range(6):
                    change = self.residual(theta, parameters)[0]
                    change[0] *= theta[0]
                    if not (np.isfinite(change).all() and theta[0] + change[0] / 2 > 0):
                        break
                    theta = theta + change / 2
                yield theta

    def _active(self, start: np.ndarray, parameters: list[float]) -> np.ndarray | None:
        """Powell's hybrid of Newton's method from one start."""

        def unknowns_to_theta(unknowns: np.ndarray) -> np.ndarray:
            return np.array([np.exp(np.clip(unknowns[0], -60, 60)), *unknowns[1:]])

        def function(unknowns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            residual, jacobian = self.residual(unknowns_to_theta(unknowns), parameters)
            return np.nan_to_num(residual, nan=1e3), np.nan_to_num(jacobian)

        first = np.array([np.log(start[0]), *start[1:]])
        found = root(function, first, jac=True, tol=1e-13, options={"maxfev": 60})
        theta = unknowns_to_theta(found.x)
        return theta if np.abs(found.fun).max() < _LOOSE and theta[0] > _SMALLEST else None

    def _settled(self, theta: np.ndarray, parameters: list[float]) -> Point:
        """Newton steps on finer and finer rules until the solution does not move any more."""
        panels, change = PANELS, np.inf
        while change > ACCURACY / 10 and panels < MOST_PANELS:
            panels *= 2
            before = theta
            for _ in range(2):
                residual, jacobian = self.residual(theta, parameters, panels)
                step = np.linalg.solve(jacobian, -residual)
                theta = np.array([theta[0] * np.exp(step[0]), *(theta[1:] + step[1:])])
            moved = np.abs(theta - before)
            change = max(float(moved[0] / before[0]), float(moved[1:].max()))
        residual = np.abs(self.residual(theta, parameters, panels)[0]).max()
        values = dict(zip(map(str, self.theory.unknowns), theta.tolist(), strict=True))
        values |= {"residual": float(residual), "quadrature_error": change}
        values |= self._averages(theta, parameters, panels)
        return _judged(values)

    def _averages(
        self, theta: np.ndarray, parameters: list[float], panels: int
    ) -> dict[str, float]:
        """What follows from a solution."""
        nodes, weights = self._nodes(theta, parameters, panels)
        mean, degree = (self._map(nodes, *theta, *parameters) @ weights)[-2:]
        density, slope, variance, own, of_chi = self._spread(nodes, *theta, *parameters)
        variance = np.maximum(variance, 0.0)
        sign = np.sign(degree)
        # E|y| + E y is exactly 0 where df/dx has one sign
        excess = weights @ (density * (_mean_modulus(slope, variance) + sign * slope))
        share = weights * density * _mean_inverse(slope, variance)
        g2D = float(share @ of_chi)
        return {
            "m": sign * mean,
            "Gamma": self._reaction(theta[1], *parameters),
            "g2D": g2D,
            "chi": self._susceptibility(float(share @ own), g2D) if g2D != 1 else np.inf,
            "roots": abs(degree) + excess,
        }

    def _quiescent(self, parameters: list[float]) -> Point:
        """The state in which c vanishes in every unit: a quadratic equation for the response."""
        if self.theory.quiescent_state is None:
            return Point(reason="no solution was found, and the model has no quiescent state")
        found = np.roots(self._response(*parameters))
        # the one that starts from the response of one unit at g = 0
        response = found[np.argmin(np.abs(found))]
        slope, own, of_chi = self._rest(response.real, *parameters)
        g2D = float(of_chi / slope**2)
        values = {"C": 0.0, "R": float(response.real), "m": 0.0, "g2D": g2D, "roots": 1.0}
        values["Gamma"] = self._reaction(values["R"], *parameters)
        diverges = not g2D < 1
        chi = np.inf if diverges else self._susceptibility(float(own / slope**2), g2D)
        values["chi"] = chi
        values |= {"residual": 0.0, "quadrature_error": 0.0}
        point = Point(values, "quiescent")
        if response.imag != 0 or not g2D < 1:
            point.reason = "the quiescent state is unstable, and no active solution was found"
        return point


def _judged(values: dict[str, float]) -> Point:
    """Say whether a solution is one, and what it means."""
    point = Point(values, "active", kept=("roots", "residual", "quadrature_error"))
    residual, error, roots, g2D = (
        values[name] for name in ("residual", "quadrature_error", "roots", "g2D")
    )
    if not abs(roots - 1) < SEVERAL:
        point.reason = (
            f"the one-unit equation has {roots - 1:.2g} more than one root in the mean: the state"
            " is not a function of the field, and which root counts how much is not known here;"
            " use numerics.complexity"
        )
    elif not (residual < TOLERANCE and error < ACCURACY):
        point.reason = (
            f"residual {residual:.1e} and quadrature error {error:.1e} did not reach"
            f" {TOLERANCE:g} and {ACCURACY:g}; the model's functions may be too steep"
        )
    elif g2D > 1:
        point.remark = (
            f"chi < 0 because g^2 D = {g2D:.6f} > 1: linear response has diverged, the one state"
            " has given way to many fixed points, and q - Q = chi T does not hold"
        )
    return point


def _mean_modulus(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """E|y| of a normal variable."""
    spread = np.sqrt(variance)
    with np.errstate(divide="ignore", invalid="ignore"):
        z = np.where(spread > 0, mean / spread, np.copysign(np.inf, mean)) / np.sqrt(2)
        return mean * erf(z) + spread * np.sqrt(2 / np.pi) * np.exp(-(z**2))


def _mean_inverse(mean: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """E 1/|y| of a normal variable that stays far from 0."""
    node, weight = np.polynomial.hermite_e.hermegauss(_HERMITE)
    with np.errstate(divide="ignore"):
        return (weight / weight.sum()) @ (1 / np.abs(mean + np.sqrt(variance) * node[:, None]))
