"""Readable Numba source for the energy of a network and its derivatives, for any size."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import sympy as sp

from theory.codegen.lowering import Stage, lower, outer_product
from theory.codegen.printer import assignments
from theory.coordinates import J, N, NetworkForm, h, i, k, l, v, x
from theory.indices import directional_derivative, substitute_index
from theory.potential import NO_DERIVATIVES
from theory.smoothness import regular_part

if TYPE_CHECKING:
    from collections.abc import Callable

    from theory.potential import QuasiPotential

_HEADER = '''"""Quasi-potential of a network of any size.

    E = {energy}

States ``x`` and directions ``v`` have shape (N, S), one state a column; couplings ``J``
have shape (N, N){fields}. Energies have shape (S,).
The Jacobian of the drift is ``diag(diagonal) + diag(left) J diag(right)`` with the parts of
`jacobian_parts`.
"""

import math

import numpy as np
from numba import njit
'''


def network_source(potential: QuasiPotential) -> tuple[str, dict[str, str]]:
    """Write the module with energy, drift and their derivatives for a network.

    Parameters
    ----------
    potential : QuasiPotential
        Of a `RandomNetwork`.

    Returns
    -------
    source : str
        Imports only math, NumPy and Numba.
    refused : dict
        Reason, by the name of each function that does not exist because the model jumps.

    Raises
    ------
    ModelError
        If the expressions are not made of products of the couplings with vectors.

    Examples
    --------
    >>> from theory.ensembles import RandomNetwork
    >>> from theory.potential import QuasiPotential
    >>> source, refused = network_source(QuasiPotential(RandomNetwork()))
    >>> gradient = source.split("def gradient")[1].split("return gradient")[0]
    >>> gradient.count("@"), refused
    (2, {})
    """
    writer = _Writer(fields=bool(getattr(potential.system, "field_std", 0)))
    refused: dict[str, str] = {}
    for name, (vectors, totals) in _quantities(potential).items():
        if potential.jump and name not in NO_DERIVATIVES:
            refused[name] = potential.jump
            continue
        parts = vectors()
        writer.add(
            name, lower({key: (part, k) for key, part in parts.items()}, totals), [*totals, *parts]
        )
    fields = " and constant fields ``h`` shape (N,)" if writer.constants else ""
    header = _HEADER.format(energy=potential.energy, fields=fields)
    return "\n\n".join([header, *writer.loops.values(), *writer.functions]), refused


def _quantities(potential: QuasiPotential) -> dict:
    """Vectors and sums over units of each function of the module."""

    def vector(name: str, build: Callable[[], sp.Expr]) -> Callable[[], dict[str, sp.Expr]]:
        return lambda: {name: build()}

    def along(which: str) -> Callable[[], sp.Expr]:
        return lambda: regular_part(directional_derivative(getattr(potential, which), x, v))

    energy = {"energy": potential.energy}
    gradient = vector("gradient", lambda: potential.gradient)
    return {
        "drift": (vector("drift", lambda: potential.drift), {}),
        "drive_gradient": (vector("drive_gradient", lambda: _drive_gradient(potential)), {}),
        "jacobian_vector": (vector("jacobian_vector", along("drift")), {}),
        "transposed_jacobian_vector": (
            vector("transposed_jacobian_vector", lambda: _transposed_product(potential)),
            {},
        ),
        "jacobian_parts": (lambda: _jacobian_parts(potential), {}),
        "energy": (dict, energy),
        "gradient": (gradient, {}),
        "energy_and_gradient": (gradient, energy),
        "hessian_vector": (vector("hessian_vector", along("gradient")), {}),
    }


def _drive_gradient(potential: QuasiPotential) -> sp.Expr:
    assert isinstance(potential.form, NetworkForm)
    return potential.form.drive_gradient


def _transposed_product(potential: QuasiPotential) -> sp.Expr:
    """Component k of the transposed Jacobian of the drift times ``v``."""
    along = substitute_index(potential.drift, k, i) * v[i]
    return potential.form.gradient(sp.Sum(along, (i, 1, N)))


def _jacobian_parts(potential: QuasiPotential) -> dict[str, sp.Expr]:
    """Vectors that make the Jacobian of the drift from the couplings."""
    marker = sp.Dummy(real=True)
    jacobian = potential.jacobian.xreplace({J[k, l]: marker})
    left, right = outer_product(jacobian.diff(marker), k, l)
    rest = jacobian.subs(marker, 0)
    return {"diagonal": rest.subs(sp.KroneckerDelta(k, l), 1), "left": left, "right": right}


class _Writer:
    """Writes functions that call loops and products in turn; equal loops are shared."""

    def __init__(self, *, fields: bool) -> None:
        # all functions take the fields of a model that has some, also where they drop out
        self.constants = [str(h)] if fields else []
        self.loops: dict[str, str] = {}
        self.functions: list[str] = []

    def add(self, name: str, stages: list[Stage], outputs: list[str]) -> None:
        """Write one function with its loops."""
        arguments = ["x", *(["v"] if name.endswith("_vector") else []), "J", *self.constants]
        lines = []
        for stage in stages:
            results = [*stage.stored, *stage.summed]
            if results:
                lines.append(f"{', '.join(results)} = {self._call(stage)}")
            lines += [
                f"{operation.name} = {operation.text.format(operation.vector)}"
                for operation in stage.operations
            ]
        lines.append(f"return {', '.join(outputs)}")
        body = textwrap.indent("\n".join(lines), "    ")
        self.functions.append(f"def {name}({', '.join(arguments)}):\n{body}\n")

    def _call(self, stage: Stage) -> str:
        """Call of the loop of a stage, which is written if it is new."""
        arguments, body = _loop(stage)
        names = [name for name, text in self.loops.items() if text.split("\n", 2)[2] == body]
        name = names[0] if names else f"_stage{len(self.loops)}"
        if not names:
            decorator = '@njit(cache=True, nogil=True, error_model="numpy")'
            heading = f"{decorator}\ndef {name}({', '.join(arguments)}):"
            self.loops[name] = f"{heading}\n{body}"
        return f"{name}({', '.join(arguments)})"


def _loop(stage: Stage) -> tuple[list[str], str]:
    """Arguments and body of the function that does all the elementwise work of a stage at once."""
    symbols = {symbol for part in stage.expressions for symbol in part.free_symbols}
    arrays = sorted(symbol.name.removesuffix("_i") for symbol in symbols)
    columns = [name for name in arrays if name != str(h)] or ["x"]
    lines = [f"size, states = {columns[0]}.shape"]
    lines += [f"{name} = np.empty((size, states))" for name in stage.stored]
    lines += [f"{name} = np.zeros(states)" for name in stage.summed]
    lines.append("for i in range(size):")
    lines += [f"    {name}_i = {name}[i]" for name in arrays if name == str(h)]
    lines.append("    for s in range(states):")
    inner = [f"{name}_i = {name}[i, s]" for name in columns]
    outputs = {f"{name}_i": part for name, part in (stage.stored | stage.summed).items()}
    inner += assignments(outputs)
    inner += [f"{name}[i, s] = {name}_i" for name in stage.stored]
    inner += [f"{name}[s] += {name}_i" for name in stage.summed]
    lines += [f"        {line}" for line in inner]
    lines.append(f"return {', '.join([*stage.stored, *stage.summed])}")
    arguments = [*columns, *(name for name in arrays if name == str(h))]
    return arguments, textwrap.indent("\n".join(lines), "    ") + "\n"
