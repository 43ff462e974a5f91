"""Averages of a function of one or two normal variables, however steep the function is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.polynomial import legendre

from numerics.quadrature import gauss_legendre

if TYPE_CHECKING:
    from collections.abc import Callable

REACH = 9.45
"""Standard deviations; the fourth power beyond is 3e-17 of its normal average."""
_PANEL = 2.1  # length of panels that resolve the normal weight, in standard deviations
_APART = 0.7  # a function smoothed by sigma needs no panels shorter than this, in sigma
_MISSED, _DEEPEST, _MOST = 1e-12, 60, 4000
_REDUCED, _ROUNDING = 0.3, 1e-9


@lru_cache
def legendre_transforms(order: int) -> tuple[np.ndarray, np.ndarray]:
    """From values at the nodes: Legendre coefficients, and integrals from -1 to the nodes.

    Returns
    -------
    coefficients, integrals : ndarray, shape (order, order)
    """
    node, weight = gauss_legendre(order)
    values = legendre.legvander(node, order - 1)
    coefficients = (values * weight[:, None]).T * (np.arange(order)[:, None] + 0.5)
    antiderivative = np.array(
        [legendre.legval(node, legendre.legint(row, lbnd=-1)) for row in np.eye(order)]
    )
    return coefficients, antiderivative.T @ coefficients


class Rule(NamedTuple):
    """Nodes of every panel, and the last Legendre coefficients that a panel may have."""

    order: int
    tolerance: float = 1e-15


@dataclass(frozen=True)
class SmoothFunction:
    """A continuous function with its slope.

    Parameters
    ----------
    value, slope : callable
        Of arrays.
    kinks : tuple of float, optional
        Where the slope jumps.
    """

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]
    kinks: tuple[float, ...] = ()


class Averages(NamedTuple):
    """At one covariance, for the function without its mean: correlation, slope, integral from 0."""

    correlation: float
    slope: float
    integral: float


@dataclass(frozen=True)
class Smoothed:
    r"""Averages of c(x) c(y) for normal x, y of equal mean and variance, at any covariance.

    ``E c(x) c(y) = E_z c_sigma(z)^2``, where ``z`` has the covariance as its variance and
    ``c_sigma`` is ``c`` smoothed by the rest, ``sigma^2 = variance - covariance``. Its slope in
    the covariance is the same average of ``c'`` by Price's theorem, and its integral the
    variance over ``z`` of an antiderivative of ``c_sigma``.

    Parameters
    ----------
    function : SmoothFunction
    mean, variance : float
    rule : Rule, optional

    References
    ----------
    Price, IRE Trans. Inf. Theory 4, 69 (1958).

    Examples
    --------
    >>> def zero(x):
    ...     return 0.0 * x
    >>> averages = Smoothed(SmoothFunction(lambda x: x**2, lambda x: 2 * x), 0.0, 1.0)
    >>> print("{:.12f} {:.12f} {:.12f}".format(*averages.at(0.5)))  # 2 r^2, 4 r, 2 r^3/3
    0.500000000000 2.000000000000 0.083333333333
    """

    function: SmoothFunction
    mean: float
    variance: float
    rule: Rule = Rule(16)

    @cached_property
    def width(self) -> float:
        """Standard deviation of x."""
        return float(np.sqrt(self.variance))

    @cached_property
    def edges(self) -> np.ndarray:
        """Ends of panels on which the slope is a polynomial of the order, to rounding."""
        node, gauss = gauss_legendre(self.rule.order)
        transform = legendre_transforms(self.rule.order)[0][-2:]
        # two variables are smoothed one after the other, so that their reaches add
        reach = REACH * np.sqrt(2)
        edge = self.mean + self.width * np.linspace(-reach, reach, 2 * round(reach) + 1)
        inside = [k for k in self.function.kinks if edge[0] < k < edge[-1]]
        edge = np.unique(np.concatenate([edge, inside]))
        left, right = edge[:-1], edge[1:]
        done: list[np.ndarray] = [edge[-1:]]
        largest, before = 0.0, np.full(left.shape, np.inf)
        for _ in range(_DEEPEST):
            half, middle = (right - left) / 2, (right + left) / 2
            slope = self.function.slope(middle[:, None] + half[:, None] * node)
            low, high = self.function.value(left), self.function.value(right)
            nearest = np.clip(self.mean, left, right) - self.mean
            weight = np.exp(-((nearest / self.width) ** 2) / 2)
            largest = max(largest, float((weight * np.abs(slope).max(axis=1)).max()))
            tail = weight * np.abs(slope @ transform.T).max(axis=1)
            rough = tail > self.rule.tolerance * self.rule.order * largest
            # halving does not reduce what is rounding
            rough &= (tail < _REDUCED * before) | (tail > _ROUNDING * largest)
            # a rise between the nodes is not seen in the slope
            missed = np.abs(high - low - half * (slope @ gauss))
            limit = max(_MISSED, self.rule.tolerance)
            rough |= weight * missed > limit * (weight * (np.abs(high) + np.abs(low))).max()
            rough &= half > 1e-15 * np.abs(middle)
            done.append(left[~rough])
            if not rough.any() or rough.sum() > _MOST:
                break
            ends = left[rough], middle[rough], right[rough]
            left, right = np.concatenate(ends[:2]), np.concatenate(ends[1:])
            before = np.tile(tail[rough], 2)
        return np.unique(np.concatenate([*done, left]))

    @cached_property
    def average(self) -> float:
        """Mean of the function."""
        return self._moments[0]

    @cached_property
    def square(self) -> Averages:
        """Averages where x and y are the same."""
        return self._moments[1]

    @cached_property
    def _moments(self) -> tuple[float, Averages]:
        within = np.abs(self.edges - self.mean) <= REACH * self.width * (1 + 1e-12)
        edges = np.unique(np.append(self.edges[within], self._ends(self.width)))
        x, half = self._nodes(edges)
        value, slope = (f(x) for f in (self.function.value, self.function.slope))
        return self._over(x, half, self.width, value, slope, None)

    def at(self, covariance: float) -> Averages:
        """Averages at a covariance from 0 to the variance.

        Parameters
        ----------
        covariance : float
        """
        sigma = float(np.sqrt(max(self.variance - covariance, 0.0)))
        if sigma == 0:
            return self.square
        common = float(np.sqrt(covariance))
        if not common > 1e-150:
            [value], [slope] = self.smooth(np.array([self.mean]), sigma)
            offset = value - self.average
            return Averages(offset**2, slope**2, 0.0)
        ends = self._ends(common)
        cuts = self.edges[(self.edges > ends[0]) & (self.edges < ends[-1])]
        edges = np.unique(np.append(_thinned(cuts, _APART * sigma), ends))
        x, half = self._nodes(edges)
        value, slope = self.smooth(x.ravel(), sigma)
        shape = x.shape
        return self._over(
            x, half, common, value.reshape(shape), slope.reshape(shape), self.average
        )[1]

    def _ends(self, width: float) -> np.ndarray:
        return self.mean + width * np.linspace(-REACH, REACH, round(2 * REACH / _PANEL) + 1)

    def _nodes(self, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        half = np.diff(edges)[:, None] / 2
        return (edges[1:] + edges[:-1])[:, None] / 2 + half * gauss_legendre(self.rule.order)[
            0
        ], half

    def _over(
        self,
        x: np.ndarray,
        half: np.ndarray,
        width: float,
        value: np.ndarray,
        slope: np.ndarray,
        mean: float | None,
    ) -> tuple[float, Averages]:
        """Average squares over a normal variable at nodes of panels."""
        weight = half * gauss_legendre(self.rule.order)[1]
        share = weight * np.exp(-(((x - self.mean) / width) ** 2) / 2)
        share /= share.sum()
        mean = float((share * value).sum()) if mean is None else mean
        value = value - mean
        panels = (weight * value).sum(axis=1)
        before = np.cumsum(panels) - panels
        integral = before[:, None] + half * (value @ legendre_transforms(self.rule.order)[1].T)
        # the middle is where the weight is: no constant of the tails is left in the variance
        integral = integral - (share * integral).sum()
        squares = (float((share * part**2).sum()) for part in (value, slope, integral))
        return mean, Averages(*squares)

    def smooth(self, x: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
        """Average function and slope over a normal variable around every x.

        Parameters
        ----------
        x : ndarray, shape (points,)
        sigma : float
            Its standard deviation.

        Returns
        -------
        value, slope : ndarray, shape (points,)
        """
        node, weight = gauss_legendre(self.rule.order)
        steady = np.linspace(-REACH, REACH, round(2 * REACH / _PANEL) + 1)
        cuts = np.clip((self.edges - x[:, None]) / sigma, -REACH, REACH)
        steady = np.broadcast_to(steady, (len(x), len(steady)))
        edges = np.sort(np.concatenate([cuts, steady], axis=1), axis=1)
        half = np.diff(edges, axis=1) / 2
        rows, columns = np.nonzero(half > 0)
        half, middle = (
            part[rows, columns][:, None] for part in (half, (edges[:, 1:] + edges[:, :-1]) / 2)
        )
        u = middle + half * node
        share = half * weight * np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
        at = x[rows][:, None] + sigma * u
        value, slope = (
            np.bincount(rows, (share * f(at)).sum(axis=1), len(x))
            for f in (self.function.value, self.function.slope)
        )
        return value, slope


def _thinned(cuts: np.ndarray, apart: float) -> np.ndarray:
    """Leave out cuts that are close to the one before."""
    kept: list[float] = []
    for cut in cuts:
        if not kept or cut - kept[-1] >= apart:
            kept.append(float(cut))
    return np.array(kept)
