"""Forms of an expression whose parts stay finite in floating point wherever it does itself.

``log(1 + exp(x))`` is about x for large x, but its exponential overflows; ``sinh(x)/cosh(x)`` is
infinity over infinity. The remedy is that of the sum of exponentials, applied to every node: a
value is kept as ``exp(exponent) * factor``, exponents of factors are added, and a sum takes out
the largest exponent of its terms. Exponents are sums of expressions and of their positive parts,
so that they cancel symbolically on either side of a point where another term becomes the largest.
What cannot overflow is left as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.codegen.cfunctions import expm1, log1p

from theory.codegen.exponents import absolute, common_slopes, in_parts, positive, written
from theory.magnitude import log_size, number_of_terms

if TYPE_CHECKING:
    from collections.abc import Callable

_FARTHEST = 1e5
"""States up to which powers must not overflow: as far as the solver looks for weight."""
_LARGE = 350.0
"""Logarithm above which the product of two powers might overflow."""
_LIMIT = 700
"""The largest number is about ``exp(709.8)``."""
_MOST_TERMS = 500
_ASYMPTOTIC = 200.0
"""Logarithm above which asinh is a logarithm."""
_KINKED = (sp.Max, sp.Min, sp.Heaviside, sp.sign, sp.Piecewise)


@dataclass(frozen=True)
class _Scaled:
    """The number ``exp(exponent) * factor``.

    ``plain`` is the same number as it was written, or None where that could be infinity over
    infinity.
    """

    exponent: sp.Expr
    factor: sp.Expr
    plain: sp.Expr | None

    @property
    def value(self) -> sp.Expr:
        """The number in one piece."""
        if self.plain is not None:
            return self.plain
        exponent = written(self.exponent)
        # a factor may be zero where the exponential is infinite: no infinity, then
        limited = exponent if exponent.is_nonpositive else sp.Min(_LIMIT, exponent)
        return sp.exp(limited) * self.factor


@lru_cache(maxsize=4096)
def without_overflow(expression: sp.Expr) -> sp.Expr:
    """Rewrite an expression so that no part of it overflows where it is finite itself.

    Parameters
    ----------
    expression : sympy.Expr
        Of real symbols. Exponentials, hyperbolic functions and high powers are looked at.

    Returns
    -------
    sympy.Expr
        Equal to the expression for all real values, and the same object where nothing needs to
        be done. It is for evaluation: its derivatives are less smooth than its values.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> without_overflow(sp.log(1 + sp.exp(x)))
    log1p(exp(-Abs(x))) + Max(0, x)
    >>> without_overflow(sp.sinh(x) / sp.cosh(x))
    -expm1(-2*Abs(x))*sign(x)/(1 + exp(-2*Abs(x)))
    >>> without_overflow(1 / (1 + sp.exp(-x)))
    1/(1 + exp(-x))
    """
    if not any(map(_may_overflow, sp.preorder_traversal(expression))):
        return expression
    return _scaled(expression).value


def _may_overflow(node: sp.Basic) -> bool:
    if isinstance(node, sp.Pow):
        return not node.exp.is_number or abs(node.exp) > 8
    return isinstance(node, (sp.exp, sp.sinh, sp.cosh))


@lru_cache(maxsize=4096)
def _scaled(node: sp.Expr) -> _Scaled:
    if node.is_Atom or not node.free_symbols:
        return _Scaled(sp.S.Zero, node, node)
    return next((rule for kind, rule in _RULES.items() if isinstance(node, kind)), _other)(node)


def _other(node: sp.Expr) -> _Scaled:
    return _unscaled(_rebuilt(node) if isinstance(node, _WITH_VALUES) else node)


def _choice(node: sp.Expr) -> _Scaled:
    inner, *rest = map(_scaled, node.args)
    exponent = inner.exponent if isinstance(node, sp.Abs) else sp.S.Zero
    of = [part.value for part in rest]
    plain = None if inner.plain is None else node.func(inner.plain, *of)
    return _Scaled(exponent, node.func(inner.factor, *of), plain)


def _unscaled(value: sp.Expr) -> _Scaled:
    return _Scaled(sp.S.Zero, value, value)


def _rebuilt(node: sp.Basic) -> sp.Basic:
    """Rewrite the parts of a node that are numbers; conditions have such parts too."""
    parts = [
        _scaled(part).value if isinstance(part, sp.Expr) else _rebuilt(part) for part in node.args
    ]
    return node if list(node.args) == parts else node.func(*parts)


def _power(node: sp.Expr) -> _Scaled:
    base, exponent = node.as_base_exp()
    if base == sp.E:
        value = _scaled(exponent).value
        return _Scaled(in_parts(value), sp.S.One, sp.exp(value))
    if not exponent.is_number:
        if not base.is_positive:
            return _unscaled(_scaled(base).value ** _scaled(exponent).value)
        return _power(sp.exp(exponent * sp.log(base)))
    inner = _scaled(base)
    plain = None if inner.plain is None else inner.plain**exponent
    if inner.exponent == 0 and log_size(node, _FARTHEST) > _LARGE:
        size = sp.Abs(inner.factor)
        odd = exponent.is_integer and exponent.is_odd and not inner.factor.is_nonnegative
        sign = sp.sign(inner.factor) if odd else sp.S.One
        return _Scaled(exponent * sp.log(size), sign, plain)
    content, factor = inner.factor.as_content_primitive()
    if content <= 0 or not exponent.is_integer:
        content, factor = sp.S.One, inner.factor
    return _Scaled(exponent * inner.exponent, content**exponent * factor**exponent, plain)


def _hyperbolic(node: sp.Expr) -> _Scaled:
    value = _scaled(node.args[0]).value
    size = absolute(value)
    rest = -2 * sp.Abs(value)
    if isinstance(node, sp.cosh):
        return _Scaled(size, (1 + sp.exp(rest)) / 2, sp.cosh(value))
    return _Scaled(size, -sp.sign(value) * expm1(rest) / 2, sp.sinh(value))


def _logarithm(node: sp.Expr) -> _Scaled:
    inner = _scaled(node.args[0])
    if inner.exponent == 0 and not inner.factor.has(sp.exp):
        return _unscaled(sp.log(inner.value))
    return _unscaled(written(inner.exponent) + _logarithm_of_factor(inner.factor))


def _logarithm_of_factor(factor: sp.Expr) -> sp.Expr:
    if isinstance(factor, sp.Piecewise):
        return sp.Piecewise(*((_logarithm_of_factor(part), where) for part, where in factor.args))
    number, rest = factor.as_coeff_Add()
    if number.is_positive:
        return sp.log(number) + log1p(sp.expand_mul(rest / number))
    return sp.log(factor)


def _inverse_sinh(node: sp.Expr) -> _Scaled:
    inner = _scaled(node.args[0])
    if inner.exponent == 0:
        return _unscaled(sp.asinh(inner.value))
    size = written(inner.exponent) + sp.log(sp.Abs(inner.factor))
    far = sp.sign(inner.factor) * (size + sp.log(2))
    return _unscaled(sp.Piecewise((far, size > _ASYMPTOTIC), (sp.asinh(inner.value), True)))


def _product(node: sp.Expr) -> _Scaled:
    parts = [_scaled(part) for part in sp.Mul.make_args(node)]
    exponent = sp.Add(*(part.exponent for part in parts))
    factor = sp.Mul(*(part.factor for part in parts))
    scaled = sum(part.exponent != 0 for part in parts)
    off = any(part.exponent == 0 and part.factor.has(*_KINKED) for part in parts)
    if scaled > 1 or (scaled and off) or any(part.plain is None for part in parts):
        return _Scaled(sp.expand_mul(exponent), factor, None)
    return _Scaled(exponent, factor, sp.Mul(*(part.plain for part in parts)))


def _sum(node: sp.Add) -> _Scaled:
    if (slope := _slope_of_tanh(node)) is not None:
        return slope
    parts = [_scaled(part) for part in node.args]
    if any(part.plain is None for part in parts):
        numerator, denominator = _over_one_denominator(node)
        if denominator.free_symbols:
            return _product(numerator / denominator)
    terms = _by_exponent(parts)
    plain: sp.Expr | None = sp.Add(*(part.value for part in parts))
    growing = [part for part in parts if not part.exponent.is_nonpositive]
    signs = {(part.factor.is_nonnegative, part.factor.is_nonpositive) for part in growing}
    if len(growing) > 1 and signs not in ({(True, False)}, {(False, True)}):
        plain = None
    if set(terms) == {sp.S.Zero}:
        return _unscaled(sp.Add(*(part.value for part in parts)))
    if len(terms) <= 1:
        exponent, factor = next(iter(terms.items()), (sp.S.Zero, sp.S.Zero))
        return _Scaled(exponent, factor, plain)
    return _Scaled(*_largest_taken_out(terms), plain)


def _by_exponent(parts: list[_Scaled]) -> dict[sp.Expr, sp.Expr]:
    """Factors by exponents that differ by more than a number."""
    terms: dict[sp.Expr, sp.Expr] = {}
    for part in parts:
        known = next((e for e in terms if (part.exponent - e).is_number), part.exponent)
        factor = part.factor * sp.exp(part.exponent - known)
        terms[known] = terms.get(known, sp.S.Zero) + factor
    return {exponent: factor for exponent, factor in terms.items() if factor != 0}


def _over_one_denominator(node: sp.Add) -> tuple[sp.Expr, sp.Expr]:
    """Numerator and denominator of a sum, where exponentials that cancel are gone."""
    stand_ins: dict[sp.Expr, sp.Symbol] = {}

    def hidden(part: sp.Expr) -> sp.Expr:
        # polynomials are not multiplied out, which would lose digits
        if isinstance(part, sp.Add) and not part.has(sp.exp):
            return stand_ins.setdefault(part, sp.Dummy(real=True))
        if isinstance(part, (sp.exp, sp.Function)) or part.is_Atom:
            return part
        return part.func(*map(hidden, part.args))

    in_exponentials = node.rewrite([sp.sinh, sp.cosh], sp.exp)
    numerator, denominator = sp.fraction(sp.together(hidden(in_exponentials)))
    if number_of_terms(numerator) <= _MOST_TERMS:
        numerator = sp.expand(numerator)
    back = {stand_in: part for part, stand_in in stand_ins.items()}
    return numerator.xreplace(back), denominator.xreplace(back)


def _slope_of_tanh(node: sp.Add) -> _Scaled | None:
    """``1 - tanh(u)^2``, which SymPy writes for derivatives, decays like an exponential."""
    number, rest = node.as_coeff_Add()
    if len(node.args) == 2 and (rest / number).func == sp.Mul:
        minus, square = (rest / number).as_coeff_Mul()
        if minus == -1 and isinstance(square, sp.Pow) and square.exp == 2:
            inner = square.base
            if isinstance(inner, sp.tanh):
                value = _scaled(inner.args[0]).value
                factor = 4 * number / (1 + sp.exp(-2 * sp.Abs(value))) ** 2
                return _Scaled(-2 * absolute(value), factor, number * (1 - sp.tanh(value) ** 2))
    return None


def _largest_taken_out(terms: dict[sp.Expr, sp.Expr]) -> tuple[sp.Expr, sp.Expr]:
    """Exponent and factor of ``sum exp(exponent) factor``, neither of them overflowing.

    Where all differences of exponents are multiples of one u on either side of u = 0, the largest
    is known on either side.
    """
    first, *_ = exponents = list(terms)
    slopes = common_slopes([sp.expand_mul(exponent - first) for exponent in exponents])
    if slopes is None:
        largest = sp.Max(*map(written, exponents))
        total = sp.Add(*(f * sp.exp(written(e) - largest) for e, f in terms.items()))
        return largest, total
    u, pairs = slopes
    right, left = max(pair[0] for pair in pairs), min(pair[1] for pair in pairs)
    at = written(u)
    size = sp.Abs(at)
    above = sp.Add(
        *(f * sp.exp((a - right) * size) for f, (a, _) in zip(terms.values(), pairs, strict=True))
    )
    below = sp.Add(
        *(f * sp.exp((left - b) * size) for f, (_, b) in zip(terms.values(), pairs, strict=True))
    )
    above, below = _difference_from_one(above), _difference_from_one(below)
    if at.is_nonnegative or above == below:
        factor = above
    elif above == -below:
        factor = sp.sign(at) * above
    else:
        factor = sp.Piecewise((above, at > 0), (below, True))
    return sp.expand_mul(first + (right - left) * positive(u) + left * u), factor


def _difference_from_one(total: sp.Expr) -> sp.Expr:
    """Write ``c - c exp(u)`` without cancellation."""
    content, rest = total.as_content_primitive()
    one, power = rest.as_coeff_Add()
    if one != 0 and isinstance(-power / one, sp.exp):
        return -content * one * expm1((-power / one).args[0])
    return total


_WITH_VALUES = (sp.Function, sp.Max, sp.Min)
_RULES: dict[Any, Callable[[sp.Expr], _Scaled]] = {
    sp.Add: _sum,
    sp.Mul: _product,
    (sp.Pow, sp.exp): _power,
    (sp.sinh, sp.cosh): _hyperbolic,
    sp.log: _logarithm,
    sp.asinh: _inverse_sinh,
    (sp.Abs, sp.sign, sp.Heaviside): _choice,
}
