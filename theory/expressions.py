"""Text to SymPy by a fixed grammar, and the questions a model asks of a scalar function.

The text of a user is never evaluated: it is parsed into a syntax tree and only the nodes of the
grammar are translated, one by one.
"""

from __future__ import annotations

import ast
import operator
from contextlib import suppress
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import mpmath
import sympy as sp
from sympy.core.relational import Relational

from theory.magnitude import LARGEST_ARGUMENT, LARGEST_POWER, log_size, log_size_of_power

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
_OPERATORS: dict[type, Callable[..., sp.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_LONGEST = 500
_LARGEST_EXPONENT = 64
_LARGEST_DECIMAL_EXPONENT = 300
_POLE = sp.Integer(10) ** 15
_CLOSE = 1e-12
"""Distance at which two kinks are one."""
_SAMPLES = [sp.Rational(n, 8) for n in range(-80, 81)] + [
    sign * sp.Integer(n) for n in (13, 17, 25, 40) for sign in (-1, 1)
]


class ModelError(ValueError):
    """A model, a parameter or a request that has no meaning; the message says which and why."""


def parse_expression(text: str, names: dict[str, sp.Expr] | None = None) -> sp.Expr:
    """Read an expression in ``x`` by a fixed grammar that runs nothing.

    The grammar knows numbers, ``pi``, the given names, ``+ - * / **``, parentheses and the
    functions exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, atan, asinh, erf, Abs, Max, Min.
    Decimal numbers are read exactly, as fractions.

    Parameters
    ----------
    text : str
        For example ``"tanh(x + 1/2)"``.
    names : dict, optional
        Symbols by name; by default only ``x``.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ModelError
        For anything outside the grammar, with the part that was not understood.

    Examples
    --------
    >>> parse_expression("1/(1 + x**2) - 0.5")
    -1/2 + 1/(x**2 + 1)
    """
    names = {"x": X} if names is None else names
    if len(text) > _LONGEST:
        msg = f"the expression has {len(text)} characters; at most {_LONGEST} are read"
        raise ModelError(msg)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        return _translate(tree, text.strip(), names)
    except ModelError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        msg = f"cannot read the expression {text!r}: write it like 'tanh(x + 1/2)' or '-x - x**3'"
        raise ModelError(msg) from error


def _translate(node: ast.expr, text: str, names: dict[str, sp.Expr]) -> sp.Expr:
    """Translate one node of the syntax tree; everything not named here is refused."""
    part = ast.get_source_segment(text, node) or text
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _number(part)
        case ast.Name(id=name) if name in names or name == "pi":
            return names.get(name, sp.pi)
        case ast.Name(id=name):
            known = ", ".join([*names, "pi"])
            msg = f"unknown symbol {name!r} in {text!r}; the symbols are {known}"
            raise ModelError(msg)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_translate(operand, text, names))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            first, second = _translate(left, text, names), _translate(right, text, names)
            if isinstance(op, ast.Pow) and second.is_number and abs(second) > _LARGEST_EXPONENT:
                msg = f"the exponent in {part!r} is larger than {_LARGEST_EXPONENT}"
                raise ModelError(msg)
            if isinstance(op, ast.Pow) and log_size_of_power(first, second) > LARGEST_POWER:
                msg = f"{part!r} becomes too large; use smaller exponents"
                raise ModelError(msg)
            return _OPERATORS[type(op)](first, second)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS:
            values = [_translate(arg, text, names) for arg in args]
            if any(log_size(value) > LARGEST_ARGUMENT for value in values):
                msg = f"the argument in {part!r} becomes too large; nest fewer exponentials"
                raise ModelError(msg)
            try:
                return FUNCTIONS[name](*values)
            except TypeError as error:
                msg = f"wrong number of arguments in {part!r}"
                raise ModelError(msg) from error
        case ast.Call(func=ast.Name(id=name)):
            msg = f"unknown function {name!r} in {text!r}; the functions are {', '.join(FUNCTIONS)}"
            raise ModelError(msg)
    msg = f"{part!r} in {text!r} is not an arithmetic expression in {', '.join(names)}"
    raise ModelError(msg)


def _number(text: str) -> sp.Rational:
    """Read a decimal number exactly."""
    try:
        if abs(int(text.lower().partition("e")[2] or 0)) <= _LARGEST_DECIMAL_EXPONENT:
            return sp.Rational(text.replace("_", ""))
    except (TypeError, ValueError) as error:
        msg = f"cannot read the number {text!r}; write it like 12 or 0.5 or 1e-3"
        raise ModelError(msg) from error
    msg = f"the number {text!r} is beyond what a computer holds; use one between 1e-300 and 1e300"
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
    theory.expressions.ModelError: transfer log(x) is not real and finite at x = -10
    """
    unknown = expression.free_symbols - {X}
    if unknown:
        msg = f"{name} {expression} has unknown symbols {sorted(map(str, unknown))}; use only x"
        raise ModelError(msg)
    if not _is_finite(expression):
        msg = f"{name} {expression} is not real and finite"
        raise ModelError(msg)
    for point in [*_SAMPLES, *_real_singularities(expression)]:
        value = expression.subs(X, point)
        # a pole that is known to 30 digits gives a large number instead of an infinite one
        if not _is_finite(value) or (point.is_Float and abs(sp.N(value, 30)) > _POLE):
            msg = f"{name} {expression} is not real and finite at x = {point}"
            raise ModelError(msg)


def _is_finite(value: sp.Expr) -> bool:
    if value.has(sp.oo, -sp.oo, sp.zoo, sp.nan):
        return False
    if value.free_symbols:
        return True
    number = sp.N(value, 15)
    return bool(number.is_finite and number.is_real)


def _real_singularities(expression: sp.Expr) -> list[sp.Expr]:
    """Poles on the line: the real zeros of the denominators, and poles of tan."""
    denominators = {power.base for power in expression.atoms(sp.Pow) if power.exp.is_negative} | {
        sp.cos(tangent.args[0]) for tangent in expression.atoms(sp.tan)
    }
    return [root for base in sorted(denominators, key=str) for root in real_zeros(base)]


def real_zeros(expression: sp.Expr) -> list[sp.Expr]:
    """Real zeros of a function of ``x``, exact where SymPy finds them, else to 30 digits.

    Examples
    --------
    >>> real_zeros(X**2 - 2)
    [-sqrt(2), sqrt(2)]
    """
    if X not in expression.free_symbols:
        return []
    if expression.is_polynomial(X):
        with suppress(NotImplementedError):  # coefficients such as pi
            return list(dict.fromkeys(sp.real_roots(sp.Poly(expression, X))))
    function = sp.lambdify(X, expression, "mpmath")
    zeros: list[sp.Expr] = []
    grid = [mpmath.mpf(int(p.p)) / int(p.q) for p in sorted(_SAMPLES)]
    with mpmath.workdps(30):
        values = [function(point) for point in grid]
        for (left, right), (low, high) in zip(pairwise(grid), pairwise(values), strict=True):
            if low == 0:
                zeros.append(sp.nsimplify(sp.Float(left)))
            elif low * high < 0:
                zeros.append(sp.Float(mpmath.findroot(function, (left, right), solver="anderson")))
    return zeros


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


def parity(expression: sp.Expr) -> int:
    """Parity in ``x``, found by substituting ``-x``: 1 even, -1 odd, 0 neither.

    Examples
    --------
    >>> parity(sp.tanh(X)), parity(sp.tanh(X + 1)), parity(1 / (1 + X**2))
    (-1, 0, 1)
    """
    mirrored = expression.subs(X, -X)
    for sign in (1, -1):
        difference = mirrored - sign * expression
        # a cheap numeric refutation first; the proof is symbolic
        if abs(sp.N(difference.subs(X, sp.Rational(7, 11)), 30)) > 1e-20:
            continue
        if sp.simplify(difference) == 0 or sp.simplify(difference.rewrite(sp.exp)) == 0:
            return sign
    return 0
