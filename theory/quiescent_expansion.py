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

from theory.averages import Abbreviation, written_out
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
MEAN, MEAN_HAT = sp.symbols("M M_hat", real=True)
"""The mean activity and its conjugate in units of epsilon and of its inverse."""
_Y = sp.Symbol("y", real=True)
COLD = {tau: 0, chi: 1}
"""At temperature 0 the activity itself is the scale."""
EPSILON = sp.Symbol("epsilon", positive=True)
"""The square root of what activity and temperature are measured in."""


@dataclass(frozen=True)
class TaylorNetwork(RandomNetwork):
    """Any network with the reflection symmetry: its functions are series with open coefficients.

    Examples
    --------
    >>> TaylorNetwork().gain
    b0 + b2*x**2 + b4*x**4
    """

    local: sp.Expr = SERIES["a"]
    gain: sp.Expr = SERIES["b"]
    transfer: sp.Expr = SERIES["c"]
    mean: float = 1  # any number but 0, so that its symbol stays

    def __post_init__(self) -> None:
        """Symbols have no values that could be checked."""


@dataclass(frozen=True)
class QuiescentExpansion(Value):
    """Expansion of the functional of a network whose replicas are alone and without fields.

    All properties are in ``g``, ``gamma``, ``mu`` and the Taylor coefficients ``a1 ... c5``; they
    are derived on first use. Make it with `quiescent_expansion`.

    Examples
    --------
    >>> quiescent_expansion().cold_response
    -a1/(b0*c1*g**2*(gamma + 1))
    """

    free_energy: FreeEnergy

    @cached_property
    def _absent(self) -> dict[sp.Symbol, int]:
        """The fields, and the order parameters that make their covariance."""
        shared = [s for s in self.free_energy.symbols if self.free_energy.covariance.has(s)]
        return dict.fromkeys([*self.free_energy.fields, *shared], 0)

    @cached_property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """The order parameters that are left: q, rho, m and the conjugates of q and m."""
        return tuple(s for s in self.free_energy.symbols if s not in self._absent)

    @property
    def rho(self) -> sp.Symbol:
        """The response order parameter, the only one that needs no scale."""
        return self.symbols[1]

    @cached_property
    def scaling(self) -> dict[sp.Symbol, sp.Expr]:
        """How the order parameters and the temperature vanish with epsilon."""
        q, _, m, q_hat, m_hat = self.symbols
        return {
            q: chi * EPSILON**2,
            q_hat: kappa / EPSILON**2,
            m: MEAN * EPSILON,
            m_hat: MEAN_HAT / EPSILON,
            T: tau * EPSILON**2,
        }

    def _orders(self, count: int, still: dict[sp.Symbol, int]) -> list[sp.Expr]:
        """Exponent of the weight of ``y`` by powers of ``epsilon^2``, with some symbols 0."""
        exponent = self.free_energy.exponent.subs(self._absent)
        scaled = {}
        for symbol in exponent.atoms(Abbreviation):
            value = written_out(symbol.definition).subs(self._absent)
            value = value.subs({**self.scaling, X: EPSILON * _Y}, simultaneous=True).subs(still)
            series = sp.Poly(sp.expand(value), EPSILON)
            # the lowest power stands in front, so that epsilon cancels below
            lowest = min(power for (power,) in series.monoms())
            scaled[symbol] = EPSILON**lowest * sp.expand(series.as_expr() / EPSILON**lowest)
        height = exponent.xreplace(scaled).subs(self.scaling).subs(still)
        # dx = epsilon dy
        height = sp.expand_log(height, force=True) + sp.log(EPSILON)
        small = sp.Symbol("small", positive=True)
        height = height.subs(EPSILON, sp.sqrt(small))
        orders = [(height.diff(small, k) / sp.factorial(k)).subs(small, 0) for k in range(count)]
        return [sp.expand(order) for order in orders]

    @cached_property
    def exponents(self) -> list[sp.Expr]:
        """Exponent of the one-unit weight of ``y`` at orders 0, 1 and 2, without mean activity."""
        return self._orders(3, {MEAN: 0, MEAN_HAT: 0})

    @cached_property
    def _algebraic(self) -> sp.Expr:
        return self.free_energy.algebraic.subs(self._absent).subs(self.scaling)

    @cached_property
    def uniform(self) -> sp.Expr:
        """The functional at order 0 with the mean activity and its conjugate."""
        (exponent,) = self._orders(1, {})
        level, linear, square = (exponent.coeff(_Y, power) for power in range(3))
        linear, square = sp.factor(linear), sp.factor(square)
        return self._algebraic + level - linear**2 / (4 * square) + sp.log(-sp.pi / square) / 2

    @cached_property
    def precision(self) -> sp.Expr:
        """Inverse variance of ``y`` at leading order."""
        return sp.factor(-2 * self.exponents[0].coeff(_Y, 2))

    @cached_property
    def leading(self) -> sp.Expr:
        """The functional at order 0, a function of chi, rho, kappa and tau."""
        return self.uniform.subs({MEAN: 0, MEAN_HAT: 0})

    @cached_property
    def mean_stability(self) -> sp.Expr:
        """Determinant of one minus the linearised map of the mean activity and its conjugate."""
        symbols, still = [MEAN, MEAN_HAT], {MEAN: 0, MEAN_HAT: 0}
        curvature = sp.hessian(self.uniform, symbols).subs(still)
        metric = sp.hessian(self._algebraic, symbols)
        return sp.factor((metric.inv() * curvature).det())

    def _moment(self, polynomial: sp.Expr, variance: sp.Expr) -> sp.Expr:
        """Average a polynomial over ``y``: ``<y^2k> = (2k-1)!! variance^k``."""
        terms = sp.Poly(polynomial, _Y).terms()
        return sp.Add(
            *(factor * sp.factorial2(k - 1) * variance ** (k // 2) for (k,), factor in terms)
        )

    @cached_property
    def quiescent_map(self) -> dict[sp.Symbol, sp.Expr]:
        """What chi, rho and kappa equal at ``q = chi T``, as `FreeEnergy.fixed_point`."""
        symbols = [chi, self.rho, kappa]
        gradient = sp.Matrix([self.leading.subs(tau, 1).diff(symbol) for symbol in symbols])
        change = sp.hessian(self._algebraic, symbols).inv() * gradient
        values = (sp.factor(s - step) for s, step in zip(symbols, change, strict=True))
        return dict(zip(symbols, values, strict=True))

    @cached_property
    def response_equation(self) -> sp.Expr:
        """The quadratic equation of rho in the quiescent state, an expression that vanishes."""
        # without activity the conjugate is zero
        assert self.quiescent_map[kappa].subs(kappa, 0) == 0
        residual = self.quiescent_map[self.rho].subs(kappa, 0) - self.rho
        return sp.collect(sp.expand(-sp.numer(sp.cancel(residual))), self.rho)

    @cached_property
    def susceptibility(self) -> sp.Expr:
        """``chi = q/T`` in the quiescent state, in terms of rho."""
        (value,) = sp.solve(self.quiescent_map[chi].subs(kappa, 0) - chi, chi)
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
        cold = self.leading.subs(COLD)
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
        return 1 / self.precision.subs(COLD)

    @cached_property
    def _first(self) -> sp.Expr:
        """First-order correction as a function of kappa and rho, at T = 0."""
        polynomial = self.exponents[1].subs(COLD)
        return self._moment(polynomial, self._cold_variance)

    @cached_property
    def linear(self) -> sp.Expr:
        """Coefficient of q in the functional at T = 0, at the stationary kappa and rho."""
        return sp.factor(self._first.subs(self.cold_solution))

    @cached_property
    def quadratic(self) -> sp.Expr:
        """Coefficient of q^2 in the functional at T = 0, with kappa and rho stationary."""
        first, second = (e.subs(COLD) for e in self.exponents[1:])
        variance, mean = self._cold_variance, self._first
        square = self._moment(sp.expand(first**2), variance) - mean**2
        direct = self._moment(second, variance) + square / 2
        variables = [kappa, self.rho]
        slope = sp.Matrix([mean.diff(v) for v in variables]).subs(self.cold_solution)
        curvature = sp.hessian(self.leading.subs(COLD), variables).subs(self.cold_solution)
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
    return QuiescentExpansion(FreeEnergy(TaylorNetwork()))
