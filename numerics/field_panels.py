"""Panels in the first Gaussian field where the averages of a unit change quickly with it.

At low temperature a unit follows its field: where a function of the model has a kink, or a
field is strong, averages change within a small part of the field's standard deviation, and a
trapezoidal rule would need thousands of nodes. Panels are halved where that changes the equations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.newton_step import newton_step
from numerics.quadrature import Evaluation, Quadrature, evaluate

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

PANEL_STEP = 0.35
"""Distance of nodes of the other fields beside panels."""
PANEL_ACCURACY = 1e-8
_ROUNDS = 26
_MOST = 600


def with_field_panels(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    accuracy: float,
    threads: int = 1,
) -> Quadrature:
    """Give the first field panels that resolve the equations at every point.

    Parameters
    ----------
    kernel : FunctionalKernel
        With at least one field.
    theta : ndarray, shape (points, order parameters)
    parameters : ndarray, shape (points, parameters)
    rule : Quadrature
    accuracy : float
        Change of the order parameters by halving any one panel.
    threads : int

    Returns
    -------
    Quadrature
        With ``edges``; the images of the model's kinks are among them.
    """
    whole = evaluate(kernel, theta, parameters, rule, threads)
    images = kernel.module.images(theta, parameters, np.array(kernel.metadata["kinks"], float))
    regular = np.linspace(-rule.reach, rule.reach, 9)
    rows = []
    for image in images:
        near = image[np.abs(image) < rule.reach]
        rows.append(np.unique(np.concatenate([regular, near])))
    owner = np.repeat(np.arange(len(rows)), [len(row) - 1 for row in rows])
    left = np.concatenate([row[:-1] for row in rows]) if rows else np.empty(0)
    right = np.concatenate([row[1:] for row in rows]) if rows else np.empty(0)
    settled: list[tuple[np.ndarray, np.ndarray]] = []
    for _ in range(_ROUNDS):
        change = _change(kernel, theta, parameters, rule, whole, (owner, left, right), threads)
        used = np.bincount(owner, minlength=len(theta))
        with np.errstate(invalid="ignore"):
            split = (change > accuracy) & (used[owner] < _MOST)
        settled.append((owner[~split], right[~split]))
        owner, left, right = owner[split], left[split], right[split]
        if not owner.size:
            break
        middle = (left + right) / 2
        owner = np.concatenate([owner, owner])
        left, right = np.concatenate([left, middle]), np.concatenate([middle, right])
    settled.append((owner, right))
    return replace(rule, edges=_assembled(settled, len(theta), rule.reach))


def _change(
    kernel: FunctionalKernel,
    theta: np.ndarray,
    parameters: np.ndarray,
    rule: Quadrature,
    whole: Evaluation,
    panels: tuple[np.ndarray, np.ndarray, np.ndarray],
    threads: int,
) -> np.ndarray:
    """Newton's correction by what every panel contributes otherwise when it is halved."""
    owner, left, right = panels
    middle = (left + right) / 2
    rules = rule.take(owner)
    parts = [
        evaluate(
            kernel, theta[owner], parameters[owner], replace(rules, edges=edges), threads
        ).residual
        for edges in (np.stack([left, right], axis=1), np.stack([left, middle, right], axis=1))
    ]
    scales = whole.scales[owner]
    difference = parts[1] - parts[0]
    step = newton_step(whole.jacobian[owner], difference, scales)
    # far from a solution Newton's matrix may be singular
    step = np.where(np.isfinite(step), step, difference)
    return np.abs(step / scales).max(axis=1)


def _assembled(
    settled: list[tuple[np.ndarray, np.ndarray]], points: int, reach: float
) -> np.ndarray:
    """Sort the right ends of all panels by point."""
    owner = np.concatenate([part[0] for part in settled])
    right = np.concatenate([part[1] for part in settled])
    counts = np.bincount(owner, minlength=points)
    edges = np.full((points, counts.max(initial=0) + 1), np.nan)
    edges[:, 0] = -reach
    order = np.lexsort((right, owner))
    column = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    edges[owner[order], column + 1] = right[order]
    return edges
