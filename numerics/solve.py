"""Solving a functional on a grid of parameters: the labelled result that users work with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from numerics.branches import is_symmetric, other_branches
from numerics.grid import solve_grid
from numerics.phases import AXES, phases_dataset
from numerics.provenance import FORMAT_VERSION, provenance
from numerics.scales import network_scales
from theory.codegen.functional import FunctionalKernel, functional_kernel
from theory.ensembles import check_network, check_parameters
from theory.expressions import ModelError
from theory.free_energy import FreeEnergy

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from numerics.saddle import Solution


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
    if not isinstance(free_energy, FreeEnergy):
        check_network(free_energy, "the functional that solve takes")
        msg = f"solve takes a functional: call solve(replica_symmetric({free_energy}), ...)"
        raise ModelError(msg)
    axes = {
        name: _axis(name, values)
        for name, values in zip(AXES, (g, gamma, temperature), strict=True)
    }
    for name, values in axes.items():
        for value in (values.min(), values.max()):  # not a number if one is none
            check_parameters(**{name: value}, confinement=free_energy.network.confinement)
    if branch not in {"default", "all"}:
        msg = f"branch must be 'default' or 'all', not {branch!r}"
        raise ModelError(msg)
    dataset, theta, parameters = solve_axes(free_energy, axes, tolerance, threads, progress)
    if branch == "all":
        reduced = functional_kernel(replace(free_energy, reduced=True))
        full = functional_kernel(replace(free_energy, reduced=False))
        energy = network_scales(free_energy.network).energy
        found = other_branches(full, reduced, theta, parameters, tolerance, threads, energy)
        parts = [
            phases_dataset(full, other, parameters, axes, _labels(full, reduced, other, k + 1))
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
    theta, parameters, solution = solve_grid(
        reduced, free_energy, axes, tolerance, threads, progress
    )
    name = "symmetric" if reduced.metadata["symmetric"] else "asymmetric"
    return phases_dataset(reduced, solution, parameters, axes, name), theta, parameters


def _labels(
    full: FunctionalKernel, reduced: FunctionalKernel, solution: Solution, number: int
) -> np.ndarray:
    """Name the points of a further branch by whether they keep the model's symmetry."""
    symmetric = is_symmetric(full, reduced, solution)
    broken = "broken" if reduced.metadata["symmetric"] else "asymmetric"
    return np.where(symmetric, f"symmetric {number}", f"{broken} {number}").astype(object)


def _axis(name: str, values: ArrayLike) -> np.ndarray:
    axis = np.atleast_1d(np.asarray(values, dtype=float))
    if axis.ndim != 1 or axis.size == 0:
        msg = f"{name} must be a number or a one-dimensional, non-empty array"
        raise ModelError(msg)
    return axis
