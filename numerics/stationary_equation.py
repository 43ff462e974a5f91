"""Mean and variance of a unit in the stationary state: the equations, in numbers.

The autocovariance moves like a particle that starts at the variance, with a speed that the noise
gives it, and comes to rest at the covariance that never decays. Conservation of its energy is
the equation for the variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from numerics.one_unit import compiled
from numerics.smoothing import Rule, Smoothed, SmoothFunction
from theory import ensembles, stationary_process
from theory.expressions import X, kinks

if TYPE_CHECKING:
    from collections.abc import Callable

    import sympy as sp

    from theory.ensembles import RandomNetwork
    from theory.stationary_process import StationaryProcess

_STEPS = 100


@dataclass(frozen=True)
class Equation:
    """The numbers of `theory.stationary_process.StationaryProcess`.

    Parameters
    ----------
    transfer : SmoothFunction
    stiffness, coupling, field : float
        ``Delta'' = stiffness Delta - coupling C(Delta) - field``.
    noise : float
        ``-Delta'(0+)``.
    offset, drive : float
        The mean state is ``offset + drive <c>``.
    """

    transfer: SmoothFunction
    stiffness: float
    coupling: float
    field: float
    noise: float
    offset: float
    drive: float

    @classmethod
    def of(
        cls, process: StationaryProcess, network: RandomNetwork, g: float, noise: float
    ) -> Equation:
        """Put numbers into the equations of a network."""
        numbers = {ensembles.g: g, stationary_process.D: noise, **network.values}
        acceleration = process.acceleration.subs(numbers)
        bare = {stationary_process.Delta: 0, stationary_process.C: 0}
        stiffness, coupling = (acceleration.diff(s) for s in bare)
        offset = process.mean.subs(stationary_process.m, 0)
        drive = process.mean.diff(stationary_process.m)
        transfer = SmoothFunction(
            _array_function(network.transfer),
            _array_function(network.transfer.diff(X)),
            tuple(float(kink) for kink in kinks(network.transfer)),
        )
        rest = -coupling, -acceleration.subs(bare), -process.start, offset, drive
        return cls(transfer, float(stiffness), *(float(part.subs(numbers)) for part in rest))


def _array_function(expression: sp.Expr) -> Callable[[np.ndarray], np.ndarray]:
    function = compiled([X], [expression])
    return lambda x: function(x)[0]


@dataclass(frozen=True)
class Trial:
    """The energy of the fall for a mean and a variance that need not solve the equations."""

    equation: Equation
    mean: float
    variance: float
    rule: Rule
    guess: float = 0.0
    """Where `frozen` is sought first."""

    @cached_property
    def smoothed(self) -> Smoothed:
        """Averages of two units of this mean and variance."""
        return Smoothed(self.equation.transfer, self.mean, self.variance, self.rule)

    @cached_property
    def constant(self) -> float:
        """Covariance of the fields that the mean transfer and the random fields give."""
        return self.equation.field + self.equation.coupling * self.smoothed.average**2

    @property
    def mean_residual(self) -> float:
        """Mean minus what it should be."""
        return self.mean - self.equation.offset - self.equation.drive * self.smoothed.average

    def push(self, covariance: float) -> tuple[float, float]:
        """``-Delta''`` at a covariance, and the slope of the correlation, which grows with it."""
        equation, at = self.equation, self.smoothed.at(covariance)
        push = equation.coupling * at.correlation + self.constant - equation.stiffness * covariance
        return push, at.slope

    @cached_property
    def frozen(self) -> float:
        """Covariance at which the fall can come to rest; NaN where there is none.

        It is the first zero of a convex function, which Newton's method approaches from below.
        """
        covariance, before = self.guess if self.guess < self.variance else 0.0, np.inf
        for _ in range(_STEPS):
            push, correlation_slope = self.push(covariance)
            slope = self.equation.coupling * correlation_slope - self.equation.stiffness
            if slope >= 0 and covariance == self.guess > 0:
                covariance = 0.0
                continue
            if slope >= 0:
                return np.nan
            step = -push / slope
            # from beyond the zero the first step leads below it
            covariance = max(covariance + step, 0.0)
            if covariance >= self.variance:
                return np.nan
            # rounding ends the quadratic convergence
            size = abs(step)
            if size <= 1e-16 * covariance or (size < 1e-9 * self.variance and size >= before / 2):
                return covariance
            before = size
        return covariance

    @property
    def terms(self) -> tuple[float, ...]:
        """Contributions to the energy at the end of the fall minus that at its start."""
        equation, frozen = self.equation, self.frozen
        rise = self.smoothed.square.integral - self.smoothed.at(frozen).integral
        return (
            equation.stiffness * (self.variance**2 - frozen**2) / 2,
            -equation.coupling * rise,
            -self.constant * (self.variance - frozen),
            -(equation.noise**2) / 2,
        )

    @property
    def scale(self) -> float:
        """What energies are measured in; without noise the static solution is divided out."""
        fall = self.variance - self.frozen if not self.equation.noise else self.variance
        return self.equation.stiffness * fall**2

    @cached_property
    def energy(self) -> float:
        """Balance of the energy, in units of `scale`: the equation of the variance.

        Its sign alone counts far from a solution, where bounds decide without integrals over two
        units: the covariance at rest is not below ``constant/stiffness``, and the variance not
        above that of fields that never change.
        """
        equation = self.equation
        square = equation.coupling * self.smoothed.square.correlation + self.constant
        if not np.isfinite(square):
            return -1.0
        free = self.variance - equation.noise / np.sqrt(equation.stiffness)
        # not at the bounds themselves, which are the solution without couplings
        if equation.stiffness * free <= 0.9 * self.constant:
            return -1.0
        if equation.stiffness * free >= 1.1 * square:
            return 1.0
        if np.isnan(self.frozen):
            return -1.0
        return self.balance

    @property
    def balance(self) -> float:
        """The same without the shortcuts, so that it is smooth around a solution."""
        return float(sum(self.terms) / self.scale)
