r"""The stationary autocovariance of a unit of a large network without reciprocity.

Where the effective process of `theory.effective_process` is linear in the state, a unit is a
Gaussian process whose mean and autocovariance are the only unknowns, and the average of the
transfer function closes the equations for them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import sympy as sp

from theory import ensembles
from theory.effective_process import EffectiveProcess, h, zeta
from theory.expressions import ModelError, X

if TYPE_CHECKING:
    from theory.ensembles import RandomNetwork

Delta, C, C_slope, m, D, growth, energy = sp.symbols("Delta C C' m D lambda E", real=True)
"""Autocovariance of the state; correlation of the transfer function and its slope in Delta; mean
transfer; noise; growth rate of a separation and the energy that belongs to it."""

_first, _second = sp.symbols("t s", real=True)
_wave, _curvature = sp.symbols("z z2")
_ELSEWHERE = "; use validation.two_time.dynamical_mean_field, which solves it from a start"


@dataclass(frozen=True)
class StationaryProcess:
    r"""Equations of the stationary mean and autocovariance at infinite size, derived.

    The effective unit obeys ``dx = F dt + sqrt(2 D) dW`` with ``F`` linear in the state and in
    its Gaussian fields, so that ``(d/dt - F')(d/ds - F')`` of the covariance of ``x(t)`` and
    ``x(s)`` is the covariance of the fields. The operator is found from what it does to
    ``exp(p t + q s)``.

    Parameters
    ----------
    network : RandomNetwork
        With a linear local drift that decays and a constant gain. Its confinement belongs to the
        quasi-potential and plays no part.
    reciprocity : float, optional
        ``gamma``; only 0 is without memory.

    Raises
    ------
    ModelError
        If the process of a unit is not Gaussian, with the function that prevents it.

    References
    ----------
    Sompolinsky, Crisanti & Sommers, Phys. Rev. Lett. 61, 259 (1988); with noise Schuecker,
    Goedeke & Helias, Phys. Rev. X 8, 041029 (2018).

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> stationary = StationaryProcess(RandomNetwork(local="1 - 2*x", field_std=0.3))
    >>> stationary.acceleration
    -C*g**2 + 4*Delta - sigma_h**2
    >>> stationary.well, stationary.growth_rate
    (-C'*g**2, sqrt(-E) - 2)
    """

    network: RandomNetwork
    reciprocity: float = 0.0

    def __post_init__(self) -> None:
        process = self._process
        _ = process.functions  # refuses jumps
        memory = process.memory.subs(ensembles.gamma, self.reciprocity)
        if memory != 0:
            msg = (
                f"gamma = {self.reciprocity:g} gives a unit a memory of its own activity, so that"
                " its state is not Gaussian; the stationary state is known for gamma = 0"
            )
            raise ModelError(msg + _ELSEWHERE)
        for name, coefficient in (("gain", self.gain), ("slope of the local drift", self.slope)):
            if coefficient.free_symbols:
                msg = (
                    "the stationary state needs a linear local drift and a constant gain, so that"
                    f" a unit is Gaussian; the {name} is {coefficient}"
                )
                raise ModelError(msg + _ELSEWHERE)
        if not self.slope < 0:
            msg = (
                f"local {self.network.local} has the slope {self.slope}: without couplings x does"
                " not decay, so there is no stationary state; use a negative slope such as -x"
            )
            raise ModelError(msg)

    @cached_property
    def _process(self) -> EffectiveProcess:
        return EffectiveProcess(self.network)

    @cached_property
    def slope(self) -> sp.Expr:
        """Slope of the drift in the state, a negative number."""
        return sp.simplify(self._process.force.diff(X))

    @cached_property
    def gain(self) -> sp.Expr:
        """What multiplies the field that stands for the couplings, a number."""
        return sp.simplify(self._process.force.diff(zeta))

    @cached_property
    def mean(self) -> sp.Expr:
        """Mean state as a function of the mean transfer ``m``, where the mean drift vanishes."""
        drift = self._process.force.subs({zeta: self._process.drive * m, h: 0})
        return sp.expand(sp.solve(drift, X)[0])

    @cached_property
    def source(self) -> sp.Expr:
        """Covariance of the fields of a unit, beside the noise, as a function of ``C``."""
        field = self._process.force.diff(h)
        coupled = self.gain**2 * self._process.noise * C
        return sp.expand(coupled + field**2 * self._process.field_variance)

    def _operator(self, first: sp.Expr, second: sp.Expr) -> sp.Expr:
        """``(d/dt - F')(d/ds - F')`` on ``exp(first t + second s)``, divided by it."""
        wave = sp.exp(first * _first + second * _second)
        once = wave.diff(_first) - self.slope * wave
        return sp.expand(sp.simplify((once.diff(_second) - self.slope * once) / wave))

    @cached_property
    def acceleration(self) -> sp.Expr:
        """``Delta''`` at a lag other than 0."""
        operator = self._operator(_wave, -_wave).subs(_wave**2, _curvature / Delta)
        [found] = sp.solve(operator * Delta - self.source, _curvature)
        return sp.expand(found)

    @cached_property
    def start(self) -> sp.Expr:
        """``Delta'`` at the lag 0+: the noise ``2 D delta`` makes ``Delta'`` jump, which is odd."""
        jump = 2 * D / self._operator(_wave, -_wave).coeff(_wave, 2)
        return jump / 2

    @cached_property
    def square_drift(self) -> sp.Expr:
        """Mean square of the drift; ``C`` is the mean square of the transfer function.

        Stationarity of ``<x^2>`` gives the covariance of state and fields, ``-F' Delta - D``.
        """
        shared = -self.slope * Delta - D
        return sp.expand(self.slope**2 * Delta + 2 * self.slope * shared + self.source)

    @cached_property
    def well(self) -> sp.Expr:
        """Potential of ``-psi'' + well psi = E psi`` for separations of two trajectories.

        Trajectories in the same fields and noise separate by ``exp(lambda (t + s)) psi(t - s)``;
        the equation is that of the autocovariance, linearised.
        """
        return sp.expand(-self.source.diff(C) * C_slope)

    @cached_property
    def growth_rate(self) -> sp.Expr:
        """Growth rate of the separation of energy E, the largest root."""
        free = self._operator(growth + _wave, growth - _wave).subs(_wave, 0)
        roots = sp.solve(free + energy, growth)
        return max(roots, key=lambda root: root.subs(energy, -1))
