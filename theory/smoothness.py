"""Where functions jump, and derivatives of functions with kinks.

Functions of a model may have kinks: a continuous, piecewise smooth F is enough for its zeros, its
trajectories and the measure ``exp(-E/T)``. Its derivative is needed almost everywhere only. At a
kink itself the generated code gives the mean of the two one-sided derivatives, since
``sign(0) = 0`` and ``Heaviside(0) = 1/2``: this choice is linear, so that ``Max(0, x) + Min(0, x)``
has the derivative of ``x`` everywhere, and it keeps the parity of a function. `sympy.Piecewise`
is the exception; its derivative at a kink is that of the piece in force there.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import sympy as sp

from theory.expressions import ModelError, X, kinks, real_zeros

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAY_JUMP = (sp.sign, sp.Heaviside, sp.Piecewise)
_STEPS = (sp.floor, sp.ceiling, sp.frac)
_WHOLE = range(-4, 5)
_LINES = 12
"""Lines along which a function of several variables is looked at."""
_APART = sp.Rational(1, 10**12)
_SAME = 1e-9


def jump(expression: sp.Expr, variables: Sequence[sp.Symbol] = (X,)) -> dict[sp.Symbol, sp.Expr]:
    """Find a state where a function is not continuous.

    Parameters
    ----------
    expression : sympy.Expr
    variables : sequence of sympy.Symbol, optional
        What the function depends on; other symbols are parameters, for which numbers between 0
        and 2 are taken.

    Returns
    -------
    dict
        Values of the variables, empty if the function is continuous. Functions of several
        variables are looked at along twelve lines near the origin, in directions drawn at random.

    Examples
    --------
    >>> jump(sp.sign(X - 2)), jump(sp.Max(0, X)), jump(X * sp.sign(X))
    ({x: 2}, {}, {})
    """
    free = expression.free_symbols
    used = [variable for variable in variables if variable in free]
    suspects = expression.atoms(*_MAY_JUMP, *_STEPS)
    if not any(node.free_symbols & set(used) for node in suspects):
        return {}
    generator = random.Random(0)  # noqa: S311 - directions of lines, not a secret

    def number(low: int, high: int) -> sp.Rational:
        return sp.Rational(generator.randint(997 * low, 997 * high), 997)

    others = {symbol: number(0, 2) for symbol in sorted(free - set(used), key=str)}
    lines = [{used[0]: X}] if len(used) == 1 else []
    while len(lines) < _LINES and len(used) > 1:
        lines.append({variable: number(-2, 2) + number(-2, 2) * X for variable in used})
    for line in lines:
        along = expression.subs(others).subs(line, simultaneous=True)
        point = _jump_of_one_variable(along)
        if point is not None:
            return {variable: part.subs(X, point) for variable, part in line.items()}
    return {}


def _jump_of_one_variable(function: sp.Expr) -> sp.Expr | None:
    steps = sorted((node.args[0] for node in function.atoms(*_STEPS)), key=str)
    whole = [point for part in steps for n in _WHOLE for point in real_zeros(part - n)]
    for point in [*kinks(function), *whole]:
        left, right = (sp.N(function.subs(X, point + sign * _APART), 30) for sign in (-1, 1))
        if not abs(left - right) < _SAME * (1 + abs(left)):
            return point
    return None


def check_continuous(
    expression: sp.Expr, name: str, why: str, variables: Sequence[sp.Symbol] = (X,)
) -> None:
    """Refuse a function that jumps.

    Parameters
    ----------
    expression : sympy.Expr
    name : str
        What to call it in the message.
    why : str
        What needs continuity.
    variables : sequence of sympy.Symbol, optional

    Raises
    ------
    ModelError
        With the point of the jump.

    Examples
    --------
    >>> check_continuous(sp.sign(X), "transfer", "the gradient does not exist there")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: transfer sign(x) jumps at x = 0: the gradient does not exist ...
    """
    point = jump(expression, variables)
    if point:
        where = ", ".join(f"{variable} = {float(at):.6g}" for variable, at in point.items())
        msg = (
            f"{name} {expression} jumps at {where}: {why}; use a continuous function, kinks are no"
            " hindrance, or a steep one such as tanh(20*x)"
        )
        raise ModelError(msg)


def regular_part(derivative: sp.Expr) -> sp.Expr:
    """Drop Dirac's delta functions: what is left is the derivative wherever there is one.

    Of a continuous function nothing is lost, as a delta can only appear in its first derivative
    with a factor that vanishes there. Second derivatives are those away from kinks.

    Examples
    --------
    >>> regular_part((X * sp.sign(X)).diff(X)), regular_part(sp.Max(0, X).diff(X, 2))
    (sign(x), 0)
    """
    if not derivative.has(sp.DiracDelta):
        return derivative
    return derivative.replace(lambda node: isinstance(node, sp.DiracDelta), lambda _: sp.S.Zero)
