r"""Stability against replicas becoming inequivalent: the replicon sector of the saddle point.

A replicon changes the replica matrices by ``epsilon_p eta_ab`` with ``eta_aa = 0`` and
``sum_b eta_ab = 0``, symmetric or antisymmetric. All such changes of one kind are equivalent, and
the action to second order is a quadratic form in the amplitudes ``epsilon_p`` alone. It comes from
the linearisation that gives the functional, with the changes in the place of the matrices.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import Abbreviation, collect_gaussian, gaussian_average, site_average
from theory.disorder import XH
from theory.ensembles import PARAMETERS, T
from theory.expressions import X
from theory.replicas import ReplicaMatrix, ReplicaSymmetric, ReplicatedSaddle

if TYPE_CHECKING:
    from theory.disorder import Overlap
    from theory.free_energy import FreeEnergy


@dataclass(frozen=True)
class Replicon(ReplicaSymmetric):
    """Changes of replica matrices without row sums, as an ansatz for `ReplicatedSaddle`.

    Per ``sum_ab eta_ab^2`` the contraction of two changes is the product of their amplitudes,
    with a minus sign for antisymmetric changes where one of the matrices is transposed.

    Parameters
    ----------
    antisymmetric : bool

    Examples
    --------
    >>> Replicon().matrix(("q", "Q"))
    ReplicaMatrix(diagonal=0, off=epsilon_q)
    """

    name = "replicon"

    antisymmetric: bool = field(default=False, kw_only=True)

    @property
    def sign(self) -> int:
        """What a change is multiplied by when it is transposed."""
        return -1 if self.antisymmetric else 1

    def matrix(self, names: tuple[str, ...], conjugate: bool = False) -> ReplicaMatrix:
        """Give a matrix its amplitude; vectors over replicas do not change."""
        symbol = sp.Symbol("epsilon_" + names[0] + ("_hat" if conjugate else ""), real=True)
        return ReplicaMatrix(sp.S.Zero, symbol if len(names) > 1 else sp.S.Zero)

    def contract(self, first: ReplicaMatrix, second: ReplicaMatrix) -> sp.Expr:
        """Contract ``sum_ab first_ab second_ba`` per ``sum_ab eta_ab^2``."""
        return self.sign * _off(first) * _off(second)


def replicon_matrix(free_energy: FreeEnergy, *, antisymmetric: bool = False) -> sp.Matrix:
    """Linearised saddle-point map in the replicon sector, taken from the identity.

    Parameters
    ----------
    free_energy : FreeEnergy
        Replica symmetric.
    antisymmetric : bool, optional
        For antisymmetric changes, which only the overlap with a response field admits.

    Returns
    -------
    sympy.Matrix
        ``1 - K`` with ``K`` the derivative of the map; the amplitudes are in the order of the
        order parameters. Replica symmetry is stable where all eigenvalues have a positive real
        part; where one passes 0 a solution with inequivalent replicas branches off.

    References
    ----------
    J. R. L. de Almeida and D. J. Thouless, J. Phys. A 11, 983 (1978): the replicon.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> free_energy = replica_symmetric(RandomNetwork()).symmetric
    >>> replicon_matrix(free_energy).shape, replicon_matrix(free_energy, antisymmetric=True).shape
    ((3, 3), (1, 1))
    """
    ansatz = Replicon(antisymmetric=antisymmetric)
    saddle = ReplicatedSaddle(free_energy.average, ansatz)
    algebraic = saddle.replicated_algebraic
    changes = [(_off(matrix), overlap) for matrix, overlap in saddle.one_unit_terms]
    amplitudes = sorted(algebraic.free_symbols - set(PARAMETERS), key=str)
    if antisymmetric:
        # overlaps of a function with itself are symmetric
        amplitudes = [symbol for symbol in amplitudes if algebraic.diff(symbol, 2) != 0]
    metric = sp.hessian(algebraic, amplitudes)
    curvature = sp.zeros(len(amplitudes))
    for one, first in changes:
        for two, second in changes:
            weights = sp.Matrix(amplitudes).applyfunc(one.diff) * sp.Matrix([amplitudes]).applyfunc(
                two.diff
            )
            if not weights.is_zero_matrix:
                curvature += weights * _fluctuation(free_energy, first, second, ansatz.sign)
    identity = sp.eye(len(amplitudes))
    change = (metric.inv() * curvature).applyfunc(lambda e: collect_gaussian(sp.expand(e)))
    return identity + change


def _off(matrix: ReplicaMatrix) -> sp.Expr:
    """Element off the diagonal; vectors over replicas have none and do not change."""
    return sp.S.Zero if matrix.off is None else matrix.off


def _fluctuation(free_energy: FreeEnergy, first: Overlap, second: Overlap, sign: int) -> sp.Expr:
    """Correlation of two overlaps of different replicas, as the replicon sees it.

    Because the rows of eta sum to zero, only connected averages remain, of the functions in the
    one replica times those in the other.
    """
    (a, b), (c, d) = (
        [_in_terms_of(free_energy, side) for side in (overlap.left, overlap.right)]
        for overlap in (first, second)
    )
    exponent = free_energy.exponent

    def connected(one: sp.Expr, two: sp.Expr) -> sp.Expr:
        averages = [_averaged(part, exponent) for part in (one * two, one, two)]
        if free_energy.reduced and free_energy.reduction.covariance_vanishes:
            averages = [free_energy.reduction.without_odd(average) for average in averages]
        return averages[0] - averages[1] * averages[2]

    both = connected(a, c) * connected(b, d) + sign * connected(a, d) * connected(b, c)
    return gaussian_average(sp.expand(both), free_energy.fields, free_energy.covariance)


def _in_terms_of(free_energy: FreeEnergy, function: sp.Expr) -> sp.Expr:
    """Write a function of a unit in the abbreviations of the one-unit weight."""
    functions = free_energy.functions
    known = {
        key: functions[str(key.func)] if X in value.free_symbols else value
        for key, value in free_energy.average.functions.items()
    }
    return function.xreplace(known)


def _averaged(function: sp.Expr, exponent: sp.Expr) -> sp.Expr:
    """Average over a unit's response field, which is Gaussian at fixed x, and then over x."""
    names = {str(a): a for a in exponent.atoms(Abbreviation)}
    s, f = names["s"], names["f"]
    mean, variance = sp.I * sp.sqrt(T) * f / s, T / s
    polynomial = sp.Poly(function, XH)
    moments = (1, mean, variance + mean**2)
    total = sp.Add(*(polynomial.coeff_monomial(XH**k) * m for k, m in enumerate(moments)))
    return site_average(total, exponent)
