"""Text to SymPy by a fixed grammar.

The text of a user is never evaluated: it is parsed into a syntax tree and only the nodes of the
grammar are translated, one by one.
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING, Any

import sympy as sp

from theory.expressions import FUNCTIONS, ModelError, X, check_size
from theory.magnitude import (
    LARGEST_ARGUMENT,
    LARGEST_POWER,
    MOST_PARTS,
    log_size,
    log_size_of_power,
)
from theory.pieces import without_pieces

if TYPE_CHECKING:
    from collections.abc import Callable

SHORTHANDS: dict[str, Callable[..., sp.Expr]] = {
    "relu": lambda u: sp.Max(0, u),
    "softplus": lambda u: sp.log(1 + sp.exp(u)),
    "logistic": lambda u: 1 / (1 + sp.exp(-u)),
    "sigmoid": lambda u: 1 / (1 + sp.exp(-u)),
    "clip": lambda u, low, high: sp.Max(low, sp.Min(high, u)),
    "sign": sp.sign,
    "Heaviside": sp.Heaviside,
    "abs": sp.Abs,
    "max": sp.Max,
    "min": sp.Min,
}
"""Names that people use beside SymPy's."""
_CALLS = FUNCTIONS | SHORTHANDS
_SEVERAL = {"Max", "Min", "max", "min"}
_ARGUMENTS = {"clip": (3,), "log": (1, 2)}
_OPERATORS: dict[type, Callable[..., sp.Expr]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_REPLACED = {
    "ln": "log(x)", "arctan": "atan(x)", "arcsinh": "asinh(x)", "heaviside": "Heaviside(x)",
    "step": "Heaviside(x)", "theta": "Heaviside(x)", "sgn": "sign(x)", "ReLU": "relu(x)",
    "sech": "1/cosh(x)", "coth": "1/tanh(x)", "csch": "1/sinh(x)", "expit": "logistic(x)",
    "erfc": "1 - erf(x)", "log10": "log(x, 10)", "log2": "log(x, 2)", "pow": "x**2",
}  # fmt: skip
_LONGEST = 500
_LARGEST_EXPONENT = 64
_LARGEST_DECIMAL_EXPONENT = 300
_NUMBER_BESIDE_NAME = re.compile(r"(?<![\w.])(\d+\.?\d*|\.\d+)\s*(?=[A-Za-z(])(?![eE][-+]?\d)")


def parse_expression(text: str, names: dict[str, sp.Expr] | None = None) -> sp.Expr:
    """Read an expression in ``x`` by a fixed grammar that runs nothing.

    The grammar knows numbers, ``pi``, the given names, ``+ - * / **``, parentheses and the
    functions exp, log, sqrt, sin, cos, tan, sinh, cosh, tanh, atan, asinh, erf, Abs, Max, Min,
    relu, softplus, logistic (or sigmoid), clip(x, lowest, highest), sign, Heaviside (1/2 at 0),
    abs, max and min. Decimal numbers are read exactly, as fractions.

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
        For anything outside the grammar, with the part that was not understood, and for what is
        larger than `theory.expressions.check_size` allows.

    Examples
    --------
    >>> parse_expression("1/(1 + x**2) - 0.5")
    -1/2 + 1/(x**2 + 1)
    >>> parse_expression("softplus(2*x)")
    log(exp(2*x) + 1)
    """
    names = {"x": X} if names is None else names
    if len(text) > _LONGEST:
        msg = f"the expression has {len(text)} characters; at most {_LONGEST} are read"
        raise ModelError(msg)
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        msg = f"cannot read the expression {text!r}: {_advice(text)}"
        raise ModelError(msg) from error
    parts = sum(isinstance(node, (ast.Name, ast.Constant)) for node in ast.walk(tree))
    if parts > 2 * MOST_PARTS:  # names of functions count too
        msg = f"the expression has {parts} names and numbers; at most {2 * MOST_PARTS} are read"
        raise ModelError(msg)
    try:
        expression = _translate(tree, text.strip(), names)
    except ModelError:
        raise
    except (ArithmeticError, AttributeError, RecursionError, TypeError, ValueError) as error:
        # what SymPy says where it cannot compare or convert a part, such as Max(0, sqrt(-1))
        msg = f"the expression {text!r} has no real value: {error}"
        raise ModelError(msg) from error
    check_size(expression, f"the expression {text!r}")
    return expression


def read_function(value: Any, name: str, names: dict[str, sp.Symbol] | None = None) -> sp.Expr:
    """Make an expression of what a user gives for a function: text, an expression or a number.

    Parameters
    ----------
    value : str, sympy.Expr or number
        A symbol that has the name of a known one is that one, whatever is assumed of it.
    name : str
        What to call it in messages.
    names : dict, optional
        Symbols by name; by default only ``x``.

    Returns
    -------
    sympy.Expr

    Raises
    ------
    ModelError
        If it is something else, such as a function of NumPy.

    Examples
    --------
    >>> read_function(sp.tanh(sp.Symbol("x", positive=True)), "transfer") == sp.tanh(X)
    True
    """
    names = {"x": X} if names is None else names
    if isinstance(value, str):
        return parse_expression(value, names)
    try:
        expression = sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError, ValueError):
        expression = None
    if not isinstance(expression, sp.Expr):
        example = "'tanh(x)' or sympy.tanh(sympy.Symbol('x'))"
        msg = (
            f"{name} must be an expression, as text or of SymPy, such as {example}, not {value!r}"
            f" of type {type(value).__name__}"
        )
        raise ModelError(msg)
    given: dict[str, list[sp.Symbol]] = {}
    for symbol in expression.free_symbols:
        given.setdefault(symbol.name, []).append(symbol)
    same = {
        symbol: names[text]
        for text, symbols in given.items()
        for symbol in symbols
        if text in names
    }
    twice = [text for text, symbols in given.items() if text in names and len(symbols) > 1]
    if twice:
        msg = (
            f"{name} {expression} has several symbols {twice[0]} that differ in their assumptions;"
            f" use one, such as sympy.Symbol({twice[0]!r}, real=True)"
        )
        raise ModelError(msg)
    expression = expression.xreplace(same)
    return without_pieces(expression, name) if set(names.values()) == {X} else expression


