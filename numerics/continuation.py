"""Following a branch of solutions from where it is simple: zero coupling, high temperature."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.quadrature import FINE_STEP, STEP, Quadrature, evaluate
from numerics.saddle import newton, relative

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

HIGH_TEMPERATURE, LOW_TEMPERATURE = 4.0, 1e-8
"""Where branches start, and what stands for 0, in units of the model's energy."""
_LOOSE = 1e-6
_SMALLEST_STRIDE = 1e-4
_SHORT_STRIDE = 3e-3  # a jump that is left at this stride is a fold: the branch has ended
_FAR = 0.4
G, TEMPERATURE = 0, 2  # columns of the parameter array


def uncoupled(kernel: FunctionalKernel, parameters: np.ndarray, threads: int = 1) -> np.ndarray:
    """Order parameters at g = 0, where the map does not depend on most of them.

    Parameters
    ----------
    kernel : FunctionalKernel
    parameters : ndarray, shape (points, parameters)
        Their ``g`` is taken as 0.
    threads : int

    Returns
    -------
    ndarray, shape (points, order parameters)
    """
    parameters = parameters.copy()
    parameters[:, G] = 0
    theta = np.zeros((len(parameters), len(kernel.order_parameters)))
    theta[:, kernel.order_parameters.index("q")] = 1.0
    # a fixed point of a map that is constant, or nearly so where mean couplings remain
    for _ in range(10):
        rule = Quadrature.around(kernel, theta, parameters)
        theta = theta + evaluate(kernel, theta, parameters, rule, threads).residual
    return theta


def follow(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    start: np.ndarray,
    end: np.ndarray,
    threads: int = 1,
) -> tuple[np.ndarray, np.ndarray]:
    """Follow solutions while the parameters move from start to end, with adaptive strides.

    The temperature moves geometrically, the other parameters linearly. The predictor is a
    secant through the last two solutions.

    Parameters
    ----------
    kernel : FunctionalKernel
    theta : ndarray, shape (points, order parameters)
        Solutions at ``start``.
    start, end : ndarray, shape (points, parameters)
    threads : int

    Returns
    -------
    theta : ndarray
        At ``end``, to a loose tolerance.
    reached : ndarray, shape (points,)
        The fraction of the way that was reached, 1 where successful.
    """
    theta, previous = theta.copy(), theta.copy()
    points = len(theta)
    reached, before = np.zeros(points), np.zeros(points)
    stride = np.ones(points)
    spacing = np.full(points, STEP)
    active = np.flatnonzero(np.isfinite(theta).all(axis=1))
    while active.size:
        target = np.minimum(reached[active] + stride[active], 1.0)
        gap = np.where(reached[active] > before[active], reached[active] - before[active], np.inf)
        ahead = ((target - reached[active]) / gap)[:, None]
        guess = theta[active] + ahead * (theta[active] - previous[active])
        there = _between(start[active], end[active], target)
        rule = Quadrature.around(kernel, guess, there)
        lost = ~np.isfinite(rule.lower)
        if lost.any():
            guess[lost] = _feasible(kernel, theta[active[lost]], there[lost], threads)
            rule = Quadrature.around(kernel, guess, there)
        rule = replace(rule, step=spacing[active])
        found, success = newton(kernel, guess, there, rule, _LOOSE, iterations=12, threads=threads)
        scales = evaluate(kernel, found, there, rule, threads).scales
        # a far jump may have landed on another branch: take a shorter stride instead
        near = relative(found - guess, scales) < _FAR
        success &= near | (target - reached[active] < _SHORT_STRIDE)
        good = active[success]
        previous[good], before[good] = theta[good], reached[good]
        theta[good], reached[good] = found[success], target[success]
        stride[active] *= np.where(success, 2.0, 0.3)
        # at low temperature the averages over the fields can be too coarse to follow
        stuck = active[~success & (stride[active] < 0.05)]
        spacing[stuck] = np.maximum(spacing[stuck] / 1.5, FINE_STEP)
        active = active[(reached[active] < 1) & (stride[active] > _SMALLEST_STRIDE)]
    return theta, reached


