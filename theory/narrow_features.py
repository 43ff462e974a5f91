"""Where a model's functions change, and on what scale: what a quadrature must not step over.

A rule that is refined until its result settles sees a step, but a narrow peak between its nodes
changes nothing until the nodes come as close as the peak is wide. Such places are read off the
expression: ``f(u(x))`` changes where u passes through zero or turns around.
"""

from __future__ import annotations

import sympy as sp

from theory.expressions import X, real_zeros
from theory.smoothness import regular_part

_PIECEWISE = (sp.Abs, sp.sign, sp.Heaviside, sp.Max, sp.Min, sp.Piecewise)
_MOST = 64


def narrow_features(expression: sp.Expr) -> list[tuple[float, float]]:
    """Places where a function of ``x`` changes, with the distance over which it does.

    Polynomials have none; kinks, which have no width, are left to `theory.expressions.kinks`.

    Parameters
    ----------
    expression : sympy.Expr
        A function of ``x``.

    Returns
    -------
    list of tuple of float
        Centre and scale, sorted; of several scales at a centre the smallest.

    Examples
    --------
    >>> narrow_features(sp.tanh(X) + sp.exp(-(10**8) * (X - sp.Rational(3, 10)) ** 2))
    [(0.0, 1.0), (0.3, 0.0001)]
    >>> narrow_features(1 / (1 + 10**6 * (X - 2) ** 2))
    [(2.0, 0.001)]
    """
    scales: dict[float, float] = {}
    arguments = sorted({*_arguments(expression)}, key=lambda pair: sp.default_sort_key(pair[0]))
    for inner, kind in arguments[:_MOST]:
        for centre, scale in _features(inner, kind):
            scales[centre] = min(scale, scales.get(centre, scale))
    return sorted(scales.items())


def _arguments(expression: sp.Expr) -> list[tuple[sp.Expr, str]]:
    """Arguments of all functions in an expression, with the kind of the function."""
    found = []
    for node in sp.preorder_traversal(expression):
        if isinstance(node, _PIECEWISE) or not node.has(X):
            continue
        if isinstance(node, sp.exp):
            found.append((node.args[0], "exponential"))
        elif isinstance(node, sp.log) or (isinstance(node, sp.Pow) and _is_power(node)):
            found.append((node.args[0], "power"))
        elif isinstance(node, sp.Function):
            found += [(inner, "function") for inner in node.args if inner.has(X)]
    return [(inner, kind) for inner, kind in found if inner.has(X)]


def _is_power(node: sp.Pow) -> bool:
    return not (node.exp.is_integer and node.exp.is_nonnegative)


def _features(inner: sp.Expr, kind: str) -> list[tuple[float, float]]:
    slope = regular_part(inner.diff(X))
    curvature = regular_part(slope.diff(X))
    found = []
    if kind != "power":
        found += [(zero, _inverse(_value(slope, zero))) for zero in real_zeros(inner)]
    for turn in real_zeros(slope):
        height = abs(_value(inner, turn))
        size = {"exponential": 1.0, "power": height, "function": max(height, 1.0)}[kind]
        found.append((turn, (size * _inverse(_value(curvature, turn) / 2)) ** 0.5))
    return [(float(x), scale) for x, scale in found if 0 < scale < float("inf")]


def _value(expression: sp.Expr, point: sp.Expr) -> float:
    value = sp.N(expression.subs(X, point), 15)
    return float(value) if value.is_real and value.is_finite else float("nan")


def _inverse(value: float) -> float:
    return 1 / abs(value) if value else float("inf")
