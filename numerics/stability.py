"""Eigenvalues that say whether a saddle point is stable."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

REPLICON = "replicon"


def smallest(matrix: np.ndarray) -> np.ndarray:
    """Smallest real part of the eigenvalues of many matrices; NaN where one is not finite.

    Parameters
    ----------
    matrix : ndarray, shape (points, k, k)

    Returns
    -------
    ndarray, shape (points,)

    Examples
    --------
    >>> smallest(np.array([[[3.0, 0.0], [0.0, 0.5]]])).tolist()
    [0.5]
    """
    found = np.full(len(matrix), np.nan)
    finite = np.isfinite(matrix).all(axis=(1, 2))
    if matrix.shape[1] == 1:
        return np.where(finite, matrix[:, 0, 0], np.nan)
    if finite.any() and matrix.shape[1]:
        found[finite] = np.linalg.eigvals(matrix[finite]).real.min(axis=1)
    return found


def replicon(kernel: FunctionalKernel, observables: np.ndarray) -> np.ndarray:
    """Smallest eigenvalue against inequivalent replicas.

    Parameters
    ----------
    kernel : FunctionalKernel
    observables : ndarray, shape (points, observables)
        As the kernel gives them.

    Returns
    -------
    ndarray, shape (points,)
        Replica symmetry is stable where it is positive.
    """
    found = []
    for kind in dict.fromkeys(n.split()[0] for n in kernel.observables if REPLICON in n):
        columns = [
            k for k, n in enumerate(kernel.observables) if n.startswith(f"{kind} {REPLICON}")
        ]
        size = round(np.sqrt(len(columns)))
        found.append(smallest(observables[:, columns].reshape(-1, size, size)))
    return np.min(found, axis=0)
