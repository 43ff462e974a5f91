"""From several system sizes to N -> infinity when the power of the approach is not known."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import chi2

from theory.expressions import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

EXPONENT_RANGE = (0.3, 2.0)
"""Powers that are averaged over."""
EXPONENT_PRIOR = (0.8, 0.4)
"""Median of the power and standard deviation of its logarithm (see `extrapolate`)."""
MOST_GRIDS = 12
"""Times the grid of powers is refined; each makes it some ten times finer."""
LARGEST_MOVE = 0.5
"""Part of the largest mean beyond which an extrapolation is no longer a correction."""
IMPROBABLE = 1e-3
"""Probability of the best chi-squared below which no power of N describes the data."""


@dataclass(frozen=True)
class Extrapolation:
    """Value in the limit of infinite size.

    Parameters
    ----------
    value, standard_error : float
        Mean and standard deviation over the fits and over the exponents. Where no extrapolation
        was possible, the value at the largest size and its error.
    exponent, exponent_error : float
        Mean and standard deviation of alpha given the data; NaN where it was not needed.
    chi_squared : float
        Of the exponent that fits best.
    degrees : int
        Degrees of freedom of ``chi_squared``.
    decided : bool
        Whether the value may be used as the limit.
    reason : str
        Why not; empty if ``decided``.
    weight : ndarray, shape (k,)
        Of the mean of every size in ``value``, in the order of increasing sizes; their sum is 1.
    """

    value: float
    standard_error: float
    exponent: float
    exponent_error: float
    chi_squared: float
    degrees: int
    decided: bool
    reason: str
    weight: np.ndarray = field(compare=False)


def extrapolate(
    size: ArrayLike,
    mean: ArrayLike,
    error: ArrayLike,
    *,
    exponent_prior: tuple[float, float] = EXPONENT_PRIOR,
    largest_move: float = LARGEST_MOVE,
) -> Extrapolation:
    r"""Extrapolate to infinite size with an unknown power of the size.

    The model is :math:`v(N) = v_\infty + A N^{-\alpha}`. For every alpha between 0.3 and 2 the line
    in :math:`N^{-\alpha}` is fitted by weighted least squares; the fits are averaged with the
    evidence of alpha, so that the error contains what is not known about the power.

    Parameters
    ----------
    size, mean, error : array_like, shape (k,)
        Sizes, means over networks and their standard errors; at least three different sizes for
        an extrapolation.
    exponent_prior : (float, float), optional
        Median of alpha and standard deviation of log(alpha).
    largest_move : float, optional
        The result is not decided if it is further from the value at the largest size than
        this part of the largest mean, and than two standard errors.

    Returns
    -------
    Extrapolation

    Raises
    ------
    ModelError
        If the shapes do not agree, a size is not positive, an error is negative or the prior
        has no width.

    Notes
    -----
    The evidence of alpha is its prior times the Gaussian integral over the line. The line is
    given by its values at the smallest and the largest size, with flat priors, because these are
    what is measured: flat priors for :math:`v_\infty` and A would favour slow powers, for which
    both can be huge and cancel. Corrections to a saddle point are of order 1/N, and of order
    N^(-2/3) at a mean-field transition. The prior is log-normal around their geometric mean and
    wide enough (0.54 to 1.19 is one standard deviation) to leave the choice to good data.

    Coverage in synthetic data with a shift of 2 % at N = 400, sizes 125 to 1000 and errors of
    0.3 to 1 % each: the interval of one (two) standard errors holds the limit in 75 to 84 %
    (99 %) of cases at alpha = 1 and in 78 to 86 % (97 to 99 %) at 2/3. It is too narrow at 1/2,
    with 52 to 68 % (86 to 93 %), three standard errors holding 97 to 99 %: there the data do not
    show the power, and the limit is estimated too close to the largest size.

    Examples
    --------
    >>> limit = extrapolate([200, 400, 800], [0.2592, 0.2647, 0.2671], [0.0021, 0.0022, 0.0006])
    >>> abs(limit.value - 0.2700) < limit.standard_error, limit.decided
    (True, True)
    """
    size, mean, error = _checked(size, mean, error)
    if min(exponent_prior) <= 0:
        raise ModelError(f"exponent_prior must be two positive numbers, got {exponent_prior}")
    number = len(size)
    if number == 0 or not (np.isfinite(mean).all() and np.isfinite(error).all()):
        value, deviation = (mean[-1], error[-1]) if number else (np.nan, np.nan)
        return _undecided(number, value, deviation, "a mean or its error is not a number")
    if len(np.unique(size)) < 3:
        reason = "an extrapolation needs at least three sizes"
        return _undecided(number, mean[-1], error[-1], reason)
    if not error.all():
        return _without_error(mean, error)
    exponents, influence, deviations, weight, misfit = _fits(size, mean, error, exponent_prior)
    best = float(misfit.min())
    limits = influence @ mean
    limit = float(weight @ limits)
    # variance = mean of the variances + variance of the means
    spread = float(np.sqrt(weight @ (deviations**2 + (limits - limit) ** 2)))
    exponent = float(weight @ exponents)
    exponent_error = float(np.sqrt(weight @ (exponents - exponent) ** 2))
    # with three sizes the power is bounded by the grid alone, so that a misfit means something
    degrees = max(number - 3, 1)
    reason = ""
    move = abs(limit - mean[-1])
    if (p_value := chi2.sf(best, degrees)) < IMPROBABLE:
        reason = f"no power of the size fits: chi-squared {best:.3g}, p = {p_value:.1g}"
    elif move > max(largest_move * np.abs(mean).max(), 2 * spread):
        reason = f"the limit {limit:.4g} is too far from {mean[-1]:.4g} at the largest size"
    return Extrapolation(
        limit, spread, exponent, exponent_error, best, degrees, not reason, reason,
        weight @ influence,
    )  # fmt: skip


def _checked(
    size: ArrayLike, mean: ArrayLike, error: ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give three arrays of one shape, in the order of the sizes."""
    arrays = [np.atleast_1d(np.asarray(values, dtype=float)) for values in (size, mean, error)]
    if len({array.shape for array in arrays}) > 1 or arrays[0].ndim != 1:
        shapes = ", ".join(str(array.shape) for array in arrays)
        raise ModelError(
            f"size, mean and error have the shapes {shapes}; give one number of each per size"
        )
    if not (arrays[0] > 0).all():
        raise ModelError(f"size must be positive, got {arrays[0].min():g}")
    if (arrays[2] < 0).any():
        raise ModelError(f"error must not be negative, got {arrays[2].min():g}")
    order = np.argsort(arrays[0], kind="stable")
    return arrays[0][order], arrays[1][order], arrays[2][order]


