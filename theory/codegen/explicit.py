"""Readable Numba source for the energy of an explicit system and its derivatives."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import sympy as sp

from theory.codegen.printer import assignments
from theory.expressions import ModelError
from theory.potential import NO_DERIVATIVES

if TYPE_CHECKING:
    from theory.potential import QuasiPotential

_HEADER = '''"""Quasi-potential of an explicit system.

    E = {energy}

States ``x`` and directions ``v`` have shape (n, S): one variable a row, in the order
{variables}, and one state a column. Energies have shape (S,).
"""

import math

import numpy as np
from numba import njit
'''


def explicit_source(potential: QuasiPotential) -> tuple[str, dict[str, str]]:
    """Write the module with energy, drift and their derivatives for a system.

    Parameters
    ----------
    potential : QuasiPotential
        Of a `Dynamics` whose parameters have values.

    Returns
    -------
    source : str
        Imports only math, NumPy and Numba.
    refused : dict
        Reason, by the name of each function that does not exist because the system jumps.

    Raises
    ------
    ModelError
        If a parameter has no value or the drift has a function that cannot be compiled.

    Examples
    --------
    >>> from theory.dynamics import Dynamics
    >>> from theory.potential import QuasiPotential
    >>> source, refused = explicit_source(QuasiPotential(Dynamics(["x"], ["x - x**3"])))
    >>> "def hessian_vector(x, v):" in source, refused
    (True, {})
    """
    variables = potential.form.states
    # the names of the variables could be those of arrays or loop variables
    states, directions = (
        [sp.Symbol(f"{array}_{row}", real=True) for row in range(len(variables))]
        for array in ("x", "v")
    )
    named = dict(zip(variables, states, strict=True))
    unknown = potential.energy.free_symbols - set(variables)
    if unknown:
        names = ", ".join(sorted(map(str, unknown)))
        msg = f"give values to the parameters {names}: Dynamics.substitute({{...}})"
        raise ModelError(msg)
    quantities = {
        "drift": lambda: list(potential.drift),
        "jacobian_vector": lambda: _product(potential.jacobian, directions),
        "transposed_jacobian_vector": lambda: _product(potential.jacobian.T, directions),
        "energy": lambda: [potential.energy],
        "gradient": lambda: list(potential.gradient),
        "hessian_vector": lambda: _product(potential.hessian, directions),
    }
    functions, refused = [], {}
    for name, build in quantities.items():
        if potential.jump and name not in NO_DERIVATIVES:
            refused[name] = potential.jump
            continue
        parts = [part.subs(named, simultaneous=True) for part in build()]
        functions.append(_function(name, parts, {"x": states, "v": directions}))
    order = ", ".join(map(str, variables))
    return "\n\n".join(
        [_HEADER.format(energy=potential.energy, variables=order), *functions]
    ), refused


def _product(matrix: sp.Matrix, column: list[sp.Symbol]) -> list[sp.Expr]:
    return list(matrix * sp.Matrix(column))


def _function(name: str, parts: list[sp.Expr], arguments: dict[str, list[sp.Symbol]]) -> str:
    """Write one loop over states."""
    used = ["x", "v"] if name.endswith("_vector") else ["x"]
    inner = [
        f"{symbol} = {array}[{row}, s]"
        for array in used
        for row, symbol in enumerate(arguments[array])
    ]
    scalar = name == "energy"
    results = {f"{name}_{row}": part for row, part in enumerate(parts)}
    inner += assignments(results)
    places = [f"{name}[s]"] if scalar else [f"{name}[{row}, s]" for row in range(len(parts))]
    inner += [f"{place} = {result}" for place, result in zip(places, results, strict=True)]
    lines = [f"{name} = np.empty({'x.shape[1]' if scalar else 'x.shape'})"]
    lines += ["for s in range(x.shape[1]):", *(f"    {line}" for line in inner)]
    lines.append(f"return {name}")
    body = textwrap.indent("\n".join(lines), "    ")
    heading = f'@njit(cache=True, nogil=True, error_model="numpy")\ndef {name}({", ".join(used)}):'
    return f"{heading}\n{body}\n"
