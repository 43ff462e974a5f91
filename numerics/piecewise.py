"""Functions that are polynomials between nodes: fitted by halving, evaluated, integrated."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from numerics.quadrature import gauss_legendre
from numerics.smoothing import legendre_transforms

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_PANELS = 80
_REDUCED, _ROUNDING = 0.3, -1e-7  # of the last coefficients, whose sign is turned


@dataclass(frozen=True)
class Piecewise:
    """Several functions of one variable, by their Legendre coefficients on panels.

    Parameters
    ----------
    edges : ndarray, shape (panels + 1,)
    coefficients : ndarray, shape (functions, panels, order)

    Examples
    --------
    >>> line = Piecewise.fit(lambda x: np.array([np.abs(x)]), [-1.0, 0.0, 2.0], 8, 1e-12)
    >>> [round(float(value), 12) for value in line(np.array([-0.5, 1.5]))[0]]
    [0.5, 1.5]
    """

    edges: np.ndarray
    coefficients: np.ndarray

    @classmethod
    def fit(
        cls,
        function: Callable[[np.ndarray], np.ndarray],
        edges: list[float],
        order: int,
        tolerance: float,
    ) -> Piecewise:
        """Halve panels until the last coefficients of each function are small.

        Parameters
        ----------
        function : callable
            Of an array of shape (order,), gives shape (functions, order).
        edges : list of float
            Of the first panels.
        order : int
        tolerance : float
            Relative to the largest value that was seen. What rounding does not allow ends at a
            number of panels, and shows in what `truncated` changes.
        """
        node, _ = gauss_legendre(order)
        transform = legendre_transforms(order)[0]
        largest = np.zeros(1)
        panels: list[tuple[float, float, float, np.ndarray]] = []

        def panel(left: float, right: float) -> tuple[float, float, float, np.ndarray]:
            nonlocal largest
            values = function((left + right) / 2 + (right - left) / 2 * node)
            largest = np.maximum(largest, np.abs(values).max(axis=1))
            coefficients = values @ transform.T
            tail = np.abs(coefficients[:, -2:]).max(axis=1)
            rough = float((tail / np.where(largest > 0, largest, 1.0)).max())
            return -rough, left, right, coefficients

        for left, right in pairwise(edges):
            heapq.heappush(panels, panel(left, right))
        # the worst first, so that what is left at the limit is what matters least
        while -panels[0][0] > tolerance and len(panels) < MOST_PANELS:
            before, left, right, _ = heapq.heappop(panels)
            middle = (left + right) / 2
            halves = panel(left, middle), panel(middle, right)
            # halving does not reduce what is rounding
            rounding = all(_ROUNDING < half[0] < _REDUCED * before for half in halves)
            for rough, begin, end, coefficients in halves:
                heapq.heappush(panels, (0.0 if rounding else rough, begin, end, coefficients))
        panels.sort(key=lambda panel: panel[1])
        ends = np.array([left for _, left, _, _ in panels] + [panels[-1][2]])
        return cls(ends, np.stack([coefficients for *_, coefficients in panels], axis=1))

    def __call__(self, x: np.ndarray) -> np.ndarray:
        """Values, shape (functions, *x.shape)."""
        panel = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)
        left, right = self.edges[panel], self.edges[panel + 1]
        u = (2 * x - left - right) / (right - left)
        return _sum_of_legendre(np.moveaxis(self.coefficients[:, panel], -1, 0), u)

    def truncated(self, order: int) -> Piecewise:
        """Leave out the coefficients from an order on: the error is what this changes."""
        return replace(self, coefficients=self.coefficients[..., :order])


def _sum_of_legendre(coefficients: np.ndarray, u: np.ndarray) -> np.ndarray:
    """Sum of Legendre polynomials whose coefficients differ from point to point."""
    before, current = np.ones_like(u), u
    total = coefficients[0] + (coefficients[1] * u if len(coefficients) > 1 else 0.0)
    for k in range(2, len(coefficients)):
        before, current = current, ((2 * k - 1) * u * current - (k - 1) * before) / k
        total = total + coefficients[k] * current
    return total
