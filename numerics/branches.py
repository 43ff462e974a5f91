"""Searching for other solutions at the same parameters, and telling them apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.quadrature import Quadrature, evaluate
from numerics.saddle import Solution, polish

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
    found: list[Solution] = []
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
        size = np.abs(solution.theta).max(axis=1, keepdims=True)
        with np.errstate(invalid="ignore"):
            same = (np.abs(solution.theta - theta) / size).max(axis=1) < _DISTINCT
        solution.reason[same & solution.converged] = "the search found a branch already listed"
