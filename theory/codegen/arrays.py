"""Functions of a model as functions of NumPy arrays, without generated code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.codegen.scaling import without_overflow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def array_function(
    arguments: sp.Symbol | Sequence[sp.Symbol], value: sp.Expr | Sequence[sp.Expr]
) -> Callable[..., Any]:
    """Make a NumPy function of an expression, or of several, that does not overflow.

    Parameters
    ----------
    arguments : sympy.Symbol or sequence of sympy.Symbol
    value : sympy.Expr or sequence of sympy.Expr
        See `theory.codegen.scaling.without_overflow` for what becomes of it.

    Returns
    -------
    callable
        Of one array or number for every argument. It gives one number, whatever the arguments,
        for an expression without symbols.

    Examples
    --------
    >>> import numpy as np
    >>> x = sp.Symbol("x", real=True)
    >>> array_function(x, sp.log(1 + sp.exp(x)))(np.array([-1000.0, 1000.0])).tolist()
    [0.0, 1000.0]
    """
    if isinstance(value, sp.Expr):
        return sp.lambdify(arguments, without_overflow(value), ["scipy", "numpy"], cse=True)
    stable = [without_overflow(expression) for expression in value]
    return sp.lambdify(arguments, stable, ["scipy", "numpy"], cse=True)
