"""Means, errors and verdicts: arrays in, numbers out, no physics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from arviz_stats.base import array_stats
from scipy.stats import t as student

from theory.expressions import ModelError
from validation.finite_size import Extrapolation, extrapolate
from validation.verdicts import Exceedances, Judgement, exceedances, judge

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike

__all__ = [
    "Diagnosis",
    "Exceedances",
    "Extrapolation",
    "Judgement",
    "Mixing",
    "diagnose",
    "exceedances",
    "extrapolate",
    "jackknife",
    "judge",
    "mixing",
]


@dataclass(frozen=True)
class Diagnosis:
    """Mean of one quantity over Markov chains, and how far it can be believed.

    Parameters
    ----------
    mean : float
    error : float
        Monte Carlo standard error of the mean, autocorrelation included.
    r_hat : float
        Rank-normalised split R-hat; 1 when the chains agree, NaN for a single chain.
    ess : float
        Effective sample size (bulk).
    """

    mean: float
    error: float
    r_hat: float
    ess: float


def diagnose(draws: ArrayLike) -> Diagnosis:
    """Measure the mean of Markov chains, its error, and the convergence of the chains.

    Parameters
    ----------
    draws : array_like, shape (chain, draw)
        At least four draws. Draws that never change, as of an order parameter that vanishes by
        symmetry, are exact: error 0 and R-hat 1. Draws that are not finite give NaN.

    Returns
    -------
    Diagnosis

    Raises
    ------
    ModelError
        If the array has another shape.

    Notes
    -----
    The estimators are those of ArviZ: A. Vehtari, A. Gelman, D. Simpson, B. Carpenter and
    P.-C. Bürkner, Bayesian Analysis 16, 667 (2021).

    Examples
    --------
    >>> result = diagnose(np.random.default_rng(0).normal(size=(4, 1000)))
    >>> abs(result.mean) < 3 * result.error, result.r_hat < 1.01
    (True, True)
    """
    draws = np.asarray(draws, dtype=float)
    if draws.ndim != 2 or draws.shape[0] < 1 or draws.shape[1] < 4:
        raise ModelError(
            f"draws have the shape {draws.shape}; give (chain, draw) with at least four draws"
        )
    if not np.isfinite(draws).all():
        return Diagnosis(np.nan, np.nan, np.nan, np.nan)
    first = draws[0, 0]
    if (draws == first).all():
        return Diagnosis(float(first), 0.0, 1.0, float(draws.size))
    # ArviZ takes a spread below 1e-15 for none: bring every quantity to the same scale
    shifted = draws - first
    scale = np.abs(shifted).max()
    shifted /= scale
    # chains that stand still, each elsewhere, have infinite R-hat
    with np.errstate(divide="ignore", invalid="ignore"):
        r_hat = float(array_stats.rhat(shifted)) if len(draws) > 1 else np.nan
        ess = float(array_stats.ess(shifted, method="bulk"))
        error = float(array_stats.mcse(shifted, method="mean")) * scale
    return Diagnosis(float(first + scale * shifted.mean()), float(error), r_hat, ess)


def jackknife(
    function: Callable[..., Any], samples: Sequence[ArrayLike]
) -> tuple[np.ndarray, np.ndarray]:
    """Evaluate a function of the means of independent groups, with its standard error.

    Parameters
    ----------
    function : callable
        Called with one mean per group, each of shape (...); returns a number or an array.
    samples : sequence of array_like, shape (networks, ...)
        Independent groups; those of one group are drawn alike. Groups are left one sample short
        one after the other, and their variances add up.

    Returns
    -------
    value, standard_error : numpy.ndarray
        Of the shape that ``function`` returns. The error is NaN if a group has one sample only.

    Raises
    ------
    ModelError
        If there are no samples.

    Notes
    -----
    B. Efron and C. Stein, Annals of Statistics 9, 586 (1981). The value is the function of the
    means itself; its bias is of second order in the standard error.

    Examples
    --------
    >>> value, error = jackknife(lambda a, b: a / b, [[1.0, 2.0, 3.0], [4.0, 4.0]])
    >>> float(value), round(float(error), 4)
    (0.5, 0.1443)
    """
    groups = [np.asarray(group, dtype=float) for group in samples]
    if not groups or any(group.ndim == 0 or len(group) == 0 for group in groups):
        raise ModelError("jackknife needs at least one sample in every group")
    means = [group.mean(axis=0) for group in groups]
    value = np.asarray(function(*means), dtype=float)
    variance = np.zeros_like(value)
    for index, group in enumerate(groups):
        number = len(group)
        if number < 2:
            return value, np.full_like(value, np.nan)
        # mean + (mean - sample)/(n - 1) is the mean without the sample
        without = means[index] + (means[index] - group) / (number - 1)
        values = np.array(
            [function(*means[:index], mean, *means[index + 1 :]) for mean in without], dtype=float
        )
        variance += (number - 1) * values.var(axis=0)
    return value, np.sqrt(variance)


@dataclass(frozen=True)
class Mixing:
    """Comparison of chains that were started hot and cold on the same networks.

    Parameters
    ----------
    difference, standard_error : float
        Hot minus cold, mean over networks.
    t, p_value : float
        Student's statistic of the paired differences and its two-sided probability.
    degrees : int
        Number of networks minus one.
    mixed : bool
        Whether the starts are forgotten, as far as can be seen.
    reason : str
    """

    difference: float
    standard_error: float
    t: float
    p_value: float
    degrees: int
    mixed: bool
    reason: str


def mixing(
    hot: ArrayLike, cold: ArrayLike, *, level: float = 0.01, tolerance: float = 0.0
) -> Mixing:
    """Ask whether hot and cold starts give the same mean.

    Parameters
    ----------
    hot, cold : array_like, shape (networks,)
        Means of the chains started hot and cold, network by network.
    level : float, optional
        Probability of the paired t statistic below which the starts disagree.
    tolerance : float, optional
        A mean difference up to this size does not matter, however significant.

    Returns
    -------
    Mixing

    Raises
    ------
    ModelError
        If the two arrays do not pair.

    Examples
    --------
    >>> mixing([0.30, 0.32, 0.31, 0.33], [0.31, 0.32, 0.30, 0.33]).mixed
    True
    >>> mixing([0.30, 0.32, 0.31, 0.33], [0.35, 0.37, 0.37, 0.38]).reason
    'hot and cold starts differ by -0.0525 +- 0.0025, p = 0.0002'
    """
    hot, cold = np.asarray(hot, dtype=float), np.asarray(cold, dtype=float)
    if hot.shape != cold.shape or hot.ndim != 1 or len(hot) == 0:
        raise ModelError(
            f"hot and cold have the shapes {hot.shape} and {cold.shape}; give one mean per network"
        )
    differences = hot - cold
    degrees = len(differences) - 1
    difference = float(differences.mean())
    if not np.isfinite(difference):
        return Mixing(difference, np.nan, np.nan, np.nan, degrees, False, "a mean is not a number")
    if not degrees:
        reason = "one network cannot tell whether hot and cold starts agree"
        return Mixing(difference, np.nan, np.nan, np.nan, 0, False, reason)
    error = float(differences.std(ddof=1) / np.sqrt(degrees + 1))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = float(np.float64(difference) / error) if difference else 0.0
    p_value = float(2 * student.sf(abs(t), degrees))
    mixed = p_value >= level or abs(difference) <= tolerance
    verb = "agree within" if mixed else "differ by"
    reason = f"hot and cold starts {verb} {difference:.3g} +- {error:.2g}, p = {p_value:.1g}"
    return Mixing(difference, error, t, p_value, degrees, mixed, reason)