def _feasible(
    kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray, threads: int
) -> np.ndarray:
    """A guess with a valid covariance of the fields.

    Without correlations the covariance is valid, and the map gives overlaps of one and the same
    measure, whose covariance is valid again.
    """
    theta = theta.copy()
    for name in kernel.metadata["correlations"]:
        theta[:, kernel.order_parameters.index(name)] = 0.0
    rule = Quadrature.around(kernel, theta, parameters)
    return theta + evaluate(kernel, theta, parameters, rule, threads).residual


def _between(start: np.ndarray, end: np.ndarray, fraction: np.ndarray) -> np.ndarray:
    share = fraction[:, None]
    mixed = (1 - share) * start + share * end
    low, high = start[:, TEMPERATURE], end[:, TEMPERATURE]
    with np.errstate(divide="ignore"):
        geometric = np.exp((1 - fraction) * np.log(low) + fraction * np.log(high))
    moving = (low > 0) & (high > 0)
    mixed[:, TEMPERATURE] = np.where(moving, geometric, mixed[:, TEMPERATURE])
    exact = fraction == 1
    mixed[exact] = end[exact]
    return mixed


def cool(
    kernel: FunctionalKernel,
    parameters: np.ndarray,
    temperatures: np.ndarray,
    threads: int = 1,
    energy: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Follow the branch that is continued from high temperature down a ladder of temperatures.

    Parameters
    ----------
    kernel : FunctionalKernel
    parameters : ndarray, shape (points, parameters)
        Their temperature is not used.
    temperatures : ndarray, shape (levels,)
        Descending; 0 may be the last.
    threads : int
    energy : float
        Of the model, as of `numerics.scales`.

    Returns
    -------
    theta : ndarray, shape (points, levels, order parameters)
        Loose solutions; NaN where the branch was lost.
    reason : ndarray of str, shape (points, levels)
    """
    points, levels = len(parameters), len(temperatures)
    result = np.full((points, levels, len(kernel.order_parameters)), np.nan)
    reason = np.full((points, levels), "", dtype=object)
    here, low = parameters.copy(), LOW_TEMPERATURE * energy
    here[:, TEMPERATURE] = max(HIGH_TEMPERATURE * energy, 2 * temperatures[0])
    origin = here.copy()
    origin[:, G] = 0
    theta, reached = follow(kernel, uncoupled(kernel, origin, threads), origin, here, threads)
    for lane in np.flatnonzero(reached < 1):
        strength = reached[lane] * here[lane, G]
        reason[lane] = (
            f"no solution was found at high temperature: the branch from g = 0 ends near"
            f" g = {strength:.4g}"
        )
    alive = np.flatnonzero(reached == 1)
    for level, temperature in enumerate(temperatures):
        there = here.copy()
        there[:, TEMPERATURE] = temperature if temperature > 0 else low
        theta[alive], reached = follow(kernel, theta[alive], here[alive], there[alive], threads)
        for lane, fraction in zip(alive, reached, strict=True):
            if fraction < 1:
                stop = _between(here[[lane]], there[[lane]], np.array([fraction]))[0, TEMPERATURE]
                reason[lane, level:] = (
                    f"the branch was lost near temperature {stop:.3g}; start from another side"
                )
        alive = alive[reached == 1]
        here = there
        if temperature == 0:
            reason[alive, level] = _zero_temperature_failure(kernel, theta[alive], here[alive])
            alive = alive[reason[alive, level] == ""]
        result[alive, level] = theta[alive]
    return result, reason


def _zero_temperature_failure(
    kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray
) -> list[str]:
    """Why T = 0 has no solution: q - Q vanishes with T, so that the one-unit weight collapses."""
    colder = parameters.copy()
    colder[:, TEMPERATURE] /= 100
    below, reached = follow(kernel, theta, parameters, colder)
    widths = [_width(kernel, solution) for solution in (theta, below)]
    failures = []
    for one, other, fraction, low in zip(*widths, reached, parameters[:, TEMPERATURE], strict=True):
        if fraction == 1 and other > 0.7 * one:
            failures.append("")
        else:
            failures.append(
                f"no solution at temperature 0: q - Q vanishes with the temperature"
                f" ({one:.2g} at T = {low:g}); use a positive temperature"
            )
    return failures


def _width(kernel: FunctionalKernel, theta: np.ndarray) -> np.ndarray:
    names = kernel.order_parameters
    other = theta[:, names.index("Q")] if "Q" in names else 0.0
    return theta[:, names.index("q")] - other
