"""The simulated distribution of single units against the predicted one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from validation.statistics import jackknife

if TYPE_CHECKING:
    from collections.abc import Sequence


def kolmogorov_distance(histogram: np.ndarray, predicted: np.ndarray) -> float:
    """Largest difference of two cumulative distributions at the edges of the bins.

    Examples
    --------
    >>> kolmogorov_distance(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    0.25
    """
    return float(np.abs(np.cumsum(histogram - predicted)).max())


def compare_histograms(
    histograms: Sequence[np.ndarray], predicted: np.ndarray, edges: Sequence[float]
) -> dict[str, tuple]:
    """Compare histograms of networks with the predicted shares of the bins, size by size.

    Parameters
    ----------
    histograms : sequence of ndarray, shape (networks, bins)
        For every size, shares of all units; what lies outside the bins is missing from the sum.
    predicted : ndarray, shape (bins,)
    edges : sequence of float, shape (bins + 1,)

    Returns
    -------
    dict
        Variables of a dataset: ``density``, ``density_error`` and ``theory_density`` over
        ``bin``; ``distance``, the Kolmogorov distance of the mean over networks with its
        jackknife error, and ``distance_by_chance``, the mean of the distance if the prediction
        were exact, over ``size``.

    Examples
    --------
    >>> found = compare_histograms([np.full((4, 2), 0.5)], np.array([0.4, 0.6]), [0, 1, 2])
    >>> round(float(found["distance"][1][0]), 6), float(found["distance_error"][1][0])
    (0.1, 0.0)
    """
    width = np.diff(edges)
    mean = np.array([sample.mean(axis=0) for sample in histograms])
    error = np.array([sample.std(axis=0, ddof=1) / np.sqrt(len(sample)) for sample in histograms])
    distances = [
        jackknife(lambda shares: kolmogorov_distance(shares, predicted), [sample])
        for sample in histograms
    ]
    return {
        "bin_centre": ("bin", (np.asarray(edges)[1:] + np.asarray(edges)[:-1]) / 2),
        "theory_density": ("bin", predicted / width),
        "density": (("size", "bin"), mean / width),
        "density_error": (("size", "bin"), error / width),
        "distance": ("size", np.array([float(value) for value, _ in distances])),
        "distance_error": ("size", np.array([float(error) for _, error in distances])),
        "distance_by_chance": ("size", np.array([_by_chance(sample) for sample in histograms])),
    }


def _by_chance(histograms: np.ndarray) -> float:
    """Mean distance of a mean over networks from its own expectation, from the spread.

    Networks with random signs around their mean, many times over: the wild bootstrap.
    """
    networks = len(histograms)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(200, networks))
    scale = 1 / np.sqrt(networks * (networks - 1))
    resampled = signs @ (histograms - histograms.mean(axis=0)) * scale
    return float(np.abs(np.cumsum(resampled, axis=-1)).max(axis=-1).mean())
