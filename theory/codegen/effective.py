"""Readable Numba source for the functions of one effective unit, for many units at once."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

import mpmath
import numpy as np
import sympy as sp

from theory.codegen.cache import load
from theory.codegen.printer import assignments
from theory.effective_process import h, zeta
from theory.expressions import ModelError, X

if TYPE_CHECKING:
    from types import ModuleType

    from theory.effective_process import EffectiveProcess

_HEADER = '''"""One unit of a large network.

    dx/dt = {force}

All arrays have one entry for every unit.
"""

import math

import numpy as np
from numba import njit
'''
_FUNCTIONS = {
    "activity": ((X,), ("transfer", "transfer_slope", "gain")),
    "motion": ((X, zeta, h), ("force", "force_slope")),
}
_POINTS, _TOLERANCE = 5, 1e-9


def effective_kernels(process: EffectiveProcess) -> ModuleType:
    """Compile the functions of the effective unit, or find them compiled in the cache.

    New code is compared with plain SymPy at random points before it is used.

    Parameters
    ----------
    process : EffectiveProcess

    Returns
    -------
    module
        With ``activity(x)``, which gives transfer, its slope and gain, and ``motion(x, zeta, h)``,
        which gives the force and its slope in x; all arrays of shape (units,).

    Raises
    ------
    ModelError
        If the model jumps or cannot be compiled, the compiled result differs from the plain one,
        or the cache directory cannot be used.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> from theory.effective_process import EffectiveProcess
    >>> kernels = effective_kernels(EffectiveProcess(RandomNetwork(transfer="x**2")))
    >>> [part.tolist() for part in kernels.activity(np.array([3.0]))]
    [[9.0], [6.0], [1.0]]
    """
    functions = process.functions

    def build() -> tuple[str, dict[str, Any]]:
        return effective_source(process), {}

    module, _ = load(
        f"effective unit\n{sp.srepr(sp.Tuple(*functions.values()))}",
        build,
        lambda module, _: _check(process, module),
    )
    return module


def effective_source(process: EffectiveProcess) -> str:
    """Write the module with the functions of the effective unit.

    Parameters
    ----------
    process : EffectiveProcess

    Returns
    -------
    str
        Imports only math, NumPy and Numba.

    Examples
    --------
    >>> from theory import RandomNetwork
    >>> from theory.effective_process import EffectiveProcess
    >>> "def motion(x, zeta, h):" in effective_source(EffectiveProcess(RandomNetwork()))
    True
    """
    functions = process.functions
    parts = [_HEADER.format(force=process.force)]
    for name, (arguments, outputs) in _FUNCTIONS.items():
        # the names of arguments serve the arrays and those of their entries are numbered
        entries = {argument: sp.Symbol(f"{argument}_i", real=True) for argument in arguments}
        results = {f"{output}_i": functions[output].xreplace(entries) for output in outputs}
        used = set().union(*(part.free_symbols for part in results.values()))
        inner = [f"{entry} = {array}[i]" for array, entry in entries.items() if entry in used]
        inner += assignments(results)
        inner += [f"{output}[i] = {output}_i" for output in outputs]
        lines = [f"{output} = np.empty_like(x)" for output in outputs]
        lines += ["for i in range(len(x)):", *(f"    {line}" for line in inner)]
        lines.append(f"return {', '.join(outputs)}")
        heading = '@njit(cache=True, nogil=True, error_model="numpy")'
        heading += f"\ndef {name}({', '.join(map(str, arguments))}):"
        parts.append(f"{heading}\n{textwrap.indent(chr(10).join(lines), '    ')}\n")
    return "\n\n".join(parts)


def _check(process: EffectiveProcess, module: ModuleType) -> None:
    """Compare with plain SymPy and mpmath."""
    points = np.random.default_rng(0).standard_normal((3, _POINTS))
    for name, (arguments, outputs) in _FUNCTIONS.items():
        values = points[: len(arguments)]
        for output, compiled in zip(outputs, getattr(module, name)(*values), strict=True):
            plain = sp.lambdify(arguments, process.functions[output], "mpmath")
            expected = [float(plain(*map(mpmath.mpf, point))) for point in values.T]
            if not np.allclose(compiled, expected, rtol=_TOLERANCE, atol=_TOLERANCE):
                msg = (
                    f"the compiled {output} of the effective unit is {compiled.tolist()} and the"
                    f" plain one {expected} at {points.T.tolist()}; please report this model"
                )
                raise ModelError(msg)
