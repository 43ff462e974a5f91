"""Parity of functions of ``x``: reflections about a point, refuted by numbers or proved.

A function with Max, Min, Abs or Piecewise is analytic between its kinks, so that its parity is
proved piece by piece, without them. What bounds a proof is the size of expressions, not time: the
answer for a model is the same on every machine.
"""

from __future__ import annotations

import math
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

import sympy as sp

from theory.expressions import FUNCTIONS, X, kinks, real_zeros

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_DISTANCES = [sp.Rational(*pair) for pair in ((7, 11), (1, 17), (5, 3), (31, 7), (113, 12))]
"""Distances from the centre at which parity is refuted; more lie between kinks."""
_TOLERANCE = sp.Float("1e-20", 30)
_MOST_TERMS = 2000
_MOST_OPERATIONS = 60
_SMOOTH = tuple(
    {
        type(function(X))
        for name, function in FUNCTIONS.items()
        if name not in {"sqrt", "Abs", "Max", "Min"}
    }
)
_LARGEST_INTEGER = 10**10


def parity(expression: sp.Expr, centre: sp.Expr | int = 0) -> int:
    """Parity about a point: 1 even, -1 odd, 0 neither or not proved.

    Parameters
    ----------
    expression : sympy.Expr
        A function of ``x``.
    centre : sympy.Expr, optional
        ``x0``; the function is even if ``f(2 x0 - x) = f(x)``.

    Returns
    -------
    int

    Examples
    --------
    >>> parity(sp.tanh(X)), parity(sp.tanh(X + 1)), parity(1 / (1 + X**2))
    (-1, 0, 1)
    >>> parity(sp.Max(-1, sp.Min(1, X - 3)), 3)
    -1
    """
    moved = expression.xreplace({X: X + centre})
    mirrored = moved.xreplace({X: -X})
    for sign in (1, -1):
        difference = mirrored - sign * moved
        if difference == 0:
            return sign
        if any(not _is_zero(difference, point) for point in _DISTANCES):
            continue
        if all(_vanishes(moved, sign, samples) for samples in _pieces(moved)):
            return sign
    return 0


def reflections(functions: Sequence[sp.Expr]) -> dict[sp.Expr, list[int]]:
    """Points about which every one of the functions is even or odd, with the parities.

    Parameters
    ----------
    functions : sequence of sympy.Expr
        Functions of ``x``, not all of them constant.

    Returns
    -------
    dict of sympy.Expr to list of int
        The points nearest to 0 first; only those that can be written down exactly, such as
        rational numbers.

    Examples
    --------
    >>> reflections([1 - X, sp.Integer(2), sp.tanh(X - 1)])
    {1: [-1, 1, -1]}
    """
    candidates = {
        centre
        for function in functions
        for centre in _candidates(function)
        if not centre.has(sp.Float, sp.CRootOf) and centre.is_finite
    }
    ordered = sorted(candidates, key=lambda centre: (abs(float(centre)), float(centre)))
    kept: dict[sp.Expr, list[int]] = {}
    for centre in ordered:
        parities = list(takewhile(bool, (parity(f, centre) for f in functions)))
        if len(parities) == len(functions):
            kept[centre] = parities
    return kept


def exact_zeros(expression: sp.Expr) -> list[sp.Expr]:
    """Real zeros, exact where they are rational, multiples of pi or logarithms of rationals.

    Parameters
    ----------
    expression : sympy.Expr
        A function of ``x``.

    Returns
    -------
    list of sympy.Expr
        The others as `theory.expressions.real_zeros` gives them.

    Examples
    --------
    >>> exact_zeros(1 / (1 + 2 * sp.exp(-X)) - sp.Rational(1, 2))
    [log(2)]
    """
    return [_exact(zero) for zero in real_zeros(expression)]


def _exact(number: sp.Expr) -> sp.Expr:
    """Recognise a number that is known to 30 digits."""
    if not number.is_Float:
        return number
    for inverse, form in (
        (number, sp.S),
        (number / sp.pi, sp.pi.__mul__),
        (sp.exp(number), sp.log),
    ):
        value = sp.N(inverse, 30)
        near = sp.Rational(str(value)).limit_denominator(_LARGEST_INTEGER)
        small = abs(near.p) < _LARGEST_INTEGER
        if small and abs(near - value) < sp.Float("1e-26", 30) * max(1, abs(value)):
            return form(near)
    return number


