"""The questions that a model asks of a function of one unit's state."""

from __future__ import annotations

from contextlib import suppress
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import mpmath
import sympy as sp
from sympy.core.relational import Relational
from sympy.polys.polyerrors import CoercionFailed, DomainError

from theory.magnitude import (
    DEEPEST,
    LARGEST_ARGUMENT,
    LEAST_NUMBER,
    LONGEST_NUMBER,
    MOST_PARTS,
    log_size,
    nesting,
    number_of_parts,
    number_of_terms,
)

if TYPE_CHECKING:
    from collections.abc import Callable

X = sp.Symbol("x", real=True)
"""The state of one unit."""

FUNCTIONS: dict[str, Callable[..., sp.Expr]] = {
    name: getattr(sp, name)
    for name in [
        "exp",
        "log",
        "sqrt",
        "sin",
        "cos",
        "tan",
        "sinh",
        "cosh",
        "tanh",
        "atan",
        "asinh",
        "erf",
        "Abs",
        "Max",
        "Min",
    ]
}
_POLE = sp.Integer(10) ** 15
_REACHES = (10, 100, 1000, 10_000, 100_000)
_SAMPLES = sorted(
    {sp.Rational(n, 8) for n in range(-80, 81)}
    | {sign * sp.Integer(n) for n in (13, 17, 25, 40, *_REACHES) for sign in (-1, 1)}
)
_CLOSE = 1e-12
"""Distance at which two kinks are one."""
_DIGITS = 50
_ZERO = 1e-25
_LARGEST_DEGREE = 64


class ModelError(ValueError):
    """A model, a parameter or a request that has no meaning; the message says which and why."""


def check_size(expression: sp.Expr, name: str) -> None:
    """Refuse expressions that would keep SymPy busy for minutes.

    Parameters
    ----------
    expression : sympy.Expr
    name : str
        What to call it in the message.

    Raises
    ------
    ModelError
        With the limit: `theory.magnitude.MOST_PARTS` symbols and numbers, functions nested
        `theory.magnitude.DEEPEST` deep, numbers between 1e-300 and 1e300.

    Examples
    --------
    >>> check_size(sp.Integer(10) ** 400 * X, "transfer")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: transfer has a number beyond what a computer holds; use ...
    """
    if number_of_parts(expression) > MOST_PARTS:
        msg = f"{name} has more than {MOST_PARTS} symbols and numbers; use a shorter expression"
        raise ModelError(msg)
    if nesting(expression) > DEEPEST:
        msg = f"{name} nests functions more than {DEEPEST} deep; use a simpler expression"
        raise ModelError(msg)
    for number in expression.atoms(sp.Rational, sp.Float):
        if number.is_Rational and log_size(number) > LONGEST_NUMBER:
            msg = f"{name} has a number of too many digits; round it"
            raise ModelError(msg)
        if number != 0 and not LEAST_NUMBER < abs(number) < 1 / LEAST_NUMBER:
            msg = (
                f"{name} has a number beyond what a computer holds; use numbers between 1e-300"
                " and 1e300"
            )
            raise ModelError(msg)


def check_on_line(expression: sp.Expr, name: str) -> None:
    """Refuse a function that is not real and finite everywhere on the line.

    Parameters
    ----------
    expression : sympy.Expr
        A function of ``x``.
    name : str
        What to call it in the message.

    Raises
    ------
    ModelError
        With a point where the function is not real or not finite.

    Examples
    --------
    >>> check_on_line(sp.log(X), "transfer")
    Traceback (most recent call last):
    ...
    theory.expressions.ModelError: transfer log(x) is not real and finite at x = -100000
    """
    unknown = expression.free_symbols - {X}
    if unknown:
        msg = f"{name} {expression} has unknown symbols {sorted(map(str, unknown))}; use only x"
        raise ModelError(msg)
    if expression.has(sp.oo, -sp.oo, sp.zoo, sp.nan):
        msg = f"{name} {expression} is not real and finite"
        raise ModelError(msg)
    check_size(expression, name)
    for point, value in values_on_line(expression):
        if not _is_real(value):
            msg = f"{name} {expression} is not real and finite at x = {point}"
            raise ModelError(msg)
    for point in _doubtful_points(expression):
        value = expression.subs(X, point)
        # a pole that is known to 30 digits gives a large number instead of an infinite one
        if not _is_finite(value) or (point.is_Float and abs(sp.N(value, 30)) > _POLE):
            msg = f"{name} {expression} is not real and finite at x = {point}"
            raise ModelError(msg)