def _fits(
    size: np.ndarray, mean: np.ndarray, error: np.ndarray, prior: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Exponents with the weights of the means in their limits, errors, probability, chi-squared.

    They are dense where the probability is.
    """
    lowest, highest = EXPONENT_RANGE
    for _ in range(MOST_GRIDS):
        # even in log(alpha), in which the prior is normal
        exponents = np.geomspace(lowest, highest, 160)
        influence, deviations, evidence, misfit = _lines(exponents, size, mean, error)
        logarithm = evidence - 0.5 * (np.log(exponents / prior[0]) / prior[1]) ** 2
        weight = np.exp(logarithm - logarithm.max())
        (relevant,) = np.nonzero(weight > 1e-9)
        if len(relevant) > 40:
            break
        # precise data: the weight of one exponent would be the accident of its place in the grid
        lowest = exponents[max(relevant[0] - 1, 0)]
        highest = exponents[min(relevant[-1] + 1, len(exponents) - 1)]
    return exponents, influence, deviations, weight / weight.sum(), misfit


def _lines(
    exponents: np.ndarray, size: np.ndarray, mean: np.ndarray, error: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Weights of the means in the limit, its error, evidence and chi-squared of every exponent."""
    # the line is a(N) v(N_min) + (1 - a(N)) v(N_max), a = 1 at N_min and 0 at N_max
    power = (size / size[0]) ** -exponents[:, None]
    smallest = (power - power[:, -1:]) / (1 - power[:, -1:])
    design = np.stack([smallest, 1 - smallest], axis=-1)
    scaled = design / error[:, None]
    covariance = np.linalg.inv(scaled.swapaxes(1, 2) @ scaled)
    ends = np.einsum("eij,ekj,k->ei", covariance, scaled, mean / error)
    misfit = np.sum(((mean - (design @ ends[..., None])[..., 0]) / error) ** 2, axis=1)
    infinite = -power[:, -1] / (1 - power[:, -1])
    toward = np.stack([infinite, 1 - infinite], axis=-1)
    influence = np.einsum("ei,eij,ekj->ek", toward, covariance, scaled) / error
    variance = np.einsum("ei,eij,ej->e", toward, covariance, toward)
    evidence = 0.5 * np.linalg.slogdet(covariance)[1] - 0.5 * misfit
    return influence, np.sqrt(variance), evidence, misfit


def _without_error(mean: np.ndarray, error: np.ndarray) -> Extrapolation:
    """Judge values some of which have no error: exact if all are equal, else of unknown error."""
    number = len(mean)
    if not error.any() and (mean == mean[0]).all():
        equal = np.full(number, 1 / number)
        return Extrapolation(float(mean[0]), 0.0, np.nan, np.nan, 0.0, number - 1, True, "", equal)
    reason = "some standard errors are zero, yet not all values are exactly equal"
    return _undecided(number, mean[-1], np.inf, reason)


def _undecided(number: int, value: float, error: float, reason: str) -> Extrapolation:
    """Give the value at the largest of the sizes."""
    largest = (np.arange(number) == number - 1).astype(float)
    value, error = float(value), float(error)
    return Extrapolation(value, error, np.nan, np.nan, np.nan, 0, False, reason, largest)
