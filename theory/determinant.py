r"""The logarithm of the determinant of a large random matrix with reciprocal entries.

For ``M = diag(X) + diag(B) J diag(C)`` with the couplings ``J`` of a `RandomNetwork`,

    (1/N) E log|det M| = ext over alpha, R of
        < log((X + v gamma R B C)^2 + (alpha B C)^2) >/2 - alpha^2/(2 v) + v gamma R^2/2

where ``v/N`` is the variance of an entry and ``v gamma/N`` its covariance with the reciprocal one.
At the extremum ``R = -(1/N) tr B C M^(-1)``, a response; ``alpha`` is 0 where ``M`` has no
eigenvalues close to 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import Abbreviation, written_out
from theory.expressions import X
from theory.values import Value

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork

ALPHA = sp.Symbol("alpha", real=True)
"""Density of small singular values of the Jacobian; 0 where there are none."""

RESPONSE = sp.Symbol("R", real=True)
"""Response of the activity to fields, from the resolvent of the Jacobian."""


@dataclass(frozen=True)
class LogDeterminant(Value):
    """Functional of ``(1/N) E log|det(diag(X) + diag(B) J diag(C))|`` for large N.

    Parameters
    ----------
    network : RandomNetwork
        For the covariance of its couplings; their mean is of finite rank and does not count.
    diagonal : sympy.Expr
        ``X`` of one unit.
    coupling : sympy.Expr
        ``B C`` of one unit; only the product enters.

    Notes
    -----
    The equations for ``alpha`` and ``R`` are the self-consistent equations of the resolvent of
    the hermitised matrix ``[[0, M], [M^T, 0]]``; planar diagrams give its self-energy, which is
    diagonal in the units because the covariance of the couplings is a sum of two products of
    Kronecker deltas. The functional is the one whose stationarity these equations are, and that
    is ``<log|X|>`` at v = 0.

    References
    ----------
    H. J. Sommers, A. Crisanti, H. Sompolinsky and Y. Stein, Phys. Rev. Lett. 60, 1895 (1988):
    X = 1, B = C = 1. Y. Ahmadian, F. Fumarola and K. D. Miller, Phys. Rev. E 91, 012820 (2015):
    diagonal factors, gamma = 0. A. Kuczala and T. O. Sharpee, Phys. Rev. E 94, 050101 (2016):
    reciprocal correlations.

    Examples
    --------
    The determinant of ``1 - J`` with independent couplings, g > 1: ``log g - 1/2 + 1/(2 g^2)``.

    >>> from theory.averages import written_out
    >>> from theory.ensembles import RandomNetwork, g, gamma
    >>> determinant = LogDeterminant(RandomNetwork(), sp.Integer(1), sp.Integer(1))
    >>> value = written_out(determinant.site + determinant.algebraic).subs(gamma, 0)
    >>> (stationary,) = [a for a in sp.solve(value.diff(ALPHA), ALPHA) if a.subs(g, 2) > 0]
    >>> sp.expand_log(sp.expand(value.subs(ALPHA, stationary)).subs(g, 2), force=True)
    -3/8 + log(2)
    """

    network: RandomNetwork
    diagonal: sp.Expr
    coupling: sp.Expr

    @cached_property
    def variances(self) -> tuple[sp.Expr, sp.Expr]:
        """``N`` times the variance of a coupling, and its covariance with the reciprocal one."""
        N = sp.Symbol("N", positive=True)
        one, two = (1, 2), (2, 1)
        covariance = self.network.coupling_covariance
        return sp.expand(N * covariance(one, one, N)), sp.expand(N * covariance(one, two, N))

    @property
    def screened(self) -> sp.Expr:
        """The diagonal of one unit with the reaction of the others."""
        return self.diagonal + self.variances[1] * RESPONSE * self.coupling

    @cached_property
    def square(self) -> sp.Expr:
        """The factor of one unit in ``det M M^T``."""
        return Abbreviation("Delta", self.screened**2 + (ALPHA * self.coupling) ** 2)

    @property
    def site(self) -> sp.Expr:
        """The part that is averaged over units."""
        return sp.log(self.square) / 2

    @property
    def algebraic(self) -> sp.Expr:
        """The part without an average."""
        variance, reciprocal = self.variances
        return -(ALPHA**2) / (2 * variance) + reciprocal * RESPONSE**2 / 2

    def at(self, state: sp.Expr) -> sp.Expr:
        """The functional with all units in one state and alpha = 0, as a function of R."""
        site = written_out(self.site).subs(ALPHA, 0).subs(X, state)
        return site + self.algebraic.subs(ALPHA, 0)
