"""Growth rates of small deviations: leading eigenvalues of the Jacobian of a drift."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.sparse.linalg import ArpackError, LinearOperator, eigs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from numerics.targets import Target

LARGEST_DENSE = 400
"""Size up to which all eigenvalues are found rather than a few."""
LARGEST_FALLBACK = 5000
"""Size up to which all eigenvalues are found if the few do not converge."""
_FEW, _FEW_LARGE = (6, 80), (1, 30)
"""Eigenvalues and vectors of the iteration, and those beyond `LARGEST_FALLBACK`."""
_RESTARTS = 300


def largest_growth_rate(
    target: Target, state: ArrayLike | None = None, *, tolerance: float = 1e-10
) -> float:
    """Largest real part of the eigenvalues of the Jacobian of the drift.

    Parameters
    ----------
    target : Target
    state : array_like, shape (N,), optional
        Where; by default 0.
    tolerance : float
        Relative accuracy of eigenvalues that are found by iteration.

    Returns
    -------
    float
        In units of the inverse single-unit time constant; a fixed point is stable below 0. NaN
        where the system is large and the iteration does not converge.

    Notes
    -----
    In large systems a few eigenvalues are found by Arnoldi iteration with ARPACK, from a fixed
    start, with many vectors as the edge of the spectrum of a random matrix is dense. Where it
    does not converge, all eigenvalues are found, up to `LARGEST_FALLBACK` units. Beyond these one
    eigenvalue is sought, with fewer vectors, as keeping them orthogonal is what takes the time.

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> target = dynamics_target(Dynamics(["x", "y"], ["-x + 4*y", "x - y"]))
    >>> round(largest_growth_rate(target), 12)
    1.0
    """
    size = target.size
    at = np.zeros((size, 1)) if state is None else np.reshape(state, (size, 1))

    def product(vectors: np.ndarray) -> np.ndarray:
        columns = vectors.reshape(size, -1)
        return target.tangent(np.repeat(at, columns.shape[1], axis=1), columns)

    if size > LARGEST_DENSE:
        operator = LinearOperator((size, size), matvec=product, matmat=product, dtype=np.float64)
        first = np.random.default_rng(0).standard_normal(size)
        large = size > LARGEST_FALLBACK
        number, vectors = _FEW_LARGE if large else _FEW
        try:
            found = eigs(
                operator, k=number, ncv=vectors, which="LR", v0=first, tol=tolerance,
                maxiter=_RESTARTS if large else 10 * size, return_eigenvectors=False,
            )  # fmt: skip
            return float(found.real.max())
        except ArpackError:
            if large:
                return np.nan
    return float(growth_rates(target, at).max())


def growth_rates(target: Target, state: ArrayLike) -> np.ndarray:
    """Real parts of all eigenvalues of the Jacobian of the drift, in ascending order.

    Parameters
    ----------
    target : Target
        Dense, and small enough for N^3 operations.
    state : array_like, shape (N,)

    Returns
    -------
    ndarray, shape (N,)

    Examples
    --------
    >>> from theory import Dynamics
    >>> from numerics.targets import dynamics_target
    >>> growth_rates(dynamics_target(Dynamics(["x", "y"], ["-x", "2*y"])), [0, 0]).tolist()
    [-1.0, 2.0]
    """
    jacobian = target.jacobian(np.reshape(state, target.size))
    return np.sort(np.linalg.eigvals(jacobian).real)
