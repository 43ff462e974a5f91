r"""The Gaussian average over the disorder of the replicated weight.

The exponent is multiplied out and its factors are grouped by the unit they belong to; what
stands next to each other on one unit, averaged over units, is an `Overlap`. No overlap is
named in advance: they are whatever the average produces.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import product as outer_product

import sympy as sp

from theory.ensembles import RandomNetwork, eta, sigma_h
from theory.expressions import X
from theory.values import Value

XH = sp.Symbol(r"xh", real=True)
"""The response field of one unit."""

beta = sp.Symbol("beta", positive=True)
N = sp.Symbol("N", integer=True, positive=True)
n = sp.Symbol("n", integer=True, positive=True)
i, j, k, l = sp.symbols("i j k l", integer=True)
r, s = sp.symbols("alpha nu", integer=True)
state, response = sp.IndexedBase("x", real=True), sp.IndexedBase("xh", real=True)
couplings, fields = sp.IndexedBase("J", real=True), sp.IndexedBase("h", real=True)


@dataclass(frozen=True)
class Overlap(Value):
    """``(1/N) sum_i left(x_i^a, xh_i^a) right(x_i^b, xh_i^b)``; one replica if right is 1.

    Parameters
    ----------
    left, right : sympy.Expr
        Functions of ``x`` and ``xh`` of one unit.
    """

    left: sp.Expr
    right: sp.Expr = sp.S.One

    @property
    def replicas(self) -> int:
        """1 or 2: the number of replicas that the overlap joins."""
        return 1 if self.right == 1 else 2

    @property
    def responses(self) -> int:
        """The number of response fields in the overlap."""
        return int(sp.degree(self.left * self.right, XH)) if self.has_response else 0

    @property
    def has_response(self) -> bool:
        """Whether a response field occurs."""
        return (self.left * self.right).has(XH)

    @property
    def transposed(self) -> Overlap:
        """The same overlap with the two replicas exchanged."""
        return Overlap(self.right, self.left)

    def at(self, first: sp.Expr, second: sp.Expr, size: int | sp.Expr = N) -> sp.Expr:
        """Write the overlap as a sum over units for two replica labels."""
        left, right = _on(self.left, i, first), _on(self.right, i, second)
        return sp.Sum(left * right, (i, 1, size)) / size


@dataclass(frozen=True)
class Pairing(Value):
    """A term ``N coefficient sum_ab first_ab second_ab`` of the averaged exponent.

    For overlaps of one replica the sum runs over ``a`` alone.
    """

    coefficient: sp.Expr
    first: Overlap
    second: Overlap

    @property
    def is_square(self) -> bool:
        """Whether both overlaps are the same order parameter."""
        return self.second in {self.first, self.first.transposed}


def _on(function: sp.Expr, site: sp.Expr, replica: sp.Expr) -> sp.Expr:
    return function.subs({X: state[site, replica], XH: response[site, replica]}, simultaneous=True)


@dataclass(frozen=True)
class DisorderAverage(Value):
    """Replicate the Boltzmann weight of a network and average it over couplings and fields.

    Parameters
    ----------
    network : RandomNetwork

    References
    ----------
    Qiu & Huang, arXiv 2401.10009, supplement: the replica calculation.

    Examples
    --------
    >>> average = DisorderAverage(RandomNetwork())
    >>> for pairing in average.pairings:
    ...     print(pairing.coefficient, pairing.first, pairing.second)
    -beta*g**2/2 Overlap(left=c(x), right=c(x)) Overlap(left=xh, right=xh)
    -beta*g**2*gamma/2 Overlap(left=c(x), right=xh) Overlap(left=xh, right=c(x))
    """

    network: RandomNetwork

    @cached_property
    def functions(self) -> dict[sp.Expr, sp.Expr]:
        """The model's functions: the opaque ``a(x)``, ``b(x)``, ``c(x)`` and what they stand for.

        They stay opaque in the derivation; only a function that is 1 is left out.
        """
        names = {"a": self.network.local, "b": self.network.gain, "c": self.network.transfer}
        opaque = {sp.Function(name, real=True)(X): value for name, value in names.items()}
        return {key: value for key, value in opaque.items() if value != 1}

    @cached_property
    def force(self) -> sp.Expr:
        """``F_i`` in replica ``a``, with the couplings still in it."""
        a, b, c = (sp.Function(name, real=True)(X) for name in "abc")
        local, gain, transfer = (key if key in self.functions else sp.S.One for key in (a, b, c))
        drive = sp.Sum(couplings[i, j] * _on(transfer, j, r), (j, 1, N))
        field = 0 if sigma_h in self.network.vanishing else fields[i]
        return _on(local, i, r) + _on(gain, i, r) * drive + field

    @cached_property
    def linearised(self) -> sp.Expr:
        """Summand of the exponent after ``exp(-beta F^2/2)`` is opened by a response field.

        ``exp(-beta F^2/2) = int dxh/sqrt(2 pi) exp(-xh^2/2 + i sqrt(beta) xh F)``.
        """
        xh = response[i, r]
        confinement = 0 if eta in self.network.vanishing else beta * eta * state[i, r] ** 2
        return -(xh**2) / 2 + sp.I * sp.sqrt(beta) * xh * self.force - confinement

    @cached_property
    def _opened(self) -> sp.Expr:
        """The summand with the sum over j opened: its part linear in J_ij, and the rest."""
        return sp.expand(self.linearised.replace(sp.Sum, lambda summand, _: summand))

    @cached_property
    def conjugate_to_coupling(self) -> sp.Expr:
        """What multiplies ``J_ij`` in replica ``a``."""
        return self._opened.coeff(couplings[i, j])

    @cached_property
    def local_terms(self) -> sp.Expr:
        """The part of one unit and one replica that has no disorder in it, in ``x`` and ``xh``."""
        rest = self._opened.subs({couplings[i, j]: 0, fields[i]: 0})
        return rest.xreplace({state[i, r]: X, response[i, r]: XH})

    @cached_property
    def averaged_terms(self) -> list[sp.Expr]:
        """Summands of the averaged exponent over i, j and replicas, from the first two cumulants.

        The average of ``exp(sum J A)`` is ``exp(mean sum A + 1/2 sum cov A A)``.
        """
        first = self.conjugate_to_coupling
        second = first.subs({i: k, j: l, r: s}, simultaneous=True)
        covariance = sp.expand(self.network.coupling_covariance((i, j), (k, l), N))
        terms = [self.network.coupling_mean(N).subs(self.network.vanishing) * first]
        for term in sp.Add.make_args(covariance):
            # each Kronecker delta removes one of the two sums over k and l
            deltas = term.atoms(sp.KroneckerDelta)
            contracted = {
                (b if b in (k, l) else a): (a if b in (k, l) else b)
                for a, b in (delta.args for delta in deltas)
            }
            factor = term.subs(dict.fromkeys(deltas, 1))
            terms.append(factor * first * second.subs(contracted, simultaneous=True) / 2)
        field = self._opened.coeff(fields[i])
        variance = (sigma_h**2).subs(self.network.vanishing)
        terms.append(variance * field * field.subs(r, s) / 2)
        return [sp.powdenest(term) for term in terms if term != 0]

    @cached_property
    def grouped(self) -> tuple[list[Pairing], list[tuple[sp.Expr, Overlap]]]:
        """Group the factors of every averaged term by unit: pairings and single overlaps."""
        pairings: list[Pairing] = []
        singles: list[tuple[sp.Expr, Overlap]] = []
        for term in self.averaged_terms:
            by_site: dict[sp.Expr, dict[sp.Expr, sp.Expr]] = {}
            coefficient = sp.S.One
            for factor in sp.Mul.make_args(term):
                indexed = sorted(factor.atoms(sp.Indexed), key=str)
                if not indexed:
                    coefficient *= factor
                    continue
                site, replica = indexed[0].indices
                bare = factor.replace(
                    lambda e: isinstance(e, sp.Indexed),
                    lambda e: X if e.base == state else XH,
                )
                group = by_site.setdefault(site, {})
                group[replica] = group.get(replica, sp.S.One) * bare
            overlaps = [
                Overlap(group.get(r, sp.S.One), group.get(s, sp.S.One))
                if r in group
                else Overlap(group[s])
                for _, group in sorted(by_site.items(), key=str)
            ]
            coefficient *= N ** (len(overlaps) - 1)
            if len(overlaps) == 1:
                singles.append((coefficient, overlaps[0]))
            else:
                # fewer response fields first: that one keeps its name, the other is eliminated
                first, second = sorted(overlaps, key=lambda o: (o.responses, str(o)))
                pairings.append(Pairing(coefficient, first, second))
        return pairings, singles

    @property
    def pairings(self) -> list[Pairing]:
        """Products of two overlaps, one term each; the coefficient is per unit."""
        return self.grouped[0]

    @property
    def singles(self) -> list[tuple[sp.Expr, Overlap]]:
        """Terms linear in one overlap, from the random fields; the coefficient is per unit."""
        return self.grouped[1]

    def exponent_at(self, size: int, replicas: int) -> sp.Expr:
        """The averaged exponent written out for explicit numbers of units and replicas.

        Parameters
        ----------
        size : int
            N.
        replicas : int
            n.

        Returns
        -------
        sympy.Expr
            In the indexed ``x[i, a]`` and ``xh[i, a]``, with the model's own functions; the
            response-field integral carries ``(2 pi)^(-n N/2)``.

        Examples
        --------
        >>> DisorderAverage(RandomNetwork(local=-X)).exponent_at(1, 1).has(state[1, 1])
        True
        """
        labels = range(1, replicas + 1)
        total = sp.Add(
            *(_on(self.local_terms, site, a) for site in range(1, size + 1) for a in labels)
        )
        for pairing in self.pairings:
            for a, b in _pairs(labels, pairing.first.replicas):
                total += (
                    size
                    * pairing.coefficient
                    * pairing.first.at(a, b, size).doit()
                    * pairing.second.at(a, b, size).doit()
                )
        for coefficient, overlap in self.singles:
            for a, b in _pairs(labels, overlap.replicas):
                total += size * coefficient * overlap.at(a, b, size).doit()
        for opaque, value in self.functions.items():
            total = total.replace(opaque.func, sp.Lambda(X, value))
        return total


def _pairs(labels: range, replicas: int) -> list[tuple[int, int]]:
    return list(outer_product(labels, labels)) if replicas == 2 else [(a, a) for a in labels]
