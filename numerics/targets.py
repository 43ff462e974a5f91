"""One drawn network, or one explicit system, as functions of many states."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import issparse

from numerics.scales import Scales, network_scales
from numerics.sparse_products import SparseProducts
from theory.codegen.kernels import dynamics_kernels, network_kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike
    from scipy.sparse import sparray

    from theory.codegen.kernels import Couplings
    from theory.dynamics import Dynamics
    from theory.ensembles import RandomNetwork
    from theory.potential import QuasiPotential

    States = np.ndarray


@dataclass(frozen=True)
class Target:
    """Energy and drift of one system; functions take states in columns, shape (N, S).

    Parameters
    ----------
    size : int
        N, the number of units or variables.
    energy_and_gradient : callable
        States to energies, shape (S,), and gradients, shape (N, S).
    drift : callable
        States to the drift F of the original dynamics, shape (N, S).
    tangent : callable
        States and directions to the Jacobian of the drift times the directions, shape (N, S).
    transposed_tangent : callable
        The same with the transposed Jacobian.
    curvature : callable
        States and directions to the Hessian of the energy times the directions, shape (N, S).
    jacobian : callable
        One state, shape (N,), to the Jacobian of the drift, a dense or sparse matrix.
    is_sparse : bool
        Whether the Jacobian is.
    scales : Scales
        What steps, durations, starts and thresholds are multiples of.
    drive_gradient : callable, optional
        Of a network: states to derivatives of the energy in the drives of the units, shape (N, S).
    """

    size: int
    energy_and_gradient: Callable[[States], tuple[np.ndarray, np.ndarray]]
    drift: Callable[[States], np.ndarray]
    tangent: Callable[[States, States], np.ndarray]
    transposed_tangent: Callable[[States, States], np.ndarray]
    curvature: Callable[[States, States], np.ndarray]
    jacobian: Callable[[np.ndarray], np.ndarray | sparray]
    is_sparse: bool = False
    scales: Scales = field(default_factory=Scales)
    drive_gradient: Callable[[States], np.ndarray] | None = None


def network_target(
    network: RandomNetwork, J: Couplings, h: ArrayLike | None = None, *, threads: int = 1
) -> Target:
    """Make the target of one network, drawn or given.

    Parameters
    ----------
    network : RandomNetwork
    J : array_like or scipy.sparse array, shape (N, N)
    h : array_like, shape (N,), optional
        For a model with ``field_std > 0``.
    threads : int
        Of products with sparse couplings; those with dense ones have the threads of NumPy.

    Returns
    -------
    Target

    Raises
    ------
    ModelError
        If the arrays do not fit.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> target = network_target(RandomNetwork(), np.zeros((3, 3)))
    >>> target.drift(np.ones((3, 2)))[0].tolist()
    [-1.0, -1.0]
    """
    kernels = network_kernels(network)
    couplings: Any = (
        SparseProducts(J, threads) if issparse(J) else np.ascontiguousarray(J, dtype=float)
    )
    target = Target(
        couplings.shape[0],
        lambda x: kernels.energy_and_gradient(x, couplings, h),
        lambda x: kernels.drift(x, couplings, h),
        lambda x, v: kernels.jacobian_vector(x, v, couplings, h),
        lambda x, v: kernels.transposed_jacobian_vector(x, v, couplings, h),
        lambda x, v: kernels.hessian_vector(x, v, couplings, h),
        lambda x: kernels.jacobian(x, J, h),
        is_sparse=issparse(J),
        scales=network_scales(network),
        drive_gradient=lambda x: kernels.drive_gradient(x, couplings, h),
    )
    target.drift(np.zeros((target.size, 1)))  # arrays that do not fit are refused here
    return target


def dynamics_target(system: Dynamics | QuasiPotential) -> Target:
    """Make the target of an explicit system.

    Its variables may have different units, so that it has no length; its time is the inverse of
    the root mean square singular value of the Jacobian where all variables are 0, or 1 where that
    vanishes.

    Parameters
    ----------
    system : Dynamics or QuasiPotential
        With values for all parameters.

    Returns
    -------
    Target

    Examples
    --------
    >>> from theory import Dynamics
    >>> target = dynamics_target(Dynamics(["x", "y"], ["-y", "x"]))
    >>> target.energy_and_gradient(np.array([[3.0], [4.0]]))[0].tolist()
    [12.5]
    """
    kernels = dynamics_kernels(system)
    size = len(kernels.system.variables)
    with np.errstate(all="ignore"):
        rate = float(np.linalg.norm(kernels.jacobian(np.zeros(size))) / np.sqrt(size))
    return Target(
        size,
        lambda x: (kernels.energy(x), kernels.gradient(x)),
        kernels.drift,
        kernels.jacobian_vector,
        kernels.transposed_jacobian_vector,
        kernels.hessian_vector,
        kernels.jacobian,
        scales=Scales(time=1 / rate if rate > 0 and np.isfinite(rate) else 1.0),
    )


def dimensionless(target: Target) -> Target:
    """Write a target in the units of its scales, so that thresholds mean the same for all models.

    Parameters
    ----------
    target : Target

    Returns
    -------
    Target
        Of ``z = (x - origin)/width`` and of times in units of the target's; the target itself if
        its units are those already.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> network = RandomNetwork(local="6 - 3*x", transfer="tanh((x - 2)/5)")
    >>> plain = dimensionless(network_target(network, np.zeros((2, 2))))
    >>> plain.drift(np.array([[0.0], [0.25]])).ravel().round(12).tolist()
    [0.0, -0.25]
    """
    scales, width, time = target.scales, target.scales.width(), target.scales.time
    if (scales.origin, width, time) == (0.0, 1.0, 1.0):
        return target
    force, states = time / width, lambda z: scales.origin + width * z

    def energy_and_gradient(z: States) -> tuple[np.ndarray, np.ndarray]:
        energy, gradient = target.energy_and_gradient(states(z))
        return force**2 * energy, force * time * gradient

    return Target(
        target.size,
        energy_and_gradient,
        lambda z: force * target.drift(states(z)),
        lambda z, v: time * target.tangent(states(z), v),
        lambda z, v: time * target.transposed_tangent(states(z), v),
        lambda z, v: time**2 * target.curvature(states(z), v),
        lambda z: time * target.jacobian(states(z)),
        is_sparse=target.is_sparse,
    )
