"""Where a single state loses its stability: the edge of chaos with fields or biased units."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.optimize import brentq

from numerics.cavity import CavitySolver, cavity_solver
from numerics.provenance import provenance
from theory.ensembles import RandomNetwork, check_parameters
from theory.expressions import ModelError
from theory.free_energy import replica_symmetric

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from numerics.tables import Point

_WEAK = 1e-2  # a coupling at which the state is certainly stable
_STRIDE, _SMALLEST, _FARTHEST = 0.2, 1e-4, 30.0  # in units of a first estimate
_TOLERANCE = 1e-13
_LONG_NAMES = {
    "g": "coupling strength on the line",
    "C": "activity overlap on the line",
    "R": "response of a state on the line",
    "m": "mean activity on the line",
    "residual": "distance of g^2 D from 1 or of the state from its equations",
    "error": "change of g that the error of the quadrature can make",
    "converged": "whether the line was found",
    "reason": "why the line was not found",
}


class _NotFoundError(Exception):
    """Why there is no number."""


def random_field_transition(
    network: RandomNetwork, gamma: ArrayLike = 0.0, field_std: ArrayLike | None = None
) -> xr.Dataset:
    r"""Coupling strength at which a single state becomes unstable at temperature 0.

    Below it replicas agree up to thermal fluctuations, ``q - Q = chi T``; chi diverges where
    ``g^2 D = 1`` (`numerics.cavity`). For gamma = 0, ``a = -x`` and gain 1 this is the edge of
    chaos of deep networks with weights of variance ``g^2`` and biases of variance
    ``field_std^2``, and q - Q at T = 0 starts on it. For other gamma q - Q may start elsewhere,
    as it does without fields.

    Parameters
    ----------
    network : RandomNetwork
        Without confinement.
    gamma : float or array_like, optional
        Reciprocity, from -1 to 1.
    field_std : float or array_like, optional
        Standard deviation of the constant fields; by default that of the network. It may be 0 if
        the network has no quiescent state.

    Returns
    -------
    xarray.Dataset
        Over ``gamma`` and ``field_std``: ``g`` with its ``error``, and the state on the line.
        Where the line is not found, NaN with ``converged = False`` and the reason.

    Raises
    ------
    ModelError
        If a parameter is out of range, or there are neither fields nor biased units.

    References
    ----------
    Poole et al., NeurIPS 2016; Schoenholz et al., ICLR 2017: the edge of chaos of deep networks.

    Examples
    --------
    >>> line = random_field_transition(RandomNetwork(), field_std=0.05**0.5)
    >>> print(f"{line.g.item() ** 2:.5f}")
    1.76095
    """
    deviations = network.field_std if field_std is None else field_std
    axes = {
        name: np.atleast_1d(np.asarray(values, dtype=float))
        for name, values in (("gamma", gamma), ("field_std", deviations))
    }
    for value in axes["gamma"]:
        check_parameters(gamma=float(value))
    solvers = [_solver(network, float(value)) for value in axes["field_std"]]
    shape = tuple(len(values) for values in axes.values())
    columns: dict[str, np.ndarray] = {name: np.full(shape, np.nan) for name in _LONG_NAMES}
    columns["reason"] = np.full(shape, "", dtype=object)
    for place in np.ndindex(shape):
        try:
            found = _line(solvers[place[1]], float(axes["gamma"][place[0]]))
        except _NotFoundError as failure:
            columns["reason"][place] = str(failure)
            continue
        for name, number in found.items():
            columns[name][place] = number
    columns["converged"] = columns["reason"] == ""
    titles = {"gamma": "reciprocity gamma", "field_std": "standard deviation of the fields"}
    return xr.Dataset(
        {
            name: (tuple(axes), values, {"long_name": _LONG_NAMES[name], "units": "1"})
            for name, values in columns.items()
        },
        {n: (n, v, {"long_name": titles[n], "units": "1"}) for n, v in axes.items()},
        {
            "format_version": 1,
            "provenance": provenance(replica_symmetric(network), method="random-field transition"),
        },
    )


def _solver(network: RandomNetwork, deviation: float) -> CavitySolver:
    solver = cavity_solver(replace(network, field_std=deviation))
    if solver.theory.quiescent_state is not None:
        msg = (
            f"without fields the network with local {network.local} and transfer"
            f" {network.transfer} is quiescent; use theory.critical_lines.response_singularity, or"
            " a field_std > 0"
        )
        raise ModelError(msg)
    return solver


def _solve(solver: CavitySolver, coupling: float, reciprocity: float) -> Point:
    try:
        point = solver.solve(coupling, reciprocity)
    except ZeroDivisionError:
        # exactly on the line chi has no value: move by less than the line is known
        return _solve(solver, coupling * (1 + 10 * _TOLERANCE), reciprocity)
    if point.reason:
        msg = f"no single state at g = {coupling:.6g}: {point.reason}"
        raise _NotFoundError(msg)
    return point


def _line(solver: CavitySolver, reciprocity: float) -> dict[str, float]:
    """Walk to larger couplings until the state is unstable, then close in."""
    before = _WEAK
    # a first estimate: g^2 D grows like g^2
    natural = before / np.sqrt(_solve(solver, before, reciprocity).values["g2D"])
    stride = _STRIDE * natural
    while True:
        coupling = before + stride
        if coupling > _FARTHEST * natural:
            msg = f"the state is stable up to g = {before:.4g}"
            raise _NotFoundError(msg)
        try:
            strength = _solve(solver, coupling, reciprocity).values["g2D"]
        except _NotFoundError:
            stride /= 3
            if stride < _SMALLEST * natural:
                raise
            continue
        if strength >= 1:
            break
        before = coupling
    line = brentq(
        lambda g: _solve(solver, g, reciprocity).values["g2D"] - 1,
        before,
        coupling,
        xtol=_TOLERANCE,
        rtol=_TOLERANCE,
    )
    values = _solve(solver, line, reciprocity).values
    step = 1e-4 * line
    ahead = _solve(solver, line + step, reciprocity).values["g2D"]
    slope = abs(ahead - values["g2D"]) / step
    residual = max(abs(values["g2D"] - 1), values["residual"])
    error = max(values["quadrature_error"], residual) / slope + _TOLERANCE * line
    names = ("C", "R", "m")
    return {"g": line, **{n: values[n] for n in names}, "residual": residual, "error": error}
