"""How large an expression can become, so that nobody has to wait for the digits of 9**9**9."""

from __future__ import annotations

import math
from itertools import islice

import sympy as sp

LARGEST_POWER = 1e5
"""Largest logarithm of a power: about as many digits as half of it."""
LARGEST_ARGUMENT = 1e4
"""Largest logarithm of the argument of a function."""
MOST_PARTS = 100
"""Most symbols and numbers of an expression."""
DEEPEST = 10
"""Most functions that stand inside one another."""
LEAST_NUMBER = sp.Rational(1, 10**301)
LONGEST_NUMBER = 5000.0
"""Largest logarithm of numerator times denominator: Python prints 4300 digits."""
_LARGEST_STATE = 40.0
_EXPONENTIAL = (sp.exp, sp.sinh, sp.cosh)
_BOUNDED = (sp.tanh, sp.sin, sp.cos, sp.atan, sp.erf, sp.sign, sp.Heaviside)


def log_size(expression: sp.Expr, largest: float = _LARGEST_STATE) -> float:
    """Bound the logarithm of an expression, and the length of its exact value.

    Parameters
    ----------
    expression : sympy.Expr
    largest : float
        Largest absolute value of a symbol.

    Returns
    -------
    float
        May be infinite.

    Examples
    --------
    >>> x = sp.Symbol("x")
    >>> log_size(x**10) < 40 < log_size(sp.exp(x**2)) < 1700
    True
    """
    if isinstance(expression, sp.Rational):
        # the logarithm of a long integer does not need its digits
        return math.log(max(abs(expression.p), 1)) + math.log(expression.q)
    if isinstance(expression, sp.Pow):
        return log_size_of_power(expression.base, expression.exp, largest)
    if isinstance(expression, _BOUNDED):
        return math.log(2)
    sizes = [log_size(part, largest) for part in expression.args] or [math.log(largest)]
    if isinstance(expression, sp.Mul):
        return sum(sizes)
    if isinstance(expression, _EXPONENTIAL):
        return _exp(sizes[0])
    return max(sizes) + math.log(len(sizes))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def log_size_of_power(base: sp.Expr, exponent: sp.Expr, largest: float = _LARGEST_STATE) -> float:
    """Bound the logarithm of a power before it is carried out.

    Parameters
    ----------
    base, exponent : sympy.Expr
    largest : float
        Largest absolute value of a symbol.

    Returns
    -------
    float

    Examples
    --------
    >>> round(log_size_of_power(sp.Integer(9), sp.Integer(9) ** 9) / 1e9, 1)
    0.9
    """
    if exponent.is_number and log_size(exponent) < 700:
        return log_size(base, largest) * abs(complex(exponent))
    return log_size(base, largest) * _exp(log_size(exponent, largest))


def number_of_terms(expression: sp.Expr) -> float:
    """Bound the number of terms of an expression after multiplying out.

    Parameters
    ----------
    expression : sympy.Expr

    Returns
    -------
    float

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> number_of_terms((1 + x) ** 3 * (x + y))
    8
    """
    counts = [number_of_terms(part) for part in expression.args]
    if isinstance(expression, sp.Add):
        return sum(counts)
    if isinstance(expression, sp.Mul):
        return math.prod(counts)
    if isinstance(expression, sp.Pow) and expression.exp.is_Integer:
        power = abs(int(expression.exp))
        return math.comb(int(min(counts[0], 1e6)) + power - 1, power) if power < 1000 else math.inf
    return 1


def number_of_parts(expression: sp.Basic) -> int:
    """Count the symbols and numbers of an expression, up to somewhat more than `MOST_PARTS`.

    Examples
    --------
    >>> number_of_parts(sp.Symbol("x") ** 2 + 1)
    3
    """
    leaves = (node for node in sp.preorder_traversal(expression) if not node.args)
    return sum(1 for _ in islice(leaves, 2 * MOST_PARTS))


def nesting(expression: sp.Basic) -> int:
    """Count how deep functions, roots and powers stand inside one another.

    Examples
    --------
    >>> nesting(sp.tanh(1 + sp.exp(sp.Symbol("x"))))
    2
    """
    inner = max(map(nesting, expression.args), default=0)
    return inner + isinstance(expression, (sp.Function, sp.Pow, sp.Max, sp.Min))
