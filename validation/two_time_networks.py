"""Correlations over two times in drawn networks, to be compared with the mean-field theory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from numerics.instances import Instance
from numerics.scales import network_scales
from validation.ensemble import measure_networks
from validation.runs import Job, model_settings
from validation.simulate import transfer_function
from validation.trajectories import TIME, simulate_dynamics

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from theory.ensembles import RandomNetwork

_NAMES = {
    "mean": ("mean activity <c(t)>", ("time",)),
    "correlation": ("correlation of the activity <c(t) c(t')>", ("time", "time_prime")),
    "x_squared": ("mean square state of a unit", ("time",)),
}


def network_correlations(
    network: RandomNetwork,
    g: float,
    gamma: float,
    duration: float,
    *,
    size: int,
    networks: int,
    noise: float = 0.0,
    start: tuple[float, float] | None = None,
    step: float | None = None,
    every: int = 20,
    chains: int = 4,
    seed: int = 0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Simulate ``dx = F dt + sqrt(2 D) dW`` in drawn networks and correlate the activity.

    Parameters
    ----------
    network : RandomNetwork
    g, gamma : float
    duration : float
        In the units of time of F.
    size, networks : int
        Units, and how many networks of so many.
    noise : float, optional
        D.
    start : (float, float), optional
        Mean and standard deviation of the first states, normal and independent; by default rest
        and the width of the model's scales.
    step : float, optional
        Of the integration; by default a twentieth of the model's time.
    every : int, optional
        Steps between recorded times.
    chains : int, optional
        Trajectories in every network.
    seed : int, optional
    threads : int, optional
        Networks simulated side by side; the result does not depend on it.
    directory, progress
        As for `validation.validate`.

    Returns
    -------
    xarray.Dataset
        ``mean`` and ``x_squared`` over ``time`` and ``correlation`` over ``time`` and
        ``time_prime``: means over networks, with ``_standard_error``.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> found = network_correlations(
    ...     RandomNetwork(transfer="x"), 0.0, 0.0, 2.0, size=500, networks=2, every=10
    ... )
    >>> round(float(found.correlation[0, -1] / found.correlation[0, 0]), 1)  # exp(-2)
    0.1
    """
    scales = network_scales(network)
    mean, deviation = (scales.origin, scales.width()) if start is None else start
    step = 0.05 * scales.time if step is None else step
    settings: dict[str, Any] = {
        "g": g, "gamma": gamma, "duration": duration, "noise": noise, "start": [mean, deviation],
        "step": step, "every": every, "chains": chains, "seed": seed,
    }  # fmt: skip
    transfer = transfer_function(network)

    def run(units: int, index: int) -> dict[str, np.ndarray]:
        instance = Instance(network, units, seed, index)
        first = mean + deviation * instance.generator("starts").standard_normal((units, chains))
        found = simulate_dynamics(
            instance.target(g, gamma), first, duration, step=step, noise=noise, every=every,
            seed=instance.sequence,
        )  # fmt: skip
        x = found.x.values
        c = transfer(x)
        return {
            "time": found.time.values,
            "mean": c.mean(axis=(1, 2)),
            "correlation": np.einsum("tcu,scu->ts", c, c) / c[0].size,
            "x_squared": (x**2).mean(axis=(1, 2)),
        }

    job = Job({"study": "two-time correlations", "model": model_settings(network)} | settings, run)
    found = measure_networks(
        job, [size], networks, threads=threads, directory=directory, progress=progress
    )
    result = xr.Dataset(attrs={"size": size, "networks": networks} | settings)
    for name, (long_name, dims) in _NAMES.items():
        values = found[name][0]
        error = values.std(axis=0, ddof=1) / np.sqrt(networks)
        result[name] = (dims, values.mean(axis=0), {"long_name": long_name, "units": "1"})
        words = {"long_name": f"standard error of the {long_name}", "units": "1"}
        result[f"{name}_standard_error"] = (dims, error, words)
    for name in ("time", "time_prime"):
        result[name] = (name, found["time"][0, 0], TIME)
    return result
