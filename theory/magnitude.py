"""How large an expression can become, so that nobody has to wait for the digits of 9**9**9."""

from __future__ import annotations

import math

import sympy as sp

LARGEST_POWER = 1e5
"""Largest logarithm of a power: about as many digits as half of it."""
LARGEST_ARGUMENT = 1e4
"""Largest logarithm of the argument of a function."""
_LARGEST_STATE = 40
_EXPONENTIAL = (sp.exp, sp.sinh, sp.cosh)


def log_size(expression: sp.Expr) -> float:
    """Bound the logarithm of an expression, and the length of its exact value, for |x| <= 40.

    Parameters
    ----------
    expression : sympy.Expr

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
        return log_size_of_power(*expression.args)
    sizes = [log_size(part) for part in expression.args] or [math.log(_LARGEST_STATE)]
    if isinstance(expression, sp.Mul):
        return sum(sizes)
    if isinstance(expression, _EXPONENTIAL):
        return _exp(sizes[0])
    return max(sizes) + math.log(len(sizes))


def _exp(value: float) -> float:
    return math.exp(value) if value < 700 else math.inf


def log_size_of_power(base: sp.Expr, exponent: sp.Expr) -> float:
    """Bound the logarithm of a power before it is carried out.

    Parameters
    ----------
    base, exponent : sympy.Expr

    Returns
    -------
    float

    Examples
    --------
    >>> round(log_size_of_power(sp.Integer(9), sp.Integer(9) ** 9) / 1e9, 1)
    0.9
    """
    if exponent.is_number and log_size(exponent) < 700:
        return log_size(base) * abs(complex(exponent))
    return log_size(base) * _exp(log_size(exponent))
