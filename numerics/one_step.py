"""Solutions with one step of replica symmetry breaking."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import xarray as xr
from scipy.optimize import brentq
from scipy.special import xlogy

from numerics.branches import other_branches
from numerics.phases import AXES, LONG_NAMES
from numerics.provenance import FORMAT_VERSION, provenance
from numerics.saddle import Solution, polish
from numerics.scales import network_scales
from numerics.solve import solve
from theory.codegen.functional import functional_kernel
from theory.expressions import ModelError
from theory.free_energy import FreeEnergy, replica_symmetric
from theory.one_step import OneStep

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from theory.codegen.functional import FunctionalKernel
    from theory.ensembles import RandomNetwork

BLOCKS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.98)
"""Block sizes at which the slope of the functional is looked at first."""
_LEAST_OVERLAP = 1e-6
_SLOPE = "slope y"


class _Point(NamedTuple):
    """A solution at a block size."""

    y: float
    solution: Solution
    slope: float


def solve_one_step(
    network: RandomNetwork,
    g: ArrayLike,
    gamma: ArrayLike,
    temperature: ArrayLike,
    *,
    tolerance: float = 1e-9,
) -> xr.Dataset:
    """Solve the saddle point with one step of replica symmetry breaking.

    Parameters
    ----------
    network : RandomNetwork
        With a symmetry that makes different states uncorrelated.
    g, gamma, temperature : float or array_like
        As of `numerics.solve`.
    tolerance : float
        Relative accuracy of the order parameters.

    Returns
    -------
    xarray.Dataset
        Over ``g``, ``gamma`` and ``temperature``: the order parameters, with Q and P between
        replicas of one block, ``y``, the block size, where the functional is stationary in it,
        energies and errors. Where there is no such solution all is NaN with the reason.

    Raises
    ------
    ModelError
        If the network has no such symmetry, or a parameter is out of range.

    Notes
    -----
    For ``y -> 0`` the equations are those of replica symmetry with ``Q > 0``, for ``y -> 1`` those
    with ``Q = 0``. The first is where the search starts.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> found = solve_one_step(RandomNetwork(), 1.4, -0.2, 0.01).squeeze()
    >>> 0 < float(found.y) < 1, float(found.Q) < float(found.q)
    (True, True)
    """
    symmetric = replica_symmetric(network)
    if not symmetric.reduction.is_symmetry or symmetric.symmetric is None:
        msg = (
            "one step of replica symmetry breaking is solved for models whose symmetry makes"
            f" different states uncorrelated, and {network} has none; use odd a and c, even b and"
            " neither mean nor fields"
        )
        raise ModelError(msg)
    # the grid of replica-symmetric solutions checks the parameters too
    phases = solve(symmetric, g, gamma, temperature, tolerance=tolerance)
    free_energy = FreeEnergy(network, OneStep())
    kernel = functional_kernel(free_energy)
    names = [*kernel.order_parameters, "y", "free_energy", "energy", "residual", "quadrature_error"]
    shape = tuple(phases.sizes[name] for name in AXES)
    values = {name: np.full(shape, np.nan) for name in names}
    reason = np.full(shape, "", dtype=object)
    for place in product(*map(range, shape)):
        point = phases.isel(dict(zip(AXES, place, strict=True)))
        found, reason[place] = _solve_point(kernel, symmetric, point, tolerance)
        if found is not None:
            for name, value in _numbers(kernel, found, float(point.temperature)).items():
                values[name][place] = value
    long_names = LONG_NAMES | {
        "y": "replicas in a block",
        "Q": "activity overlap of two replicas of a block",
        "P": "integrated response between two replicas of a block",
    }
    result = xr.Dataset(
        {name: (AXES, array, {"long_name": long_names[name]}) for name, array in values.items()}
        | {
            "converged": (AXES, reason == "", {"long_name": LONG_NAMES["converged"]}),
            "reason": (AXES, reason, {"long_name": LONG_NAMES["reason"]}),
        },
        {name: phases[name] for name in AXES},
    )
    for variable in result.data_vars.values():
        variable.attrs["units"] = "1"
    result.attrs = {
        "format_version": FORMAT_VERSION,
        "provenance": provenance(free_energy, tolerance=tolerance),
    }
    return result


def _solve_point(
    kernel: FunctionalKernel, symmetric: FreeEnergy, phases: xr.Dataset, tolerance: float
) -> tuple[_Point | None, str]:
    """Find the block size at which the functional is stationary."""
    parameters = np.array(
        [[*(float(phases[name]) for name in AXES), *symmetric.network.values.values()]], dtype=float
    )
    start = _broken(kernel, symmetric, phases, parameters, tolerance)
    if start is None:
        return None, "no replica-symmetric solution with Q > 0 was found to start from"
    before: _Point | None = None
    for y in BLOCKS:
        point = _at(kernel, start, parameters, y, tolerance)
        if point is None:
            break
        if before is not None and before.slope * point.slope <= 0:
            return _stationary(kernel, before, point, parameters, tolerance)
        before, start = point, point.solution.theta
    return None, "the functional is not stationary in the block size between 0 and 1"


def _broken(
    kernel: FunctionalKernel,
    symmetric: FreeEnergy,
    phases: xr.Dataset,
    parameters: np.ndarray,
    tolerance: float,
) -> np.ndarray | None:
    """Replica-symmetric solution with ``Q > 0``, or None."""
    full = functional_kernel(symmetric.unreduced)
    reduced = functional_kernel(replace(symmetric, reduced=True))
    known = np.array([[float(phases[name]) for name in reduced.order_parameters]])
    column = full.order_parameters.index("Q")
    energy = network_scales(symmetric.network).energy
    for solution in other_branches(full, reduced, known, parameters, tolerance, energy=energy):
        if solution.converged[0] and solution.theta[0, column] > _LEAST_OVERLAP:
            order = [full.order_parameters.index(name) for name in kernel.order_parameters]
            return solution.theta[:, order]
    return None


def _at(
    kernel: FunctionalKernel,
    start: np.ndarray,
    parameters: np.ndarray,
    y: float,
    tolerance: float,
) -> _Point | None:
    """Solve at a block size; None if that fails or replicas of a block do not overlap."""
    solution = polish(kernel, start, np.append(parameters, [[y]], axis=1), tolerance)
    overlap = solution.theta[0, kernel.order_parameters.index("Q")]
    if not solution.converged[0] or overlap < _LEAST_OVERLAP:
        return None
    slope = solution.evaluation.observables[0, kernel.observables.index(_SLOPE)]
    return _Point(y, solution, float(slope))


def _stationary(
    kernel: FunctionalKernel,
    below: _Point,
    above: _Point,
    parameters: np.ndarray,
    tolerance: float,
) -> tuple[_Point | None, str]:
    """Find the zero of the slope between two block sizes."""
    seen = [below, above]

    def slope(y: float) -> float:
        nearest = min(seen, key=lambda point: abs(point.y - y))
        point = _at(kernel, nearest.solution.theta, parameters, y, tolerance)
        if point is None:
            msg = f"the solution was lost at the block size {y:g}"
            raise ArithmeticError(msg)
        seen.append(point)
        return point.slope

    try:
        y = brentq(slope, below.y, above.y, xtol=1e-10, rtol=1e-10)
        slope(y)
    except ArithmeticError as error:
        return None, str(error)
    return seen[-1], ""


def _numbers(kernel: FunctionalKernel, point: _Point, temperature: float) -> dict[str, float]:
    solution = point.solution
    state = solution.evaluation
    constant = kernel.metadata["log_temperature"] * xlogy(temperature, temperature)
    return {
        **dict(zip(kernel.order_parameters, solution.theta[0], strict=True)),
        "y": point.y,
        "free_energy": -temperature * state.value[0] - constant,
        "energy": state.observables[0, kernel.observables.index("energy")],
        "residual": solution.residual[0],
        "quadrature_error": solution.quadrature_error[0],
    }
