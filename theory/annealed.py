"""The annealed average: one replica of the weight, averaged over the disorder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.replicas import ReplicaMatrix, ReplicaSymmetric, count

if TYPE_CHECKING:
    from collections.abc import Sequence


class Annealed(ReplicaSymmetric):
    """A single replica, as an ansatz for `theory.replicas.ReplicatedSaddle`.

    ``log E Z`` in the place of ``E log Z``: there are no matrices and nothing goes to 0. Random
    fields are averaged along with the couplings.

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> from theory.free_energy import FreeEnergy
    >>> functional = FreeEnergy(RandomNetwork(), Annealed())
    >>> functional.algebraic
    -g**2*gamma*rho**2/2 - q*q_hat
    >>> functional.exponent
    c**2*q_hat - f**2/(2*s) - log(s)/2
    """

    name = "annealed"

    def matrix(self, names: Sequence[str], conjugate: bool = False) -> ReplicaMatrix:
        """Make a number: the entry of the one replica."""
        return ReplicaMatrix(sp.Symbol(names[0] + ("_hat" if conjugate else ""), real=True))

    def contract(self, first: ReplicaMatrix, second: ReplicaMatrix) -> sp.Expr:
        """Multiply the entries of the one replica."""
        return first.diagonal * second.diagonal

    def split(self, matrix: ReplicaMatrix) -> tuple[sp.Expr, sp.Expr]:
        """All of a matrix is the replica's own: there are no fields in common."""
        return matrix.diagonal, sp.S.Zero

    def limit(self, exponent: sp.Expr) -> sp.Expr:
        """Put the number of replicas to 1."""
        return exponent.subs(count, 1)
