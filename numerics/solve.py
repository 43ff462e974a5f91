"""Solving a functional on a grid of parameters: the labelled result that users work with."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import metadata as distribution
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.special import xlogy

from numerics.branches import is_symmetric, other_branches
from numerics.continuation import TEMPERATURE, cool
from numerics.quadrature import Evaluation
from numerics.saddle import Solution, polish, relative
from numerics.stability import REPLICON, replicon, smallest
from theory.codegen.functional import FunctionalKernel, functional_kernel
from theory.ensembles import check_parameters
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from theory.free_energy import FreeEnergy

FORMAT_VERSION = 1
STRIDE = 8
AXES = ("g", "gamma", "temperature")
LONG_NAMES = {
    "q": "activity overlap of a replica with itself",
    "Q": "activity overlap of two replicas",
    "rho": "integrated response of a replica",
    "P": "integrated response between two replicas",
    "q_hat": "conjugate of q",
    "Q_hat": "conjugate of Q",
    "m": "mean activity",
    "m_hat": "conjugate of m",
    "free_energy": "free energy per unit, -T Phi",
    "energy": "quasi-potential per unit",
    "x_squared": "mean square state of a unit",
    "longitudinal": "smallest eigenvalue of one minus the linearised saddle-point map",
    "replicon": "smallest eigenvalue against inequivalent replicas; negative: unstable",
    "residual": "largest undamped residual relative to natural scales",
    "quadrature_error": "largest relative change under a finer quadrature",
    "converged": "whether the point is solved to tolerance",
    "branch_name": "which branch is shown",
    "reason": "why a point did not converge",
}
ORDER_PARAMETERS = ("q", "Q", "rho", "P", "q_hat", "Q_hat", "m", "m_hat")


def solve(
    free_energy: FreeEnergy,
    g: ArrayLike,
    gamma: ArrayLike,
    temperature: ArrayLike,
    *,
    branch: str = "default",
    tolerance: float = 1e-10,
    threads: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> xr.Dataset:
    """Solve the saddle-point equations on the outer product of parameter values.

    Parameters
    ----------
    free_energy : FreeEnergy
        From `theory.replica_symmetric`.
    g, gamma, temperature : float or array_like
        Coupling strength ``>= 0``, reciprocity in [-1, 1], temperature ``>= 0``. Temperature 0
        has solutions where ``q > Q`` stays finite.
    branch : {"default", "all"}
        The branch continued from high temperature (symmetric where the model has a symmetry), or
        every branch that a search from several starts finds, along a dimension ``branch``; such a
        search can miss branches.
    tolerance : float
        Relative accuracy of the order parameters.
    threads : int
        The result has the same bits on any number of threads.
    progress : callable, optional
        Called with the number of points done and their total.

    Returns
    -------
    xarray.Dataset
        Over ``g``, ``gamma``, ``temperature`` (and ``branch``). A point that did not converge is
        NaN with ``converged = False`` and the reason.

    Raises
    ------
    ModelError
        If a parameter is out of range.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> phases = solve(replica_symmetric(RandomNetwork()), g=1.2, gamma=0.5, temperature=0.1)
    >>> print(f"{phases.q.item():.10f}")
    0.3793082206
    """
    axes = {
        name: _axis(name, values)
        for name, values in zip(AXES, (g, gamma, temperature), strict=True)
    }
    for name, values in axes.items():
        for value in values:
            check_parameters(**{name: value}, confinement=free_energy.network.confinement)
    if branch not in {"default", "all"}:
        msg = f"branch must be 'default' or 'all', not {branch!r}"
        raise ModelError(msg)
    dataset, theta, parameters = solve_axes(free_energy, axes, tolerance, threads, progress)
    if branch == "all":
        shape = tuple(len(values) for values in axes.values())
        reduced = functional_kernel(replace(free_energy, reduced=True))
        full = functional_kernel(replace(free_energy, reduced=False))
        found = other_branches(full, reduced, theta, parameters, tolerance, threads)
        parts = [
            _dataset(full, other, parameters, axes, shape, _labels(full, reduced, other, k + 1))
            for k, other in enumerate(found, start=1)
        ]
        dataset = xr.concat([dataset, *parts], dim="branch", join="exact")
        dataset = dataset.assign_coords(branch=np.arange(len(parts) + 1))
        dataset.branch.attrs = {"long_name": "branch number", "units": "1"}
    dataset.attrs = {
        "format_version": FORMAT_VERSION,
        "provenance": provenance(free_energy, tolerance=tolerance, branch=branch),
    }
    return dataset


def solve_axes(
    free_energy: FreeEnergy,
    axes: dict[str, np.ndarray],
    tolerance: float,
    threads: int,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[xr.Dataset, np.ndarray, np.ndarray]:
    """Solve for the default branch, without the checks and the record of `solve`.

    Parameters
    ----------
    free_energy : FreeEnergy
    axes : dict of str to ndarray
        Values of ``g``, ``gamma`` and ``temperature`` that were checked.
    tolerance, threads, progress
        As of `solve`.

    Returns
    -------
    dataset : xarray.Dataset
    theta, parameters : ndarray, shape (points, k)
        Order parameters and parameters of the kernel.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> axes = {"g": np.array([1.2]), "gamma": np.array([0.5]), "temperature": np.array([0.1])}
    >>> found, _, _ = solve_axes(replica_symmetric(RandomNetwork()), axes, 1e-10, threads=1)
    >>> print(f"{found.q.item():.10f}")
    0.3793082206
    """
    reduced = functional_kernel(replace(free_energy, reduced=True))
    theta, parameters, solution = _solve_grid(
        reduced, free_energy, axes, tolerance, threads, progress
    )
    shape = tuple(len(values) for values in axes.values())
    name = "symmetric" if reduced.metadata["symmetric"] else "asymmetric"
    return _dataset(reduced, solution, parameters, axes, shape, name), theta, parameters


def _labels(
    full: FunctionalKernel, reduced: FunctionalKernel, solution: Solution, number: int
) -> np.ndarray:
    """Name the points of a further branch by whether they keep the model's symmetry."""
    symmetric = is_symmetric(full, reduced, solution)
    broken = "broken" if reduced.metadata["symmetric"] else "asymmetric"
    return np.where(symmetric, f"symmetric {number}", f"{broken} {number}").astype(object)


