"""States of a system: indexed units of a network of any size, or a few named variables.

Both forms offer the same three operations, squared norm, gradient and Jacobian, so that everything
built on them is written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from theory.expressions import X
from theory.indices import contract_deltas, expand_sums, name_elements, substitute_index
from theory.smoothness import check_continuous, regular_part
from theory.values import Value

if TYPE_CHECKING:
    from theory.dynamics import Dynamics
    from theory.ensembles import RandomNetwork

N = sp.Symbol("N", integer=True, positive=True)
"""Number of units."""
i, j, k, l = sp.symbols("i j k l", integer=True)
x, v, h, J = (sp.IndexedBase(name, real=True) for name in "xvhJ")
_PUSH = sp.IndexedBase("push", real=True)
"""States, a direction, constant fields and couplings; ``J[i, j]`` acts from j on i."""

_WHY = "the energy jumps with it and has no gradient; solving does not need one"


@dataclass(frozen=True)
class NetworkForm(Value):
    """A random network with given couplings: vectors have the free index k, matrices k and l."""

    system: RandomNetwork

    @cached_property
    def states(self) -> sp.Expr:
        """The state of unit k."""
        return x[k]

    @cached_property
    def drift(self) -> sp.Expr:
        """The drift of unit k."""
        return self._drift_at(self._drive)

    @cached_property
    def _drive(self) -> sp.Expr:
        """What the other units give to unit k, which its gain multiplies."""
        return sp.Sum(J[k, j] * self.system.transfer.subs(X, x[j]), (j, 1, N))

    def _drift_at(self, drive: sp.Expr) -> sp.Expr:
        local, gain = (function.subs(X, x[k]) for function in (self.system.local, self.system.gain))
        return local + gain * drive + (h[k] if self.system.field_std else 0)

    @cached_property
    def drive_gradient(self) -> sp.Expr:
        """Derivative of half the squared drift in the drive of unit k, at fixed states."""
        pushed = self.squared_norm(self._drift_at(self._drive + _PUSH[k])) / 2
        slope = contract_deltas(pushed.diff(_PUSH[k]))
        return slope.subs(_PUSH[k], 0)

    def squared_norm(self, vector: sp.Expr) -> sp.Expr:
        """Sum of the squared components."""
        return sp.Sum(substitute_index(vector, k, i) ** 2, (i, 1, N))

    def gradient(self, scalar: sp.Expr) -> sp.Expr:
        """Differentiate with respect to the state of unit k."""
        # common factors may end up within the sums, and the second contraction takes them out
        slope = contract_deltas(regular_part(scalar.diff(x[k])))
        return contract_deltas(sp.factor_terms(slope))

    def jacobian(self, vector: sp.Expr) -> sp.Expr:
        """Differentiate component k with respect to the state of unit l."""
        return contract_deltas(regular_part(vector.diff(x[l])))

    def transpose(self, matrix: sp.Expr) -> sp.Expr:
        """Exchange the two indices."""
        return matrix.subs({k: l, l: k}, simultaneous=True)

    def explicit(self, expression: sp.Expr, size: int, *places: int) -> sp.Expr:
        """Write an expression out for ``size`` units, with k and l at the given places."""
        expression = expression.subs(dict(zip((k, l), places, strict=False)))
        return name_elements(expand_sums(expression, {N: size}))

    def check_continuous(self) -> None:
        """Refuse derivatives of a drift that jumps; kinks are no hindrance."""
        for name in ("local", "gain", "transfer"):
            check_continuous(getattr(self.system, name), name, _WHY)


@dataclass(frozen=True)
class ExplicitForm(Value):
    """A few named variables: vectors are columns and matrices are matrices."""

    system: Dynamics

    @cached_property
    def states(self) -> sp.Matrix:
        """The variables."""
        return sp.ImmutableMatrix(self.system.variables)

    @cached_property
    def drift(self) -> sp.Matrix:
        """The right-hand sides."""
        return sp.ImmutableMatrix(self.system.drift)

    def squared_norm(self, vector: sp.Matrix) -> sp.Expr:
        """Sum of the squared components."""
        return sp.Add(*(component**2 for component in vector))

    def gradient(self, scalar: sp.Expr) -> sp.Matrix:
        """Column of the derivatives with respect to the variables."""
        return self.jacobian(sp.ImmutableMatrix([scalar])).T.applyfunc(sp.factor_terms)

    def jacobian(self, vector: sp.Matrix) -> sp.Matrix:
        """Differentiate each component with respect to each variable."""
        # derivatives of Abs are simple for real variables only
        real = {variable: sp.Dummy(real=True) for variable in self.system.variables}
        slopes = vector.xreplace(real).jacobian(list(real.values())).applyfunc(regular_part)
        return slopes.xreplace({dummy: variable for variable, dummy in real.items()})

    def transpose(self, matrix: sp.Matrix) -> sp.Matrix:
        """Exchange rows and columns."""
        return matrix.T

    def check_continuous(self) -> None:
        """Refuse derivatives of a drift that jumps; kinks are no hindrance."""
        for variable, part in zip(self.system.variables, self.system.drift, strict=True):
            check_continuous(part, f"d{variable}/dt =", _WHY, self.system.variables)
