r"""The free-energy functional near the quiescent state, in powers of the activity.

The functions of the model are replaced by Taylor series and the functional of
`theory.free_energy.FreeEnergy` is expanded in a small scale ``epsilon^2``: with
``x = epsilon y``, ``q = epsilon^2 chi``, ``q_hat = kappa/epsilon^2``, ``T = epsilon^2 tau`` the
one-unit weight of ``y`` is Gaussian at leading order, and every correction is a Gaussian moment.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import sympy as sp

from theory.averages import Abbreviation
from theory.ensembles import RandomNetwork, T
from theory.expressions import X
from theory.free_energy import FreeEnergy
from theory.values import Value

a1, a3, a5 = sp.symbols("a1 a3 a5", real=True)
b0, b2, b4 = sp.symbols("b0 b2 b4", real=True)
c1, c3, c5 = sp.symbols("c1 c3 c5", real=True)
SERIES = {
    "a": a1 * X + a3 * X**3 + a5 * X**5,
    "b": b0 + b2 * X**2 + b4 * X**4,
    "c": c1 * X + c3 * X**3 + c5 * X**5,
}
"""Taylor series of odd local and transfer functions and an even gain."""

tau, kappa = sp.symbols("tau kappa", real=True)
chi = sp.Symbol("chi", positive=True)
_Y = sp.Symbol("y", real=True)
_COLD = {tau: 0, chi: 1}
EPSILON = sp.Symbol("epsilon", positive=True)
"""The square root of what activity and temperature are measured in."""


@dataclass(frozen=True)
class QuiescentExpansion(Value):
    """Expansion of the functional of any network with the reflection symmetry.

    All properties are in ``g``, ``gamma`` and the Taylor coefficients ``a1 ... c5``; they are
    derived on first use. Make it with `quiescent_expansion`.

    Examples
    --------
    >>> quiescent_expansion().cold_response
    -a1/(b0*c1*g**2*(gamma + 1))
    """

    free_energy: FreeEnergy

    @property
    def rho(self) -> sp.Symbol:
        """The response order parameter, the only one that needs no scale."""
        return self.free_energy.symbols[1]

    @cached_property
    def scaling(self) -> dict[sp.Symbol, sp.Expr]:
        """How the order parameters and the temperature vanish with epsilon."""
        q, _, q_hat = self.free_energy.symbols
        return {q: chi * EPSILON**2, q_hat: kappa / EPSILON**2, T: tau * EPSILON**2}

    @cached_property
    def exponents(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Exponent of the one-unit weight of ``y`` at orders 0, 1 and 2 in ``epsilon^2``."""
        exponent = self.free_energy.exponent
        scaled = {}
        for symbol in exponent.atoms(Abbreviation):
            inner = symbol.definition.atoms(Abbreviation)
            value = SERIES.get(
                symbol.name, symbol.definition.xreplace({s: SERIES[s.name] for s in inner})
            )
            value = sp.expand(value.subs({**self.scaling, X: EPSILON * _Y}, simultaneous=True))
            # f and c are odd and start at order 1, s at order 2, so that epsilon cancels below
            power = 2 if symbol.name == "s" else int(symbol.name != "b")
            scaled[symbol] = EPSILON**power * sp.expand(value / EPSILON**power)
        height = sp.expand_log(exponent.xreplace(scaled).subs(self.scaling), force=True)
        small = sp.Symbol("small", positive=True)
        # dx = epsilon dy
        height = (height + sp.log(EPSILON)).subs(EPSILON, sp.sqrt(small))
        orders = [(height.diff(small, k) / sp.factorial(k)).subs(small, 0) for k in range(3)]
        return tuple(sp.expand(order) for order in orders)

    @cached_property
    def precision(self) -> sp.Expr:
        """Inverse variance of ``y`` at leading order."""
        return sp.factor(-2 * self.exponents[0].coeff(_Y, 2))

    @cached_property
    def leading(self) -> sp.Expr:
        """The functional at order 0, a function of chi, rho, kappa and tau."""
        algebraic = self.free_energy.algebraic.subs(self.scaling)
        level = self.exponents[0].coeff(_Y, 0)
        return algebraic + level + sp.log(2 * sp.pi / self.precision) / 2

    def _moment(self, polynomial: sp.Expr, variance: sp.Expr) -> sp.Expr:
        """Average a polynomial over ``y``: ``<y^2k> = (2k-1)!! variance^k``."""
        terms = sp.Poly(polynomial, _Y).terms()
        return sp.Add(
            *(factor * sp.factorial2(k - 1) * variance ** (k // 2) for (k,), factor in terms)
        )

    @cached_property
    def quiescent_stationarity(self) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
        """Equations for kappa, chi and rho at ``q = chi T``: expressions that vanish."""
        return tuple(
            sp.factor(sp.numer(sp.together(self.leading.subs(tau, 1).diff(symbol))))
            for symbol in (chi, kappa, self.rho)
        )

    @cached_property
    def response_equation(self) -> sp.Expr:
        """The quadratic equation of rho in the quiescent state, an expression that vanishes."""
        by_chi, _, by_rho = self.quiescent_stationarity
        # kappa is a factor of the first equation: the conjugate vanishes
        assert by_chi.subs(kappa, 0) == 0
        factors = sp.factor_list(by_rho.subs(kappa, 0), self.rho)[1]
        # the other factor is the inverse width of the weight, which is not zero
        (equation,) = (f for f, _ in factors if f.subs(self.rho, 0) not in (0, a1))
        return sp.collect(sp.expand(equation), self.rho)

    @cached_property
    def susceptibility(self) -> sp.Expr:
        """``chi = q/T`` in the quiescent state, in terms of rho."""
        (value,) = sp.solve(self.quiescent_stationarity[1].subs(kappa, 0), chi)
        (slope,) = sp.solve(self.response_equation, a1)
        return sp.factor(value.subs(a1, slope))

    @cached_property
    def response(self) -> sp.Expr:
        """Rho in the quiescent state: the root that is continued from g = 0."""
        equation = sp.Poly(self.response_equation, self.rho)
        second, first, zeroth = equation.all_coeffs()
        root = sp.sqrt(first**2 - 4 * second * zeroth)
        # a1 < 0 in a quiescent state; this form is regular where gamma vanishes
        return 2 * zeroth / (-first + root)

    @cached_property
    def cold_solution(self) -> dict[sp.Symbol, sp.Expr]:
        """Stationary kappa and rho at T = 0 for q -> 0."""
        cold = self.leading.subs(_COLD)
        by_kappa, by_rho = (
            sp.numer(sp.together(cold.diff(symbol))) for symbol in (kappa, self.rho)
        )
        (level,) = sp.solve(by_kappa, kappa)
        (response,) = sp.solve(sp.numer(sp.together(by_rho.subs(kappa, level))), self.rho)
        return {self.rho: sp.factor(response), kappa: sp.factor(level.subs(self.rho, response))}

    @property
    def cold_response(self) -> sp.Expr:
        """Rho at T = 0 for q -> 0."""
        return self.cold_solution[self.rho]

    @cached_property
    def _cold_variance(self) -> sp.Expr:
        """Variance of ``y`` at T = 0 for any kappa and rho."""
        return 1 / self.precision.subs(_COLD)

    @cached_property
    def _first(self) -> sp.Expr:
        """First-order correction as a function of kappa and rho, at T = 0."""
        polynomial = self.exponents[1].subs(_COLD)
        return self._moment(polynomial, self._cold_variance)

    @cached_property
    def linear(self) -> sp.Expr:
        """Coefficient of q in the functional at T = 0, at the stationary kappa and rho."""
        return sp.factor(self._first.subs(self.cold_solution))

    @cached_property
    def quadratic(self) -> sp.Expr:
        """Coefficient of q^2 in the functional at T = 0, with kappa and rho stationary."""
        first, second = (e.subs(_COLD) for e in self.exponents[1:])
        variance, mean = self._cold_variance, self._first
        square = self._moment(sp.expand(first**2), variance) - mean**2
        direct = self._moment(second, variance) + square / 2
        variables = [kappa, self.rho]
        slope = sp.Matrix([mean.diff(v) for v in variables]).subs(self.cold_solution)
        curvature = sp.hessian(self.leading.subs(_COLD), variables).subs(self.cold_solution)
        # kappa and rho follow the first-order change
        inverse = curvature.applyfunc(sp.factor).inv().applyfunc(sp.factor)
        shift = (slope.T * inverse * slope)[0] / 2
        return direct.subs(self.cold_solution) - shift

    @cached_property
    def thermal(self) -> sp.Expr:
        """Coefficient of T/q in the functional, at the stationary kappa and rho."""
        change = self.leading.subs(chi, 1).diff(tau).subs(tau, 0)
        return sp.factor(change.subs(self.cold_solution))


@cache
def quiescent_expansion() -> QuiescentExpansion:
    """Expand the functional for Taylor coefficients that stay symbols.

    Returns
    -------
    QuiescentExpansion

    Examples
    --------
    >>> quiescent_expansion().response_equation
    a1*rho + b0*c1*g**2*gamma*rho**2 + b0*c1
    """
    # any model with the symmetry and a gain gives the same functional of a, b and c
    network = RandomNetwork(local=-X, gain=1 / (1 + X**2), transfer=sp.tanh(X))
    return QuiescentExpansion(FreeEnergy(network, reduced=True))
