"""Whether random networks are chaotic: largest Lyapunov exponents against size."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from numerics.instances import Instance
from numerics.scales import network_scales
from theory.codegen.arrays import array_function
from theory.expressions import X
from validation.ensemble import mean_and_error, measure_networks, size_coordinates
from validation.lyapunov import lyapunov_exponents
from validation.runs import Job, model_settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from theory.ensembles import RandomNetwork

SIGNIFICANCE = 3.0
"""Standard errors by which an exponent has to differ from zero."""
_RATE = "1 / single-unit time constants"
_QUANTITIES = {
    "exponent": ("largest Lyapunov exponent", _RATE),
    "x_squared": ("mean square state of a unit", "1"),
    "transfer_squared": ("mean square transfer function", "1"),
    "x_dot_squared": ("mean square velocity of a unit", "1 / (single-unit time constants)^2"),
}


def network_chaos(
    instance: Instance,
    g: float,
    gamma: float,
    *,
    chains: int = 8,
    duration: float = 400.0,
    transient: float = 100.0,
    step: float = 0.1,
    spread: float = 1.0,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, np.ndarray]:
    """Measure the largest Lyapunov exponent of one network without noise.

    Parameters
    ----------
    instance : Instance
        Of a model with differentiable functions.
    g, gamma : float
        Coupling strength and reciprocity.
    chains : int, optional
        Trajectories from independent starts; they share the products with the couplings.
    duration, transient, step : float, optional
        As in `validation.lyapunov.lyapunov_exponents`, in units of the model's time
        (`numerics.scales`).
    spread : float, optional
        Standard deviation of the first states, normal numbers around rest, in units of the
        model's width.
    progress : callable, optional
        Called with the number of intervals of integration done and their total.

    Returns
    -------
    dict of numpy.ndarray
        ``exponent``, ``x_squared``, ``transfer_squared`` and ``x_dot_squared``, each with
        ``_error``, of shape (chains,): averages over time and units, errors from blocks of time;
        in the units of x and F.

    Raises
    ------
    ModelError
        As of `validation.lyapunov.lyapunov_exponents`.

    Examples
    --------
    >>> from numerics.instances import Instance
    >>> from theory import RandomNetwork
    >>> linear = Instance(RandomNetwork(transfer="x"), size=5)
    >>> found = network_chaos(linear, 0.0, 0.0, chains=1, duration=20, transient=5)
    >>> found["exponent"].round(4).tolist()
    [-1.0]
    """
    scales = instance.scales
    offsets = spread * instance.generator("starts").standard_normal((instance.size, chains))
    found = lyapunov_exponents(
        instance.target(g, gamma),
        scales.states(offsets),
        duration * scales.time,
        step=step * scales.time,
        transient=transient * scales.time,
        seed=instance.sequence,
        observe=array_function(X, instance.model.transfer),
        progress=progress,
    ).isel(exponent=0)
    names = {"lyapunov": "exponent", "observed_squared": "transfer_squared"}
    return {
        names.get(name, name) + suffix: found[name + suffix].values
        for name in ("lyapunov", "x_squared", "observed_squared", "x_dot_squared")
        for suffix in ("", "_error")
    }


def chaos_against_size(
    network: RandomNetwork,
    g: float,
    gamma: float,
    sizes: Sequence[int],
    networks: int,
    seed: int = 0,
    *,
    chains: int = 8,
    duration: float = 400.0,
    transient: float = 100.0,
    step: float = 0.1,
    spread: float = 1.0,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Measure largest Lyapunov exponents of several networks of several sizes.

    Parameters
    ----------
    network, seed
        As of `numerics.instances.Instance`.
    g, gamma, chains, duration, transient, step, spread
        As in `network_chaos`.
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
        ``exponent``, ``x_squared``, ``transfer_squared`` and ``x_dot_squared`` over ``size`` and
        ``network``, means over trajectories, with ``_error``; over ``size`` the means over
        networks, ``_mean``, and their standard errors, ``_mean_error`` (NaN for one network);
        ``exponent_chain`` also over ``chain``; ``chaotic_fraction`` and ``verdict``.

    Raises
    ------
    ModelError
        As of `network_chaos`.

    Notes
    -----
    A network is chaotic if its exponent is more than three standard errors above 0, and also
    above the inverse of the duration: a growth by less than a factor e is no evidence, and on a
    limit cycle the exponent vanishes like that. The verdict on a size is "chaotic" if all its
    networks are, "not chaotic" if all exponents are as far below 0, otherwise
    "undecided at this size". The error of a network is the larger one of that from the spread
    between trajectories, which may be on different attractors, and that from blocks of time.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> found = chaos_against_size(RandomNetwork(), 0.5, 0.0, [50], 2, duration=40, transient=10)
    >>> found.verdict.values.tolist()
    ['not chaotic']
    """
    settings: dict[str, Any] = {
        "g": g,
        "gamma": gamma,
        "chains": chains,
        "duration": duration,
        "transient": transient,
        "step": step,
        "spread": spread,
    }
    job = Job(
        {"study": "chaos", "model": model_settings(network), "seed": seed} | settings,
        lambda size, index: network_chaos(Instance(network, size, seed, index), **settings),
    )
    found = measure_networks(
        job, sizes, networks, threads=threads, directory=directory, progress=progress
    )
    dataset = _averages(found, sizes, networks)
    bound = np.maximum(
        SIGNIFICANCE * dataset.exponent_error, 1 / (duration * network_scales(network).time)
    )
    chaotic, regular = dataset.exponent > bound, dataset.exponent < -bound
    dataset["chaotic_fraction"] = chaotic.mean("network")
    dataset.chaotic_fraction.attrs = {"long_name": "part of networks found chaotic", "units": "1"}
    verdict = np.full(len(dataset.size), "undecided at this size", dtype=object)
    verdict[chaotic.all("network").values] = "chaotic"
    verdict[regular.all("network").values] = "not chaotic"
    labels = {"long_name": "whether networks of this size are chaotic", "units": "1"}
    dataset["verdict"] = ("size", verdict, labels)
    dataset.attrs = settings | {"seed": seed}
    return dataset


