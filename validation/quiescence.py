"""Where the state of rest of random networks loses its stability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from numerics.growth import largest_growth_rate
from numerics.instances import Instance
from theory.expressions import ModelError
from validation.ensemble import mean_and_error, measure_networks, size_coordinates
from validation.runs import Job, model_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike

    from theory.ensembles import RandomNetwork

_RATE = "1 / single-unit time constants"

RESTING = 1e-12
"""Largest speed of a state at rest, in units of the model's scales."""


def quiescent_crossing(
    instance: Instance, g_values: ArrayLike, gamma: float
) -> dict[str, np.ndarray]:
    """Find the coupling at which the state of rest becomes unstable in one network.

    The network keeps the random numbers of its couplings while g changes.

    Parameters
    ----------
    instance : Instance
        Of a model with a fixed point at the zero of ``local``, such as x = 0.
    g_values : array_like, shape (k,)
        Increasing couplings, between two of which the state becomes unstable.
    gamma : float

    Returns
    -------
    dict of numpy.ndarray
        ``growth_rate``, shape (k,), the largest real part at every coupling, and ``crossing``,
        shape (), the coupling where it first becomes positive.

    Raises
    ------
    ModelError
        If rest is not a fixed point or does not lose its stability within ``g_values``.

    Examples
    --------
    >>> from numerics.instances import Instance
    >>> from theory import RandomNetwork
    >>> instance = Instance(RandomNetwork(), size=200)
    >>> found = quiescent_crossing(instance, [0.5, 1.5], gamma=0.0)
    >>> print(f"{found['crossing']:.1f}")
    1.0
    """
    g_values, scales = _increasing(g_values), instance.scales
    rest, where = np.full(instance.size, scales.origin), f"x = {scales.origin:g}"

    def rate(g: float) -> float:
        target = instance.target(g, gamma)
        speed = np.abs(target.drift(rest[:, None])).max()
        if not speed <= RESTING * scales.width() / scales.time:
            raise ModelError(
                f"{where} is not a fixed point of this model: |F| is up to {speed:.3g} there; use a"
                " model without fields in which the zero of local is one of transfer"
            )
        return largest_growth_rate(target, rest)

    rates = np.array([rate(g) for g in g_values])
    after = np.flatnonzero((rates[:-1] < 0) & (rates[1:] >= 0))
    if not after.size:
        raise ModelError(
            f"{where} does not become unstable between g = {g_values[0]:g} and {g_values[-1]:g} in"
            f" network {instance.number} of size {instance.size} (largest real parts"
            f" {rates.min():.3g} to {rates.max():.3g}); widen g_values"
        )
    first = after[0]
    crossing = brentq(rate, g_values[first], g_values[first + 1], xtol=1e-8, rtol=1e-10)
    return {"growth_rate": rates, "crossing": np.array(crossing)}


def quiescent_stability(
    network: RandomNetwork,
    g_values: ArrayLike,
    gamma: float,
    sizes: Sequence[int],
    networks: int,
    seed: int = 0,
    *,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Find the coupling at which the state of rest becomes unstable, against size.

    Parameters
    ----------
    network, seed
        As of `numerics.instances.Instance`.
    g_values, gamma
        As in `quiescent_crossing`.
    sizes : sequence of int
    networks : int
        How many of every size.
    threads : int, optional
        Networks done side by side; results do not depend on it.
    directory : pathlib.Path, optional
        Where results of single networks are kept, so that an interrupted study goes on where it
        was; by default within the cache until the study is done.
    progress : callable, optional
        Called with the work done and its total, N^2 for a network of N units.

    Returns
    -------
    xarray.Dataset
        ``growth_rate`` over ``size``, ``network`` and ``g``; ``crossing`` over ``size`` and
        ``network``; ``crossing_mean`` and ``crossing_error`` (NaN for one network) over ``size``.

    Raises
    ------
    ModelError
        As of `quiescent_crossing`.

    Notes
    -----
    For large N the bulk of the spectrum is an ellipse (Sommers et al., Phys. Rev. Lett. 60, 1895
    (1988)), whose rightmost eigenvalue fluctuates by about N^(-1/2): the crossing of a finite
    network is off by as much, and the mean has to be seen against size.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> found = quiescent_stability(RandomNetwork(), [0.5, 1.5], 0.5, [100, 200], 3)
    >>> found.crossing_mean.round(1).values.tolist()
    [0.7, 0.7]
    """
    g_values = _increasing(g_values)
    settings = {"study": "quiescence", "model": model_settings(network)}
    job = Job(
        settings | {"g": g_values, "gamma": gamma, "seed": seed},
        lambda size, index: quiescent_crossing(
            Instance(network, size, seed, index), g_values, gamma
        ),
    )
    found = measure_networks(
        job, sizes, networks, threads=threads, directory=directory, progress=progress
    )
    mean, error = mean_and_error(found["crossing"])
    what = "coupling where x = 0 becomes unstable"
    return xr.Dataset(
        {
            "growth_rate": (
                ("size", "network", "g"),
                found["growth_rate"],
                {"long_name": "largest real part of the spectrum at x = 0", "units": _RATE},
            ),
            "crossing": (
                ("size", "network"),
                found["crossing"],
                {"long_name": what, "units": "1"},
            ),
            "crossing_mean": ("size", mean, {"long_name": f"mean {what}", "units": "1"}),
            "crossing_error": (
                "size",
                error,
                {"long_name": "standard error of the mean over networks", "units": "1"},
            ),
        },
        coords=size_coordinates(sizes, networks)
        | {"g": ("g", g_values, {"long_name": "coupling strength", "units": "1"})},
        attrs={"gamma": gamma, "seed": seed},
    )


def _increasing(g_values: ArrayLike) -> np.ndarray:
    values = np.asarray(g_values, dtype=float)
    if values.ndim != 1 or len(values) < 2 or not (np.diff(values) > 0).all():
        raise ModelError(f"g_values must be at least two increasing numbers, not {values.tolist()}")
    return values
