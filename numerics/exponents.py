"""Powers with which solutions vanish or diverge, fitted with an error."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from theory.expressions import ModelError

CORRECTIONS = 3
"""Most terms of corrections to the leading power that are fitted."""


class Power(NamedTuple):
    """``y = amplitude x^exponent`` for small x.

    Parameters
    ----------
    exponent, amplitude : float
    exponent_error, amplitude_error : float
        Change when one more correction to the leading power is fitted, or the half of the points
        with the larger x is left out: the larger one.
    """

    exponent: float
    exponent_error: float
    amplitude: float
    amplitude_error: float


def fit_power(x: np.ndarray, y: np.ndarray, *, correction: float = 1.0) -> Power:
    """Fit the leading power of a function that is known precisely near x = 0.

    Parameters
    ----------
    x, y : ndarray, shape (k,)
        Positive; at least 8 points.
    correction : float, optional
        Power of x by which the terms of ``log(y / x^exponent)`` go on.

    Returns
    -------
    Power

    Raises
    ------
    ModelError
        If there are too few points or a value is not positive.

    Notes
    -----
    ``log y = log A + p log x + b_1 x^k + b_2 x^(2k) ...`` by least squares; values are those of
    solved equations, so that the error is one of the form and not of noise.

    Examples
    --------
    >>> x = np.geomspace(1e-4, 1e-2, 20)
    >>> found = fit_power(x, 3 * x**0.5 * (1 + 2 * x))
    >>> print(f"{found.exponent:.6f} {found.amplitude:.5f}")
    0.500000 3.00000
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    if len(x) < 8 or not ((x > 0) & (y > 0) & np.isfinite(y)).all():
        msg = f"a power needs at least 8 positive points, got {int(((x > 0) & (y > 0)).sum())}"
        raise ModelError(msg)
    order = np.argsort(x)
    x, y = x[order], y[order]
    half = slice(None, max(len(x) // 2, 6))
    best = _fit(x, y, correction, CORRECTIONS)
    others = [_fit(x, y, correction, CORRECTIONS - 1), _fit(x[half], y[half], correction, 2)]
    errors = np.abs(np.array(others) - best).max(axis=0)
    return Power(best[0], errors[0], best[1], errors[1])


def _fit(x: np.ndarray, y: np.ndarray, correction: float, terms: int) -> np.ndarray:
    """Exponent and amplitude with some terms of corrections."""
    scaled = (x / x.max()) ** correction
    columns = [np.ones_like(x), np.log(x), *(scaled**k for k in range(1, terms + 1))]
    found, *_ = np.linalg.lstsq(np.stack(columns, axis=1), np.log(y), rcond=None)
    return np.array([found[1], np.exp(found[0])])
