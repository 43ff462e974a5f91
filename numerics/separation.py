"""Ground state of the Schroedinger equation whose energy is the largest Lyapunov exponent."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial import legendre
from scipy.sparse import lil_array
from scipy.sparse.linalg import splu

if TYPE_CHECKING:
    from numerics.autocovariance import Fall

_STEPS, _FIRST = 60, 6


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
    stiffness = lil_array((size, size))
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
        stiffness[place, place] += bend.T @ bend
        parts.append((place, bend))
    stiffness = stiffness.tocsc()
    diagonal = np.arange(size)

    def rayleigh(psi: np.ndarray) -> float:
        """The positive root of ``mass q^2 + psi(end)^2 q + energy = 0``."""
        # squares of derivatives, element by element, do not lose digits on short elements
        bent = sum(((bend @ psi[place]) ** 2).sum() for place, bend in parts)
        energy = bent - (deeper * psi**2).sum()
        end, total = psi[-1] ** 2, (mass * psi**2).sum()
        return float((-end + np.sqrt(max(end**2 - 4 * energy * total, 0.0))) / (2 * total))

    def improved(psi: np.ndarray, q: float) -> np.ndarray:
        matrix = stiffness.copy()
        added = mass * q**2 - deeper
        added[-1] += q
        matrix.setdiag(matrix.diagonal()[diagonal] + added)
        psi = splu(matrix.tocsc()).solve(mass * psi)
        return psi / psi[np.argmax(np.abs(psi))]

    # a shift below the ground state first, which no other state is as close to
    q = float(np.sqrt(max(np.max(deeper / mass), 0.0)))
    if q == 0:
        return 0.0
    psi = np.ones(size)
    for _ in range(_FIRST):
        psi = improved(psi, q)
    for _ in range(_STEPS):
        before, q = q, rayleigh(psi)
        if abs(q - before) <= 4e-16 * q:
            break
        psi = improved(psi, q)
    return q if (psi > -1e-9).all() else np.nan
