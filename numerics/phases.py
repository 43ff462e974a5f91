"""Solutions on a grid of parameters as one labelled dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.special import xlogy

from numerics.continuation import TEMPERATURE
from numerics.stability import REPLICON, replicon, smallest

if TYPE_CHECKING:
    from numerics.saddle import Solution
    from theory.codegen.functional import FunctionalKernel

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


def phases_dataset(
    kernel: FunctionalKernel,
    solution: Solution,
    parameters: np.ndarray,
    axes: dict[str, np.ndarray],
    branch: str | np.ndarray,
) -> xr.Dataset:
    """Label solutions; what did not converge is NaN.

    Parameters
    ----------
    kernel : FunctionalKernel
    solution : Solution
        Of every point of the flattened grid.
    parameters : ndarray, shape (points, k)
        Of the kernel.
    axes : dict of str to ndarray
        Values of ``g``, ``gamma`` and ``temperature``.
    branch : str or ndarray of str, shape (points,)
        Name of the branch.

    Returns
    -------
    xarray.Dataset
        As of `numerics.solve`, without the attributes.
    """
    shape = tuple(len(values) for values in axes.values())
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
