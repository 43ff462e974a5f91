"""Dynamical mean-field theory of the noiseless dynamics without reciprocity: what chaos looks like.

For independent couplings the input of a unit is a Gaussian process whose autocorrelation is that
of the transfer function; the stationary autocorrelation then moves like a particle in a potential.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import solve_ivp
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq
from scipy.special import roots_hermitenorm

from theory.codegen.arrays import array_function
from theory.expressions import ModelError, X

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.ensembles import RandomNetwork

TERMS, NODES = 240, 480
_POWERS = np.arange(1.0, TERMS + 1)
_INSIDE = 1e-9  # share of Delta(0) below the turning point where the fall starts
_RANGE, _POINTS = 120.0, 24001


@dataclass(frozen=True)
class StationaryChaos:
    """Stationary chaotic state of a large network with gamma = 0.

    Parameters
    ----------
    network : RandomNetwork
        With ``a = -x``, ``b = 1``, an odd transfer function, no mean and no fields.
    g : float
        Beyond the onset of chaos.

    Raises
    ------
    ModelError
        If the network is of another kind, or if there is no chaotic state at this ``g``.

    Notes
    -----
    With ``C(Delta)`` the correlation of ``c`` of two normal variables of variance ``Delta_0`` and
    covariance ``Delta``, the autocorrelation obeys ``Delta'' = Delta - g^2 C(Delta)``, a motion
    that conserves ``Delta'^2/2 - Delta^2/2 + g^2 int C``; it falls from ``Delta_0`` to 0, where
    it stops. C is a power series in ``Delta/Delta_0`` by Mehler's formula.

    References
    ----------
    Sompolinsky, Crisanti & Sommers, Phys. Rev. Lett. 61, 259 (1988).

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> state = StationaryChaos(RandomNetwork(), g=1.5)
    >>> f"{state.x_squared:.4f} {state.transfer_squared:.4f} {state.x_dot_squared:.4f}"
    '0.7477 0.3421 0.0220'
    """

    network: RandomNetwork
    g: float

    def __post_init__(self) -> None:
        network = self.network
        odd = (network.transfer + network.transfer.subs(X, -X)).equals(0)
        plain = network.local == -X and network.gain == 1 and not any(network.values.values())
        if not (odd and plain):
            msg = (
                "the stationary chaotic state is known for a = -x, b = 1 and an odd transfer,"
                f" without mean, fields and confinement, not for {network}"
            )
            raise ModelError(msg)

    @cached_property
    def x_squared(self) -> float:
        """``Delta_0``, the variance of the state of a unit."""

        def fall(variance: float) -> float:
            """Potential difference between the start and 0, per unit of its size."""
            square = self._squares(variance)
            return float(self.g**2 * (square / (_POWERS + 1)).sum() / variance - 0.5)

        variances = np.geomspace(1e-6, 1e4, 201)
        values = np.array([fall(variance) for variance in variances])
        # c grows less than linearly, so the difference falls through 0 where there is a state
        crossings = np.flatnonzero((values[:-1] > 0) & (values[1:] <= 0))
        if not crossings.size:
            msg = f"there is no chaotic state at g = {self.g:g}; it needs a larger g"
            raise ModelError(msg)
        last = crossings[-1]
        return float(brentq(fall, variances[last], variances[last + 1], xtol=1e-14, rtol=1e-13))

    @property
    def transfer_squared(self) -> float:
        """Mean of ``c^2``."""
        return float(self._squares(self.x_squared).sum())

    @property
    def x_dot_squared(self) -> float:
        """Mean square velocity, ``-Delta''(0)``."""
        return self.g**2 * self.transfer_squared - self.x_squared

    @cached_property
    def autocorrelation(self) -> tuple[np.ndarray, np.ndarray]:
        """Times and ``Delta`` at them, in units of the single-unit time constant."""
        initial = self.x_squared
        square = self._squares(initial)

        def speed(_time: float, delta: np.ndarray) -> np.ndarray:
            """The conserved quantity gives the speed of the fall."""
            # trial steps of the integrator may leave the interval of the fall
            ratio = min(max(float(delta[0]) / initial, 0.0), 1.0)
            potential = initial * (square * ratio ** (_POWERS + 1) / (_POWERS + 1)).sum()
            kinetic = (ratio * initial) ** 2 - 2 * self.g**2 * potential
            return np.array([-np.sqrt(max(kinetic, 0.0))])

        # beside the turning point the fall is a parabola in time
        first = initial * (1 - _INSIDE)
        begin = np.sqrt(2 * initial * _INSIDE / self.x_dot_squared)
        time = np.linspace(0, _RANGE / np.sqrt(self.x_dot_squared / initial), _POINTS)
        found = solve_ivp(
            speed, (begin, time[-1]), [first], method="DOP853", dense_output=True,
            rtol=1e-11, atol=1e-14 * initial,
        )  # fmt: skip
        delta = np.append(initial, found.sol(time[1:])[0])
        return time, np.maximum(delta, 0.0)

    @cached_property
    def lyapunov(self) -> float:
        """Largest Lyapunov exponent, from the ground state of a Schroedinger equation.

        Growing separations need the lowest energy E of ``-psi'' + (1 - g^2 dC/dDelta) psi = E
        psi`` to be negative; the exponent is ``sqrt(1 - E) - 1``.
        """
        time, delta = self.autocorrelation
        square = self._squares(self.x_squared)
        ratio = delta / self.x_squared
        # C is odd in Delta: the slope of the series, term by term
        slope = np.polynomial.polynomial.polyval(ratio, square * _POWERS)
        well = 1 - self.g**2 * slope / self.x_squared
        step = time[1] - time[0]
        # the ground state is even: at 0 its mirror image is its neighbour
        diagonal = 2 / step**2 + well
        beside = np.full(len(time) - 1, -1 / step**2)
        beside[0] *= np.sqrt(2)
        [energy], _ = eigh_tridiagonal(diagonal, beside, select="i", select_range=(0, 0))
        return float(np.sqrt(1 - energy) - 1)

    def _squares(self, variance: float) -> np.ndarray:
        """Coefficients of C in powers ``Delta/Delta_0``: shape (TERMS,), from the first power."""
        node, weight = _rule()
        weighted = weight * self._transfer(np.sqrt(variance) * node)
        previous, current = np.zeros_like(node), np.ones_like(node)
        squares = np.empty(TERMS)
        for k in range(TERMS):
            # normalised Hermite polynomials, by their recurrence
            previous, current = (
                current,
                (node * current - np.sqrt(k) * previous) / np.sqrt(k + 1),
            )
            squares[k] = (weighted @ current) ** 2
        return squares

    @cached_property
    def _transfer(self) -> Callable[[np.ndarray], np.ndarray]:
        return array_function(X, self.network.transfer)


def _rule() -> tuple[np.ndarray, np.ndarray]:
    node, weight = roots_hermitenorm(NODES)
    kept = weight > 0
    return node[kept], weight[kept] / weight.sum()
