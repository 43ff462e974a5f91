"""Searching for other solutions at the same parameters, and telling them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.continuation import TEMPERATURE, G, cool, follow
from numerics.quadrature import Quadrature, evaluate
from numerics.saddle import Solution, polish, relative

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

_DISTINCT = 1e-6


def other_branches(
    kernel: FunctionalKernel,
    reduced: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    tolerance: float,
    threads: int = 1,
    energy: float = 1.0,
) -> list[Solution]:
    """Solutions that differ from a known one, from several starts at every point.

    Parameters
    ----------
    kernel : FunctionalKernel
        Of the functional without symmetry reduction.
    reduced : FunctionalKernel
        Of the functional that ``theta`` solves.
    theta : ndarray, shape (points, order parameters of reduced)
        The known solution; NaN rows are searched from a plain start.
    parameters : ndarray, shape (points, parameters)
    tolerance : float
    threads : int
    energy : float
        Of the model, as of `numerics.scales`.

    Returns
    -------
    list of Solution
        Sorted by free energy at the first point where they exist; a point where a branch was
        not found carries the reason.
    """
    names = kernel.order_parameters
    known = np.zeros((len(theta), len(names)))
    for place, name in enumerate(names):
        if name in reduced.order_parameters:
            known[:, place] = theta[:, reduced.order_parameters.index(name)]
    absent = [place for place, name in enumerate(names) if name not in reduced.order_parameters]
    found: list[Solution] = []
    for factor in (1.3, 0.7):
        start = np.zeros_like(known)
        start[:, np.setdiff1d(np.arange(len(names)), absent)] = _from_coupling(
            reduced, parameters, factor, threads, energy
        )
        solution = polish(kernel, start, parameters, tolerance, threads)
        _forget(solution, [known, *(other.theta for other in found)])
        if solution.converged.any():
            found.append(solution)
    for share in (0.5, 0.9):
        for sign in (1.0, -1.0):
            start = _broken(known, names, share, sign)
            solution = polish(
                kernel, _relaxed(kernel, start, parameters, threads), parameters, tolerance, threads
            )
            _forget(solution, [known, *(other.theta for other in found)])
            if solution.converged.any():
                found.append(solution)
    return sorted(found, key=lambda s: -s.evaluation.value[np.flatnonzero(s.converged)[0]])


def _from_coupling(
    kernel: FunctionalKernel, parameters: np.ndarray, factor: float, threads: int, energy: float
) -> np.ndarray:
    """Cool at another coupling strength, then follow to the wanted one: the far side of a fold."""
    elsewhere = parameters.copy()
    elsewhere[:, G] *= factor
    theta = np.full((len(parameters), len(kernel.order_parameters)), np.nan)
    for lane in range(len(parameters)):
        one = slice(lane, lane + 1)
        ladder = parameters[one, TEMPERATURE]
        cooled, reason = cool(kernel, elsewhere[one], ladder, threads, energy)
        if reason[0, 0] == "":
            there, reached = follow(kernel, cooled[:, 0], elsewhere[one], parameters[one], threads)
            theta[one] = np.where(reached == 1, there, np.nan)
    return theta


def is_symmetric(
    kernel: FunctionalKernel, reduced: FunctionalKernel, solution: Solution
) -> np.ndarray:
    """Where the order parameters that the symmetry removes are zero; they are made exactly so."""
    names = kernel.order_parameters
    absent = [place for place, name in enumerate(names) if name not in reduced.order_parameters]
    if not absent:
        return np.zeros(len(solution.theta), dtype=bool)
    ratio = np.abs(solution.theta[:, absent] / solution.evaluation.scales[:, absent])
    symmetric = (ratio < _DISTINCT).all(axis=1)
    solution.theta[np.ix_(symmetric, absent)] = 0.0
    return symmetric


def _broken(known: np.ndarray, names: list[str], share: float, sign: float) -> np.ndarray:
    """A start that breaks the symmetries: a share of q between replicas, a mean activity."""
    start = np.nan_to_num(known, nan=0.0)
    q = np.where(np.isfinite(known[:, names.index("q")]), start[:, names.index("q")], 0.5)
    start[:, names.index("q")] = q
    if "Q" in names:
        start[:, names.index("Q")] = share * q
        start[:, names.index("Q_hat")] = np.maximum(start[:, names.index("Q_hat")], 1e-3)
        start[:, names.index("P")] = 0.0
    if "m" in names:
        start[:, names.index("m")] = sign * np.sqrt(share * q)
    return start


def _relaxed(
    kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray, threads: int
) -> np.ndarray:
    """Some damped steps of the fixed-point map, which keep the covariance of the fields valid."""
    for _ in range(30):
        rule = Quadrature.around(kernel, theta, parameters)
        residual = evaluate(kernel, theta, parameters, rule, threads).residual
        theta = theta + 0.5 * np.nan_to_num(residual)
    return theta


def _forget(solution: Solution, known: list[np.ndarray]) -> None:
    """Mark points that are solutions already known."""
    for theta in known:
        with np.errstate(invalid="ignore"):
            same = relative(solution.theta - theta, solution.evaluation.scales) < _DISTINCT
        solution.reason[same & solution.converged] = "the search found a branch already listed"
