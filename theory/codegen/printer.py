"""SymPy to Python source that Numba compiles: scalar expressions and shared assignments."""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p
from sympy.logic.boolalg import Boolean, BooleanAtom
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from theory.codegen.scaling import without_overflow
from theory.expressions import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterable

_FUNCTIONS = (
    sp.exp, sp.log, expm1, log1p, sp.sin, sp.cos, sp.tan, sp.asin, sp.acos, sp.atan, sp.atan2,
    sp.sinh, sp.cosh, sp.tanh, sp.asinh, sp.acosh, sp.atanh, sp.erf, sp.erfc, sp.gamma,
    sp.loggamma, sp.floor, sp.ceiling, sp.Abs, sp.Max, sp.Min, sp.sign, sp.Heaviside,
    sp.Piecewise,
)  # fmt: skip
_NODES = (sp.Add, sp.Mul, sp.Pow, sp.Symbol, sp.Rational, sp.Float, type(sp.pi), type(sp.E))
_CONDITIONS = (Boolean, BooleanAtom, sp.functions.elementary.piecewise.ExprCondPair)
_TAKEN = {"math", "abs", "min", "max", "float", "int"}
_VECTOR_FUNCTIONS = {
    name: f"vector_{name}" for name in ("exp", "expm1", "log", "log1p", "tanh", "sinh", "cosh")
}
_LARGEST_INTEGER = 2**53


def identifier(symbol: sp.Symbol) -> str:
    """Name of a symbol in the generated source.

    Parameters
    ----------
    symbol : sympy.Symbol

    Returns
    -------
    str
        Keywords and the names that the generated code uses get a trailing underscore.

    Raises
    ------
    ModelError
        If the name is no Python identifier.

    Examples
    --------
    >>> identifier(sp.Symbol("q_hat")), identifier(sp.Symbol("lambda"))
    ('q_hat', 'lambda_')
    """
    name = symbol.name
    if not name.isidentifier():
        msg = f"the symbol {name!r} cannot be a name in Python; call it like 'q_hat' or 'x1'"
        raise ModelError(msg)
    return f"{name}_" if keyword.iskeyword(name) or name in _TAKEN else name


def print_expression(expression: sp.Expr, *, vector: bool = False) -> str:
    """Python source of a scalar expression, of ``math`` functions and operators only.

    It is computed in the form that `theory.codegen.scaling.without_overflow` gives it.

    Parameters
    ----------
    expression : sympy.Expr
        Real numbers, symbols, ``+ - * / **`` and elementary functions.
    vector : bool
        For loops over arrays: use the functions of ``templates/elementary.txt`` where there are
        some, which a compiler can compute several numbers at a time.

    Returns
    -------
    str

    Raises
    ------
    ModelError
        For a part that has no counterpart in compiled code, for example an unevaluated integral.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> print_expression(sp.tanh(x) ** 2 / 2 + sp.sqrt(x))
    'math.sqrt(x) + 0.5*math.tanh(x)**2'
    """
    return _source(without_overflow(sp.sympify(expression)), vector=vector)


def _source(expression: sp.Expr, *, vector: bool) -> str:
    _check_nodes(expression)
    _check_names(expression.free_symbols)
    return _Printer(_VECTOR_FUNCTIONS if vector else {}).number(expression)


def assignments(
    outputs: dict[str, sp.Expr], prefix: str = "t", *, vector: bool = False
) -> list[str]:
    """Source lines that compute several expressions, common parts once.

    Parameters
    ----------
    outputs : dict
        Expressions by the name that is assigned to; the order is kept.
    prefix : str
        Of the names of common parts, ``t0``, ``t1``, ...; names in use are skipped.
    vector : bool
        As in `print_expression`.

    Returns
    -------
    list of str
        One assignment a line, common parts first.

    Raises
    ------
    ModelError
        As `print_expression`.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> assignments({"value": sp.tanh(x), "slope": 1 - sp.tanh(x) ** 2})
    ['t0 = math.tanh(x)', 'value = t0', 'slope = 1 - t0**2']
    """
    expressions = [without_overflow(sp.sympify(expression)) for expression in outputs.values()]
    used = {symbol for expression in expressions for symbol in expression.free_symbols}
    _check_names(used)
    taken = {identifier(symbol) for symbol in used} | set(outputs)
    fresh = (
        symbol for symbol in sp.numbered_symbols(prefix, real=True) if symbol.name not in taken
    )
    common, reduced = sp.cse(expressions, symbols=fresh)
    named = [*common, *zip(outputs, reduced, strict=True)]
    return [f"{name} = {_source(part, vector=vector)}" for name, part in named]


