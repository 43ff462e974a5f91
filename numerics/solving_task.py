"""Solving as the work of a sweep: also over the model's own numbers."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass, fields, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import xarray as xr

from numerics.phases import AXES, LONG_NAMES
from numerics.solve import solve_axes
from numerics.sweep_task import Task, Variable, as_axis
from theory.codegen.functional import functional_kernel
from theory.ensembles import check_network, check_parameters
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import ArrayLike

    from theory.ensembles import RandomNetwork

POINT_BYTES = 8192
"""Of a point while it is solved together with others; measured, and rounded up."""
_DERIVING = threading.Lock()


@functools.lru_cache(maxsize=1024)
def variant(model: RandomNetwork, mean: float, field_std: float) -> RandomNetwork:
    """Make a model with another mean of the couplings and other fields, once for all chunks.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> variant(RandomNetwork(), 0.2, 0.0).mean
    0.2
    """
    return replace(model, mean=float(mean), field_std=float(field_std))


@dataclass(frozen=True, eq=False)
class SolvingTask(Task):
    """`numerics.solve` on the outer product of up to five axes, for `numerics.sweep`.

    Parameters
    ----------
    model : RandomNetwork
    g, gamma, temperature : float or array_like
        As for `numerics.solve`.
    mean, field_std : float or array_like, optional
        Of the couplings and of the fields, by default those of the model.
    tolerance : float
        Relative accuracy of the order parameters.

    Raises
    ------
    ModelError
        If a parameter is out of range.

    Notes
    -----
    The branch is the one continued from high temperature; searching for others finds a different
    number at every point, which has no place in one array.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> task = SolvingTask(RandomNetwork(), g=1.2, gamma=0.5, temperature=0.1, mean=[0, 0.2])
    >>> print(f"{task.compute().q.sel(mean=0).item():.10f}")
    0.3793082206
    """

    model: RandomNetwork
    g: ArrayLike
    gamma: ArrayLike
    temperature: ArrayLike
    mean: ArrayLike | None = None
    field_std: ArrayLike | None = None
    tolerance: float = 1e-10

    AXES: ClassVar = (*AXES, "mean", "field_std")
    VARIABLES: ClassVar = {
        name: Variable(text, "str" if name == "branch_name" else "float64")
        for name, text in LONG_NAMES.items()
        if name not in {"converged", "reason"}
    }
    POINTS_TOGETHER: ClassVar = 10_000

    def __post_init__(self) -> None:
        check_network(self.model, "SolvingTask")
        for name in self.AXES:
            values = getattr(self, name)
            default = getattr(self.model, name, None)
            object.__setattr__(self, name, as_axis(name, default if values is None else values))
        # what is allowed lies between two bounds, and NaN is both ends of what it is in
        for name in AXES:
            for value in (self.axes[name].min(), self.axes[name].max()):
                check_parameters(**{name: value}, confinement=self.model.confinement)
        for mean, field_std in product(self.axes["mean"], self.axes["field_std"]):
            variant(self.model, mean, field_std)

    @property
    def record(self) -> dict[str, Any]:
        """All that the result depends on beside the axes."""
        names = [field.name for field in fields(self.model) if field.name not in self.AXES]
        return {
            "task": "solve",
            "model": {name: str(getattr(self.model, name)) for name in names},
            "ansatz": replica_symmetric(self.model).ansatz.name,
            "settings": {"tolerance": self.tolerance, "branch": "default"},
        }

    def memory(self, chunks: Mapping[str, int]) -> tuple[float, str]:
        """Estimate the bytes of solving points together."""
        points = prod(chunks.values())
        return points * POINT_BYTES, f"solving {points} points together"

    def compute(self, threads: int = 1) -> xr.Dataset:
        """Solve all points.

        Parameters
        ----------
        threads : int
            The result has the same bits on any number of threads.

        Returns
        -------
        xarray.Dataset
            As of `numerics.solve`, over two more dimensions.
        """
        pairs = product(self.axes["mean"], self.axes["field_std"])
        solved = [self._solved(float(mean), float(field_std), threads) for mean, field_std in pairs]
        shape = tuple(self.lengths.values())
        names = [*self.VARIABLES, "converged", "reason"]
        columns = {name: np.stack([part[name].values for part in solved], -1) for name in names}
        return xr.Dataset(
            {name: (self.AXES, column.reshape(shape)) for name, column in columns.items()},
            self.axes,
        )

    def _solved(self, mean: float, field_std: float, threads: int) -> xr.Dataset:
        free_energy = replica_symmetric(variant(self.model, mean, field_std))
        # what vanishes drops out of the equations: several kernels, each derived once
        with _DERIVING:
            functional_kernel(replace(free_energy, reduced=True))
        axes = {name: self.axes[name] for name in AXES}
        return solve_axes(free_energy, axes, self.tolerance, threads)[0]
