"""Times of calls that are compared: repeated in turn, as medians with their spread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.stats import linregress

from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike

    Call = Callable[[], object]


class Spread(NamedTuple):
    """Median and quartiles of repeated measurements.

    Parameters
    ----------
    median, low, high : float
        The middle, and what a quarter of the measurements lies below and above.
    """

    median: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.median:.3g} ({self.low:.3g} to {self.high:.3g})"


class Growth(NamedTuple):
    """``seconds = amplitude size^exponent``.

    Parameters
    ----------
    exponent, error : float
        Fitted to all sizes, with its standard error.
    amplitude : float
    last : float
        Exponent between the two largest sizes, where constant costs weigh least.
    """

    exponent: float
    error: float
    amplitude: float
    last: float


def alternate(
    calls: Mapping[str, Call], repetitions: int, *, least: float = 0.0
) -> dict[str, np.ndarray]:
    """Time calls in turn, A B A B, so that what else the machine does affects all of them alike.

    Every call is made once before, which compiles and fills caches.

    Parameters
    ----------
    calls : dict of str to callable
    repetitions : int
    least : float, optional
        Seconds that one measurement should last: faster calls are made several times in it.

    Returns
    -------
    dict of str to ndarray, shape (repetitions,)
        Seconds of one call.

    Examples
    --------
    >>> seconds = alternate({"short": lambda: None, "long": lambda: sum(range(10**5))}, 3)
    >>> seconds["long"].shape, bool(spread(seconds["long"] / seconds["short"]).median > 1)
    ((3,), True)
    """
    if repetitions < 1:
        msg = f"repetitions must be at least 1, not {repetitions}"
        raise ModelError(msg)
    counts = {}
    for name, call in calls.items():
        call()
        counts[name] = max(1, int(np.ceil(least / max(_seconds(call, 1), 1e-7)))) if least else 1
    seconds = {name: np.empty(repetitions) for name in calls}
    for repetition in range(repetitions):
        for name, call in calls.items():
            seconds[name][repetition] = _seconds(call, counts[name])
    return seconds


def _seconds(call: Call, count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        call()
    return (time.perf_counter() - start) / count


def spread(values: ArrayLike) -> Spread:
    """Summarise repeated measurements; NaN where there are none.

    Examples
    --------
    >>> print(spread([3.0, 1.0, 2.0, 5.0, 4.0]))
    3 (2 to 4)
    """
    values = np.asarray(values, dtype=float)
    if not np.isfinite(values).any():
        return Spread(np.nan, np.nan, np.nan)
    low, median, high = np.nanquantile(values, [0.25, 0.5, 0.75])
    return Spread(float(median), float(low), float(high))


def fit_growth(sizes: ArrayLike, seconds: ArrayLike) -> Growth:
    """Fit a power to measured values, by least squares of the logarithms.

    The error is that of a straight line through scattered points; it contains what bends the
    line, such as a constant cost of every call. (`numerics.exponents` fits the leading power of
    solutions without noise, with its corrections.)

    Parameters
    ----------
    sizes, seconds : array_like, shape (k,)
        Points that are not positive and finite are left out.

    Returns
    -------
    Growth
        NaN with fewer than three points, which leave no error; the last of two is known.

    Examples
    --------
    >>> growth = fit_growth([10, 20, 40], [1.0, 4.0, 16.0])
    >>> print(f"{growth.exponent:.3f} {growth.error:.3f} {growth.amplitude:.3f}")
    2.000 0.000 0.010
    """
    x, y = np.asarray(sizes, dtype=float), np.asarray(seconds, dtype=float)
    usable = (x > 0) & (y > 0) & np.isfinite(x) & np.isfinite(y)
    if usable.sum() < 2:
        return Growth(np.nan, np.nan, np.nan, np.nan)
    order = np.argsort(x[usable])
    x, y = np.log(x[usable][order]), np.log(y[usable][order])
    last = float((y[-1] - y[-2]) / (x[-1] - x[-2]))
    if len(x) < 3:
        return Growth(np.nan, np.nan, np.nan, last)
    line = linregress(x, y)
    return Growth(float(line.slope), float(line.stderr), float(np.exp(line.intercept)), last)