def provenance(free_energy: FreeEnergy, **settings: Any) -> str:
    """JSON text that says what made a result: versions, model, settings.

    Examples
    --------
    >>> from theory import RandomNetwork, replica_symmetric
    >>> json.loads(provenance(replica_symmetric(RandomNetwork())))["model"]["transfer"]
    'tanh(x)'
    """
    network = free_energy.network
    names = ("local", "gain", "transfer", "mean", "field_std", "confinement")
    packages = ("restpoint", "sympy", "numpy", "scipy", "numba", "xarray")
    return json.dumps(
        {
            "model": {name: str(getattr(network, name)) for name in names},
            "ansatz": free_energy.ansatz.name,
            "settings": settings,
            "versions": {name: distribution.version(name) for name in packages},
        }
    )


def _axis(name: str, values: ArrayLike) -> np.ndarray:
    axis = np.atleast_1d(np.asarray(values, dtype=float))
    if axis.ndim != 1 or axis.size == 0:
        msg = f"{name} must be a number or a one-dimensional, non-empty array"
        raise ModelError(msg)
    return axis


def _solve_grid(
    kernel: FunctionalKernel,
    free_energy: FreeEnergy,
    axes: dict[str, np.ndarray],
    tolerance: float,
    threads: int,
    progress: Callable[[int, int], None] | None,
) -> tuple[np.ndarray, np.ndarray, Solution]:
    """Continue every STRIDE-th point from high temperature and interpolate between them."""
    g, gamma, temperature = axes.values()
    model = [float(value) for value in free_energy.network.values.values()]
    shape = (len(g), len(gamma), len(temperature))
    parameters = np.empty((*shape, 3 + len(model)))
    parameters[..., :3] = np.stack(np.meshgrid(g, gamma, temperature, indexing="ij"), axis=-1)
    parameters[..., 3:] = model
    grid = _Grid(kernel, parameters, tolerance, threads, progress)
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
        tolerance: float,
        threads: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        shape = parameters.shape[:3]
        self.kernel, self.parameters = kernel, parameters
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
        found, reason = cool(self.kernel, ladder[pairs, 0], temperature[order], self.threads)
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


def _dataset(
    kernel: FunctionalKernel,
    solution: Solution,
    parameters: np.ndarray,
    axes: dict[str, np.ndarray],
    shape: tuple[int, ...],
    branch: str | np.ndarray,
) -> xr.Dataset:
    converged = solution.reason == ""
    temperature = parameters[:, TEMPERATURE]
    columns: dict[str, np.ndarray] = dict.fromkeys(ORDER_PARAMETERS, np.zeros(len(converged)))
    state = solution.evaluation
    columns |= {
        name: values
        for name, values in zip(kernel.observables, state.observables.T, strict=True)
        if REPLICON not in name
    }
    columns["longitudinal"] = smallest(-state.jacobian)
    columns["replicon"] = replicon(kernel, state.observables)
    columns |= dict(zip(kernel.order_parameters, solution.theta.T, strict=True))
    # the constant T^(1/2) was left out of the functional so that it stays finite at T = 0
    constant = kernel.metadata["log_temperature"] * xlogy(temperature, temperature)
    columns["free_energy"] = -temperature * solution.evaluation.value - constant
    columns["residual"], columns["quadrature_error"] = solution.residual, solution.quadrature_error
    variables: dict[str, tuple] = {}
    for name, values in columns.items():
        # zero exactly where a symmetry forbids a value: no sign of zero
        clean = np.where(converged, values + 0.0, np.nan).reshape(shape)
        variables[name] = (AXES, clean, {"long_name": LONG_NAMES[name], "units": "1"})
    for name, values in (
        ("converged", converged),
        ("branch_name", np.broadcast_to(np.asarray(branch, dtype=object), converged.shape)),
        ("reason", solution.reason),
    ):
        attributes = {"long_name": LONG_NAMES[name], "units": "1"}
        variables[name] = (AXES, np.asarray(values).reshape(shape), attributes)
    coordinates = {
        "g": ("g", axes["g"], {"long_name": "coupling strength g", "units": "1"}),
        "gamma": ("gamma", axes["gamma"], {"long_name": "reciprocity gamma", "units": "1"}),
        "temperature": ("temperature", axes["temperature"], {"long_name": "T", "units": "1"}),
    }
    return xr.Dataset(variables, coordinates)
