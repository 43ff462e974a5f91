"""The stationary autocovariance over the lag: the fall of a particle from the variance.

Its coordinate is ``sigma = sqrt(Delta(0) - Delta)``, the standard deviation by which the transfer
function is smoothed at this lag, in which all functions are smooth; near the rest it is the
logarithm of the distance to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import legendre

from numerics.piecewise import Piecewise
from numerics.quadrature import gauss_legendre
from numerics.smoothing import legendre_transforms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numerics.stationary_equation import Trial

_TOLERANCE, _ROUNDING = 1e-12, 1e-14
_REST, _TAIL = 39.0, 3.0  # logarithms: of the distance left out, and the length of a panel there
_INSIDE = 24  # nodes of integrals over one panel
_HALVINGS = 60


@dataclass(frozen=True)
class Element:
    """A piece of the fall in a coordinate of its own that grows with time.

    Parameters
    ----------
    left, right : float
        Ends of the coordinate.
    sigma : callable
        Of the coordinate.
    duration : callable
        Derivative of time by the coordinate.
    """

    left: float
    right: float
    sigma: Callable[[np.ndarray], np.ndarray]
    duration: Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Fall:
    """The autocovariance of a solution of the stationary equations.

    Parameters
    ----------
    trial : Trial
        With its mean and variance solved for.
    table : Piecewise
        ``-Delta''`` without its zero at rest in the last panel, and the slope of the correlation
        of the transfer function, over sigma.
    tolerance : float
        Of the table, relative.
    """

    trial: Trial
    table: Piecewise
    tolerance: float

    @classmethod
    def of(cls, trial: Trial) -> Fall:
        """Tabulate what the motion needs."""
        depth = _depth(trial)
        equation = trial.equation

        def functions(sigma: np.ndarray) -> np.ndarray:
            covariance = np.maximum(trial.variance - sigma**2, 0.0)
            pairs = np.array([trial.push(float(at)) for at in covariance]).T
            pairs[0] /= depth - sigma
            return pairs

        # rounding of the push, which is a small difference near the onset of chaos
        push = np.abs(functions(depth / 2 * (1 + gauss_legendre(trial.rule.order)[0]))[0]).max()
        rounding = _ROUNDING * equation.stiffness * trial.variance / (depth * push)
        tolerance = max(_TOLERANCE, rounding)
        table = Piecewise.fit(functions, [0.0, depth / 2, depth], trial.rule.order, tolerance)
        return cls(trial, table, tolerance)

    def coarser(self) -> Fall:
        """The same with the last third of the coefficients left out, for an error estimate."""
        return replace(self, table=self.table.truncated(self.trial.rule.order * 2 // 3))

    @cached_property
    def depth(self) -> float:
        """Sigma at rest."""
        return _depth(self.trial)

    def slope(self, sigma: np.ndarray) -> np.ndarray:
        """Slope of the correlation of the transfer function in the covariance."""
        return self.table(sigma)[1]

    def _push(self, sigma: np.ndarray) -> np.ndarray:
        return self.table(sigma)[0] * (self.depth - sigma)

    @cached_property
    def _kinetic_energies(self) -> np.ndarray:
        """Without that of the start, at the edges of the table."""
        node, weight = gauss_legendre(_INSIDE)
        left, right = self.table.edges[:-1, None], self.table.edges[1:, None]
        sigma = (left + right) / 2 + (right - left) / 2 * node
        gained = (self._push(sigma) * 2 * sigma * weight).sum(axis=1) * (right - left)[:, 0] / 2
        return np.append(0.0, np.cumsum(gained))

    def _energy_over_square(self, sigma: np.ndarray) -> np.ndarray:
        """Kinetic energy without that of the start, divided by ``sigma^2``."""
        node, weight = gauss_legendre(_INSIDE)
        edges = self.table.edges
        panel = np.clip(np.searchsorted(edges, sigma, side="right") - 1, 0, len(edges) - 2)
        left = edges[panel]
        # relative to sigma, so that nothing is lost near the start
        share = np.divide(left, sigma, out=np.zeros_like(sigma), where=sigma > 0)
        u = (share + 1)[..., None] / 2 + (1 - share)[..., None] / 2 * node
        inside = (self._push(sigma[..., None] * u) * u * weight).sum(axis=-1) * (1 - share)
        square = np.where(sigma > 0, sigma, 1.0) ** 2
        return inside + self._kinetic_energies[panel] / square

    def _energy_over_rest(self, distance: np.ndarray) -> np.ndarray:
        """Kinetic energy divided by the square of the distance of sigma from its rest."""
        node, weight = gauss_legendre(_INSIDE)
        u = (node + 1) / 2
        sigma = self.depth - distance[..., None] * u
        # the table's function is the push without its zero, whose sign turns here
        return -(self.table(sigma)[0] * u * sigma * weight).sum(axis=-1)

    def _duration_of_sigma(self, sigma: np.ndarray) -> np.ndarray:
        square = self._energy_over_square(sigma)
        noise = self.trial.equation.noise
        if not noise:
            return np.sqrt(2 / square)
        return 2 * sigma / np.sqrt(noise**2 + 2 * sigma**2 * square)

    def _duration_of_drop(self, drop: np.ndarray) -> np.ndarray:
        noise = self.trial.equation.noise
        return 1 / np.sqrt(noise**2 + 2 * drop * self._energy_over_square(np.sqrt(drop)))

    def _duration_of_logarithm(self, logarithm: np.ndarray) -> np.ndarray:
        distance = np.exp(-logarithm)
        energy = self._energy_over_rest(distance)
        return 2 * (self.depth - distance) / np.sqrt(2 * energy)

    @cached_property
    def elements(self) -> list[Element]:
        """The fall from the start until it is at rest to rounding."""
        *edges, last, _ = self.table.edges
        before = [float(edge) for edge in [*edges, last]]
        order = self.trial.rule.order

        def smooth(sigma: np.ndarray) -> np.ndarray:
            return np.array([self._duration_of_sigma(sigma), self.slope(sigma)])

        first: list[Element] = []
        if self.trial.equation.noise:
            # the start has a speed, so that time goes like the drop, sigma^2, at first
            def dropping(drop: np.ndarray) -> np.ndarray:
                return np.array([self._duration_of_drop(drop), self.slope(np.sqrt(drop))])

            beginning = before[1] ** 2
            pieces = Piecewise.fit(dropping, [0.0, beginning], order, 10 * self.tolerance)
            first = [
                Element(left, right, np.sqrt, self._duration_of_drop)
                for left, right in pairwise(pieces.edges)
            ]
            before = before[1:]
        if len(before) > 1:
            pieces = Piecewise.fit(smooth, before, order, 10 * self.tolerance)
            first += [
                Element(left, right, _same, self._duration_of_sigma)
                for left, right in pairwise(pieces.edges)
            ]
        begin = -np.log(self.depth - last)
        ends = np.linspace(begin, begin + _REST, round(_REST / _TAIL) + 1)
        return first + [
            Element(left, right, lambda s: self.depth - np.exp(-s), self._duration_of_logarithm)
            for left, right in pairwise(ends)
        ]

    @cached_property
    def times(self) -> np.ndarray:
        """When elements begin, and when the last one ends."""
        return np.append(0.0, np.cumsum([clock.sum() for clock in self._clocks]))

    @cached_property
    def _clocks(self) -> list[np.ndarray]:
        """Legendre series of the time since an element began, over [-1, 1]."""
        node, _ = gauss_legendre(_INSIDE)
        transform, _ = legendre_transforms(_INSIDE)
        clocks = []
        for element in self.elements:
            half = (element.right - element.left) / 2
            duration = element.duration(element.left + half * (1 + node))
            clocks.append(half * legendre.legint(transform @ duration, lbnd=-1))
        return clocks

    def at(self, lags: np.ndarray) -> np.ndarray:
        """Autocovariance at lags >= 0, by bisection of the time of every element."""
        lags = np.asarray(lags, dtype=float)
        equation, rest = self.trial.equation, self.trial.frozen
        place = np.searchsorted(self.times, lags, side="right") - 1
        result = np.empty(lags.shape)
        for k, element in enumerate(self.elements):
            here = place == k
            if not here.any():
                continue
            aim = lags[here] - self.times[k]
            low, high = (np.full(aim.shape, end) for end in (-1.0, 1.0))
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                late = legendre.legval(middle, self._clocks[k]) > aim
                low, high = np.where(late, low, middle), np.where(late, middle, high)
            half = (element.right - element.left) / 2
            sigma = element.sigma(element.left + half * (1 + (low + high) / 2))
            result[here] = self.trial.variance - sigma**2
        after = place >= len(self.elements)
        slope = float(self.slope(np.array(self.depth)))
        decay = np.sqrt(equation.stiffness - equation.coupling * slope)
        last = self.elements[-1]
        left = 2 * self.depth * (self.depth - float(last.sigma(np.array(last.right))))
        result[after] = rest + left * np.exp(-decay * (lags[after] - self.times[-1]))
        return result


def _depth(trial: Trial) -> float:
    return float(np.sqrt(trial.variance - trial.frozen))


def _same(sigma: np.ndarray) -> np.ndarray:
    return sigma
