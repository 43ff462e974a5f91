r"""The static cavity equations: one unit of a network at a fixed point.

At T = 0 and energy 0 the one-unit problem of the replica method with one state becomes an
equation for the state of a unit at given Gaussian fields,
``0 = a(x) + b(x) [mu m + zeta + Gamma c(x)] + h`` with ``Gamma = g^2 gamma R``. The equations for
C, R, m and chi are derivatives of the functional in the conjugates, expanded in T by Laplace's
method. Where the root is one, averages over the fields are integrals over x with the density
``p(f = 0 at x) E|df/dx|``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.averages import Abbreviation, written_out
from theory.derivation import Derivation, Step
from theory.ensembles import RandomNetwork, T
from theory.expressions import X, kinks
from theory.fixed_points import check_fixed_points, resting_states
from theory.free_energy import FreeEnergy
from theory.values import Value

C, R, m, chi = (sp.Symbol(name, real=True) for name in ("C", "R", "m", "chi"))
SLOPE = sp.Symbol("F1", real=True)
"""The derivative of the force of a unit in its own state, at fixed fields."""
_BENDS = (SLOPE, *sp.symbols("F2 F3 F4", real=True))
_FORCE = sp.Function("F", real=True)(X)
_Y = sp.Symbol("y", real=True)
q, Q, rho, P, q_hat, Q_hat, m_hat = (
    sp.Symbol(name, real=True) for name in ("q", "Q", "rho", "P", "q_hat", "Q_hat", "m_hat")
)
OWN, SHARED = sp.symbols("chi_0 D_g", real=True)
"""The two averages in the equation of chi: its constant and its coefficient."""


@dataclass(frozen=True)
class CavityEquations(Value):
    """Equations for the overlap ``C``, response ``R`` and mean activity ``m`` at a fixed point.

    Parameters
    ----------
    network : RandomNetwork

    Raises
    ------
    ModelError
        With confinement, which is no part of the dynamics, or with a function that jumps.

    References
    ----------
    M. Mezard, G. Parisi and M. A. Virasoro, Spin Glass Theory and Beyond (1987), chapter V: the
    cavity method.

    Examples
    --------
    >>> equations = CavityEquations(RandomNetwork())
    >>> equations.force
    R*g**2*gamma*tanh(x) - x + zeta
    >>> equations.response
    -(1 - tanh(x)**2)/F1
    """

    network: RandomNetwork

    def __post_init__(self) -> None:
        check_fixed_points(self.network)

    @cached_property
    def _one_state(self) -> dict[sp.Symbol, sp.Expr]:
        """The replica order parameters where all replicas share one state, q - Q = chi T."""
        # only the difference of the responses acts on a unit; P drops out of all equations
        return {q: C + chi * T, Q: C, rho: R + P}

    @cached_property
    def _replica(self) -> FreeEnergy:
        return FreeEnergy(self.network)

    @cached_property
    def _abbreviations(self) -> dict[str, sp.Expr]:
        found = {a.name: a for a in self._replica.exponent.atoms(Abbreviation)}
        return {name: written_out(found[name]).subs(self._one_state) for name in ("f", "s")}

    @cached_property
    def force(self) -> sp.Expr:
        """``f(x)`` at given fields; a fixed point has f = 0."""
        return self._abbreviations["f"]

    @cached_property
    def noise(self) -> sp.Expr:
        """Variance of the force of a unit per temperature, for T -> 0."""
        return sp.expand(self._abbreviations["s"] / T)

    @cached_property
    def fields(self) -> list[sp.Symbol]:
        """The Gaussian fields in the force; ``zeta`` is multiplied by the gain."""
        return [field for field in self._replica.fields if self.force.has(field)]

    @cached_property
    def drive_gain(self) -> sp.Expr:
        """What multiplies the field ``zeta``, which the drive of the other units makes."""
        (drive,) = [field for field in self.fields if field.name == "zeta"]
        return self.force.diff(drive)

    @cached_property
    def _whole_covariance(self) -> sp.Matrix:
        return self._replica.covariance.subs(self._one_state)

    @cached_property
    def covariance(self) -> sp.Matrix:
        """Covariance of the fields."""
        places = [self._replica.fields.index(field) for field in self.fields]
        return self._whole_covariance.extract(places, places)

    def _covariance_of(self, one: sp.Expr, two: sp.Expr) -> sp.Expr:
        """Covariance of two functions that are linear in the fields."""
        rows = [sp.Matrix([[e.diff(field) for field in self.fields]]) for e in (one, two)]
        return (rows[0] * self.covariance * rows[1].T)[0, 0]

    @cached_property
    def centre(self) -> sp.Expr:
        """The force at x where all fields are 0: its mean."""
        return self.force.subs(dict.fromkeys(self.fields, 0))

    @cached_property
    def variance(self) -> sp.Expr:
        """Variance of the force at x."""
        return self._covariance_of(self.force, self.force)

    @cached_property
    def slope(self) -> sp.Expr:
        """Mean of df/dx over the fields for which f = 0 at x."""
        slope = self.force.diff(X)
        tilt = self._covariance_of(slope, self.force) / self.variance
        return slope.subs(dict.fromkeys(self.fields, 0)) - sp.cancel(tilt) * self.centre

    @cached_property
    def slope_variance(self) -> sp.Expr:
        """Variance of df/dx over the fields for which f = 0 at x; 0 if x fixes the field."""
        if len(self.fields) == 1:
            return sp.S.Zero
        slope = self.force.diff(X)
        cross = self._covariance_of(slope, self.force)
        return sp.cancel(self._covariance_of(slope, slope) - cross**2 / self.variance)

    @cached_property
    def height(self) -> sp.Expr:
        """Logarithm of the probability density of f at 0 for given x."""
        return -(self.centre**2) / (2 * self.variance) - sp.log(2 * sp.pi * self.variance) / 2

    @cached_property
    def density(self) -> sp.Expr:
        """Probability density of f at 0 for given x."""
        return sp.exp(self.height)

    @cached_property
    def _opaque(self) -> dict[sp.Symbol, sp.Expr]:
        """Stand-ins for the model's functions, which would multiply out in the derivation."""
        return {a: sp.Function(a.name, real=True)(X) for a in self._replica.functions.values()}

    def _covered(self, expression: sp.Expr) -> sp.Expr:
        """Write an expression of the replica method in the stand-ins."""
        composite = {
            a: a.definition.xreplace(self._opaque)
            for a in expression.atoms(Abbreviation)
            if a not in self._opaque
        }
        return expression.xreplace({**self._opaque, **composite}).subs(self._one_state)

    def _uncovered(self, expression: sp.Expr) -> sp.Expr:
        """Replace the stand-ins by the functions of the model."""
        values = {function: written_out(a) for a, function in self._opaque.items()}
        return expression.subs(values).doit()

    @cached_property
    def _parts(self) -> dict[str, sp.Expr]:
        """Force and noise of the replica method, and the rest of the exponent."""
        exponent = self._replica.exponent
        found = {a.name: a for a in exponent.atoms(Abbreviation)}
        f, s = found["f"], found["s"]
        rest = sp.expand(exponent + f**2 / (2 * s) + sp.log(s) / 2)
        return {"f": self._covered(f), "s": self._covered(s), "rest": self._covered(rest)}

    @cached_property
    def _heights(self) -> tuple[sp.Expr, sp.Expr]:
        """Exponent of the one-unit weight: what is divided by -T, and what stays for T -> 0."""
        noise = sp.expand(self._parts["s"] / T)
        return _FORCE**2 / (2 * noise), self._parts["rest"] - sp.log(noise) / 2

    @cached_property
    def site_functional(self) -> tuple[sp.Expr, sp.Expr]:
        """Logarithm of the one-unit integral at orders 0 and 1 in T, by Laplace's method.

        Functions of the root x and of `SLOPE`; at order 0 the norm ``sqrt(2 pi)`` is left out.
        """
        steep, flat = self._heights
        slopes = {_FORCE.diff(X, k): value for k, value in enumerate(_BENDS, start=1)}

        def rise(order: int) -> sp.Expr:
            derivative = steep.diff(X, order).xreplace(slopes)
            return sp.expand(derivative.xreplace({_FORCE: sp.S.Zero}))

        # x = root + sqrt(T) y: what is small beside the Gaussian of precision rise(2)
        first = flat.diff(X) * _Y - rise(3) * _Y**3 / 6
        second = flat.diff(X, 2) * _Y**2 / 2 - rise(4) * _Y**4 / 24
        terms = sp.Poly(sp.expand(second + first**2 / 2), _Y).terms()
        variance = 1 / rise(2)
        correction = sp.Add(
            *(factor * sp.factorial2(k - 1) * variance ** (k // 2) for (k,), factor in terms)
        )
        return flat + sp.log(variance) / 2, correction

    def _along(self, expression: sp.Expr, field: sp.Symbol) -> sp.Expr:
        """Derivative in a field, which moves the root of the force."""
        push = self._parts["f"].diff(field)
        assert push == 0 or not expression.has(SLOPE)
        return expression.diff(field) - push / SLOPE * expression.diff(X)

    def _derivative(self, order: int, direction: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
        """What is averaged over the fields in the derivative of the functional in conjugates.

        By Price's theorem the covariance of the fields contributes second derivatives.
        """
        site, fields = self.site_functional[order], self._replica.fields
        total = sum(weight * site.diff(symbol) for symbol, weight in direction.items())
        # fields that leave the force alone come first
        order_of = sorted(fields, key=self.force.has)
        for k, one in enumerate(order_of):
            for other in order_of[k:]:
                entry = self._whole_covariance[fields.index(one), fields.index(other)]
                change = sum(weight * entry.diff(symbol) for symbol, weight in direction.items())
                if change != 0:
                    twice = 1 if one != other else sp.Rational(1, 2)
                    total += twice * change * self._along(self._along(site, one), other)
        return sp.sympify(total)

    @cached_property
    def _directions(self) -> dict[sp.Symbol, tuple[int, dict[sp.Symbol, sp.Expr]]]:
        """For every unknown the order in T, and the conjugates whose variation gives it."""
        # the direction in which order 0 does not change at all
        flat = self._heights[1]
        ratio = sp.cancel(-flat.diff(q_hat) / flat.diff(Q_hat))
        directions = {
            C: (0, {q_hat: sp.S.One}),
            R: (0, {P: sp.S.One}),
            m: (0, {m_hat: sp.S.One}),
            chi: (1, {q_hat: sp.S.One, Q_hat: ratio}),
        }
        return {symbol: directions[symbol] for symbol in [*self.unknowns, chi]}

    @cached_property
    def stationarity(self) -> dict[sp.Symbol, sp.Expr]:
        """For C, R, m and chi what is averaged over the fields, at the root of the force.

        Examples
        --------
        >>> for symbol, value in CavityEquations(RandomNetwork()).stationarity.items():
        ...     print(symbol, "=", f"E[{value}]")
        C = E[tanh(x)**2]
        R = E[-(1 - tanh(x)**2)/F1]
        chi = E[(1 - tanh(x)**2)**2*(chi*g**2 + 1)/F1**2]
        """
        algebraic = sp.expand(self._replica.algebraic.subs(self._one_state))
        equations = {}
        for symbol, (order, direction) in self._directions.items():
            change = sum(weight * algebraic.diff(s) for s, weight in direction.items())
            (factor,) = {sp.expand(change).coeff(T, order).diff(symbol)}
            value = -self._derivative(order, direction) / factor
            equations[symbol] = self._uncovered(sp.factor(sp.expand(value)))
        return equations

    @property
    def response(self) -> sp.Expr:
        """``dc/dzeta`` in terms of ``df/dx``, the average of which is R."""
        return self.stationarity[R]

    def over_states(self, function: sp.Expr) -> sp.Expr:
        """Integrand over x of the average over the fields of a function of the root.

        Every fixed point counts with the sign of ``-df/dx``.
        """
        if function.has(SLOPE):
            return sp.cancel(-SLOPE * function) * self.density
        return -self.slope * self.density * function

    @cached_property
    def integrands(self) -> dict[str, sp.Expr]:
        """Functions of x whose integrals are the averages over the fields, by name.

        ``degree`` is 1 if there is one stable root for all fields.
        """
        averaged = {m: self.network.transfer, **self.stationarity}
        averaged.pop(chi)
        named = {str(symbol): self.over_states(e) for symbol, e in averaged.items()}
        return {"degree": self.over_states(sp.S.One), **named}

    @cached_property
    def unknowns(self) -> list[sp.Symbol]:
        """The order parameters that the equations need; m only with a mean coupling."""
        return [C, R, m] if self.network.mean else [C, R]

    @cached_property
    def fluctuation(self) -> tuple[sp.Expr, sp.Expr]:
        """Constant and coefficient of chi in its own equation, times ``df/dx^2``.

        The coefficient is ``g^2 (dc/dzeta)^2``: its average is ``g^2 D``.
        """
        squared = self.stationarity[chi] * SLOPE**2
        return squared.subs(chi, 0), squared.diff(chi)

    @cached_property
    def susceptibility(self) -> sp.Expr:
        """The solution chi of its equation, in terms of the averages `OWN` and `SHARED`."""
        (solution,) = sp.solve(OWN + SHARED * chi - chi, chi)
        return solution

    @cached_property
    def reaction(self) -> sp.Expr:
        """``Gamma``: what of the drive of a unit is its own activity, returned by the others."""
        return sp.cancel(R * self.force.diff(R) / (self.network.transfer * self.drive_gain))

    @cached_property
    def derivation(self) -> Derivation:
        """The steps from the replica functional to the cavity equations."""
        average = sp.Function("E")
        level, correction = (sp.Symbol(name) for name in ("L_0", "L_1"))
        return Derivation(
            (
                Step(
                    "One state",
                    "All replicas share one state. The response of two replicas acts on a unit"
                    " only in the difference R of the responses.",
                    tuple(sp.Eq(old, new) for old, new in self._one_state.items()),
                ),
                Step(
                    "Laplace's method",
                    "For T to 0 a unit is at the root of its force. With its slope F1 there, the"
                    " logarithm of the one-unit integral at order 0 is L_0; of order 1 only the"
                    " part L_1 that depends on the field w counts.",
                    (
                        sp.Eq(sp.Symbol("f"), self.force, evaluate=False),
                        sp.Eq(level, self._uncovered(self.site_functional[0]), evaluate=False),
                        sp.Eq(correction, self._field_part, evaluate=False),
                    ),
                ),
                Step(
                    "Stationarity",
                    "Derivatives in the conjugates at order 0, by Price's theorem in the"
                    " covariance, and in the direction that order 0 leaves open at order 1. E is"
                    " the average over the fields at the root.",
                    tuple(
                        sp.Eq(symbol, average(value), evaluate=False)
                        for symbol, value in self.stationarity.items()
                    ),
                ),
            )
        )

    @cached_property
    def _field_part(self) -> sp.Expr:
        """The square of the field w at order 1."""
        (field,) = [f for f in self._replica.fields if not self.force.has(f)]
        return self._uncovered(field**2 * self.site_functional[1].diff(field, 2) / 2)

    @cached_property
    def quiescent_state(self) -> sp.Expr | None:
        """The state with c = 0 in which every unit can rest.

        None if there is not just one, or if c has no derivative there.
        """
        states = resting_states(self.network)
        smooth = [x for x in states if x not in kinks(self.network.transfer)]
        return smooth[0] if len(states) == len(smooth) == 1 else None

    @cached_property
    def quiescent_slope(self) -> sp.Expr:
        """df/dx in the quiescent state, where no field acts."""
        absent = {**dict.fromkeys(self.fields, 0), m: 0}
        return self.force.diff(X).subs(absent).subs(X, self.quiescent_state)

    @cached_property
    def quiescent_response(self) -> sp.Expr:
        """A polynomial in R that vanishes at the response of the quiescent state."""
        numerator = (self.response * SLOPE).subs(X, self.quiescent_state)
        return sp.expand(numerator - R * self.quiescent_slope)
