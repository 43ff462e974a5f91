"""Compiled energy, gradient, Hessian-vector product and drift for many states at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import sympy as sp
from scipy.sparse import diags_array, issparse
from scipy.sparse.linalg import LinearOperator

from theory.codegen.cache import load
from theory.codegen.checking import check_explicit, check_network
from theory.codegen.explicit import explicit_source
from theory.codegen.network import network_source
from theory.dynamics import Dynamics
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError
from theory.potential import QuasiPotential

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from numpy.typing import ArrayLike
    from scipy.sparse import sparray

    Couplings: TypeAlias = ArrayLike | sparray | LinearOperator


def network_kernels(system: RandomNetwork | QuasiPotential) -> NetworkKernels:
    """Compile the quasi-potential of a network, or find it compiled in the cache.

    New code is compared with plain SymPy on three explicit units before it is used.

    Parameters
    ----------
    system : RandomNetwork or QuasiPotential

    Returns
    -------
    NetworkKernels

    Raises
    ------
    ModelError
        If the model cannot be compiled, the compiled result differs from the plain one, or the
        cache directory cannot be used.

    Examples
    --------
    >>> network = RandomNetwork(transfer="x")
    >>> kernels = network_kernels(network)
    >>> kernels.gradient(np.array([[1.0], [2.0]]), np.zeros((2, 2))).tolist()
    [[1.0], [2.0]]
    """
    potential = system if isinstance(system, QuasiPotential) else QuasiPotential(system)
    if not isinstance(potential.system, RandomNetwork):
        msg = "an explicit system has no couplings; use dynamics_kernels"
        raise ModelError(msg)
    module, refused = _load(potential, network_source, check_network)
    return NetworkKernels(potential.system, module, refused)


def dynamics_kernels(system: Dynamics | QuasiPotential) -> DynamicsKernels:
    """Compile the quasi-potential of an explicit system, or find it compiled in the cache.

    New code is compared with plain SymPy at random points before it is used.

    Parameters
    ----------
    system : Dynamics or QuasiPotential
        With values for all parameters; a `QuasiPotential` may have a confinement.

    Returns
    -------
    DynamicsKernels

    Raises
    ------
    ModelError
        If a parameter has no value, the system cannot be compiled, the compiled result differs
        from the plain one, or the cache directory cannot be used.

    Examples
    --------
    >>> kernels = dynamics_kernels(Dynamics(["x", "y"], ["-y", "x"]))
    >>> kernels.energy(np.array([[3.0, 0.0], [4.0, 2.0]])).tolist()
    [12.5, 2.0]
    """
    potential = system if isinstance(system, QuasiPotential) else QuasiPotential(system)
    if not isinstance(potential.system, Dynamics):
        msg = "a RandomNetwork needs its couplings; use network_kernels"
        raise ModelError(msg)
    module, refused = _load(potential, explicit_source, check_explicit)
    return DynamicsKernels(potential.system, module, refused)


def _load(
    potential: QuasiPotential,
    write: Callable[[QuasiPotential], tuple[str, dict[str, str]]],
    check: Callable[[QuasiPotential, ModuleType], None],
) -> tuple[ModuleType, dict[str, str]]:
    def build() -> tuple[str, dict[str, Any]]:
        source, refused = write(potential)
        return source, {"refused": refused}

    # the drift of unit k says all of the model that the source depends on
    states, drift = potential.form.states, potential.form.drift
    key = "\n".join(map(sp.srepr, (states, drift, potential.confinement)))
    module, metadata = load(
        f"{write.__name__}\n{key}", build, lambda module, _: check(potential, module)
    )
    return module, metadata["refused"]


class _Kernels:
    """What both kinds of kernels share."""

    def __init__(self, system: Any, module: ModuleType, refused: dict[str, str]) -> None:
        self.system, self.refused, self._module = system, refused, module

    @property
    def source(self) -> str:
        """Text of the generated module."""
        return Path(str(self._module.__file__)).read_text("utf-8")

    def _function(self, name: str) -> Callable[..., Any]:
        if name in self.refused:
            raise ModelError(self.refused[name])
        return getattr(self._module, name)


class NetworkKernels(_Kernels):
    """Energy of a network and its derivatives; made by `network_kernels`.

    All methods take states ``x`` of shape (N, S), one state a column, couplings ``J`` of shape
    (N, N), dense, a SciPy sparse array or, but for `jacobian`, a linear operator, and, for a model
    with fields, ``h`` of shape (N,), all
    float64. They raise `ModelError` for arrays that do not fit and, but for energy and drift, for
    a model that jumps. At a kink derivatives are the mean of those on both sides, see
    `theory.smoothness`.
    """

    def energy(self, x: ArrayLike, J: Couplings, h: ArrayLike | None = None) -> np.ndarray:
        """Quasi-potential of every state, shape (S,)."""
        return self._call("energy", [x], J, h)

    def gradient(self, x: ArrayLike, J: Couplings, h: ArrayLike | None = None) -> np.ndarray:
        """Gradient of the quasi-potential, shape (N, S); two matrix products."""
        return self._call("gradient", [x], J, h)

    def energy_and_gradient(
        self, x: ArrayLike, J: Couplings, h: ArrayLike | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Both for the price of the gradient."""
        return self._call("energy_and_gradient", [x], J, h)

    def hessian_vector(
        self, x: ArrayLike, v: ArrayLike, J: Couplings, h: ArrayLike | None = None
    ) -> np.ndarray:
        """Hessian at ``x`` times ``v``, column by column, shape (N, S); at most four products."""
        return self._call("hessian_vector", [x, v], J, h)

    def drift(self, x: ArrayLike, J: Couplings, h: ArrayLike | None = None) -> np.ndarray:
        """Drift F of the original dynamics, shape (N, S); one matrix product."""
        return self._call("drift", [x], J, h)

    def drive_gradient(self, x: ArrayLike, J: Couplings, h: ArrayLike | None = None) -> np.ndarray:
        """Derivative of the quasi-potential in the drive ``J c`` of every unit, shape (N, S)."""
        return self._call("drive_gradient", [x], J, h)

    def jacobian_vector(
        self, x: ArrayLike, v: ArrayLike, J: Couplings, h: ArrayLike | None = None
    ) -> np.ndarray:
        """Jacobian of the drift at ``x`` times ``v``, shape (N, S); at most two products."""
        return self._call("jacobian_vector", [x, v], J, h)

    def transposed_jacobian_vector(
        self, x: ArrayLike, v: ArrayLike, J: Couplings, h: ArrayLike | None = None
    ) -> np.ndarray:
        """Transposed Jacobian of the drift at ``x`` times ``v``, shape (N, S)."""
        return self._call("transposed_jacobian_vector", [x, v], J, h)

    def jacobian(self, x: ArrayLike, J: Couplings, h: ArrayLike | None = None) -> Any:
        """Jacobian of the drift at one state of shape (N,): a matrix, sparse as ``J`` is."""
        parts = self._call("jacobian_parts", [np.reshape(x, (-1, 1))], J, h)
        diagonal, left, right = (part[:, 0] for part in parts)
        if issparse(J):
            return (diags_array(left) @ J @ diags_array(right) + diags_array(diagonal)).tocsr()
        matrix = np.multiply(J, right)
        matrix *= left[:, None]
        matrix[np.diag_indices(len(matrix))] += diagonal
        return matrix

    def _call(self, name: str, states: list, J: Couplings, h: ArrayLike | None) -> Any:
        function = self._function(name)
        columns = [_columns(state, states[0]) for state in states]
        size = columns[0].shape[0]
        only_products = issparse(J) or isinstance(J, LinearOperator)
        couplings: Any = J if only_products else np.asarray(J, dtype=np.float64)
        if couplings.shape != (size, size):
            msg = f"couplings for {size} units have shape ({size}, {size}), not {couplings.shape}"
            raise ModelError(msg)
        fields = np.zeros(size) if h is None else np.ascontiguousarray(h, dtype=np.float64)
        if fields.shape != (size,):
            msg = f"fields of {size} units have shape ({size},), not {fields.shape}"
            raise ModelError(msg)
        if fields.any() and not self.system.field_std:
            msg = "this model has no fields; define it with field_std > 0 to give fields"
            raise ModelError(msg)
        # states out of range give infinities, without warnings, as compiled code does
        with np.errstate(all="ignore"):
            return function(*columns, couplings, *([fields] if self.system.field_std else []))


