"""Whether a simulation confirms a theory: one comparison, and many together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import binomtest, norm
from scipy.stats import t as student

from theory.expressions import ModelError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

ROUNDING = 1e-12
"""Relative difference of two exact values that is rounding."""


@dataclass(frozen=True)
class Judgement:
    """Outcome of one comparison of theory and simulation.

    Parameters
    ----------
    z : float
        (simulation - theory) / combined standard error; NaN if one of them is missing.
    verdict : {"confirmed", "refuted", "undecided"}
    reason : str
        One sentence with the numbers that decided.
    p_value : float
        Two-sided probability of a difference this large by chance.
    """

    z: float
    verdict: str
    reason: str
    p_value: float = np.nan


def judge(
    theory: float,
    simulation: float,
    standard_error: float,
    *,
    degrees: float,
    mixed: bool = True,
    extrapolated: bool = True,
    theory_error: float = 0.0,
    scale: float | None = None,
    precision: float = 0.05,
    level: float = 0.0027,
) -> Judgement:
    """Compare a theoretical with a simulated value.

    Confirmed is what agrees *and* was measured precisely enough to disagree; refuted is what
    disagrees though nothing known stands in the way. Both are statements about infinite size: a
    value that was not extrapolated decides nothing. All else is undecided.

    Parameters
    ----------
    theory, simulation, standard_error : float
        The simulated value with its error from the spread between networks.
    degrees : float
        Degrees of freedom of the standard error, as number of networks minus number of sizes;
        ``numpy.inf`` for a known error.
    mixed : bool, optional
        Whether the chains forgot their starts.
    extrapolated : bool, optional
        Whether the simulated value is one for infinite size. If not, a difference may be a
        finite-size effect, and agreement an accident of the size: nothing is decided.
    theory_error : float, optional
        Numerical error of the theoretical value.
    scale : float, optional
        What ``precision`` is a part of; by default the size of the theoretical value.
    precision : float, optional
        Agreement means something if a difference of three times this part of ``scale`` would
        have been refuted; with many degrees of freedom the error must be below this part.
    level : float, optional
        Probability below which a difference is one; 0.0027 is three standard errors of a
        normal distribution.

    Returns
    -------
    Judgement

    Raises
    ------
    ModelError
        If an error is negative.

    Examples
    --------
    >>> judge(0.2700, 0.2692, 0.0021, degrees=20).verdict
    'confirmed'
    >>> judge(0.2700, 0.2592, 0.0021, degrees=7, extrapolated=False).reason
    'simulation - theory = -0.0108 +- 0.0021 (p = 0.001), which could be a finite-size effect'
    >>> judge(0.12, 0.1734, 0.002, degrees=20).verdict
    'refuted'
    """
    if standard_error < 0 or theory_error < 0:
        raise ModelError(f"an error is negative: {min(standard_error, theory_error):g}")
    error = float(np.hypot(standard_error, theory_error))
    if missing := _missing(theory, simulation, error, degrees):
        return Judgement(np.nan, "undecided", missing)
    scale = abs(theory) if scale is None else abs(scale)
    difference = simulation - theory
    if error:
        z = float(difference / error)
    elif abs(difference) <= ROUNDING * max(abs(theory), abs(simulation), scale):
        z = 0.0
    else:
        z = float(np.copysign(np.inf, difference))
    p_value = float(2 * student.sf(abs(z), degrees)) if error else float(z == 0)
    found = f"simulation - theory = {difference:.3g} +- {error:.2g} (p = {p_value:.1g})"
    if not mixed:
        verdict, remark = "undecided", "but the chains have not forgotten their starts"
    elif not extrapolated:
        verdict = "undecided"
        remark = (
            "which could be a finite-size effect"
            if p_value < level
            else "at a finite size, which says nothing about infinite N"
        )
    elif p_value < level:
        verdict, remark = "refuted", "more than chance allows"
    elif error > (tolerance := precision * scale * _power(level, degrees)):
        verdict = "undecided"
        remark = f"an error too large to tell: it should be at most {tolerance:.2g}"
    else:
        verdict, remark = "confirmed", "as expected by chance"
    return Judgement(z, verdict, f"{found}, {remark}", p_value)


def _power(level: float, degrees: float) -> float:
    """Part of the sensitivity of a known error that is left to one known by few degrees."""
    return float(norm.isf(level / 2) / student.isf(level / 2, degrees))


def _missing(theory: float, simulation: float, error: float, degrees: float) -> str:
    """Say what a comparison lacks; nothing if it can be made."""
    if not np.isfinite(theory):
        return "no theoretical value"
    if not np.isfinite(simulation):
        return "no simulated value"
    if not np.isfinite(error):
        return "the error of the simulated value is not known"
    if error and not degrees > 0:
        return "one network gives no error; simulate at least two"
    return ""


@dataclass(frozen=True)
class Exceedances:
    """How many of many comparisons are off by more than a threshold.

    Parameters
    ----------
    count, number : int
        Comparisons beyond the threshold, and all that have a value.
    expected : float
        Mean of ``count`` if all differences are chance.
    p_value : float
        Two-sided binomial probability of ``count``. Small with too many: the theory is off
        somewhere, or errors are too small; small with too few: errors are too large.
    """

    count: int
    number: int
    expected: float
    p_value: float


def exceedances(
    z: ArrayLike, *, degrees: ArrayLike = np.inf, threshold: float = 2.0
) -> Exceedances:
    """Count large differences among independent comparisons, and how many chance gives.

    Parameters
    ----------
    z : array_like, shape (n,)
        As of `judge`; NaN is left out.
    degrees : array_like, shape () or (n,), optional
        Degrees of freedom of the standard errors: fewer make large z more frequent.
    threshold : float, optional

    Returns
    -------
    Exceedances

    Raises
    ------
    ModelError
        If there are not as many degrees as values.

    Notes
    -----
    With different degrees the binomial distribution has their mean probability, which is a
    little wider than the exact one. Quantities of one simulation are not independent: count
    one quantity at a time.

    Examples
    --------
    >>> exceedances([0.3, -1.2, 2.4, 0.1])
    Exceedances(count=1, number=4, expected=0.18..., p_value=0.16...)
    """
    z = np.atleast_1d(np.asarray(z, dtype=float))
    degrees = np.asarray(degrees, dtype=float)
    if degrees.ndim and degrees.shape != z.shape:
        raise ModelError(f"{degrees.size} degrees of freedom for {z.size} values; give as many")
    known = ~np.isnan(z)
    probability = np.broadcast_to(2 * student.sf(threshold, degrees), z.shape)[known]
    count, number = int((np.abs(z[known]) > threshold).sum()), int(known.sum())
    if not number:
        return Exceedances(0, 0, 0.0, 1.0)
    p_value = float(binomtest(count, number, float(probability.mean())).pvalue)
    return Exceedances(count, number, float(probability.sum()), p_value)
