"""Exponents as sums of expressions and of their positive parts, which cancel symbolically.

Where ``exp(x)`` is divided by the larger of 1 and ``exp(x)``, the exponent is ``x - max(0, x)``.
On either side of x = 0 it is a multiple of x, and exactly so in floating point if it is written as
``min(0, x)``.
"""

from __future__ import annotations

import sympy as sp


class Positive(sp.Function):
    """``max(0, u)`` in exponents; u has no numerical factor and a definite sign of its own."""


def common_slopes(
    differences: list[sp.Expr],
) -> tuple[sp.Expr, list[tuple[sp.Expr, sp.Expr]]] | None:
    """One u and the slopes in it, for u > 0 and for u < 0, that make all the differences."""
    parts = {node.args[0] for d in differences for node in d.atoms(Positive)}
    candidates = [*sorted(parts, key=str), *(_without_factor(d)[1] for d in differences if d != 0)]
    for u in candidates:
        pairs = [_slopes(difference, u) for difference in differences]
        if all(pair is not None for pair in pairs):
            return u, [pair for pair in pairs if pair is not None]
    return None


def _slopes(exponent: sp.Expr, u: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    part = exponent.coeff(Positive(u))
    rest = exponent - part * Positive(u)
    number, direction = _without_factor(rest) if rest != 0 else (sp.S.Zero, u)
    if direction != u or not part.is_number:
        return None
    return part + number, number


def _without_factor(u: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Write an expression as a number times one whose sign does not depend on how it came."""
    number, rest = u.as_coeff_Mul()
    if isinstance(rest, sp.Add):
        content, rest = rest.primitive()
        number *= content
    if rest.could_extract_minus_sign():
        number, rest = -number, -rest
    return number, rest


def positive(u: sp.Expr) -> sp.Expr:
    """``max(0, u)`` as a multiple of a `Positive`, where u may have either sign."""
    if u.is_nonnegative or u.is_nonpositive:
        return u if u.is_nonnegative else sp.S.Zero
    number, rest = _without_factor(u)
    part = _positive_part(rest)
    return number * part if number > 0 else -number * (part - rest)


def _positive_part(u: sp.Expr) -> sp.Expr:
    if u.is_nonnegative or u.is_nonpositive:
        return u if u.is_nonnegative else sp.S.Zero
    return Positive(u)


def absolute(u: sp.Expr) -> sp.Expr:
    """``|u|`` as `positive` gives it."""
    return 2 * positive(u) - u


def in_parts(exponent: sp.Expr) -> sp.Expr:
    """Write the choices at the top of an exponent by positive parts."""
    replaced = []
    for term in sp.Add.make_args(exponent):
        number, rest = term.as_coeff_Mul()
        if isinstance(rest, sp.Abs):
            rest = absolute(rest.args[0])
        elif isinstance(rest, (sp.Max, sp.Min)) and len(rest.args) == 2 and 0 in rest.args:
            (u,) = set(rest.args) - {sp.S.Zero}
            rest = positive(u) if isinstance(rest, sp.Max) else u - positive(u)
        replaced.append(number * rest)
    return sp.Add(*replaced)


def written(exponent: sp.Expr) -> sp.Expr:
    """Write positive parts as Max, Min and Abs, so that slopes on either side are exact."""
    for node in sorted(exponent.atoms(Positive), key=str):
        u = node.args[0]
        part = exponent.coeff(node)
        rest = exponent - part * node
        multiple = _multiple_of(u, rest)
        right, left = part + multiple, multiple
        exponent = rest - multiple * u + _sides(u, right, left)
    # what is left stands inside the choice of another
    return exponent.replace(Positive, lambda u: sp.Max(0, u))


def _multiple_of(u: sp.Expr, rest: sp.Expr) -> sp.Expr:
    """The number of times that u is contained in a sum."""
    first = sp.Add.make_args(u)[0]
    number, bare = first.as_coeff_Mul()
    times = rest.coeff(bare) / number
    without = sp.expand_mul(rest - times * u)
    fewer = len(sp.Add.make_args(without)) < len(sp.Add.make_args(rest)) or without == 0
    return times if times.is_number and fewer else sp.S.Zero


def _sides(u: sp.Expr, right: sp.Expr, left: sp.Expr) -> sp.Expr:
    if right == -left:
        return right * sp.Abs(u)
    return right * sp.Max(0, u) + left * sp.Min(0, u)
