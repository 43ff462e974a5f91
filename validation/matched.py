"""Random numbers whose sample means and covariances are exact, to reduce sampling errors."""

from __future__ import annotations

import numpy as np
from scipy.linalg import cholesky, solve_triangular
from scipy.special import ndtri

_SURPLUS = 1.25


def enough(rows: int) -> int:
    """Least number of samples for which so many rows are matched.

    Examples
    --------
    >>> enough(4)
    5
    """
    return int(np.ceil(_SURPLUS * rows))


def matched_normals(
    rows: int, samples: int, given: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, bool]:
    r"""Draw normal numbers with zero sample means, unit sample covariance and no correlation.

    The rows are made orthogonal, in the space of samples, to the constant, to the given rows and
    to each other. A column is then a random vector with a spherical distribution, whose moments
    differ from the normal ones by terms of order 1/samples, however many rows there are. What is
    a polynomial of degree 2 in these numbers has no sampling error at all; of a smooth function
    only what is left beyond degree 2 has.

    Parameters
    ----------
    rows, samples : int
    given : ndarray, shape (k, samples)
        Numbers drawn before, which stay as they are.
    generator : numpy.random.Generator

    Returns
    -------
    normals : ndarray, shape (rows, samples)
    matched : bool
        False if there are too few samples for it; the numbers are then independent.

    References
    ----------
    Barraquand, Management Science 41, 1882 (1995): quadratic resampling.

    Examples
    --------
    >>> given = np.arange(8.0)[None]
    >>> normals, matched = matched_normals(2, 8, given, np.random.default_rng(0))
    >>> np.abs(np.vstack([normals, given]) @ normals.T / 8).round(12).tolist()
    [[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]]
    """
    normals = generator.standard_normal((rows, samples))
    if samples < enough(rows + len(given) + 1):
        return normals, False
    fixed = np.vstack([np.ones(samples), given])
    basis = np.linalg.svd(fixed, full_matrices=False)
    independent = basis[2][basis[1] > 1e-12 * basis[1][0]]
    normals -= (normals @ independent.T) @ independent
    factor = cholesky(normals @ normals.T / samples, lower=True)
    return solve_triangular(factor, normals, lower=True, overwrite_b=True), True


def stratified_normals(samples: int, generator: np.random.Generator) -> np.ndarray:
    """Draw normal numbers, one from each of ``samples`` intervals of equal probability.

    They are then shifted and scaled, by very little, to zero mean and unit variance.

    Parameters
    ----------
    samples : int
    generator : numpy.random.Generator

    Returns
    -------
    ndarray, shape (samples,)
        In random order.

    Examples
    --------
    >>> numbers = stratified_normals(10000, np.random.default_rng(0))
    >>> bool(abs((numbers**4).mean() - 3) < 0.02)
    True
    """
    shares = (np.arange(samples) + generator.random(samples)) / samples
    numbers = ndtri(generator.permutation(shares))
    return (numbers - numbers.mean()) / numbers.std()