def values_on_line(expression: sp.Expr) -> list[tuple[sp.Rational, Any]]:
    """Values to 50 digits at points of the whole line.

    Parameters
    ----------
    expression : sympy.Expr
        A function of ``x``.

    Returns
    -------
    list of (sympy.Rational, mpmath number)
        The value is NaN where there is none; far points where it would take long are left out.

    Examples
    --------
    >>> dict(values_on_line(X**2))[sp.Integer(-3)]
    mpf('9.0')
    """
    if X not in expression.free_symbols:
        return [(sp.S.Zero, _value(sp.lambdify(X, expression, "mpmath"), mpmath.mpf(0)))]
    function = sp.lambdify(X, expression, "mpmath")
    farthest = max(
        (reach for reach in _REACHES if _is_moderate(expression, reach)), default=_REACHES[0]
    )
    points = [point for point in _SAMPLES if abs(point) <= farthest]
    with mpmath.workdps(_DIGITS):
        return [(p, _value(function, mpmath.mpf(int(p.p)) / int(p.q))) for p in points]


def _is_moderate(expression: sp.Expr, reach: float) -> bool:
    """Whether no part of an expression is so large that its digits would take long."""
    functions = expression.atoms(sp.Function, sp.Pow)
    return all(log_size(part, reach) < LARGEST_ARGUMENT for node in functions for part in node.args)


def _value(function: Callable[[Any], Any], point: Any) -> Any:
    try:
        return mpmath.mpmathify(function(point))
    except (ArithmeticError, NameError, TypeError, ValueError):  # a pole, or no formula
        return mpmath.nan


def _is_real(value: Any) -> bool:
    return bool(mpmath.isfinite(value) and mpmath.im(value) == 0)


def _is_finite(value: sp.Expr) -> bool:
    if value.has(sp.oo, -sp.oo, sp.zoo, sp.nan):
        return False
    number = sp.N(value, 15)
    return bool(number.is_finite and number.is_real)


def _doubtful_points(expression: sp.Expr) -> list[sp.Expr]:
    """Zeros of denominators and arguments of logarithms, poles of tan, and between zeros of roots.

    The functions may be infinite there, or not real.
    """
    powers = expression.atoms(sp.Pow)
    bases = {power.base for power in powers if power.exp.is_negative}
    bases |= {sp.cos(tangent.args[0]) for tangent in expression.atoms(sp.tan)}
    partly = {power.base for power in powers if not power.exp.is_integer}
    partly |= {logarithm.args[0] for logarithm in expression.atoms(sp.log)}
    points: list[sp.Expr] = []
    for base in sorted(bases | partly, key=str):
        zeros = real_zeros(base)
        points += zeros
        if base in partly:
            points += [sp.Rational(float(one + two) / 2) for one, two in pairwise(zeros)]
    return points


def real_zeros(expression: sp.Expr) -> list[sp.Expr]:
    """Real zeros of a function of ``x``, exact where SymPy finds them, else to 30 digits.

    Parameters
    ----------
    expression : sympy.Expr

    Returns
    -------
    list of sympy.Expr
        In order. What is no polynomial of moderate degree is searched between points of the whole
        line, for changes of sign and for minima of the size; closer pairs of zeros are missed.

    Examples
    --------
    >>> real_zeros(X**2 - 2)
    [-sqrt(2), sqrt(2)]
    >>> real_zeros(X**2 - 2 * sp.sqrt(2) * X + 2)
    [sqrt(2)]
    """
    if X not in expression.free_symbols:
        return []
    if expression.is_polynomial(X) and number_of_terms(expression) <= _LARGEST_DEGREE:
        with suppress(NotImplementedError, sp.PolynomialError, CoercionFailed, DomainError):
            return _zeros_of_polynomial(sp.Poly(expression, X, extension=True))
    return [_shortened(zero) for zero in _searched_zeros(expression)]


