r"""One step of replica symmetry breaking: blocks of replicas in the same state.

Different states are taken to be uncorrelated, as they are where a reflection of the model maps
every state to another one of the same weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import SiteIntegral, gaussian_average
from theory.replicas import ReplicaMatrix, ReplicaSymmetric, count

if TYPE_CHECKING:
    from collections.abc import Sequence

y = sp.Symbol("y", positive=True)
"""Replicas in one block, continued to numbers between 0 and 1 (Parisi's m)."""


class OneStep(ReplicaSymmetric):
    """Replicas in blocks of ``y``, overlapping inside a block only.

    Examples
    --------
    >>> q, Q = sp.symbols("q Q")
    >>> C = ReplicaMatrix(q, Q)
    >>> sp.factor(OneStep().contract(C, C))
    n*(Q**2*y - Q**2 + q**2)
    """

    name = "one step of replica symmetry breaking, uncorrelated states"
    block = y
    parameters = (y,)

    def contract(self, first: ReplicaMatrix, second: ReplicaMatrix) -> sp.Expr:
        """``sum_ab first_ab second_ab``, as a function of the number of replicas."""
        total = count * first.diagonal * second.diagonal
        if first.off is not None and second.off is not None:
            total += count * (y - 1) * first.off * second.off
        return total

    def weigh(
        self,
        average: sp.Expr,
        exponent: sp.Expr,
        fields: Sequence[sp.Symbol],
        covariance: sp.Matrix,
    ) -> sp.Expr:
        """Average over the fields, weighted by the other replicas of the block."""
        weight = SiteIntegral(exponent) ** y
        numerator = gaussian_average(sp.expand(average * weight), fields, covariance)
        return numerator / gaussian_average(weight, fields, covariance)
