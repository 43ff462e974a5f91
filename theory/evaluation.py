"""Plain evaluation of expressions with averages, in mpmath: the reference for generated kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import mpmath
import sympy as sp

from theory.averages import GaussianAverage, SiteAverage, SiteIntegral, written_out
from theory.expressions import X

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def evaluate(
    expressions: Sequence[sp.Expr],
    values: dict[sp.Symbol, Any],
    site_rule: Sequence[tuple[Any, Any]],
    field_rule: Sequence[tuple[Sequence, Any]] = (),
) -> list:
    """Evaluate expressions with averages in mpmath, slowly and plainly.

    This is the reference that generated kernels are compared with. A covariance that is not
    positive definite is continued analytically, by a complex factor.

    Parameters
    ----------
    expressions : sequence of sympy.Expr
        Averages may be over different units and fields, and inside each other.
    values : dict
        A number for every free symbol.
    site_rule : sequence of (node, weight)
        Quadrature rule in ``x``.
    field_rule : sequence of (nodes, weight)
        Quadrature rule for as many independent standard normal variables as the average over
        the most fields needs; others use the first of them.

    Returns
    -------
    list of mpmath.mpf or mpmath.mpc

    Examples
    --------
    >>> from theory.averages import site_average
    >>> rule = [(mpmath.mpf(k) / 4, mpmath.mpf(1) / 4) for k in range(-40, 41)]
    >>> print(*evaluate([site_average(X**2, -(X**2) / 2)], {}, rule))
    1.0
    """
    function = _evaluator(expressions, list(values), site_rule, field_rule)
    return function(list(values.values()))


def _evaluator(
    expressions: Sequence[sp.Expr],
    symbols: Sequence[sp.Symbol],
    site_rule: Sequence,
    field_rule: Sequence,
) -> Callable[[Sequence], list]:
    """Make a function of the symbols' values; averages with one weight share its evaluation."""
    groups: dict[tuple, list[sp.Expr]] = {}
    for node in _outermost(expressions):
        weight = node.args[1:] if isinstance(node, GaussianAverage) else node.args[-1:]
        groups.setdefault(weight, []).append(node)
    averages = []
    for weight, nodes in groups.items():
        if isinstance(nodes[0], GaussianAverage):
            averages.append(_field_average(nodes, weight, symbols, site_rule, field_rule))
        else:
            averages.append(_site_average(nodes, weight, symbols, site_rule, field_rule))
    stand_ins = {node: sp.Dummy() for nodes in groups.values() for node in nodes}
    reduced = [written_out(e.xreplace(stand_ins)) for e in expressions]
    outside = sp.lambdify([*symbols, *stand_ins.values()], reduced, "mpmath")
    return lambda numbers: outside(*numbers, *(v for f in averages for v in f(numbers)))


def _outermost(expressions: Sequence[sp.Expr]) -> list[sp.Expr]:
    """Averages that are not inside others."""
    nodes: dict[sp.Expr, None] = {}
    for expression in expressions:
        walk = sp.preorder_traversal(expression)
        for node in walk:
            if isinstance(node, (GaussianAverage, SiteAverage, SiteIntegral)):
                nodes[node] = None
                walk.skip()
    return list(nodes)


def _without(symbols: Sequence[sp.Symbol], bound: Sequence[sp.Symbol]) -> list[sp.Symbol]:
    """Hide the symbols that an average binds anew."""
    return [sp.Dummy() if symbol in bound else symbol for symbol in symbols]


def _field_average(
    nodes: Sequence[sp.Expr],
    weight: tuple,
    symbols: Sequence[sp.Symbol],
    site_rule: Sequence,
    field_rule: Sequence,
) -> Callable[[Sequence], list]:
    fields, covariance = weight
    arguments = [node.args[0] for node in nodes]
    inner = _evaluator(arguments, [*_without(symbols, fields), *fields], site_rule, field_rule)
    covariance_at = sp.lambdify(list(symbols), covariance, "mpmath")

    def averages(numbers: Sequence) -> list:
        factor = _continued_cholesky(covariance_at(*numbers))
        totals = [mpmath.mpf(0)] * len(nodes)
        for point, chance in field_rule:
            normal = mpmath.matrix(list(point)[: len(fields)])
            values = inner([*numbers, *(factor * normal)])
            totals = [t + chance * value for t, value in zip(totals, values, strict=True)]
        return totals

    return averages


def _site_average(
    nodes: Sequence[sp.Expr],
    weight: tuple,
    symbols: Sequence[sp.Symbol],
    site_rule: Sequence,
    field_rule: Sequence,
) -> Callable[[Sequence], list]:
    observables = [node.args[0] if isinstance(node, SiteAverage) else sp.S.One for node in nodes]
    inside = _evaluator(
        [*weight, *observables], [*_without(symbols, [X]), X], site_rule, field_rule
    )

    def averages(numbers: Sequence) -> list:
        norm, sums = mpmath.mpf(0), [mpmath.mpf(0)] * len(nodes)
        for point, share in site_rule:
            height, *values = inside([*numbers, point])
            factor = share * mpmath.exp(height)
            norm += factor
            sums = [total + factor * value for total, value in zip(sums, values, strict=True)]
        return [
            total / norm if isinstance(node, SiteAverage) else total
            for total, node in zip(sums, nodes, strict=True)
        ]

    return averages


def _continued_cholesky(matrix: mpmath.matrix) -> mpmath.matrix:
    """Lower triangular A with A A^T = matrix (not conjugated), complex where it must be."""
    size = matrix.rows
    factor = mpmath.zeros(size)
    for k in range(size):
        for l in range(k + 1):
            rest = matrix[k, l] - mpmath.fsum(factor[k, m] * factor[l, m] for m in range(l))
            if k == l:
                factor[k, k] = mpmath.sqrt(rest)
            elif factor[l, l] != 0:
                factor[k, l] = rest / factor[l, l]
    return factor
