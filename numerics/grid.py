"""Solving on the outer product of three axes: coarse lines first, the others from between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from numerics.continuation import TEMPERATURE, cool
from numerics.phases import AXES
from numerics.quadrature import Evaluation
from numerics.saddle import Solution, polish, relative
from numerics.scales import network_scales

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.codegen.functional import FunctionalKernel
    from theory.free_energy import FreeEnergy

STRIDE = 8


def solve_grid(
    kernel: FunctionalKernel,
    free_energy: FreeEnergy,
    axes: dict[str, np.ndarray],
    tolerance: float,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[np.ndarray, np.ndarray, Solution]:
    """Continue every `STRIDE`-th line from high temperature and interpolate between them.

    Parameters
    ----------
    kernel : FunctionalKernel
    free_energy : FreeEnergy
        Gives the numbers of the model.
    axes : dict of str to ndarray
        Values of ``g``, ``gamma`` and ``temperature``.
    tolerance, threads, progress
        As of `numerics.solve`.

    Returns
    -------
    theta, parameters : ndarray, shape (points, k)
        Order parameters and parameters of the kernel.
    solution : Solution
        Of every point of the flattened grid.
    """
    g, gamma, temperature = axes.values()
    model = [float(value) for value in free_energy.network.values.values()]
    shape = (len(g), len(gamma), len(temperature))
    parameters = np.empty((*shape, 3 + len(model)))
    parameters[..., :3] = np.stack(np.meshgrid(g, gamma, temperature, indexing="ij"), axis=-1)
    parameters[..., 3:] = model
    energy = network_scales(free_energy.network).energy
    grid = _Grid(kernel, parameters, energy, tolerance, threads, progress)
    swept = 0 if len(g) >= len(gamma) else 1
    for lines in _levels(shape[swept], axes[AXES[swept]]):
        grid.advance(lines, swept)
    return grid.theta.reshape(-1, grid.theta.shape[-1]), _flat(parameters), grid.solution


def _flat(array: np.ndarray) -> np.ndarray:
    return array.reshape(-1, array.shape[-1])


def _levels(length: int, values: np.ndarray) -> list[np.ndarray]:
    """Indices of a sweep, coarse ones first; one level where values repeat or go back."""
    monotonic = (np.diff(values) > 0).all() or (np.diff(values) < 0).all()
    if length <= STRIDE or not monotonic:
        return [np.arange(length)]
    coarse = np.unique(np.append(np.arange(0, length, STRIDE), length - 1))
    levels, known, stride = [coarse], set(coarse.tolist()), STRIDE // 2
    while stride >= 1:
        fresh = np.array([k for k in range(0, length, stride) if k not in known], dtype=int)
        if fresh.size:
            levels.append(fresh)
            known |= set(fresh.tolist())
        stride //= 2
    return levels


def _lagrange(nodes: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Weights of polynomial interpolation from ``nodes[l]`` to ``points[l]``."""
    count = nodes.shape[1]
    weights = np.ones_like(nodes)
    for k in range(count):
        for m in range(count):
            if m != k:
                weights[:, k] *= (points - nodes[:, m]) / (nodes[:, k] - nodes[:, m])
    return weights