def _advice(text: str) -> str:
    if match := _NUMBER_BESIDE_NAME.search(text):
        return f"write '*' after {match[1]}, as in 2*x"
    if "|" in text:
        return "write abs(x) for |x|"
    return "write it like 'tanh(x + 1/2)' or '-x - x**3'"


def _translate(node: ast.expr, text: str, names: dict[str, sp.Expr]) -> sp.Expr:
    """Translate one node of the syntax tree; everything not named here is refused."""
    part = ast.get_source_segment(text, node) or text
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            return _number(part)
        case ast.Name(id=name) if name in names or name == "pi":
            return names.get(name, sp.pi)
        case ast.Name(id=name):
            raise _unknown_symbol(name, text, names)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_translate(operand, text, names))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            first, second = _translate(left, text, names), _translate(right, text, names)
            if isinstance(op, ast.Pow):
                _check_power(first, second, part)
            return _OPERATORS[type(op)](first, second)
        case ast.BinOp(op=ast.BitXor()):
            msg = f"cannot read {part!r}: a power is written with **, as in x**3"
            raise ModelError(msg)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in _CALLS:
            return _call(name, [_translate(arg, text, names) for arg in args], part)
        case ast.Call(func=ast.Name(id=name)) if name not in names:
            instead = f"; use {_REPLACED[name]}" if name in _REPLACED else ""
            msg = f"unknown function {name!r} in {text!r}{instead}; the functions are"
            msg += f" {', '.join(_CALLS)}"
            raise ModelError(msg)
        case ast.Call(func=ast.Constant() | ast.Name() | ast.BinOp()):
            msg = f"cannot read {part!r}: a product is written with *, as in 2*(x + 1)"
            raise ModelError(msg)
    msg = f"{part!r} in {text!r} is not an arithmetic expression in {', '.join(names)}"
    raise ModelError(msg)


def _unknown_symbol(name: str, text: str, names: dict[str, sp.Expr]) -> ModelError:
    known = ", ".join([*names, "pi"])
    advice = ""
    if name in _CALLS:
        advice = f"; {name} is a function: write {name}(x)"
    elif name in {"e", "E"}:
        advice = "; write exp(x) for e**x"
    return ModelError(f"unknown symbol {name!r} in {text!r}; the symbols are {known}{advice}")


def _check_power(base: sp.Expr, exponent: sp.Expr, part: str) -> None:
    if exponent.is_number and abs(exponent) > _LARGEST_EXPONENT:
        msg = f"the exponent in {part!r} is larger than {_LARGEST_EXPONENT}"
        raise ModelError(msg)
    if log_size_of_power(base, exponent) > LARGEST_POWER:
        msg = f"{part!r} becomes too large; use smaller exponents"
        raise ModelError(msg)


def _call(name: str, values: list[sp.Expr], part: str) -> sp.Expr:
    if not (values if name in _SEVERAL else len(values) in _ARGUMENTS.get(name, (1,))):
        msg = f"wrong number of arguments in {part!r}"
        raise ModelError(msg)
    if any(log_size(value) > LARGEST_ARGUMENT for value in values):
        msg = f"the argument in {part!r} becomes too large; nest fewer exponentials"
        raise ModelError(msg)
    for value in values:
        check_size(value, f"the argument in {part!r}")
    return _CALLS[name](*values)


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
