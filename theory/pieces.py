"""Piecewise functions of ``x`` written with Max, Min and, where they jump, Heaviside.

SymPy draws everything into the pieces that stands beside them, also the couplings of a sum, so
that products with the couplings could not be seen any more. Clamped arguments say the same in one
expression, and no piece is evaluated where it is not in force.
"""

from __future__ import annotations

from itertools import pairwise

import sympy as sp
from sympy.core.relational import Relational

from theory.expressions import ModelError, X, real_zeros


def without_pieces(expression: sp.Expr, name: str) -> sp.Expr:
    """Rewrite every `sympy.Piecewise` of an expression.

    Parameters
    ----------
    expression : sympy.Expr
        A function of ``x``.
    name : str
        What to call it in messages.

    Returns
    -------
    sympy.Expr
        With the same value but for the points where pieces meet and the function jumps.

    Raises
    ------
    ModelError
        If a condition is not one on ``x``, or no piece is in force somewhere.

    Examples
    --------
    >>> half = sp.Rational(1, 2)
    >>> without_pieces(sp.Piecewise((0, X < -half), (X + half, X < half), (1, True)), "transfer")
    Max(-1/2, Min(1/2, x)) + 1/2
    """
    return expression.replace(
        lambda node: isinstance(node, sp.Piecewise), lambda node: _clamped(node, name)
    )


def _clamped(node: sp.Piecewise, name: str) -> sp.Expr:
    """The first piece up to its end, plus how much each of the others changes."""
    switches = {r.lhs - r.rhs for _, condition in node.args for r in condition.atoms(Relational)}
    unknown = {symbol for switch in switches for symbol in switch.free_symbols} - {X}
    if unknown:
        msg = f"{name} {node} has conditions on {sorted(map(str, unknown))}; use only x"
        raise ModelError(msg)
    ends = sorted({zero for switch in switches for zero in real_zeros(switch)}, key=float)
    if not ends:
        return _in_force(node, sp.S.Zero, name)
    inside = [ends[0] - 1, *((a + b) / 2 for a, b in pairwise(ends)), ends[-1] + 1]
    pieces = [_in_force(node, point, name) for point in inside]
    total = pieces[0].subs(X, sp.Min(X, ends[0]))
    for k, end in enumerate(ends):
        until = X if k + 1 == len(ends) else sp.Min(X, ends[k + 1])
        start = pieces[k + 1].subs(X, end)
        total += pieces[k + 1].subs(X, sp.Max(end, until)) - start
        total += (start - pieces[k].subs(X, end)) * sp.Heaviside(X - end)
    return total


def _in_force(node: sp.Piecewise, point: sp.Expr, name: str) -> sp.Expr:
    for piece, condition in node.args:
        if condition.subs(X, point) == True:  # noqa: E712 - SymPy's own truth
            return piece
    msg = f"{name} {node} has no value at x = {point}; end it with a piece for True"
    raise ModelError(msg)
