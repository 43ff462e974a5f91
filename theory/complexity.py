r"""The annealed complexity of the fixed points of a network, by the Kac-Rice formula.

``E sum over fixed points |det F'|^p = int dx E[delta(F(x)) |det F'(x)|^(1 + p)]`` grows like
``exp(N Phi)``. The density of F at 0 is the annealed weight ``exp(-F^2/2T)`` at T = 0; given
F = 0 the couplings are changed by a matrix of finite rank only, so that the determinant is that of
a random matrix that does not know of F = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.annealed import Annealed
from theory.averages import Abbreviation, SiteIntegral, site_average
from theory.determinant import ALPHA, RESPONSE, LogDeterminant
from theory.ensembles import RandomNetwork, T, sigma_h
from theory.expressions import ModelError, X
from theory.fixed_points import check_fixed_points
from theory.free_energy import FreeEnergy
from theory.values import Value

KAPPA = sp.Symbol("kappa", real=True)
"""Power of ``|det F'|`` in the integrand: 1 counts fixed points, 0 is the Gibbs measure, T -> 0."""


@dataclass(frozen=True)
class FixedPointComplexity(Value):
    r"""Functional of the weighted number of fixed points of a `RandomNetwork`.

    ``g``, ``gamma`` and `KAPPA` stay symbols. The order parameters are those of the annealed
    average, and ``alpha`` and ``R`` of the determinant (`theory.determinant.LogDeterminant`).

    Parameters
    ----------
    network : RandomNetwork

    Raises
    ------
    ModelError
        With confinement, which is no part of F; with a function that jumps; with fields and a
        gain that depends on x, where a fixed point does not tell the drive of its units.

    References
    ----------
    G. Wainrib and J. Touboul, Phys. Rev. Lett. 110, 118101 (2013); J. Stubenrauch, C. Keup,
    A. C. Kurth, M. Helias and A. van Meegen, arXiv 2210.11877: gamma = 0, a = -x, b = 1.

    Examples
    --------
    >>> count = FixedPointComplexity(RandomNetwork())
    >>> count.algebraic
    R**2*g**2*gamma*kappa/2 - alpha**2*kappa/(2*g**2) - g**2*gamma*rho**2/2 - q*q_hat
    >>> count.functional.diff(count.symbols[0])
    -q_hat - g**2/(2*s) + g**2*<f**2>/(2*s**2)
    """

    network: RandomNetwork

    def __post_init__(self) -> None:
        network = self.network
        check_fixed_points(network)
        if sigma_h not in network.vanishing and X in network.gain.free_symbols:
            msg = (
                f"the complexity with field_std {network.field_std} and a gain {network.gain} that"
                " depends on x is not available; use field_std 0 or a constant gain"
            )
            raise ModelError(msg)

    @cached_property
    def annealed(self) -> FreeEnergy:
        """The annealed average of the weight ``exp(-F^2/2T)``."""
        return FreeEnergy(self.network, Annealed())

    @cached_property
    def slope(self) -> sp.Expr:
        """Derivative of F in the state of its own unit at a fixed point.

        The drive ``H = sum_j J_ij c_j`` is what makes F vanish.
        """
        drive = sp.Symbol("H", real=True)
        force = self.network.local + self.network.gain * drive
        if X not in self.network.gain.free_symbols:
            return force.diff(X)
        (at_rest,) = sp.solve(force, drive)
        return force.diff(X).subs(drive, at_rest)

    @cached_property
    def determinant(self) -> LogDeterminant:
        """``log|det F'|`` per unit."""
        coupling = self.network.gain * self.network.transfer.diff(X)
        return LogDeterminant(
            self.network, Abbreviation("k", self.slope), Abbreviation("v", coupling)
        )

    @cached_property
    def exponent(self) -> sp.Expr:
        """``H(x)``: the log weight of one unit at fixed order parameters."""
        density = self.annealed.exponent.subs(T, 0) - sp.log(2 * sp.pi) / 2
        return density + KAPPA * self.determinant.site

    @cached_property
    def algebraic(self) -> sp.Expr:
        """The part of the functional without the one-unit problem."""
        return sp.expand(self.annealed.algebraic + KAPPA * self.determinant.algebraic)

    @cached_property
    def functional(self) -> sp.Expr:
        """``Phi = log E sum |det F'|^(kappa - 1) / N``, whose stationary point is wanted."""
        return self.algebraic + sp.log(SiteIntegral(self.exponent))

    @cached_property
    def symbols(self) -> list[sp.Symbol]:
        """The order parameters."""
        found = [s for s in self.annealed.symbols if self.annealed.algebraic.has(s)]
        return [*found, ALPHA, RESPONSE]

    @cached_property
    def residual(self) -> sp.Matrix:
        """The undamped fixed-point map minus the order parameters.

        As in `theory.free_energy.FreeEnergy.residual`; ``gamma`` and ``kappa`` cancel.
        """
        gradient = sp.Matrix([self.functional.diff(symbol) for symbol in self.symbols])
        metric = sp.hessian(self.algebraic, self.symbols)
        return (-metric.inv() * gradient).applyfunc(sp.expand)

    @cached_property
    def jacobian(self) -> sp.Matrix:
        """Derivatives of `residual` in the order parameters."""
        return self.residual.jacobian(self.symbols)

    @cached_property
    def complexity(self) -> sp.Expr:
        """Logarithm per unit of the number of fixed points that carry the weighted sum.

        ``Phi - (kappa - 1) (1/N) log|det F'|``, the weight being the same for almost all of them.
        """
        return self.functional + (1 - KAPPA) * self.log_determinant

    @cached_property
    def log_determinant(self) -> sp.Expr:
        """``log|det F'|`` per unit at the fixed points that carry the weighted sum."""
        return site_average(self.determinant.site, self.exponent) + self.determinant.algebraic

    @cached_property
    def mean_activity(self) -> sp.Expr:
        """Average of c over units and fixed points."""
        return site_average(self.annealed.functions["c"], self.exponent)
