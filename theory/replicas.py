r"""From overlaps to order parameters: linearisation, the replica ansatz, and n -> 0.

Every product of two overlaps is opened at its stationary point,
``X Y = ext (X0 Y + Y0 X - X0 Y0)``; ``X0`` and ``Y0`` are the order parameters. An ansatz says
what the replica matrices look like and does the replica sums.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain
from itertools import count as naturals
from typing import TYPE_CHECKING, ClassVar

import sympy as sp

from theory.averages import SiteIntegral, gaussian_average
from theory.disorder import XH, DisorderAverage, Overlap, beta
from theory.ensembles import T
from theory.expressions import X
from theory.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence

count = sp.Symbol("n", real=True)
"""The number of replicas, continued to real numbers."""

# by the number of replicas and of response fields: (diagonal, off-diagonal) names
_NAMES = {(2, 0): ("q", "Q"), (2, 1): ("rho", "P"), (1, 0): ("m",), (2, 2): ("u", "U")}


@dataclass(frozen=True)
class OrderParameter(Value):
    """One number of the ansatz.

    Parameters
    ----------
    symbol : sympy.Symbol
    meaning : str
        One line for the reader.
    scale : sympy.Expr
        Its natural size in terms of other order parameters, by which residuals are judged.
    replicas : int
        The number of replicas that it joins.
    """

    symbol: sp.Symbol
    meaning: str
    scale: sp.Expr
    replicas: int


@dataclass(frozen=True)
class ReplicaMatrix(Value):
    """A replica-symmetric matrix ``diagonal`` on and ``off`` off the diagonal, or a vector."""

    diagonal: sp.Expr
    off: sp.Expr | None = None

    def __rmul__(self, factor: sp.Expr) -> ReplicaMatrix:
        return ReplicaMatrix(
            factor * self.diagonal, None if self.off is None else factor * self.off
        )


@dataclass(frozen=True)
class ReplicaSymmetric(Value):
    """All replicas equivalent: the algebra of matrices with two values.

    Another ansatz offers the same.

    Examples
    --------
    >>> q, Q = sp.symbols("q Q")
    >>> C = ReplicaMatrix(q, Q)
    >>> ReplicaSymmetric().contract(C, C)
    Q**2*n*(n - 1) + n*q**2
    >>> ReplicaSymmetric().split(C)
    (-Q + q, Q)
    """

    name = "replica symmetric"
    block: ClassVar[sp.Symbol] = count
    """How many replicas see the same fields."""
    parameters: ClassVar[tuple[sp.Symbol, ...]] = ()
    """Numbers of the ansatz itself."""

    def matrix(self, names: tuple[str, ...], conjugate: bool = False) -> ReplicaMatrix:
        """Make a matrix (two names) or vector (one) of symbols.

        A conjugate matrix carries 1/2 off the diagonal, where every pair is counted twice.
        """
        symbols = _real(names, "_hat" if conjugate else "")
        if len(symbols) == 1:
            return ReplicaMatrix(symbols[0])
        return ReplicaMatrix(symbols[0], symbols[1] / 2 if conjugate else symbols[1])

    def contract(self, first: ReplicaMatrix, second: ReplicaMatrix) -> sp.Expr:
        """``sum_ab first_ab second_ab``, as a function of the number of replicas."""
        total = count * first.diagonal * second.diagonal
        if first.off is not None and second.off is not None:
            total += count * (count - 1) * first.off * second.off
        return total

    def split(self, matrix: ReplicaMatrix) -> tuple[sp.Expr, sp.Expr]:
        """Coefficients of ``sum_ab M_ab u_a v_b = own sum_a u_a v_a + joint (sum u)(sum v)``."""
        if matrix.off is None:
            return matrix.diagonal, sp.S.Zero
        return matrix.diagonal - matrix.off, matrix.off

    def limit(self, exponent: sp.Expr) -> sp.Expr:
        """``lim (1/n) exponent`` for n -> 0, of an exponent that vanishes at n = 0."""
        assert sp.simplify(exponent.subs(count, 0)) == 0
        return exponent.diff(count).subs(count, 0)

    def weigh(
        self,
        average: sp.Expr,
        _exponent: sp.Expr,
        fields: Sequence[sp.Symbol],
        covariance: sp.Matrix,
    ) -> sp.Expr:
        """Average over the fields of what is averaged over one unit already."""
        return gaussian_average(average, fields, covariance)


@dataclass(frozen=True)
class ReplicatedSaddle(Value):
    """The saddle point of the averaged replicated weight in a given ansatz.

    Parameters
    ----------
    average : DisorderAverage
    ansatz : ReplicaSymmetric

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> saddle = ReplicatedSaddle(DisorderAverage(RandomNetwork()))
    >>> saddle.algebraic
    P**2*g**2*gamma/2 + Q*Q_hat/2 - g**2*gamma*rho**2/2 - q*q_hat
    """

    average: DisorderAverage
    ansatz: ReplicaSymmetric = field(default_factory=ReplicaSymmetric)

    @cached_property
    def _constants(self) -> dict[sp.Expr, sp.Expr]:
        """Functions of the model that turn out to be numbers."""
        functions = self.average.functions
        return {key: value for key, value in functions.items() if X not in value.free_symbols}

    @cached_property
    def _linearised(self) -> tuple[list, sp.Expr, list]:
        """Order parameters, replicated algebraic part, and one-unit terms (matrix, overlap).

        A response field is scaled by ``-i sqrt(T)``: the rescaled order parameters are regular
        at T = 0.
        """
        found: list[OrderParameter] = []
        algebraic, terms = sp.S.Zero, []
        diagonal: dict[sp.Expr, sp.Expr] = {}
        widths: dict[sp.Expr, sp.Expr] = {}
        used: Counter[tuple[int, int]] = Counter()
        for pairing in sorted(self.average.pairings, key=lambda p: -p.first.replicas):
            overlap, other, kappa = pairing.first, pairing.second, pairing.coefficient
            kind = overlap.replicas, overlap.responses
            used[kind] += 1
            ending = f"_{used[kind]}" if used[kind] > 1 else ""
            names = tuple(name + ending for name in _NAMES[kind])
            own = self.ansatz.matrix(names)
            unit = (-sp.I * sp.sqrt(T)) ** overlap.responses
            if pairing.is_square:
                kappa = _in_temperature(kappa * unit)
                algebraic -= self.ansatz.contract(_in_temperature(kappa * unit) * own, own)
                terms.append(((2 * kappa) * own, other))
                # a response may vanish: a small share of its Cauchy-Schwarz bound is the floor
                response, function = sorted(
                    (overlap.left, overlap.right), key=lambda side: not side.has(XH)
                )
                bound = diagonal[function] / widths.get(response, T)
                size = sp.Abs(own.diagonal) + sp.sqrt(bound) / 1000
                scales = [size] * len(names)
            else:
                conjugate = self.ansatz.matrix(names, conjugate=True)
                algebraic -= self.ansatz.contract(own, conjugate)
                terms.append((_in_temperature(kappa * unit) * own, other))
                terms.append((conjugate, overlap))
                if overlap.left == overlap.right:
                    diagonal[overlap.left] = own.diagonal
                    # typical inverse variance of the response field, in units of T
                    own_part = self.ansatz.split(own)[0]
                    widths[other.left] = T - 2 * T * _in_temperature(kappa) * own_part
                size = own.diagonal if overlap.replicas == 2 else sp.sqrt(diagonal[overlap.left])
                scales = [size] * len(names)
                found += [
                    OrderParameter(symbol, f"conjugate of {name}", 1 / s, overlap.replicas)
                    for symbol, name, s in zip(_real(names, "_hat"), names, scales, strict=True)
                ]
            found += [
                OrderParameter(symbol, _meaning(overlap, place), s, overlap.replicas)
                for symbol, s, place in zip(_real(names), scales, ("diagonal", "off"), strict=False)
            ]
        for coefficient, overlap in self.average.singles:
            ones = ReplicaMatrix(sp.S.One, sp.S.One)
            terms.append((_in_temperature(coefficient) * ones, overlap))
        return found, algebraic, terms

    @property
    def order_parameters(self) -> list[OrderParameter]:
        """The order parameters of the ansatz, overlaps before conjugates."""
        return sorted(self._linearised[0], key=lambda p: str(p.symbol).endswith("_hat"))

    @cached_property
    def algebraic(self) -> sp.Expr:
        """The part of the functional without the one-unit problem, for n -> 0."""
        return sp.expand(self.ansatz.limit(self._linearised[1]))

    @cached_property
    def replicated_algebraic(self) -> sp.Expr:
        """The algebraic part for n replicas."""
        return self._linearised[1]

    @property
    def one_unit_terms(self) -> list[tuple[ReplicaMatrix, Overlap]]:
        """Terms of the exponent of one unit: a matrix over replicas for every overlap."""
        return self._linearised[2]

    @cached_property
    def _collective(self) -> tuple[list[sp.Expr], sp.Matrix]:
        """Distinct sources summed over replicas, and the quadratic form of their sums."""
        sources: list[sp.Expr] = []
        entries: dict[tuple[int, int], sp.Expr] = {}
        for matrix, overlap in self.one_unit_terms:
            joint = self.ansatz.split(matrix)[1]
            if joint == 0:
                continue
            places = []
            for function in (overlap.left, overlap.right):
                bare = function.subs(self._constants)
                for place, known in enumerate(sources):
                    ratio = sp.cancel(bare / known.subs(self._constants))
                    if not ratio.free_symbols & {X, XH} and not ratio.atoms(sp.Function):
                        places.append((place, ratio))
                        break
                else:
                    sources.append(function)
                    places.append((len(sources) - 1, sp.S.One))
            (first, one), (second, two) = places
            # S^T Gamma S / 2 with a symmetric Gamma
            for pair in ((first, second), (second, first)):
                entries[pair] = entries.get(pair, 0) + joint * one * two
        form = sp.Matrix(len(sources), len(sources), lambda p, q: entries.get((p, q), 0))
        return sources, form

    @cached_property
    def fields(self) -> list[sp.Symbol]:
        """One Gaussian field per independent source."""
        names = {"xh*b(x)": "zeta", "xh": "zeta", "c(x)": "w"}
        symbols: list[sp.Symbol] = []
        for source in self._collective[0]:
            taken = {str(symbol) for symbol in symbols}
            numbered = (f"h_{number}" for number in naturals(2))
            wanted = chain([names.get(str(source), "h"), "h"], numbered)
            name = next(name for name in wanted if name not in taken)
            symbols.append(sp.Symbol(name, real=True))
        return symbols

    @cached_property
    def _units(self) -> list[sp.Expr]:
        """A field that drives a response field enters as ``i sqrt(beta) field xh``."""
        return [
            (sp.I / sp.sqrt(T)) ** (1 if source.has(XH) else 0) for source in self._collective[0]
        ]

    @cached_property
    def covariance(self) -> sp.Matrix:
        """Covariance of the fields: squares of replica sums opened by a Gaussian average."""
        form, units = self._collective[1], self._units
        size = len(units)
        return sp.Matrix(
            size, size, lambda p, q: sp.expand(_in_temperature(form[p, q] / (units[p] * units[q])))
        )

    @cached_property
    def one_replica_exponent(self) -> sp.Expr:
        """Exponent of one unit in one replica at fixed fields, a polynomial of degree 2 in xh."""
        total = self.average.local_terms
        for matrix, overlap in self.one_unit_terms:
            total += self.ansatz.split(matrix)[0] * overlap.left * overlap.right
        for source, unit, symbol in zip(self._collective[0], self._units, self.fields, strict=True):
            total += unit * symbol * source
        return sp.expand(_in_temperature(total.subs(self._constants)))

    def functional(self, exponent: sp.Expr) -> sp.Expr:
        """``Phi = lim (1/nN) log E Z^n`` for the exponent of one unit after the xh integral."""
        block = self.ansatz.block
        averaged = gaussian_average(SiteIntegral(exponent) ** block, self.fields, self.covariance)
        return self.algebraic + self.ansatz.limit(count / block * sp.log(averaged))


def _real(names: tuple[str, ...], ending: str = "") -> list[sp.Symbol]:
    return [sp.Symbol(name + ending, real=True) for name in names]


def _in_temperature(expression: sp.Expr) -> sp.Expr:
    return sp.powdenest(sp.expand(sp.expand(expression).subs(beta, 1 / T)), force=True)


def _meaning(overlap: Overlap, place: str) -> str:
    kind = {0: "activity", 1: "response"}.get(overlap.responses, "response")
    if overlap.replicas == 1:
        return "mean activity E<c>"
    return f"{kind} overlap " + (
        "of a replica with itself" if place == "diagonal" else "of two replicas"
    )
