r"""The free-energy functional of a network, its stationarity equations and Newton matrix.

Everything here is a derivative of one expression: an algebraic quadratic form plus
``GaussianAverage(log SiteIntegral(exp H))``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import (
    Abbreviation,
    GaussianAverage,
    collect_gaussian,
    gaussian_average,
    site_average,
)
from theory.disorder import XH, DisorderAverage
from theory.ensembles import PARAMETERS, RandomNetwork, T, check_network
from theory.expressions import X, kinks
from theory.narrow_features import narrow_features
from theory.rendering import Equations, latex
from theory.replicas import OrderParameter, ReplicaSymmetric, ReplicatedSaddle
from theory.symmetry import Reduction, find_reduction
from theory.values import Value

if TYPE_CHECKING:
    from theory.derivation import Derivation


@dataclass(frozen=True)
class FreeEnergy(Value):
    """The replicated free energy per unit of a `RandomNetwork` in a replica ansatz.

    All properties are derived on first use. ``g``, ``gamma`` and ``T`` stay symbols, as do those
    of ``mu``, ``sigma_h`` and ``eta`` that are not zero in the network.

    Parameters
    ----------
    network : RandomNetwork
    ansatz : ReplicaSymmetric
    reduced : bool
        Use the model's symmetry, if it has one, to remove the order parameters that vanish on
        the symmetric branch. Inside averages ``x`` is then counted from `origin`.

    Examples
    --------
    >>> free_energy = FreeEnergy(RandomNetwork(transfer="tanh(x)"))
    >>> free_energy.fixed_point[free_energy.symbols[0]]
    E[<c**2>]
    """

    network: RandomNetwork
    ansatz: ReplicaSymmetric = field(default_factory=ReplicaSymmetric)
    reduced: bool = False

    @property
    def key(self) -> str:
        """Text that identifies the functional: model functions, vanishing numbers, ansatz."""
        network = self.network
        functions = [sp.srepr(e) for e in (network.local, network.gain, network.transfer)]
        vanishing = sorted(map(str, network.vanishing))
        return f"{self.ansatz.name}; {functions}; zero: {vanishing}; reduced: {self.reduced}"

    @cached_property
    def average(self) -> DisorderAverage:
        """The disorder average of the replicated weight."""
        return DisorderAverage(self.network)

    @cached_property
    def saddle(self) -> ReplicatedSaddle:
        """The saddle point in the ansatz."""
        return ReplicatedSaddle(self.average, self.ansatz)

    @cached_property
    def origin(self) -> sp.Expr:
        """The state from which ``x`` is counted: the centre of the reflection, else 0."""
        return self.reduction.centre if self.reduced else sp.S.Zero

    @cached_property
    def functions(self) -> dict[str, sp.Expr]:
        """The model's functions as abbreviations, by name: a, b, c (without those that are 1)."""
        return {
            str(opaque.func): Abbreviation(str(opaque.func), value.subs(X, X + self.origin))
            for opaque, value in self.average.functions.items()
        }

    @cached_property
    def _unreduced_exponent(self) -> sp.Expr:
        """``H(x)`` after the Gaussian integral over the response field.

        ``int dxh/sqrt(2 pi) exp(-A xh^2/2 + B xh + C) = A^(-1/2) exp(B^2/(2A) + C)``, written
        with ``s = T A`` and ``f = B sqrt(T)/i``, which stay finite as T -> 0; the constant
        factor ``T^(1/2)`` is left to `constant`.
        """
        opaque = {key: self.functions[str(key.func)] for key in self.average.functions}
        exponent = self.saddle.one_replica_exponent.xreplace({X: X + self.origin, **opaque})
        polynomial = sp.Poly(exponent, XH)
        second, first, zeroth = (polynomial.coeff_monomial(XH**power) for power in (2, 1, 0))
        b, c = self.functions.get("b", sp.S.One), self.functions["c"]

        def tidy(expression: sp.Expr) -> sp.Expr:
            patterns = [e for e in (b * c, b, c, b**2) if e != 1]
            return sp.collect(sp.expand(expression), patterns, sp.factor)

        s = Abbreviation("s", tidy(-2 * T * second))
        f = Abbreviation("f", tidy(first * sp.sqrt(T) / sp.I))
        width = sp.expand(s.definition / T + 2 * second)
        square = sp.expand(f.definition**2 / T + first**2)
        assert width == 0
        assert sp.simplify(square) == 0
        return -sp.log(s) / 2 - f**2 / (2 * s) + sp.collect(sp.expand(zeroth), [c**2, c])

    @cached_property
    def constant(self) -> sp.Expr:
        """The part of Phi that only depends on T and diverges as T -> 0."""
        return sp.log(T) / 2

    @cached_property
    def _unreduced_functional(self) -> sp.Expr:
        return self.saddle.functional(self._unreduced_exponent)

    @cached_property
    def reduction(self) -> Reduction:
        """The order parameters that vanish by the model's symmetry, found by testing parity."""
        full = self.unreduced
        return find_reduction(
            functions=list(full.functions.values()),
            exponent=full.exponent,
            fields=full.fields,
            covariance=full.covariance,
            fixed_point=full.fixed_point,
            vectors=[p.symbol for p in full.order_parameters if p.replicas == 1],
        )

    @cached_property
    def _zero(self) -> dict[sp.Symbol, int]:
        return dict.fromkeys(self.reduction.vanishing, 0) if self.reduced else {}

    @cached_property
    def fields(self) -> list[sp.Symbol]:
        """The Gaussian fields; none on a branch where their covariance vanishes."""
        if self.reduced and self.reduction.covariance_vanishes:
            return []
        return self.saddle.fields

    @cached_property
    def covariance(self) -> sp.Matrix:
        """Covariance of the fields."""
        if not self.fields:
            return sp.zeros(0, 0)
        return self.saddle.covariance.subs(self._zero)

    @cached_property
    def exponent(self) -> sp.Expr:
        """``H(x)``, the exponent of the one-unit weight at fixed fields."""
        absent = [symbol for symbol in self.saddle.fields if symbol not in self.fields]
        return self._unreduced_exponent.subs({**self._zero, **dict.fromkeys(absent, 0)})

    @cached_property
    def algebraic(self) -> sp.Expr:
        """The quadratic form in the order parameters."""
        return self.saddle.algebraic.subs(self._zero)

    @cached_property
    def functional(self) -> sp.Expr:
        """``Phi = log Z / N``, whose stationary point gives the order parameters.

        The temperature-dependent constant is kept apart in `constant`.
        """
        functional = self._unreduced_functional.subs(self._zero)
        return functional.replace(GaussianAverage, gaussian_average)

    @cached_property
    def order_parameters(self) -> list[OrderParameter]:
        """The order parameters that are solved for."""
        kept = [p for p in self.saddle.order_parameters if p.symbol not in self._zero]
        return [replace(p, scale=p.scale.subs(self._zero)) for p in kept]

    @property
    def parameters(self) -> list[sp.Symbol]:
        """Symbols that are given: of the ensemble and of the ansatz."""
        return [*PARAMETERS, *self.ansatz.parameters]

    @property
    def symbols(self) -> list[sp.Symbol]:
        """Symbols of the order parameters that are solved for."""
        return [parameter.symbol for parameter in self.order_parameters]

    @cached_property
    def gradient(self) -> sp.Matrix:
        """Derivatives of the functional in the order parameters."""
        return sp.Matrix(
            [collect_gaussian(self.functional.diff(symbol)) for symbol in self.symbols]
        )

    @cached_property
    def metric(self) -> sp.Matrix:
        """Hessian of the algebraic part: it pairs every order parameter with its conjugate."""
        return sp.hessian(self.algebraic, self.symbols)

    @cached_property
    def residual(self) -> sp.Matrix:
        """The undamped fixed-point map minus the order parameters, ``-metric^(-1) gradient``.

        Factors such as ``g^2 gamma`` cancel here symbolically, so that the equations of the
        responses hold at gamma = 0 too.
        """
        scaled = -self.metric.inv() * self.gradient
        return scaled.applyfunc(lambda e: collect_gaussian(sp.expand(self._cancelled(e))))

    def _cancelled(self, expression: sp.Expr) -> sp.Expr:
        """Cancel factors that count replicas, such as that of a replica with itself."""
        if not self.ansatz.parameters:
            return expression

        def outside(node: GaussianAverage) -> sp.Expr:
            inside, fields, covariance = node.args
            factor, rest = sp.factor(inside).as_independent(*fields, as_Add=False)
            return factor * GaussianAverage(rest, fields, covariance)

        nodes = {node: outside(node) for node in expression.atoms(GaussianAverage)}
        expression = expression.xreplace(nodes)
        names = {node: sp.Dummy() for node in expression.atoms(GaussianAverage)}
        cancelled = sp.cancel(expression.xreplace(names))
        return cancelled.xreplace({name: node for node, name in names.items()})

    @cached_property
    def fixed_point(self) -> dict[sp.Symbol, sp.Expr]:
        """For every order parameter the average that it equals at the saddle point."""
        return {
            symbol: sp.expand(equation + symbol)
            for symbol, equation in zip(self.symbols, self.residual, strict=True)
        }

    @property
    def stationarity(self) -> Equations:
        """The saddle-point equations."""
        return Equations(sp.Eq(symbol, value) for symbol, value in self.fixed_point.items())

    @cached_property
    def jacobian(self) -> sp.Matrix:
        """Derivatives of `residual` in the order parameters, Newton's matrix."""
        return sp.Matrix(
            len(self.symbols),
            len(self.symbols),
            lambda row, column: collect_gaussian(self.residual[row].diff(self.symbols[column])),
        )

    @property
    def hessian(self) -> sp.Matrix:
        """Second derivatives of the functional: ``-metric jacobian``."""
        return (-self.metric * self.jacobian).applyfunc(collect_gaussian)

    def observable(self, expression: sp.Expr) -> sp.Expr:
        """The average of a function of ``x`` and of the model's functions over units.

        Examples
        --------
        >>> FreeEnergy(RandomNetwork()).observable(X**2)
        E[<x**2>]
        """
        # abbreviations count x from the origin already
        kept = {function: function for function in expression.atoms(Abbreviation)}
        moved = expression.xreplace({X: X + self.origin, **kept})
        average = site_average(moved, self.exponent)
        if self.reduced and self.reduction.covariance_vanishes:
            average = self.reduction.without_odd(average)
        return self.ansatz.weigh(average, self.exponent, self.fields, self.covariance)

    @cached_property
    def energy(self) -> sp.Expr:
        """E/N, from ``-d log Z/d beta = T^2 dPhi/dT`` at fixed (stationary) order parameters."""
        return collect_gaussian(T**2 * (self.functional + self.constant).diff(T))

    @cached_property
    def observables(self) -> dict[str, sp.Expr]:
        """Averages reported beside the order parameters: energy, ``E<x^2>``, mean activity."""
        return {
            "energy": self.energy,
            "x_squared": self.observable(X**2),
            "m": self.observable(self.functions["c"]),
            **{
                f"slope {number}": collect_gaussian(self.functional.diff(number))
                for number in self.ansatz.parameters
            },
        }

    @property
    def outputs(self) -> dict[str, sp.Expr]:
        """All that is evaluated beside the functional: observables, entries of `replicon`."""
        entries = {
            f"{kind} replicon {k} {l}": matrix[k, l]
            for kind, matrix in self.replicon.items()
            for k in range(matrix.rows)
            for l in range(matrix.cols)
        }
        return self.observables | entries

    @cached_property
    def replicon(self) -> dict[str, sp.Matrix]:
        """One minus the linearised saddle-point map for inequivalent replicas, by symmetry.

        See `theory.stability.replicon_matrix`.
        """
        from theory.stability import replicon_matrix  # noqa: PLC0415  (it needs this class)

        if self.ansatz.parameters:
            return {}
        return {
            kind: replicon_matrix(self, antisymmetric=kind == "antisymmetric")
            for kind in ("symmetric", "antisymmetric")
        }

    @property
    def kinks(self) -> list[float]:
        """Points where a function of the model is not smooth, from `origin`; quadrature breaks."""
        network = self.network
        found = {p for e in (network.local, network.gain, network.transfer) for p in kinks(e)}
        return sorted(float(point - self.origin) for point in found)

    @property
    def features(self) -> list[tuple[float, float]]:
        """Where, from `origin`, a function of the model changes, and the scale on which it does."""
        network, origin = self.network, float(self.origin)
        functions = (network.local, network.gain, network.transfer)
        found = {pair for e in functions for pair in narrow_features(e)}
        return sorted((centre - origin, scale) for centre, scale in found)

    @cached_property
    def unreduced(self) -> FreeEnergy:
        """The same functional with all order parameters."""
        return replace(self, reduced=False) if self.reduced else self

    @cached_property
    def symmetric(self) -> FreeEnergy | None:
        """The same functional on the branch that the model's symmetry allows, if it has one."""
        return replace(self, reduced=True) if self.reduction.vanishing else None

    @cached_property
    def derivation(self) -> Derivation:
        """The steps from the dynamics to the saddle-point equations."""
        from theory.derivation import derive  # noqa: PLC0415  (it composes what is derived here)

        return derive(self)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle \\Phi = {latex(self.constant + self.functional)}$"


def replica_symmetric(network: RandomNetwork) -> FreeEnergy:
    """Free energy of a random network in the replica-symmetric ansatz.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    FreeEnergy
        Nothing is derived until it is asked for.

    References
    ----------
    Qiu & Huang, arXiv 2401.10009.

    Examples
    --------
    >>> for equation in replica_symmetric(RandomNetwork()).symmetric.stationarity:
    ...     print(equation.lhs, "=", equation.rhs)
    q = <c**2>
    rho = -<c*f>/s
    q_hat = -g**2/(2*s) + g**2*<f**2>/(2*s**2)
    """
    check_network(network, "replica_symmetric")
    return FreeEnergy(network)
