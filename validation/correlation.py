"""Correlations in time of recorded trajectories."""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy import fft

from theory.expressions import ModelError

TIME = {"units": "single-unit time constants"}


def autocorrelation(series: xr.DataArray, *, longest: float | None = None) -> xr.Dataset:
    r"""Average :math:`C(\tau) = \langle x_i(t) x_i(t + \tau) \rangle` over units and time.

    All time origins count alike: the sum of products at a lag of k records, found by fast Fourier
    transforms padded with zeros, is divided by their number n - k. No mean is subtracted.

    Parameters
    ----------
    series : xarray.DataArray
        Over ``time`` (equal distances) and ``chain``, ``network`` or both; other dimensions, such
        as ``unit``, are averaged over. Without the transient, which is for the caller to leave
        out: ``series.sel(time=slice(100, None))``.
    longest : float, optional
        Largest lag, in the units of time; by default half the length of the series.

    Returns
    -------
    xarray.Dataset
        ``autocorrelation`` and ``standard_error`` over ``lag``. The error is that of the mean over
        networks, if there is such a dimension, otherwise over chains; NaN for a single one.

    Raises
    ------
    ModelError
        If a dimension is missing, the times are not equally spaced, a value is not finite, or
        ``longest`` does not fit.

    Examples
    --------
    >>> time = np.arange(4000) * 0.1
    >>> wave = xr.DataArray(np.cos(time)[:, None], dims=("time", "chain"), coords={"time": time})
    >>> correlation = autocorrelation(wave, longest=2.0).autocorrelation
    >>> correlation.sel(lag=[0.0, 1.0], method="nearest").round(2).values.tolist()
    [0.5, 0.27]
    """
    groups = [name for name in ("network", "chain") if name in series.dims]
    if "time" not in series.dims or not groups:
        raise ModelError(
            f"the series has the dimensions {', '.join(map(str, series.dims))}; it needs time and"
            " chain or network"
        )
    spacing = _spacing(series.time.values)
    length = series.sizes["time"]
    longest = spacing * (length // 2) if longest is None else longest
    lags = int(np.floor(longest / spacing * (1 + 1e-12))) + 1 if longest >= 0 else 0
    if not 1 <= lags <= length:
        raise ModelError(f"longest is {longest:g}; give a lag from 0 to {spacing * (length - 1):g}")
    independent = series.transpose(groups[0], ..., "time")
    if not np.isfinite(independent).all():
        raise ModelError("the series has values that are not finite; leave them out in time")
    values = np.array([_correlation(part.values, lags) for part in independent])
    number = len(values)
    error = np.full(lags, np.nan) if number == 1 else values.std(axis=0, ddof=1) / np.sqrt(number)
    what = f"autocorrelation of {series.attrs.get('long_name', series.name or 'the series')}"
    return xr.Dataset(
        {
            "autocorrelation": ("lag", values.mean(axis=0), {"long_name": what, "units": "1"}),
            "standard_error": (
                "lag",
                error,
                {"long_name": f"standard error over {number} {groups[0]}s", "units": "1"},
            ),
        },
        coords={"lag": ("lag", spacing * np.arange(lags), {"long_name": "time lag"} | TIME)},
    )


def _correlation(values: np.ndarray, lags: int) -> np.ndarray:
    """Mean of the products at every lag; the time is the last axis."""
    length = values.shape[-1]
    padded = fft.next_fast_len(length + lags - 1, real=True)
    rows = values.reshape(-1, length)
    power = np.zeros(padded // 2 + 1)
    for first in range(0, len(rows), 64):  # a few rows at a time: spectra need twice the memory
        power += (np.abs(fft.rfft(rows[first : first + 64], padded)) ** 2).sum(axis=0)
    return fft.irfft(power / len(rows), padded)[:lags] / (length - np.arange(lags))


def _spacing(time: np.ndarray) -> float:
    steps = np.diff(time)
    if not steps.size or not steps[0] > 0 or np.ptp(steps) > 1e-6 * steps[0]:
        raise ModelError("the times are not equally spaced; record with simulate_dynamics")
    return float((time[-1] - time[0]) / len(steps))
