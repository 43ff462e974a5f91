"""Ground state of the Schroedinger equation whose energy is the largest Lyapunov exponent."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import LinAlgError, cho_solve_banded, cholesky_banded

if TYPE_CHECKING:
    from numerics.autocovariance import Fall

_STEPS, _NEAR, _CHANGE = 40, 1e-4, 4e-16


@lru_cache
def lobatto(order: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss-Lobatto nodes on [-1, 1], their weights, and the matrix of derivatives there.

    Examples
    --------
    >>> node, weight, slope = lobatto(5)
    >>> print(f"{weight @ node**4:.12f}", (slope @ node).round(12))
    0.400000000000 [1. 1. 1. 1. 1.]
    """
    last = np.zeros(order)
    last[-1] = 1
    node = np.concatenate([[-1.0], np.sort(legendre.legroots(legendre.legder(last)).real), [1.0]])
    values = legendre.legvander(node, order - 1)
    weight = 2 / (order * (order - 1) * values[:, -1] ** 2)
    slopes = np.array([legendre.legval(node, legendre.legder(row)) for row in np.eye(order)]).T
    return node, weight, slopes @ np.linalg.inv(values)


def decay_of_separation(fall: Fall, order: int) -> float:
    r"""Rate q at which the ground state of ``-psi'' - s C' psi = E psi`` decays in the end.

    With ``C'`` the slope of the correlation along the fall and ``s`` the coupling,
    ``q^2 = -s C'(rest) - E``. The state is even in the lag. Elements are those of the fall;
    where it is at rest, ``psi' = -q psi``.

    Parameters
    ----------
    fall : Fall
    order : int
        Nodes of an element.

    Returns
    -------
    float
        NaN if the iteration ends at a state that changes its sign.
    """
    node, weight, slopes = lobatto(order)
    size = len(fall.elements) * (order - 1) + 1
    coupling = fall.trial.equation.coupling
    rest = fall.slope(np.array(fall.depth))
    mass, deeper = np.zeros((2, size))
    banded = np.zeros((order, size))  # lower form
    parts = []
    for k, element in enumerate(fall.elements):
        half = (element.right - element.left) / 2
        coordinate = element.left + half * (1 + node)
        duration = element.duration(coordinate)
        shares = weight * half * duration
        place = slice(k * (order - 1), (k + 1) * (order - 1) + 1)
        mass[place] += shares
        deeper[place] += shares * coupling * (fall.slope(element.sigma(coordinate)) - rest)
        bend = np.sqrt(weight / (half * duration))[:, None] * slopes
        stiffness = bend.T @ bend
        for below in range(order):
            banded[below, place.start : place.stop - below] += np.diag(stiffness, -below)
        parts.append((place, bend))

    def factor(q: float) -> np.ndarray | None:
        """Factor of the equations at a trial rate; None below that of the ground state."""
        matrix = banded.copy()
        matrix[0] += mass * q**2 - deeper
        matrix[0, -1] += q
        try:
            return cholesky_banded(matrix, lower=True)
        except LinAlgError:
            return None

    def rayleigh(psi: np.ndarray) -> float:
        """The positive root of ``mass q^2 + psi(end)^2 q + energy = 0``."""
        # squares of derivatives, element by element, do not lose digits on short elements
        bent = sum(((bend @ psi[place]) ** 2).sum() for place, bend in parts)
        energy = bent - (deeper * psi**2).sum()
        end, total = psi[-1] ** 2, (mass * psi**2).sum()
        return float((-end + np.sqrt(max(end**2 - 4 * energy * total, 0.0))) / (2 * total))

    deepest = float(np.sqrt(max((deeper / mass).max(), 0.0)))
    low, high = 0.0, deepest * (1 + 1e-6)
    nearest = factor(high)
    while high - low > _NEAR * deepest:
        middle = (low + high) / 2
        trial = factor(middle)
        low, high, nearest = (low, middle, trial) if trial is not None else (middle, high, nearest)
    if nearest is None or not deepest:
        return 0.0  # a flat potential: separations grow as in the linear network
    psi, q, before = np.ones(size), np.inf, np.nan
    for _ in range(_STEPS):
        psi = cho_solve_banded((nearest, True), mass * psi)
        psi /= psi.max()
        before, q = q, rayleigh(psi)
        if abs(q - before) <= _CHANGE * deepest:
            break
    return q if psi.min() > -1e-9 else np.nan