def _zeros_of_polynomial(polynomial: sp.Poly) -> list[sp.Expr]:
    """Zeros of a polynomial with algebraic coefficients, among those of one with rational ones."""
    if polynomial.degree() > _LARGEST_DEGREE:
        raise NotImplementedError
    if polynomial.domain.is_ZZ or polynomial.domain.is_QQ:
        return list(dict.fromkeys(sp.real_roots(polynomial)))
    candidates = dict.fromkeys(sp.real_roots(polynomial.norm()))
    size = 1 + sum(abs(sp.N(coefficient)) for coefficient in polynomial.coeffs())
    return [
        root
        for root in candidates
        if abs(sp.N(polynomial.as_expr().subs(X, root), 30, maxn=200)) < _ZERO * size
    ]


def _searched_zeros(expression: sp.Expr) -> list[Any]:
    """Zeros between the sample points, in mpmath."""
    samples = values_on_line(expression)
    derivative = expression.diff(X).replace(sp.DiracDelta, lambda *_: sp.S.Zero)
    slope = sp.lambdify(X, derivative, "mpmath")
    function = sp.lambdify(X, expression, "mpmath")
    zeros = []
    with mpmath.workdps(_DIGITS):
        known = [(mpmath.mpf(int(p.p)) / int(p.q), v) for p, v in samples if _is_real(v)]
        zeros += [point for point, value in known if value == 0]
        for (left, low), (right, high) in pairwise(known):
            if low * high < 0:
                zero = _between(function, left, right)
                # a pole changes the sign, too
                if zero is not None and abs(_value(function, zero)) < min(abs(low), abs(high)):
                    zeros.append(zero)
        for (left, low), (_, value), (right, high) in zip(
            known, known[1:], known[2:], strict=False
        ):
            if low * value > 0 and value * high > 0 and abs(value) <= min(abs(low), abs(high)):
                least = _between(slope, left, right)
                size = abs(low) + abs(high)
                if least is not None and abs(_value(function, least)) < _ZERO * size:
                    zeros.append(least)
    return sorted(set(zeros))


def _between(function: Callable[[Any], Any], left: Any, right: Any) -> Any:
    """A change of sign by bisection, None if a value is missing or there is no change."""
    low, high = _value(function, left), _value(function, right)
    if not (_is_real(low) and _is_real(high)) or low * high >= 0:
        return None
    for _ in range(4 * _DIGITS):
        middle = (left + right) / 2
        value = _value(function, middle)
        if not _is_real(value) or middle in (left, right):
            break
        if value * low > 0:
            left = middle
        else:
            right = middle
    return (left + right) / 2


def _shortened(zero: Any) -> sp.Expr:
    """A short fraction where the number is one to 30 digits."""
    number = sp.Float(zero, 30)
    near = sp.Rational(str(number)).limit_denominator(1024)
    return near if abs(near - number) < sp.Float("1e-28", 30) * (1 + abs(number)) else number


def kinks(expression: sp.Expr) -> list[sp.Expr]:
    """Points where Abs, Max, Min or Piecewise switch, so that a function may lose smoothness.

    Examples
    --------
    >>> kinks(sp.Max(0, X - 1))
    [1]
    """
    switches = {node.args[0] for node in expression.atoms(sp.Abs, sp.sign, sp.Heaviside)}
    for node in expression.atoms(sp.Max, sp.Min):
        switches |= {one - other for one, other in combinations(node.args, 2)}
    switches |= {condition.lhs - condition.rhs for condition in expression.atoms(Relational)}
    points: list[sp.Expr] = []
    for point in sorted({p for switch in switches for p in _crossings(switch)}, key=float):
        if not points or float(point - points[-1]) > _CLOSE * (1 + abs(float(point))):
            points.append(point)
    return points


def _crossings(switch: sp.Expr) -> list[sp.Expr]:
    """Zeros of a switch, without those amid an interval of zeros, where nothing switches."""
    slope = switch.diff(X)
    if slope != 0 and X not in slope.free_symbols:
        return [sp.expand(-switch.subs(X, 0) / slope)]
    return [
        zero
        for zero in real_zeros(switch)
        if any(switch.subs(X, zero + sign * sp.Float(_CLOSE, 30)) != 0 for sign in (-1, 1))
    ]
