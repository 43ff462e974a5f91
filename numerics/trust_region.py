"""Minimisation of the quasi-potential from many states at once, by products only.

A trust-region Newton method whose quadratic models are minimised by conjugate gradients
(Steihaug). The model's matrix is the Hessian of the energy, or that of Levenberg and Marquardt,
the Jacobian of the drift times its transpose. States advance together, as columns, so that the
work is products of the couplings, dense or sparse, with matrices.

References
----------
J. Nocedal & S. J. Wright, Numerical Optimization (2006), algorithms 4.1 and 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from numerics.homotopy import ZERO

if TYPE_CHECKING:
    from collections.abc import Callable

    from numerics.targets import Target

    Product = Callable[[np.ndarray, np.ndarray], np.ndarray]
    Progress = Callable[[int, int], object]

STATIONARY = 1e-8
"""Gradient ``|grad E|/sqrt(N)`` below which a state counts as a stationary point."""
_ACCEPTED, _GOOD = 1e-4, 0.75
_FORCING = 0.1
_ROUNDING = 1e-11  # of the energy: differences below carry no information
_LEAST_FALL = 0.5
_ENOUGH = 0.3  # of the tolerance, for the gradient of the quadratic model


@dataclass
class Descent:
    """Where minimisations ended, one column for every start.

    Parameters
    ----------
    state : ndarray, shape (N, S)
    energy, gradient : ndarray, shape (S,)
        Energy, and norm of its gradient over sqrt(N).
    iterations, products : ndarray of int, shape (S,)
        Steps of the trust region; products with the model's matrix.
    reason : ndarray of str, shape (S,)
        Empty where converged.
    """

    state: np.ndarray
    energy: np.ndarray
    gradient: np.ndarray
    iterations: np.ndarray
    products: np.ndarray
    reason: np.ndarray


def minimise(
    target: Target,
    start: np.ndarray,
    *,
    model: str = "hessian",
    tolerance: float = STATIONARY,
    polish: bool = True,
    most: int = 500,
    most_products: int = 2000,
    progress: Progress | None = None,
) -> Descent:
    """Minimise the energy from every column.

    A column has converged when its speed ``|F|/sqrt(N)`` is that of a zero, or when its gradient
    is below the tolerance and, with ``polish``, its speed falls no longer: near a zero with a soft
    direction the gradient is small long before the speed is.

    Parameters
    ----------
    target : Target
        Its energy has no confinement: then the speed follows from it.
    start : ndarray, shape (N, S)
    model : {"hessian", "gauss_newton"}
        Matrix of the quadratic model. With the second, convergence is fast to zeros only.
    tolerance : float
        For ``|grad E|/sqrt(N)``.
    polish : bool
        Whether to go on at this gradient while the speed falls, so that zeros are told from
        points that are only slow.
    most, most_products : int
        Largest number of steps, and of products in one step.
    progress : callable, optional
        Called with the number of columns done and their total.

    Returns
    -------
    Descent

    Examples
    --------
    >>> from numerics.targets import dynamics_target
    >>> from theory import Dynamics
    >>> target = dynamics_target(Dynamics(["x"], ["x - x**3"]))
    >>> print(f"{minimise(target, np.array([[1.4]])).state[0, 0]:.12f}")
    1.000000000000
    """
    products: dict[str, Product] = {
        "hessian": target.curvature,
        "gauss_newton": lambda x, v: target.transposed_tangent(x, target.tangent(x, v)),
    }
    columns = _Columns(target, np.array(start, dtype=float), tolerance, polish)
    for _ in range(most):
        active = columns.active
        if progress is not None:
            progress(len(columns.energy) - len(active), len(columns.energy))
        if not active.size:
            break
        columns.advance(active, products[model], most_products)
    columns.reason[columns.active] = (
        f"{most} steps did not suffice; try method='homotopy', or a larger tolerance="
    )
    return Descent(
        columns.state, columns.energy, columns.norm, columns.iterations, columns.products,
        columns.reason,
    )  # fmt: skip


class _Columns:
    """States that move, each with its own trust region."""

    def __init__(self, target: Target, state: np.ndarray, tolerance: float, polish: bool) -> None:
        self.target, self.state, self.tolerance, self.polish = target, state, tolerance, polish
        size, count = state.shape
        self.root = np.sqrt(size)
        self.energy, self.gradient = target.energy_and_gradient(state)
        self.radius = np.full(count, self.root)
        self.iterations = np.zeros(count, dtype=int)
        self.products = np.zeros(count, dtype=int)
        self.reason = np.full(count, "", dtype=object)
        self.settled = np.zeros(count, dtype=bool)
        self.reason[~np.isfinite(self.energy)] = "the energy of the start is not finite"

    @property
    def norm(self) -> np.ndarray:
        """Gradient of every column over sqrt(N)."""
        return np.linalg.norm(self.gradient, axis=0) / self.root

    @property
    def active(self) -> np.ndarray:
        """Columns that have neither converged nor failed."""
        at_zero = np.sqrt(2 * self.energy) / self.root < ZERO / 10
        done = self.settled if self.polish else self.norm < self.tolerance
        return np.flatnonzero(~at_zero & ~done & (self.reason == ""))

    def advance(self, active: np.ndarray, product: Product, most: int) -> None:
        """Take one step in every active column, or shrink its trust region."""
        step, decrease, used = _subproblem(
            self.state[:, active], self.gradient[:, active], self.radius[active], product, most,
            # more is in vain where the gradient is all that is asked for
            0.0 if self.polish else _ENOUGH * self.tolerance * self.root,
        )  # fmt: skip
        self.iterations[active] += 1
        self.products[active] += used
        trial = self.state[:, active] + step
        energy, gradient = self.target.energy_and_gradient(trial)
        length = np.linalg.norm(step, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = (self.energy[active] - energy) / decrease
            # differences of energies drown in rounding before the gradient has vanished
            lost = decrease < _ROUNDING * self.energy[active]
            smaller = np.linalg.norm(gradient, axis=0) / self.root < self.norm[active]
        good = np.where(lost, smaller, ratio > _ACCEPTED)
        trusted = good & (lost | (ratio > _GOOD))
        radius = self.radius[active]
        radius = np.where(trusted & (length > 0.8 * radius), 2 * radius, radius)
        self.radius[active] = np.where(good, radius, length / 4)
        at_rest = self.norm[active] < self.tolerance
        falls = good & (energy < _LEAST_FALL**2 * self.energy[active])
        self.settled[active[at_rest & ~falls]] = True
        stuck = ~good & (length < 1e-14 * self.root) & ~at_rest
        self.reason[active[stuck]] = "no step lowers the energy any more"
        moved = active[good]
        self.state[:, moved] = trial[:, good]
        self.energy[moved] = energy[good]
        self.gradient[:, moved] = gradient[:, good]


def _subproblem(
    state: np.ndarray,
    gradient: np.ndarray,
    radius: np.ndarray,
    product: Product,
    most: int,
    least: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Minimise ``g.p + p.B p/2`` for ``|p| <= radius`` in every column, to a gradient ``least``.

    Returns the steps, how much they lower the model, and how many products they took.
    """
    step = np.zeros_like(gradient)
    residual = gradient.copy()
    direction = -gradient
    square = np.einsum("ns,ns->s", residual, residual)
    norm = np.sqrt(square)
    # superlinear convergence, and no wasted effort far from the end
    goal = np.maximum(norm * np.minimum(_FORCING, np.sqrt(norm / np.sqrt(len(state)))), least)
    used = np.zeros(len(radius), dtype=int)
    running = np.flatnonzero(norm > 0)
    for _ in range(most):
        if not running.size:
            break
        d, p = direction[:, running], step[:, running]
        bent = product(np.ascontiguousarray(state[:, running]), d)
        used[running] += 1
        curvature = np.einsum("ns,ns->s", d, bent)
        with np.errstate(divide="ignore", invalid="ignore"):
            length = square[running] / curvature
        ahead = p + length * d
        outside = ~(curvature > 0) | ~(np.linalg.norm(ahead, axis=0) < radius[running])
        if outside.any():
            to_edge = _to_edge(p[:, outside], d[:, outside], radius[running[outside]])
            length[outside] = to_edge
            ahead[:, outside] = p[:, outside] + to_edge * d[:, outside]
        step[:, running] = ahead
        residual[:, running] += length * bent
        rest = np.einsum("ns,ns->s", residual[:, running], residual[:, running])
        share = rest / square[running]
        square[running] = rest
        direction[:, running] = share * d - residual[:, running]
        running = running[~outside & (np.sqrt(rest) > goal[running])]
    # the model at the step: its residual is g + B p
    decrease = -np.einsum("ns,ns->s", step, gradient + residual) / 2
    return step, decrease, used


def _to_edge(step: np.ndarray, direction: np.ndarray, radius: np.ndarray) -> np.ndarray:
    """How far along the direction the edge of the trust region is."""
    a = np.einsum("ns,ns->s", direction, direction)
    b = np.einsum("ns,ns->s", direction, step)
    c = radius**2 - np.einsum("ns,ns->s", step, step)
    return c / (b + np.sqrt(b * b + a * np.maximum(c, 0)))
