"""Index algebra for sums over units: Kronecker deltas, explicit sizes, directional derivatives."""

from __future__ import annotations

from typing import Any

import sympy as sp


def contract_deltas(expression: sp.Expr) -> sp.Expr:
    r"""Carry out every sum over a Kronecker delta, and use one index where a delta stays.

    ``sum_i delta(i, k) f(i)`` becomes ``f(k)`` and ``delta(k, l) f(l)`` becomes
    ``delta(k, l) f(k)``. Every index is taken to be within the range of every sum, so no
    conditions appear. Nothing is expanded: an expression in which a delta takes the values 0 and 1
    is split in ``f(0) + delta (f(1) - f(0))``, linear ones by their slope.

    Parameters
    ----------
    expression : sympy.Expr
        With `sympy.Sum` over symbols.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> i, k, N = sp.symbols("i k N", integer=True)
    >>> x = sp.IndexedBase("x")
    >>> contract_deltas(sp.Sum(x[i] ** 2, (i, 1, N)).diff(x[k]))
    2*x[k]
    """
    result = _contract_sums(expression)
    for delta in sorted(result.atoms(sp.KroneckerDelta), key=str):
        first, second = delta.args
        if second.is_Symbol and second not in _bound(result):
            rest, slope = _split(result, delta)
            result = rest + delta * substitute_index(slope, second, first)
    return result


def _contract_sums(expression: sp.Expr) -> sp.Expr:
    """Contract innermost sums first; they may leave deltas to the outer ones."""
    if not expression.has(sp.Sum):
        return expression
    if isinstance(expression, sp.Sum):
        result = _contract_sums(expression.function)
        for limit in expression.limits:
            result = _sum(result, limit)
        return result
    return expression.func(*map(_contract_sums, expression.args))


def _sum(summand: sp.Expr, limit: sp.Tuple) -> sp.Expr:
    """Sum over one index, without deltas of that index and without constant factors."""
    index, low, high = limit
    for delta in sorted(summand.atoms(sp.KroneckerDelta), key=str):
        others = [argument for argument in delta.args if not argument.has(index)]
        if index in delta.args and len(others) == 1:
            rest, slope = _split(summand, delta)
            return _sum(rest, limit) + substitute_index(slope, index, others[0])
    outside, inside = summand.as_independent(index, as_Add=False)
    if inside == 1:
        return outside * (high - low + 1)
    return outside * sp.Sum(inside, limit)


def _split(expression: sp.Expr, delta: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """Values ``f(0)`` and ``f(1) - f(0)`` of an expression as a function of a delta."""
    marker = sp.Dummy()
    marked = expression.xreplace({delta: marker})
    rest = marked.subs(marker, 0)
    slope = marked.diff(marker)
    return rest, slope if not slope.has(marker) else marked.subs(marker, 1) - rest


def _bound(expression: sp.Expr) -> set[sp.Symbol]:
    return {limit[0] for node in expression.atoms(sp.Sum) for limit in node.limits}


def substitute_index(expression: sp.Expr, old: sp.Symbol, new: sp.Expr) -> sp.Expr:
    """Replace a free index, renaming the summation indices that would capture the new one.

    Parameters
    ----------
    expression : sympy.Expr
    old : sympy.Symbol
    new : sympy.Expr
        A symbol or a number.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> i, j, N = sp.symbols("i j N", integer=True)
    >>> J = sp.IndexedBase("J")
    >>> substitute_index(sp.Sum(J[i, j], (j, 1, N)), i, j)
    Sum(J[j, _j], (_j, 1, N))
    """
    captured = _bound(expression) & sp.sympify(new).free_symbols
    fresh = {symbol: sp.Dummy(symbol.name, **symbol.assumptions0) for symbol in captured}

    def rename(node: Any) -> Any:
        if node in fresh.values() or node.is_Atom:
            return node
        inner = node.func(*map(rename, node.args))
        if not isinstance(node, sp.Sum):
            return inner
        bound = {limit[0] for limit in node.limits}
        return inner.xreplace({old_: new_ for old_, new_ in fresh.items() if old_ in bound})

    return (rename(expression) if captured else expression).subs(old, new)


def expand_sums(expression: sp.Expr, values: dict[sp.Symbol, int]) -> sp.Expr:
    """Write every sum out, term by term.

    Parameters
    ----------
    expression : sympy.Expr
    values : dict
        Integers for the symbols in the limits.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> i, N = sp.symbols("i N", integer=True)
    >>> x = sp.IndexedBase("x")
    >>> expand_sums(sp.Sum(x[i] ** 2, (i, 1, N)), {N: 2})
    x[1]**2 + x[2]**2
    """
    if isinstance(expression, sp.Sum):
        terms = [expression.function]
        for index, low, high in reversed(expression.limits):
            numbers = range(int(low.subs(values)), int(high.subs(values)) + 1)
            terms = [substitute_index(term, index, number) for term in terms for number in numbers]
        return sp.Add(*(expand_sums(term, values) for term in terms))
    if expression.has(sp.Sum):
        return expression.func(*(expand_sums(part, values) for part in expression.args))
    return expression.subs(values)


def name_elements(expression: sp.Expr) -> sp.Expr:
    """Replace indexed quantities at explicit places by symbols: ``J[1, 2]`` by ``J_12``.

    Indices of more than one digit are kept apart: ``J[1, 12]`` becomes ``J_1_12``.

    Parameters
    ----------
    expression : sympy.Expr

    Returns
    -------
    sympy.Expr
        With real symbols.

    Examples
    --------
    >>> name_elements(sp.IndexedBase("J")[1, 2] * sp.IndexedBase("x")[2])
    J_12*x_2
    """
    return expression.xreplace({node: _element(node) for node in expression.atoms(sp.Indexed)})


def _element(node: sp.Indexed) -> sp.Symbol:
    separator = "" if all(abs(int(index)) < 10 for index in node.indices) else "_"
    return sp.Symbol(f"{node.base}_{separator.join(map(str, node.indices))}", real=True)


def directional_derivative(
    expression: sp.Expr, base: sp.IndexedBase, direction: sp.IndexedBase
) -> sp.Expr:
    """Differentiate along a vector: ``d/d epsilon`` at 0 of the expression at ``x + epsilon v``.

    Parameters
    ----------
    expression : sympy.Expr
        With elements ``base[i]``.
    base, direction : sympy.IndexedBase
        ``x`` and ``v``.

    Returns
    -------
    sympy.Expr

    Examples
    --------
    >>> i, N = sp.symbols("i N", integer=True)
    >>> x, v = sp.IndexedBase("x"), sp.IndexedBase("v")
    >>> directional_derivative(sp.Sum(x[i] ** 2, (i, 1, N)), x, v)
    Sum(2*v[i]*x[i], (i, 1, N))
    """
    epsilon = sp.Dummy("epsilon", real=True)
    moved = {
        node: node + epsilon * direction[node.indices]
        for node in expression.atoms(sp.Indexed)
        if node.base == base
    }
    return expression.xreplace(moved).diff(epsilon).subs(epsilon, 0)
