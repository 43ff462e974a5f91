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
from numerics.quadrature import REACH, Evaluation, Quadrature, evaluate

if TYPE_CHECKING:
    from theory.codegen.functional import FunctionalKernel

PANEL_STEP = 0.35
"""Distance of nodes of the other fields beside panels."""
PANEL_ACCURACY = 1e-8
_STEEP = 0.3
_ROUNDS = 26
_MOST = 600


def is_steep_in_field(
    kernel: FunctionalKernel, theta: np.ndarray, parameters: np.ndarray
) -> np.ndarray:
    """Where averages may change within a small part of the first field's standard deviation.

    Parameters
    ----------
    kernel : FunctionalKernel
    theta : ndarray, shape (points, order parameters)
    parameters : ndarray, shape (points, parameters)

    Returns
    -------
    ndarray of bool, shape (points,)
    """
    features = np.array(kernel.metadata["features"]).reshape(-1, 2)
    if not kernel.fields or not len(features):
        return np.zeros(len(theta), dtype=bool)
    ends = kernel.module.images(theta, parameters, (features @ [[1, 1], [0, 1]]).ravel())
    with np.errstate(invalid="ignore"):
        width = np.abs(ends[:, ::2] - ends[:, 1::2])
        near = np.abs(ends).reshape(len(theta), -1, 2).min(axis=2) < REACH
        return ((width < _STEEP) & near).any(axis=1)


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
        With ``edges``; the images of the model's kinks and features are among them.
    """
    whole = evaluate(kernel, theta, parameters, rule, threads)
    images = kernel.module.images(theta, parameters, _breaks(kernel))
    regular = np.linspace(-rule.reach, rule.reach, 9)
    rows = []
    for image in images:
        near = image[np.abs(image) < rule.reach]  # not what is none, where g = 0
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


def _breaks(kernel: FunctionalKernel) -> np.ndarray:
    """States around which averages may change: kinks, and features with what is beside them."""
    kinks = kernel.metadata["kinks"]
    around = [c + d * s for c, s in kernel.metadata["features"] for d in (-4, -1, 0, 1, 4)]
    return np.array([*kinks, *around], dtype=float)


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