class _Grid:
    """Solutions on the outer product of three axes, filled level by level."""

    def __init__(
        self,
        kernel: FunctionalKernel,
        parameters: np.ndarray,
        energy: float,
        tolerance: float,
        threads: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        shape = parameters.shape[:3]
        self.kernel, self.parameters, self.energy = kernel, parameters, energy
        self.tolerance, self.threads, self.progress = tolerance, threads, progress
        self.theta = np.full((*shape, len(kernel.order_parameters)), np.nan)
        self.done = 0
        size = int(np.prod(shape))
        unknowns, outputs = len(kernel.order_parameters), len(kernel.observables)
        nan = np.full(size, np.nan)
        self.value, self.residual, self.error = nan.copy(), nan.copy(), nan.copy()
        self.jacobian = np.full((size, unknowns, unknowns), np.nan)
        self.observables = np.full((size, outputs), np.nan)
        self.reason = np.full(size, "", dtype=object)

    @property
    def solution(self) -> Solution:
        """All points, in the order of the flattened grid."""
        theta = _flat(self.theta)
        empty = np.empty(0)
        state = Evaluation(self.value, empty, self.jacobian, self.observables, empty)
        return Solution(theta, state, self.residual, self.error, self.reason)

    def advance(self, lines: np.ndarray, axis: int) -> None:
        """Solve some lines of the swept axis, from their neighbours where there are some."""
        index = np.arange(self.reason.size).reshape(self.theta.shape[:3])
        chosen = np.take(index, lines, axis=axis)
        points = chosen.ravel()
        guess = self._interpolated(lines, axis).reshape(-1, self.theta.shape[-1])
        predicted = np.isfinite(guess).all(axis=1)
        if predicted.any():
            self._store(points[predicted], guess[predicted], check=True)
        lost = points[~predicted | (self.reason[points] != "")]
        if lost.size:
            self._cooled(lost)
        self.done += points.size
        if self.progress:
            self.progress(self.done, self.reason.size)

    def _interpolated(self, lines: np.ndarray, axis: int) -> np.ndarray:
        """Interpolate between the four nearest known lines (extrapolate nowhere)."""
        theta = np.moveaxis(self.theta, axis, 0)
        values = np.moveaxis(self.parameters, axis, 0)[:, 0, 0, axis]
        known = np.flatnonzero(np.isfinite(theta).all(axis=-1).reshape(len(values), -1).any(axis=1))
        guess = np.full((len(lines), *theta.shape[1:]), np.nan)
        if known.size >= 4:
            first = np.clip(np.searchsorted(known, lines) - 2, 0, known.size - 4)
            near = known[first[:, None] + np.arange(4)]
            inside = (near[:, 0] < lines) & (lines < near[:, -1])
            weights = _lagrange(values[near], values[lines])
            guess[inside] = np.einsum("lk,lk...->l...", weights, theta[near])[inside]
        return np.moveaxis(guess, 0, axis)

    def _cooled(self, points: np.ndarray) -> None:
        """Continue points from high temperature, all temperatures of a (g, gamma) in one go."""
        count = self.theta.shape[2]
        pairs = np.unique(points // count)
        temperature = self.parameters[0, 0, :, TEMPERATURE]
        order = np.argsort(temperature)[::-1]
        ladder = _flat(self.parameters).reshape(-1, count, self.parameters.shape[-1])
        found, reason = cool(
            self.kernel, ladder[pairs, 0], temperature[order], self.threads, self.energy
        )
        everything = (pairs[:, None] * count + order).ravel()
        theta, why = found.reshape(-1, found.shape[-1]), reason.ravel()
        wanted = np.isin(everything, points)
        good = wanted & (why == "")
        self._store(everything[good], theta[good], check=False)
        bad = everything[wanted & (why != "")]
        self.reason[bad] = why[wanted & (why != "")]
        _flat(self.theta)[bad] = np.nan

    def _store(self, points: np.ndarray, guess: np.ndarray, *, check: bool) -> None:
        parameters = _flat(self.parameters)[points]
        found = polish(self.kernel, guess, parameters, self.tolerance, self.threads)
        reason = found.reason.copy()
        if check:
            # an interpolated start must not have led to another branch
            far = relative(found.theta - guess, found.evaluation.scales) > 0.1
            reason[far & (reason == "")] = "far from the interpolated start"
        theta = np.where((reason == "")[:, None], found.theta, np.nan)
        self.theta.reshape(-1, theta.shape[-1])[points] = theta
        self.value[points] = found.evaluation.value
        self.jacobian[points] = found.evaluation.jacobian
        self.observables[points] = found.evaluation.observables
        self.residual[points] = found.residual
        self.error[points] = found.quadrature_error
        self.reason[points] = reason
