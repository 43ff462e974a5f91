"""The distribution of the state of one unit that a solved point predicts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from numerics.quadrature import Quadrature, gauss_legendre
from theory.codegen.functional import functional_kernel
from theory.expressions import ModelError

if TYPE_CHECKING:
    import xarray as xr
    from numpy.typing import ArrayLike

    from theory.free_energy import FreeEnergy

NODES = 8


def site_density(
    free_energy: FreeEnergy, point: xr.Dataset, x: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Probability density of the state of one unit, averaged over the fields.

    Parameters
    ----------
    free_energy : FreeEnergy
    point : xarray.Dataset
        One point of `numerics.solve`, with scalar ``g``, ``gamma`` and ``temperature``.
    x : array_like, shape (states,)

    Returns
    -------
    density, error : ndarray, shape (states,)
        The error is the change under a finer rule; NaN where the point did not converge.

    Raises
    ------
    ModelError
        If the dataset holds more than one point.

    Examples
    --------
    At g = 0 the unit of the rate network is harmonic, with variance T.

    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> free_energy = replica_symmetric(RandomNetwork())
    >>> density, _ = site_density(free_energy, solve(free_energy, 0, 0, 0.25).squeeze(), [0.0])
    >>> print(f"{density[0] * np.sqrt(2 * np.pi * 0.25):.10f}")
    1.0000000000
    """
    if point.q.size != 1:
        msg = f"a density belongs to one point, not to {point.q.size}; select g, gamma, temperature"
        raise ModelError(msg)
    kernel = functional_kernel(replace(free_energy, reduced=True))
    theta = np.array([[float(point[name]) for name in kernel.order_parameters]])
    at = np.atleast_1d(np.asarray(x, dtype=float))
    if not np.isfinite(theta).all():
        return np.full(at.shape, np.nan), np.full(at.shape, np.nan)
    model = free_energy.network.values.values()
    parameters = np.array([[*(float(point[n]) for n in ("g", "gamma", "temperature")), *model]])
    rule = Quadrature.around(kernel, theta, parameters).finer("fields").finer("x")
    coarse, fine = (
        kernel.module.density(theta, parameters, r, at[None])[0]
        for r in (rule, rule.finer("fields").finer("x"))
    )
    return fine, np.abs(fine - coarse)


def bin_probability(free_energy: FreeEnergy, point: xr.Dataset, edges: ArrayLike) -> np.ndarray:
    """Probability that the state of one unit lies in each bin.

    Parameters
    ----------
    free_energy : FreeEnergy
    point : xarray.Dataset
        As in `site_density`.
    edges : array_like, shape (bins + 1,)

    Returns
    -------
    ndarray, shape (bins,)

    Examples
    --------
    >>> from numerics import solve
    >>> from theory import RandomNetwork, replica_symmetric
    >>> free_energy = replica_symmetric(RandomNetwork())
    >>> point = solve(free_energy, 1.2, 0.5, 0.1).squeeze()
    >>> print(f"{bin_probability(free_energy, point, np.linspace(-8, 8, 81)).sum():.6f}")
    1.000000
    """
    edges = np.asarray(edges, dtype=float)
    node, weight = gauss_legendre(NODES)
    middle, half = (edges[1:] + edges[:-1]) / 2, np.diff(edges) / 2
    density, _ = site_density(free_energy, point, (middle[:, None] + half[:, None] * node).ravel())
    return (density.reshape(len(middle), NODES) * weight).sum(axis=1) * half
