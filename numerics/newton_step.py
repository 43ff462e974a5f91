"""Newton's correction at many points: a small linear system each, in scaled variables."""

from __future__ import annotations

import math

import numpy as np
from numba import njit

_ROUNDING = float(np.finfo(np.float64).eps)


def newton_step(jacobian: np.ndarray, residual: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Solve ``jacobian step = -residual`` at every point.

    Rows and columns are scaled by the natural sizes, which keeps the matrix well conditioned.

    Parameters
    ----------
    jacobian : ndarray, shape (points, k, k)
    residual : ndarray, shape (points, k)
    scales : ndarray, shape (points, k)
        Natural sizes of the unknowns; 1 is taken where one is not finite.

    Returns
    -------
    ndarray, shape (points, k)
        NaN where the matrix is singular to rounding or something is not finite.

    Examples
    --------
    >>> newton_step(np.array([[[2.0, 0.0], [1.0, 4.0]]]), np.array([[2.0, 9.0]]), np.ones((1, 2)))
    array([[-1., -2.]])
    """
    step = np.empty_like(residual)
    _solve(jacobian, residual, np.where(np.isfinite(scales), scales, 1.0), step)
    return step


@njit(cache=True, nogil=True, error_model="numpy")
def _solve(
    jacobian: np.ndarray, residual: np.ndarray, scales: np.ndarray, step: np.ndarray
) -> None:
    points, size = residual.shape
    matrix = np.empty((size, size + 1))
    for point in range(points):
        largest = 0.0
        for k in range(size):
            for l in range(size):
                matrix[k, l] = jacobian[point, k, l] * scales[point, l] / scales[point, k]
                largest = max(largest, abs(matrix[k, l]))
            matrix[k, size] = -residual[point, k] / scales[point, k]
        regular = _eliminate(matrix, size * _ROUNDING * largest)
        for k in range(size):
            step[point, k] = matrix[k, size] * scales[point, k] if regular else math.nan


@njit(cache=True, nogil=True, error_model="numpy")
def _eliminate(matrix: np.ndarray, smallest: float) -> bool:
    """Gaussian elimination with partial pivoting, of a matrix with the right side as last column.

    Returns whether all is finite and every pivot is above the smallest.
    """
    size = len(matrix)
    regular = math.isfinite(np.sum(matrix))
    for k in range(size):
        pivot = k
        for row in range(k + 1, size):
            if abs(matrix[row, k]) > abs(matrix[pivot, k]):
                pivot = row
        regular = regular and abs(matrix[pivot, k]) > smallest
        for column in range(k, size + 1):
            matrix[k, column], matrix[pivot, column] = matrix[pivot, column], matrix[k, column]
        for row in range(k + 1, size):
            factor = matrix[row, k] / matrix[k, k]
            for column in range(k + 1, size + 1):
                matrix[row, column] -= factor * matrix[k, column]
    for k in range(size - 1, -1, -1):
        for column in range(k + 1, size):
            matrix[k, size] -= matrix[k, column] * matrix[column, size]
        matrix[k, size] /= matrix[k, k]
    return regular
