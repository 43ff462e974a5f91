"""How large an expression can become, so that nobody has to wait for the digits of 9**9**9."""

from __future__ import annotations

import math

import sympy as sp

LARGEST_POWER = 1e5
"""Largest logarithm of a power: about as many digits as half of it."""
LARGEST_ARGUMENT = 1e4
"""Largest logarithm of the argument of a function."""
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
