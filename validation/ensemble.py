"""A measurement on many networks of several sizes, one network at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from theory.expressions import ModelError
from validation.runs import Job, run_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def measure_networks(
    job: Job,
    sizes: Sequence[int],
    networks: int,
    *,
    threads: int = 1,
    directory: Path | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, np.ndarray]:
    """Measure many networks by `validation.runs.run_jobs` and stack the results.

    Parameters
    ----------
    job : validation.runs.Job
        Its results have the same shapes for all networks.
    sizes : sequence of int
        Different sizes.
    networks : int
        How many of every size.
    threads, directory, progress
        As of `validation.runs.run_jobs`.

    Returns
    -------
    dict of numpy.ndarray
        Every array with two dimensions in front, for sizes and networks.

    Raises
    ------
    ModelError
        If there is no size or no network, or a size comes twice.

    Examples
    --------
    >>> job = Job({"of": "example"}, lambda size, index: {"a": np.array(size + index)})
    >>> measure_networks(job, [10, 20], 3)["a"].tolist()
    [[10, 11, 12], [20, 21, 22]]
    """
    sizes = [int(size) for size in sizes]
    if not sizes or min(sizes) < 1 or len(set(sizes)) < len(sizes):
        raise ModelError(f"sizes must be different whole numbers >= 1, not {sizes}")
    for name, value in {"networks": networks, "threads": threads}.items():
        if value < 1:
            raise ModelError(f"{name} must be at least 1, not {value}")
    counts = dict.fromkeys(sizes, networks)
    [found] = run_jobs([job], counts, threads=threads, directory=directory, progress=progress)
    return {
        name: np.array([[found[size, k][name] for k in range(networks)] for size in sizes])
        for name in found[sizes[0], 0]
    }


def mean_and_error(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the last axis and its standard error, NaN for a single value.

    Examples
    --------
    >>> [part.tolist() for part in mean_and_error(np.array([[1.0, 3.0]]))]
    [[2.0], [1.0]]
    """
    number = values.shape[-1]
    mean = values.mean(axis=-1)
    if number == 1:
        return mean, np.full(mean.shape, np.nan)
    return mean, values.std(axis=-1, ddof=1) / np.sqrt(number)


def size_coordinates(sizes: Sequence[int], networks: int) -> dict[str, Any]:
    """Labelled coordinates ``size`` and ``network``.

    Examples
    --------
    >>> sorted(size_coordinates([10], 2))
    ['network', 'size']
    """
    return {
        "size": ("size", np.asarray(sizes, dtype=int), {"long_name": "units N", "units": "1"}),
        "network": ("network", np.arange(networks), {"long_name": "network", "units": "1"}),
    }