def _candidates(function: sp.Expr) -> Iterator[sp.Expr]:
    """Where a function may have a centre: at zeros, and amid kinks or zeros of linear parts."""
    if X not in function.free_symbols:
        return
    yield sp.S.Zero
    linear = set()
    for part in function.atoms(sp.Add):
        slope = part.diff(X)
        if slope != 0 and X not in slope.free_symbols:
            linear.add(sp.expand(-part.xreplace({X: sp.S.Zero}) / slope))
    yield from linear
    for points in (sorted(linear, key=float), kinks(function)):
        if points:
            yield _exact(sp.N((points[0] + points[-1]) / 2, 30))
    if not function.has(sp.Heaviside):  # mpmath has none
        yield from exact_zeros(function)


def _is_zero(expression: sp.Expr, point: sp.Expr) -> bool:
    value = sp.N(expression.xreplace({X: point}), 30)
    return bool(abs(value) <= _TOLERANCE)


def _pieces(expression: sp.Expr) -> list[list[sp.Expr]]:
    """Three points in every interval of ``x > 0`` without kinks of ``f(x)`` and ``f(-x)``."""
    ends = [sp.S.Zero]
    for end in sorted((abs(kink) for kink in kinks(expression)), key=float):
        if end - ends[-1] > _TOLERANCE:
            ends.append(end)
    inner = [[low + (high - low) * k / 4 for k in (1, 2, 3)] for low, high in pairwise(ends)]
    return [*inner, [ends[-1] + distance for distance in _DISTANCES[:3]]]


def _vanishes(expression: sp.Expr, sign: int, samples: list[sp.Expr]) -> bool:
    """Prove ``f(-x) = sign f(x)`` on one piece."""
    differences = {
        _branch(expression, -point).xreplace({X: -X}) - sign * _branch(expression, point)
        for point in samples
    }
    if len(differences) > 1:
        return False  # there is a kink that was not seen
    (difference,) = differences
    if not all(_is_zero(difference, point) for point in samples):
        return False
    smooth = all(isinstance(node, _SMOOTH) for node in difference.atoms(sp.Function))
    # what is 0 somewhere and has no slope is 0
    forms = [difference, difference.diff(X)] if smooth else [difference]
    if any(_expands_to_zero(f) for form in forms for f in (form, form.rewrite(sp.exp))):
        return True
    return difference.count_ops() <= _MOST_OPERATIONS and sp.simplify(difference) == 0


def _branch(expression: sp.Expr, point: sp.Expr) -> sp.Expr:
    """The function without the choices that it makes around a point."""
    if expression.is_Atom or X not in expression.free_symbols:
        return expression
    if isinstance(expression, sp.Piecewise):
        chosen = next(v for v, condition in expression.args if condition.subs(X, point) == True)  # noqa: E712
        return _branch(chosen, point)
    if isinstance(expression, (sp.Max, sp.Min)):
        select = max if isinstance(expression, sp.Max) else min
        return _branch(select(expression.args, key=lambda part: _at(part, point)), point)
    if isinstance(expression, (sp.Abs, sp.sign, sp.Heaviside)):
        inner = _branch(expression.args[0], point)
        sign = sp.Integer(1 if _at(inner, point) > 0 else -1)
        return {sp.Abs: sign * inner, sp.sign: sign}.get(expression.func, (1 + sign) / 2)
    return expression.func(*(_branch(part, point) for part in expression.args))


def _at(expression: sp.Expr, point: sp.Expr) -> sp.Expr:
    return sp.N(expression.xreplace({X: point}), 30)


def _expands_to_zero(expression: sp.Expr) -> bool:
    numerator = sp.numer(sp.together(expression))
    return _terms(numerator) <= _MOST_TERMS and sp.expand(numerator) == 0


def _terms(expression: sp.Expr) -> float:
    """Bound the number of terms after multiplying out."""
    counts = [_terms(part) for part in expression.args]
    if isinstance(expression, sp.Add):
        return sum(counts)
    if isinstance(expression, sp.Mul):
        return math.prod(counts)
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer:
        power = min(abs(int(expression.exp)), _MOST_TERMS)
        return math.comb(int(min(counts[0], _MOST_TERMS)) + power - 1, power)
    return max(counts, default=1)
