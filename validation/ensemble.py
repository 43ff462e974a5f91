"""A measurement on many networks of several sizes, one network at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from validation.checkpoint import Checkpoint


def measure_networks(
    measure: Callable[[int, int], dict[str, np.ndarray]],
    sizes: Sequence[int],
    networks: int,
    checkpoint: Checkpoint | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> dict[str, np.ndarray]:
    """Measure every network, or take its results from a checkpoint.

    Parameters
    ----------
    measure : callable
        Size and number of a network to arrays, of the same shapes for all networks.
    sizes : sequence of int
        Different sizes.
    networks : int
        How many of every size.
    checkpoint : Checkpoint, optional
        Where the results of single networks are kept and looked for.
    progress : callable, optional
        Called with the number of networks done and their total.

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
    >>> found = measure_networks(lambda size, index: {"a": np.array(size + index)}, [10, 20], 3)
    >>> found["a"].tolist()
    [[10, 11, 12], [20, 21, 22]]
    """
    sizes = [int(size) for size in sizes]
    if not sizes or min(sizes) < 1 or len(set(sizes)) < len(sizes):
        raise ModelError(f"sizes must be different whole numbers >= 1, not {sizes}")
    if networks < 1:
        raise ModelError(f"networks must be at least 1, not {networks}")
    rows = []
    for size in sizes:
        for index in range(networks):
            name = f"size {size}, network {index}"
            result = checkpoint.get(name) if checkpoint is not None else None
            if result is None:
                result = measure(size, index)
                if checkpoint is not None:
                    result = checkpoint.put(name, result)
            rows.append(result)
            if progress:
                progress(len(rows), len(sizes) * networks)
    stacked = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {
        name: values.reshape(len(sizes), networks, *values.shape[1:])
        for name, values in stacked.items()
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