class DynamicsKernels(_Kernels):
    """Energy of an explicit system and its derivatives; made by `dynamics_kernels`.

    All methods take states ``x`` of shape (n, S), one variable a row and one state a column. They
    raise `ModelError` for arrays that do not fit and, but for energy and drift, if the drift jumps.
    """

    def energy(self, x: ArrayLike) -> np.ndarray:
        """Quasi-potential of every state, shape (S,)."""
        return self._call("energy", [x])

    def gradient(self, x: ArrayLike) -> np.ndarray:
        """Gradient of the quasi-potential, shape (n, S)."""
        return self._call("gradient", [x])

    def hessian_vector(self, x: ArrayLike, v: ArrayLike) -> np.ndarray:
        """Hessian at ``x`` times ``v``, column by column, shape (n, S)."""
        return self._call("hessian_vector", [x, v])

    def drift(self, x: ArrayLike) -> np.ndarray:
        """Drift F of the original dynamics, shape (n, S)."""
        return self._call("drift", [x])

    def jacobian_vector(self, x: ArrayLike, v: ArrayLike) -> np.ndarray:
        """Jacobian of the drift at ``x`` times ``v``, shape (n, S)."""
        return self._call("jacobian_vector", [x, v])

    def transposed_jacobian_vector(self, x: ArrayLike, v: ArrayLike) -> np.ndarray:
        """Transposed Jacobian of the drift at ``x`` times ``v``, shape (n, S)."""
        return self._call("transposed_jacobian_vector", [x, v])

    def jacobian(self, x: ArrayLike) -> np.ndarray:
        """Jacobian of the drift at one state of shape (n,)."""
        directions = np.eye(np.size(x))
        return self.jacobian_vector(np.tile(np.reshape(x, (-1, 1)), len(directions)), directions)

    def _call(self, name: str, states: list) -> np.ndarray:
        function = self._function(name)
        columns = [_columns(state, states[0]) for state in states]
        if columns[0].shape[0] != len(self.system.variables):
            names = ", ".join(map(str, self.system.variables))
            msg = f"states have one row for each of {names}, not shape {columns[0].shape}"
            raise ModelError(msg)
        return function(*columns)


def _columns(state: ArrayLike, like: ArrayLike) -> np.ndarray:
    """Contiguous float64 array of states in columns."""
    columns = np.ascontiguousarray(state, dtype=np.float64)
    if columns.ndim != 2 or columns.shape != np.shape(like):
        msg = (
            f"states have shape (units, states), also for one state, and directions the same; not"
            f" {np.shape(like)} and {columns.shape}"
        )
        raise ModelError(msg)
    return columns
