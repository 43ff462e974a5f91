"""The saddle-point equations as a system with one parameter, for continuation."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.bordered import State, StepError
from numerics.quadrature import MOST_PANELS, SMALLEST_STEP, Evaluation, Quadrature, evaluate
from theory.codegen.functional import FunctionalKernel, functional_kernel
from theory.expressions import ModelError
from theory.parameter_derivatives import VARIED, ParametricFreeEnergy, derivative_name

if TYPE_CHECKING:
    import xarray as xr

    from theory.free_energy import FreeEnergy

PARAMETER_SCALES = {"g": 0.3, "gamma": 0.3, "temperature": 1.0}
"""Change that counts as much as an order parameter's natural size; of T, the logarithm counts."""


@dataclass(frozen=True)
class SaddleSystem:
    """The saddle-point equations of a kernel along one parameter, as a `numerics.arclength.System`.

    A temperature is followed in its logarithm.

    Parameters
    ----------
    kernel : FunctionalKernel
        Of a `theory.parameter_derivatives.ParametricFreeEnergy`.
    parameters : ndarray, shape (parameters,)
        The one that is followed is overwritten.
    name : {"g", "gamma", "temperature"}
    free : ndarray of bool, shape (order parameters,)
        False for those that vanish on a symmetric branch.
    refined : int
        How often the quadrature was refined.
    rule : Quadrature, optional
    """

    kernel: FunctionalKernel
    parameters: np.ndarray
    name: str
    free: np.ndarray
    refined: int = 0
    rule: Quadrature | None = None

    @property
    def parameter_scale(self) -> float:
        """Change of the parameter that counts as much as an order parameter's size."""
        return PARAMETER_SCALES[self.name]

    @property
    def is_logarithmic(self) -> bool:
        """Whether the last entry of a point is the logarithm of the parameter."""
        return self.name == "temperature"

    def at(self, point: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Order parameters and parameters of a point, as one-row arrays."""
        parameters = self.parameters.copy()
        value = np.exp(point[-1]) if self.is_logarithmic else point[-1]
        parameters[self.column] = value
        return point[None, :-1], parameters[None]

    @property
    def column(self) -> int:
        """Place of the parameter in the kernel's array."""
        return list(VARIED).index(self.name)

    def around(self, point: np.ndarray) -> SaddleSystem:
        """Fix the quadrature for points near this one."""
        rule = Quadrature.around(self.kernel, *self.at(point))
        for _ in range(self.refined):
            rule = self._refine(rule)
        return replace(self, rule=rule)

    def _refine(self, rule: Quadrature) -> Quadrature:
        return rule.finer("x").finer("fields") if self.kernel.fields else rule.finer("x")

    def finer(self) -> SaddleSystem | None:
        """Refine the quadrature."""
        assert self.rule is not None
        rule = self._refine(self.rule)
        if rule.panels.max() > MOST_PANELS or rule.step.min() < SMALLEST_STEP:
            msg = "the quadrature did not reach the tolerance; use a larger tolerance="
            raise StepError(msg)
        return replace(self, rule=rule, refined=self.refined + 1)

    def evaluation(self, point: np.ndarray) -> Evaluation:
        """All that the kernel says at a point."""
        assert self.rule is not None
        return evaluate(self.kernel, *self.at(point), self.rule)

    def evaluate(self, point: np.ndarray) -> State:
        """Residual, its derivatives and the natural sizes."""
        state = self.evaluation(point)
        names = self.kernel.observables
        places = [
            names.index(derivative_name(self.name, unknown))
            for unknown in self.kernel.order_parameters
        ]
        slope = state.observables[0, places]
        if self.is_logarithmic:
            slope = slope * np.exp(point[-1])
        return State(state.residual[0], state.jacobian[0], slope, state.scales[0])


def saddle_system(
    free_energy: FreeEnergy, point: xr.Dataset, parameter: str
) -> tuple[SaddleSystem, np.ndarray]:
    """Make the system of a functional at one solved point, and the point as an array.

    Parameters
    ----------
    free_energy : FreeEnergy
        On the symmetric branch (``reduced``) or with all order parameters.
    point : xarray.Dataset
        One point, as `numerics.solve` gives it.
    parameter : {"g", "gamma", "temperature"}

    Returns
    -------
    system : SaddleSystem
    start : ndarray, shape (order parameters + 1,)

    Raises
    ------
    ModelError
        If the parameter cannot be followed or the point is not one solution.
    """
    if parameter not in VARIED:
        msg = f"parameter must be one of {', '.join(VARIED)}, not {parameter!r}"
        raise ModelError(msg)
    if free_energy.ansatz.parameters:
        msg = f"branches of the {free_energy.ansatz.name} ansatz cannot be followed yet"
        raise ModelError(msg)
    if point.q.size != 1 or not np.isfinite(point.q.item()):
        msg = "a branch is followed from one solved point; select one that has converged"
        raise ModelError(msg)
    if parameter == "temperature" and not point.temperature.item() > 0:
        msg = "temperature 0 has no logarithm to follow; start from a positive temperature"
        raise ModelError(msg)
    given = {f.name: getattr(free_energy, f.name) for f in fields(free_energy) if f.init}
    kernel = functional_kernel(ParametricFreeEnergy(**given))
    numbers = [point[name].item() for name in VARIED]
    model = [float(value) for value in free_energy.network.values.values()]
    start = np.array([point[name].item() for name in kernel.order_parameters])
    free = np.ones(len(start), dtype=bool)
    if not free_energy.reduced:
        symmetric = functional_kernel(replace(free_energy, reduced=True)).order_parameters
        kept = np.array([name in symmetric for name in kernel.order_parameters])
        free = kept if (start[~kept] == 0).all() else free
    system = SaddleSystem(kernel, np.array([*numbers, *model]), parameter, free)
    value = point[parameter].item()
    return system, np.append(start, np.log(value) if system.is_logarithmic else value)