def _averages(found: dict[str, np.ndarray], sizes: Sequence[int], networks: int) -> xr.Dataset:
    """Means over chains and over networks, from arrays (sizes, networks, chains)."""
    chains = found["exponent"].shape[-1]
    number = ("chain", np.arange(chains), {"long_name": "chain", "units": "1"})
    dataset = xr.Dataset(coords=size_coordinates(sizes, networks) | {"chain": number})
    for name, (what, units) in _QUANTITIES.items():
        mean, spread = mean_and_error(found[name])
        in_time = np.sqrt(np.sum(found[f"{name}_error"] ** 2, axis=-1)) / chains
        # a single trajectory has no spread: fmax passes over the NaN
        columns: dict[str, tuple[tuple[str, ...], np.ndarray, str]] = {
            name: (("size", "network"), mean, what),
            f"{name}_error": (
                ("size", "network"),
                np.fmax(spread, in_time),
                f"standard error of the {what}",
            ),
        }
        overall, error = mean_and_error(mean)
        columns[f"{name}_mean"] = (("size",), overall, f"mean over networks of the {what}")
        columns[f"{name}_mean_error"] = (
            ("size",),
            error,
            f"standard error over networks of the {what}",
        )
        for key, (dimensions, values, long_name) in columns.items():
            dataset[key] = (dimensions, values, {"long_name": long_name, "units": units})
    dataset["exponent_chain"] = (
        ("size", "network", "chain"),
        found["exponent"],
        {"long_name": "largest Lyapunov exponent of a trajectory", "units": _RATE},
    )
    return dataset
