"""Comparison of generated code with plain SymPy, before the code is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import mpmath
import numpy as np
import sympy as sp

from theory.coordinates import ExplicitForm, NetworkForm
from theory.dynamics import Dynamics
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, X
from theory.potential import QuasiPotential

if TYPE_CHECKING:
    from types import ModuleType

_SIZE = 3
_STATES = 2
_TOLERANCE = 1e-9
_TRANSPOSED = "transposed_"
_COMPARED = (
    "drift",
    "jacobian_vector",
    "transposed_jacobian_vector",
    "energy",
    "gradient",
    "hessian_vector",
)


def check_network(potential: QuasiPotential, module: ModuleType) -> None:
    """Compare the functions of a network with derivatives of three units written out.

    Parameters
    ----------
    potential : QuasiPotential
        Of a `RandomNetwork`.
    module : module
        With functions as `theory.codegen.network.network_source` writes them.

    Raises
    ------
    ModelError
        With both values, if they differ.
    """
    assert isinstance(potential.form, NetworkForm)
    plain = QuasiPotential(potential.explicit(_SIZE), potential.confinement)
    generator = np.random.default_rng(0)
    x, v = generator.standard_normal((2, _SIZE, _STATES))
    J = generator.standard_normal((_SIZE, _SIZE))
    h = generator.standard_normal(_SIZE)
    given = {f"J_{a + 1}{b + 1}": J[a, b] for a in range(_SIZE) for b in range(_SIZE)}
    given |= {f"h_{a + 1}": h[a] for a in range(_SIZE)}
    rest = (J, h) if potential.form.system.field_std else (J,)
    _compare(plain, module, (x, v), given, rest)
    _check_drive_gradient(potential, plain, module, x, given, rest)
    if hasattr(module, "energy_and_gradient"):
        both = module.energy_and_gradient(x, *rest)
        _agree("energy_and_gradient", both[0], module.energy(x, *rest), x)
        _agree("energy_and_gradient", both[1], module.gradient(x, *rest), x)
    if hasattr(module, "jacobian_parts"):
        diagonal, left, right = module.jacobian_parts(x, *rest)
        matrices = left.T[:, :, None] * J * right.T[:, None]
        matrices[:, range(_SIZE), range(_SIZE)] += diagonal.T
        products = np.einsum("skl,ls->ks", matrices, v)
        _agree("jacobian_parts", products, module.jacobian_vector(x, v, *rest), x)


def _check_drive_gradient(
    potential: QuasiPotential,
    plain: QuasiPotential,
    module: ModuleType,
    x: np.ndarray,
    given: dict[str, float],
    rest: tuple[np.ndarray, ...],
) -> None:
    """Couplings act through the drive alone: ``dE/dJ_kj = dE/dH_k c(x_j)``, here for j = 1."""
    assert isinstance(plain.system, Dynamics)
    assert isinstance(potential.system, RandomNetwork)
    symbols = {str(symbol): symbol for symbol in plain.energy.free_symbols}
    slopes = [plain.energy.diff(symbols[f"J_{k + 1}1"]) for k in range(_SIZE)]
    variables = [*plain.system.variables, *(symbols[name] for name in given if name in symbols)]
    values = [given[name] for name in given if name in symbols]
    function = sp.lambdify(variables, slopes, "mpmath")
    transfer = sp.lambdify(X, potential.system.transfer, "mpmath")
    found = module.drive_gradient(x, *rest)
    products = np.array([[float(value * transfer(column[0])) for value in slope] for column, slope
                         in zip(x.T, found.T, strict=True)]).T  # fmt: skip
    wanted = np.array([[float(e) for e in function(*column, *values)] for column in x.T]).T
    _agree("drive_gradient", products, wanted, x)


def check_explicit(potential: QuasiPotential, module: ModuleType) -> None:
    """Compare the functions of an explicit system with plain SymPy.

    Parameters
    ----------
    potential : QuasiPotential
        Of a `Dynamics`.
    module : module
        With functions as `theory.codegen.explicit.explicit_source` writes them.

    Raises
    ------
    ModelError
        With both values, if they differ, or if no point was found where the drift is finite.
    """
    assert isinstance(potential.form, ExplicitForm)
    generator = np.random.default_rng(0)
    number = len(potential.form.states)
    v = generator.standard_normal((number, _STATES))
    # a drift with logarithms or poles may only be defined for some states
    for move in (lambda x: x, np.abs, lambda x: 1 + np.abs(x), lambda x: -np.abs(x)):
        x = move(generator.standard_normal((number, _STATES)))
        if all(np.isfinite(_plain(potential, "drift", x, v, {})).flat):
            _compare(potential, module, (x, v), {}, ())
            return
    msg = (
        f"the drift {potential.form.system.drift} is not real and finite at any of the points tried"
    )
    raise ModelError(msg)


def _compare(
    plain: QuasiPotential,
    module: ModuleType,
    points: tuple[np.ndarray, np.ndarray],
    given: dict[str, float],
    rest: tuple[np.ndarray, ...],
) -> None:
    for name in _COMPARED:
        if hasattr(module, name):
            states = points if name.endswith("_vector") else points[:1]
            compiled = getattr(module, name)(*states, *rest)
            _agree(name, compiled, _plain(plain, name, *points, given), points[0])


def _plain(
    potential: QuasiPotential, name: str, x: np.ndarray, v: np.ndarray, given: dict[str, float]
) -> np.ndarray:
    """Value of a quantity by SymPy and mpmath, nan where it is not real and finite."""
    attribute = name.removesuffix("_vector").removeprefix(_TRANSPOSED)
    matrix = sp.Matrix([getattr(potential, attribute)])
    matrix = matrix.T if name.startswith(_TRANSPOSED) else matrix
    names = sorted(given)
    arguments = [*potential.form.states, *(sp.Symbol(name, real=True) for name in names)]
    function = sp.lambdify(arguments, matrix.tolist(), "mpmath", cse=True)
    columns = []
    for state, direction in zip(x.T, v.T, strict=True):
        rows = function(*map(mpmath.mpf, (*state, *(given[name] for name in names))))
        column = np.array([[_real(entry) for entry in row] for row in rows])
        columns.append(column @ direction if name.endswith("_vector") else column[:, 0])
    result = np.stack(columns, axis=1)
    return result[0] if name == "energy" else result


def _real(value: mpmath.mpf) -> float:
    number = complex(value)
    return number.real if number.imag == 0 else np.nan


def _agree(name: str, compiled: np.ndarray, plain: np.ndarray, x: np.ndarray) -> None:
    different = ~np.isclose(compiled, plain, rtol=_TOLERANCE, atol=_TOLERANCE)
    if np.shape(compiled) != plain.shape or different.any():
        msg = (
            f"the compiled {name} is {np.asarray(compiled).tolist()} and the plain one"
            f" {plain.tolist()} at x = {x.tolist()}; please report this model"
        )
        raise ModelError(msg)
