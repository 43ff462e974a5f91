r"""The static cavity equations: one unit of a network at a fixed point.

At T = 0 and energy 0 the one-unit problem of the replica method with one state becomes an
equation for the state of a unit at given Gaussian fields,
``0 = a(x) + b(x) [mu m + zeta + Gamma c(x)] + h`` with ``Gamma = g^2 gamma R``. Where it has one
root, averages over the fields are integrals over x with the density ``p(f = 0 at x) E|df/dx|``.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import sympy as sp

from theory.averages import Abbreviation, written_out
from theory.ensembles import RandomNetwork, T
from theory.expressions import X, kinks
from theory.fixed_points import check_fixed_points, resting_states
from theory.free_energy import FreeEnergy
from theory.values import Value

C, R, m, chi = (sp.Symbol(name, real=True) for name in ("C", "R", "m", "chi"))
SLOPE = sp.Symbol("F1", real=True)
"""The derivative of the force of a unit in its own state, at fixed fields."""


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
    (tanh(x)**2 - 1)/F1
    """

    network: RandomNetwork

    def __post_init__(self) -> None:
        check_fixed_points(self.network)

    @cached_property
    def _one_state(self) -> dict[sp.Symbol, sp.Expr]:
        """The replica order parameters where all replicas share one state, q - Q = chi T."""
        q, Q, rho, P = (sp.Symbol(name, real=True) for name in ("q", "Q", "rho", "P"))
        return {q: C + chi * T, Q: C, rho: R, P: sp.S.Zero}

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
    def covariance(self) -> sp.Matrix:
        """Covariance of the fields."""
        places = [self._replica.fields.index(field) for field in self.fields]
        return self._replica.covariance.extract(places, places).subs(self._one_state)

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
    def response(self) -> sp.Expr:
        """``dc/dzeta`` in terms of ``df/dx``, from the implicit equation f = 0."""
        return -self.network.transfer.diff(X) * self.drive_gain / SLOPE

    @cached_property
    def integrands(self) -> dict[str, sp.Expr]:
        """Functions of x whose integrals are the averages over the fields, by name.

        Every fixed point counts with the sign of ``-df/dx``; ``degree`` is 1 if there is one
        stable root for all fields.
        """
        weight = -self.slope * self.density
        transfer = self.network.transfer
        return {
            "degree": weight,
            "C": weight * transfer**2,
            "R": sp.cancel(-SLOPE * self.response) * self.density,
            "m": weight * transfer,
        }

    @cached_property
    def unknowns(self) -> list[sp.Symbol]:
        """The order parameters that the equations need; m only with a mean coupling."""
        return [C, R, m] if self.network.mean else [C, R]

    @cached_property
    def fluctuation(self) -> tuple[sp.Expr, sp.Expr]:
        """Constant and coefficient of chi in ``chi = <(dc/dnoise)^2 noise>``, times ``df/dx^2``.

        The coefficient is ``g^2 (dc/dzeta)^2``: its average is ``g^2 D``.
        """
        squared = self.network.transfer.diff(X) ** 2 * self.noise
        return squared.subs(chi, 0), squared.diff(chi)

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
