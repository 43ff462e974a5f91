"""Integrals over the state of one unit: where the weight is, nodes there, compiled integrands."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from numerics.quadrature import ORDER, gauss_legendre
from theory.averages import SiteAverage, SiteIntegral, written_out
from theory.codegen.arrays import array_function
from theory.expressions import X, kinks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from theory.ensembles import RandomNetwork

PANELS, MOST_PANELS = 24, 1536
DEPTH = 50.0
"""Logarithm of the weight, from its peak, that is left out."""
_DECADES = 10.0 ** np.arange(-9.0, 5.0, 0.05)
_ZOOM, _PARTS = np.linspace(-1, 1, 33), np.linspace(0, 1, 17)
_SLACK = 0.02
_GRADES = np.concatenate([-(0.5 ** np.arange(2, 46)), [0.0], 0.5 ** np.arange(2, 46)])
_GRID = np.concatenate([-_DECADES[::-1], [0.0], _DECADES])


def support(height: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
    """Range of x outside which ``exp(height)`` is negligible.

    Parameters
    ----------
    height : callable
        Logarithm of the weight, of an array of states. Scanned logarithmically from 1e-9 to 1e5,
        so that no scale has to be known, and closer where the weight is narrower than that.

    Returns
    -------
    lower, upper : float
        NaN where the weight does not decay.

    Examples
    --------
    >>> lower, upper = support(lambda x: -((x - 3) ** 2) / 2)
    >>> -7.3 < lower < -6.9 and 12.9 < upper < 13.3
    True
    """

    def value(x: np.ndarray) -> np.ndarray:
        found = height(x)
        return np.where(np.isnan(found), -np.inf, found)

    heights = value(_GRID)
    best = int(np.argmax(heights))
    peak, top = _GRID[best], heights[best]
    reach = np.diff(_GRID[max(best - 1, 0) : best + 2]).max()
    seen = (heights > top - DEPTH).sum()
    while seen < 3 and reach > 1e-13 * abs(peak):
        near = peak + reach * _ZOOM
        around = value(near)
        if around.max() > top:
            peak, top = near[np.argmax(around)], around.max()
        seen = (around > top - DEPTH).sum()
        reach /= 4.0
    level = top - DEPTH
    inside = np.append(_GRID[heights > level], peak)
    first, last = np.searchsorted(_GRID, [inside.min(), inside.max()], side="right")
    if not np.isfinite(level) or first <= 1 or last >= len(_GRID):
        return np.nan, np.nan
    below = first - 2 if _GRID[first - 1] == inside.min() else first - 1
    return (
        _edge(value, inside.min(), _GRID[below], level, peak),
        _edge(value, inside.max(), _GRID[last], level, peak),
    )


def _edge(
    value: Callable[[np.ndarray], np.ndarray],
    inner: float,
    outer: float,
    level: float,
    peak: float,
) -> float:
    """A point not far beyond where the weight falls through a level."""
    for _ in range(40):
        if abs(outer - inner) < _SLACK * abs(inner - peak):
            break
        points = inner + (outer - inner) * _PARTS
        k = int(np.argmax(value(points) <= level))
        inner, outer = points[k - 1], points[k]
    return float(outer)


def kinks_of(network: RandomNetwork) -> list[float]:
    """Points where a function of the model is not smooth.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> kinks_of(RandomNetwork(transfer="Max(0, x)"))
    [0.0]
    """
    functions = (network.local, network.gain, network.transfer)
    return sorted({float(point) for function in functions for point in kinks(function)})


def site_nodes(
    lower: float,
    upper: float,
    breaks: Sequence[float],
    panels: int,
    graded: Sequence[float] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights in panels that end where a function is not smooth.

    Parameters
    ----------
    lower, upper : float
    breaks : sequence of float
    panels : int
        Between any two breaks.
    graded : sequence of float, optional
        Points towards which panels become shorter and shorter.

    Returns
    -------
    nodes, weights : ndarray
        One NaN where the range is not finite.

    Examples
    --------
    >>> x, w = site_nodes(-1.0, 2.0, [0.0], 4)
    >>> round(float((w * np.abs(x)).sum()), 12)
    2.5
    """
    if not np.isfinite(upper - lower):
        return np.array([np.nan]), np.array([np.nan])
    node, weight = gauss_legendre(ORDER)
    corners = [lower, *(k for k in breaks if lower < k < upper), upper]
    edges = [np.linspace(*pair, panels + 1) for pair in pairwise(corners)]
    for point in graded:
        near = point + (upper - lower) * _GRADES
        edges.append(near[(near > lower) & (near < upper)])
    edge = np.unique(np.concatenate(edges))
    half = np.diff(edge)[:, None] / 2
    middle = (edge[1:] + edge[:-1])[:, None] / 2
    return (middle + half * node).ravel(), (half * weight).ravel()