def _check_nodes(expression: sp.Basic) -> None:
    for node in sp.preorder_traversal(expression):
        if not isinstance(node, (*_NODES, *_FUNCTIONS, *_CONDITIONS)):
            msg = f"{node} in {expression} cannot be compiled: {type(node).__name__} is not known"
            raise ModelError(msg)


def _check_names(symbols: Iterable[sp.Symbol]) -> None:
    """Refuse different symbols that would share one name, such as differing in assumptions."""
    seen: dict[str, sp.Symbol] = {}
    for symbol in symbols:
        if seen.setdefault(identifier(symbol), symbol) != symbol:
            msg = (
                f"two different symbols are called {identifier(symbol)}; define each symbol once,"
                " with one set of assumptions"
            )
            raise ModelError(msg)


class _Printer(PythonCodePrinter):
    """Prints numbers as floats where an integer would change the type, and kinks as choices."""

    def __init__(self, functions: dict[str, str]) -> None:
        settings = {"strict": True, "allow_unknown_functions": False, "user_functions": functions}
        super().__init__(settings)

    def number(self, expression: sp.Expr) -> str:
        """Source of a float: a bare integer would make the variable that holds it an integer."""
        source = self.doprint(expression)
        return f"{source}.0" if expression.is_Integer and "." not in source else source

    def parenthesize(self, item: Any, level: int, strict: bool = False) -> str:
        if isinstance(item, sp.Rational) and item.is_nonnegative and _is_short(item):
            return self._print(item)
        return super().parenthesize(item, level, strict)

    def _print_Symbol(self, expr: sp.Symbol) -> str:
        return identifier(expr)

    def _print_Integer(self, expr: sp.Integer) -> str:
        return str(expr.p) if abs(expr.p) <= _LARGEST_INTEGER else repr(float(expr))

    def _print_Rational(self, expr: sp.Rational) -> str:
        if _is_short(expr) or max(abs(expr.p), expr.q) > _LARGEST_INTEGER:
            return repr(float(expr))
        return f"{expr.p}/{expr.q}"

    def _print_Half(self, _: sp.Rational) -> str:
        return "0.5"

    def _print_Float(self, expr: sp.Float) -> str:
        return repr(float(expr))

    def _print_Pow(self, expr: sp.Pow, rational: bool = False) -> str:
        base, exponent = expr.as_base_exp()
        if exponent.is_Float and float(exponent).is_integer():
            exponent = sp.Integer(int(exponent))
        if exponent.is_Integer and exponent.is_negative:
            return f"1/{self._power(base, -exponent)}"
        # a root and an integer power are much faster than a general power
        if exponent.is_Rational and exponent.q == 2 and abs(exponent.p) < 20:
            root = f"math.sqrt({self._print(base)})"
            root = root if abs(exponent.p) == 1 else f"{root}**{abs(exponent.p)}"
            return root if exponent.p > 0 else f"1/{root}"
        if exponent.is_Integer:
            return self._power(base, exponent)
        return super()._print_Pow(expr, rational=rational)

    def _power(self, base: sp.Expr, exponent: sp.Integer) -> str:
        printed = self.parenthesize(base, PRECEDENCE["Pow"])
        return printed if exponent == 1 else f"{printed}**{exponent}"

    def _print_Max(self, expr: sp.Max) -> str:
        return self._extreme("max", expr)

    def _print_Min(self, expr: sp.Min) -> str:
        return self._extreme("min", expr)

    def _extreme(self, name: str, expr: sp.Expr) -> str:
        numbers_last = sorted(expr.args, key=lambda part: (part.is_number, str(part)))
        return f"{name}({', '.join(self.number(part) for part in numbers_last)})"

    def _print_Abs(self, expr: sp.Abs) -> str:
        return f"abs({self._print(expr.args[0])})"

    def _print_sign(self, expr: sp.sign) -> str:
        return self._choice(expr.args[0], "0.0", "-1.0")

    def _print_Heaviside(self, expr: sp.Heaviside) -> str:
        return self._choice(expr.args[0], self.number(expr.args[1]), "0.0")

    def _choice(self, switch: sp.Expr, at_zero: str, below: str) -> str:
        printed = self._print(switch)
        return f"(1.0 if ({printed}) > 0.0 else ({below} if ({printed}) < 0.0 else {at_zero}))"


def _is_short(number: sp.Rational) -> bool:
    """Whether the decimal number is exact and not longer than the fraction is worth."""
    return number.q in (2, 4, 8, 16) and abs(number.p) <= _LARGEST_INTEGER
