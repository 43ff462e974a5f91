"""Signs that a measure exp(-E/T) cannot be normalised: states that run off to infinity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from theory.expressions import ModelError

if TYPE_CHECKING:
    from numerics.scales import Scales

FARTHEST = 1e6
"""States beyond this many times their natural scale have run away."""

_LEAST_DRAWS = 100


def farthest(x: np.ndarray, temperature: np.ndarray, scales: Scales) -> float:
    """Distance from the origin from which on a state counts as run away.

    Examples
    --------
    >>> from numerics.scales import Scales
    >>> farthest(np.array([[5.0, -2.0]]), np.array([0.01]), Scales(origin=1.0, length=2.0))
    4000000.0
    """
    hottest = float(temperature.max())
    thermal = float(np.sqrt(hottest)) * scales.time
    return FARTHEST * max(scales.width(hottest), thermal, float(np.abs(x - scales.origin).max()))


class Confinement:
    """Watches whether the force holds the states together.

    Where exp(-E/T) can be normalised, ``<x . grad E> = N T``, from any origin. States that spread
    with less than half of that, and still spread at the end, are not samples of anything.

    Parameters
    ----------
    draws : int
        How many times `take` will be called; under 100 nothing is concluded.
    temperature : float or ndarray, shape (S,)
    origin : float
        Where states are held together.

    Examples
    --------
    >>> free = Confinement(draws=100, temperature=1.0)
    >>> for time in range(100):
    ...     free.take(np.full((1, 4), time**0.5), np.zeros((1, 4)))
    >>> free.check()
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: states keep spreading, ...
    """

    def __init__(self, draws: int, temperature: float | np.ndarray, origin: float = 0.0) -> None:
        self._temperature, self._taken, self._draws = temperature, 0, draws
        self._origin = origin
        self._square = self._virial = np.empty((draws, 0))

    def take(self, x: np.ndarray, gradient: np.ndarray) -> None:
        """Look at the states of one draw, shape (N, S), and their gradients."""
        if not self._taken:
            self._square, self._virial = (np.empty((self._draws, x.shape[1])) for _ in range(2))
        x = x - self._origin
        self._square[self._taken] = np.einsum("is,is->s", x, x)
        self._virial[self._taken] = np.einsum("is,is->s", x, gradient)
        self._virial[self._taken] /= len(x) * self._temperature
        self._taken += 1

    def check(self, groups: int = 1) -> None:
        """Refuse runs in which a group of neighbouring columns keeps spreading.

        Raises
        ------
        ModelError
        """
        if self._draws < _LEAST_DRAWS:
            return
        virial = self._virial.reshape(self._draws, groups, -1)
        quarters = np.array_split(self._square.reshape(virial.shape), 4)
        first, _, third, last = (quarter.mean(axis=(0, 2)) for quarter in quarters)
        force = virial[self._draws // 2 :].mean(axis=(0, 2))
        loose = (last > 3 * first) & (last > 1.2 * third) & (force < 0.5)
        if loose.any():
            msg = (
                "states keep spreading, held by only"
                f" {max(force[loose].min(), 0):.0%} of the force that equilibrium needs: the"
                " measure exp(-E/T) cannot be normalised, or the run is far too short; use a local"
                " drift that grows with x, confinement > 0, or a longer warm-up"
            )
            raise ModelError(msg)