def compiled(
    symbols: Sequence[sp.Symbol], expressions: Sequence[sp.Expr]
) -> Callable[..., np.ndarray]:
    """Make a NumPy function of many expressions, with subexpressions shared.

    Parameters
    ----------
    symbols : sequence of sympy.Symbol
        Arguments; the first may be an array.
    expressions : sequence of sympy.Expr

    Returns
    -------
    callable
        Gives an array with one row per expression.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> compiled([x, y], [x * y, sp.Integer(2)])(np.array([1.0, 2.0]), 3.0).tolist()
    [[3.0, 6.0], [2.0, 2.0]]
    """
    function = array_function(list(symbols), list(expressions))

    def evaluate(first: np.ndarray, *rest: float) -> np.ndarray:
        first = np.asarray(first, dtype=float)
        rows = np.empty((len(expressions), *first.shape))
        with np.errstate(all="ignore"):
            for place, value in enumerate(function(first, *rest)):
                rows[place] = value
        return rows

    return evaluate


class SiteExpressions:
    """Expressions in averages over one unit as a function of numbers.

    Parameters
    ----------
    exponent : sympy.Expr
        ``H(x)`` of the weight ``exp(H)`` that all averages share.
    expressions : sequence of sympy.Expr
        In `theory.averages.SiteAverage` and `SiteIntegral` nodes.
    symbols : sequence of sympy.Symbol
        Arguments.
    breaks : sequence of float
        Where a function is not smooth.
    vanishing : sympy.Expr, optional
        Near its zeros the expressions vary quickly.

    Examples
    --------
    >>> from theory.averages import site_average
    >>> y, x = sp.Symbol("y"), sp.Symbol("x", real=True)
    >>> exponent = -y * x**2 / 2
    >>> variance = SiteExpressions(exponent, [site_average(x**2, exponent)], [y], [])
    >>> print(f"{variance([4.0])[0]:.12f}")
    0.250000000000
    """

    def __init__(
        self,
        exponent: sp.Expr,
        expressions: Sequence[sp.Expr],
        symbols: Sequence[sp.Symbol],
        breaks: Sequence[float],
        vanishing: sp.Expr = sp.S.One,
    ) -> None:
        nodes = {a for e in expressions for a in e.atoms(SiteAverage, SiteIntegral)}
        sites = sorted(nodes, key=str)
        self.is_average = np.array([isinstance(site, SiteAverage) for site in sites])
        self.breaks = breaks
        observables = [s.args[0] if isinstance(s, SiteAverage) else sp.S.One for s in sites]
        stand_ins = [sp.Dummy() for _ in sites]
        exchanged = dict(zip(sites, stand_ins, strict=True))
        self._vanishing = compiled([X, *symbols], [written_out(vanishing)])
        self._exponent = compiled([X, *symbols], [written_out(exponent)])
        self._inside = compiled([X, *symbols], [written_out(o) for o in observables])
        self._outside = sp.lambdify(
            [*symbols, *stand_ins],
            [written_out(e.xreplace(exchanged)) for e in expressions],
            cse=True,
        )

    def __call__(self, numbers: Sequence[float], panels: int = PANELS) -> np.ndarray:
        """Evaluate; NaN where the weight cannot be normalised.

        Parameters
        ----------
        numbers : sequence of float
            Values of the symbols.
        panels : int

        Returns
        -------
        ndarray, shape (expressions,)
        """
        x, weights = self._nodes(numbers, panels)
        heights = self._exponent(x, *numbers)[0]
        top = heights.max()
        with np.errstate(all="ignore"):
            shares = weights * np.exp(heights - top)
            sums = self._inside(x, *numbers) @ shares
            values = np.where(self.is_average, sums / shares.sum(), sums * np.exp(top))
            return np.array(self._outside(*numbers, *values), dtype=float)

    def _nodes(self, numbers: Sequence[float], panels: int) -> tuple[np.ndarray, np.ndarray]:
        lower, upper = support(lambda x: self._exponent(x, *numbers)[0])
        x, weights = site_nodes(lower, upper, self.breaks, panels)

        def slope(at: float) -> float:
            return float(self._vanishing(np.array(at), *numbers)[0])

        values = self._vanishing(x, *numbers)[0]
        places = np.flatnonzero(values[1:] * values[:-1] < 0)
        if not places.size:
            return x, weights
        zeros = [brentq(slope, x[k], x[k + 1], xtol=1e-14) for k in places]
        return site_nodes(lower, upper, self.breaks, panels, zeros)
