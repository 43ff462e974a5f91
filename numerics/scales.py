"""The units in which a model is simple: of its states, times and energies."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import sympy as sp

from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, X, kinks, real_zeros


@dataclass(frozen=True)
class Scales:
    """Scales of one unit; steps, durations, starts and thresholds are multiples of them.

    Parameters
    ----------
    origin : float
        The state of rest.
    length : float
        Change of the state over which the functions of the model bend; infinite if they do not.
    time : float
        Time in which a unit relaxes, the inverse of its rate.

    Examples
    --------
    >>> Scales(length=2.0, time=0.5).energy
    16.0
    """

    origin: float = 0.0
    length: float = np.inf
    time: float = 1.0

    @property
    def energy(self) -> float:
        """Squared speed of a state at a distance of one width."""
        return (self.width() / self.time) ** 2

    def width(self, temperature: float = 0.0) -> float:
        """Typical distance from the origin: the length, or that of thermal motion without one.

        A model that bends nowhere looks the same at all distances, so that without a temperature
        any will do: 1.

        Parameters
        ----------
        temperature : float, optional

        Examples
        --------
        >>> Scales(length=2.0).width(), Scales(time=3.0).width(0.25), Scales().width()
        (2.0, 1.5, 1.0)
        """
        if np.isfinite(self.length):
            return self.length
        return float(np.sqrt(temperature)) * self.time if temperature > 0 else 1.0

    def reduced(self, temperature: float) -> float:
        """Temperature in units of the energy; 1 for a model that bends nowhere.

        Examples
        --------
        >>> Scales(length=2.0).reduced(1.0), Scales().reduced(0.3)
        (0.25, 1.0)
        """
        return temperature / self.energy if np.isfinite(self.length) else 1.0

    def states(self, offsets: np.ndarray, temperature: float = 0.0) -> np.ndarray:
        """States at given distances from the origin, in units of the width."""
        return self.origin + self.width(temperature) * offsets


@lru_cache
def network_scales(network: RandomNetwork) -> Scales:
    r"""Derive the scales of a random network from its functions.

    Parameters
    ----------
    network : RandomNetwork

    Returns
    -------
    Scales

    Notes
    -----
    The origin is the zero of a, the middle of them if there are several. There a function f of
    slope f' bends over the length :math:`((f''/f')^2 + |f'''/2f'|)^{-1/2}`; the shortest of those
    of a and c counts, with b in the place of its slope that of b, and the distance to the next
    kink. It is 1 for tanh(x), erf(x) and atan(x). The rate is |a'| at the origin; if there is no
    slope, the mean of that at a distance of one length on both sides; if there is none either,
    that of the input, |b c'|, and last that of the confinement. All change with the units of x, of
    time and of c as they should: :math:`x \to L x + x_0`, :math:`F \to s F` make of (origin,
    length, time) (L origin + x_0, L length, time L/s).

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> network_scales(RandomNetwork())
    Scales(origin=0.0, length=1.0, time=1.0)
    >>> network_scales(RandomNetwork(local="10 - 5*x", transfer="tanh((x - 2)/8)"))
    Scales(origin=2.0, length=8.0, time=0.2)
    """
    zeros = real_zeros(network.local)
    origin = (min(zeros, key=float) + max(zeros, key=float)) / 2 if zeros else sp.Integer(0)

    def at(function: sp.Expr, order: int, place: sp.Expr = origin) -> float:
        try:
            value = float(function.diff(X, order).subs(X, place))
        except TypeError:  # of a function with a kink there
            return 0.0
        return value if np.isfinite(value) else 0.0

    a, b, c = network.local, network.gain, network.transfer
    leak = at(a, 1) / at(b, 0) if at(b, 0) else 0.0  # the slope that c is compared with
    curvatures = [
        (at(f, 1 + shift) / slope) ** 2 + abs(at(f, 2 + shift) / (2 * slope))
        for f, slope, shift in ((a, at(a, 1), 1), (b, at(b, 0), 0), (c, at(c, 1) or leak, 1))
        if slope
    ]
    lengths = [1 / np.sqrt(curvature) for curvature in curvatures if curvature]
    lengths += [abs(float(kink - origin)) for f in (a, b, c) for kink in kinks(f) if kink != origin]
    length = float(min(lengths, default=np.inf))

    def slopes(function: sp.Expr) -> list[float]:
        off = sp.Float(length if np.isfinite(length) else 1.0)
        beside = [abs(at(function, 1, origin + sign * off)) for sign in (-1, 1)]
        return [abs(at(function, 1)), sum(beside) / 2]

    confined = float(np.sqrt(2 * network.confinement))
    rates = [*slopes(a), *(abs(at(b, 0)) * slope for slope in slopes(c)), confined, 1.0]
    return Scales(float(origin), length, 1 / next(rate for rate in rates if rate))


def in_other_units(
    network: RandomNetwork,
    length: float | sp.Expr,
    force: float | sp.Expr,
    *,
    origin: float | sp.Expr = 0,
    activity: float | sp.Expr = 1,
) -> RandomNetwork:
    r"""Write the same physics in other units.

    The state :math:`L x + x_0` takes the place of x, forces become :math:`s F`, so that energies
    and temperatures are :math:`s^2` times as large and times :math:`L/s`, and the transfer
    function :math:`k c`. Dimensionless numbers, such as rho, q/k^2 or a verdict, are the same.

    Parameters
    ----------
    network : RandomNetwork
    length, force : number or sympy.Expr
        L and s, positive; exact numbers make an exact model.
    origin : number or sympy.Expr, optional
        x_0; with confinement, which leads to x = 0, it has to be 0.
    activity : number or sympy.Expr, optional
        k, positive.

    Returns
    -------
    RandomNetwork

    Raises
    ------
    ModelError
        If the confinement is not at the origin.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> in_other_units(RandomNetwork(mean=0.5), length=2, force=8, origin=1)
    RandomNetwork(local=4 - 4*x, gain=8, transfer=tanh(x/2 - 1/2), mean=0.5, ...)
    """
    if network.confinement and origin:
        msg = f"the confinement leads to x = 0, so that the origin cannot move to {origin}"
        raise ModelError(msg)
    L, s, origin, k = (
        value if isinstance(value, sp.Expr) else sp.Rational(str(value))
        for value in (length, force, origin, activity)
    )
    x = (X - origin) / L
    return RandomNetwork(
        local=s * network.local.subs(X, x),
        gain=s / k * network.gain.subs(X, x),
        transfer=k * network.transfer.subs(X, x),
        mean=network.mean,
        field_std=float(s) * network.field_std,
        confinement=float(s / L) ** 2 * network.confinement,
    )
