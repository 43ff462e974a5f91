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
        All of one functional: they share the site exponent, the fields and the covariance.
    values : dict
        A number for every free symbol.
    site_rule : sequence of (node, weight)
        Quadrature rule in ``x``.
    field_rule : sequence of (nodes, weight)
        Quadrature rule for as many independent standard normal variables as there are fields.

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
    nodes = list({node for e in expressions for node in e.atoms(GaussianAverage)})
    averaged: list = []
    if nodes:
        fields, covariance = nodes[0].args[1:]
        inner = _site_evaluator([node.args[0] for node in nodes], [*values, *fields], site_rule)
        matrix = sp.lambdify(list(values), covariance, "mpmath")(*values.values())
        factor = _continued_cholesky(matrix)
        averaged = [mpmath.mpf(0)] * len(nodes)
        for point, weight in field_rule:
            found = inner([*values.values(), *(factor * mpmath.matrix(list(point)))])
            averaged = [
                total + weight * value for total, value in zip(averaged, found, strict=True)
            ]
    stand_ins = {node: sp.Dummy() for node in nodes}
    outer = _site_evaluator(
        [e.xreplace(stand_ins) for e in expressions], [*values, *stand_ins.values()], site_rule
    )
    return outer([*values.values(), *averaged])


def _site_evaluator(
    expressions: Sequence[sp.Expr], symbols: Sequence[sp.Symbol], site_rule: Sequence
) -> Callable[[Sequence], list]:
    """Make a function of the symbols' values that does the integrals over one unit."""
    sites = list({s for e in expressions for s in e.atoms(SiteAverage, SiteIntegral)})
    stand_ins = {site: sp.Dummy() for site in sites}
    reduced = [written_out(e.xreplace(stand_ins)) for e in expressions]
    outside = sp.lambdify([*symbols, *stand_ins.values()], reduced, "mpmath")
    exponent = written_out(sites[0].args[-1]) if sites else sp.S.Zero
    is_average = [isinstance(site, SiteAverage) for site in sites]
    observables = [
        written_out(site.args[0]) if average else sp.S.One
        for site, average in zip(sites, is_average, strict=True)
    ]
    inside = sp.lambdify([X, *symbols], [exponent, *observables], "mpmath")

    def evaluator(numbers: Sequence) -> list:
        norm, sums = mpmath.mpf(0), [mpmath.mpf(0)] * len(sites)
        for point, weight in site_rule if sites else ():
            height, *found = inside(point, *numbers)
            factor = weight * mpmath.exp(height)
            norm += factor
            sums = [total + factor * value for total, value in zip(sums, found, strict=True)]
        results = [
            total / norm if average else total
            for total, average in zip(sums, is_average, strict=True)
        ]
        return outside(*numbers, *results)

    return evaluator


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
