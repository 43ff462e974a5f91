"""Symmetry reduction: which order parameters vanish is found by testing parity on the result."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product as outer_product
from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import Abbreviation, GaussianAverage, SiteAverage
from theory.expressions import X, parity

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Reduction:
    """Order parameters that vanish on the symmetric branch.

    Parameters
    ----------
    vanishing : tuple of sympy.Symbol
        Empty where the model has no symmetry.
    covariance_vanishes : bool
        Whether the Gaussian fields drop out, which leaves one-dimensional integrals.
    signs : dict
        Sign of every symbol under the reflection, by name.
    """

    vanishing: tuple[sp.Symbol, ...]
    covariance_vanishes: bool
    signs: dict[str, int] = field(default_factory=dict, compare=False)

    @property
    def is_symmetry(self) -> bool:
        """Whether the model is invariant under a reflection that flips fields or parameters."""
        return bool(self.signs)

    def without_odd(self, expression: sp.Expr) -> sp.Expr:
        """Drop averages of odd observables, which vanish on the branch without fields."""
        averages = {a: _image(a, self.signs) for a in expression.atoms(SiteAverage)}
        return expression.xreplace({a: sp.S.Zero for a, image in averages.items() if image == -a})


def find_reduction(
    functions: Sequence[Abbreviation],
    exponent: sp.Expr,
    fields: Sequence[sp.Symbol],
    covariance: sp.Matrix,
    fixed_point: dict[sp.Symbol, sp.Expr],
    vectors: Sequence[sp.Symbol],
) -> Reduction:
    """Find the order parameters that the reflection ``x -> -x`` allows to vanish.

    The signs under which the weight is invariant are found by trial; the candidates are then
    put to zero and their own equations are required to give zero.

    Parameters
    ----------
    functions : sequence of Abbreviation
        The model's functions of ``x``.
    exponent : sympy.Expr
        ``H(x)`` in these functions, the order parameters and the fields.
    fields : sequence of sympy.Symbol
    covariance : sympy.Matrix
    fixed_point : dict
        The undamped map, one average per order parameter.
    vectors : sequence of sympy.Symbol
        Order parameters of one replica; they act like constant fields, whose sign reflects.

    Returns
    -------
    Reduction
    """
    none = Reduction((), covariance_vanishes=False)
    signs = {X: -1}
    for function in functions:
        sign = parity(function.definition)
        if sign == 0:
            return none
        signs[function] = sign
    flips = _invariant_signs(exponent, [*fields, *vectors], signs)
    if flips is None:
        return none
    signs |= flips
    odd = [symbol for symbol in fixed_point if signs.get(symbol) == -1]
    in_covariance = [symbol for symbol in fixed_point if covariance.has(symbol)]
    without_fields = [*in_covariance, *odd]
    if all(signs.get(symbol) == -1 for symbol in fields):
        values = dict.fromkeys(without_fields, 0)
        if covariance.subs(values).is_zero_matrix and _all_vanish(
            fixed_point, without_fields, fields, signs
        ):
            return Reduction(tuple(without_fields), True, _by_name(signs))
    if odd and _all_vanish(fixed_point, odd, [], signs):
        return Reduction(tuple(odd), False, _by_name(signs))
    # the reflection may act on the fields alone: nothing to remove, but a symmetry
    return Reduction((), False, _by_name(signs) if -1 in flips.values() else {})


def _by_name(signs: dict[sp.Expr, int]) -> dict[str, int]:
    """Signs by name: substitution makes new abbreviations of the same name."""
    return {str(symbol): sign for symbol, sign in signs.items()}


def _image(average: SiteAverage, signs: dict[str, int]) -> sp.Expr:
    """The average after the reflection."""
    observable = average.args[0]
    names = {s: signs[str(s)] * s for s in observable.free_symbols if str(s) in signs}
    return sp.cancel(observable.xreplace(names) / observable) * average


def _invariant_signs(
    exponent: sp.Expr, candidates: Sequence[sp.Symbol], signs: dict[sp.Expr, int]
) -> dict[sp.Expr, int] | None:
    """Signs of the candidates and of f under which ``H(-x) = H(x)``, or None."""
    composite = sorted(
        (a for a in exponent.atoms(Abbreviation) if a.definition.atoms(Abbreviation)), key=str
    )
    for choice in outer_product((-1, 1), repeat=len(candidates)):
        flips: dict[sp.Expr, int] = dict(zip(candidates, choice, strict=True))
        reflected = {key: sign * key for key, sign in {**signs, **flips}.items()}
        found: dict[sp.Expr, int] = {}
        for symbol in composite:
            image = sp.expand(symbol.definition.xreplace(reflected))
            for sign in (1, -1):
                if sp.expand(image - sign * symbol.definition) == 0:
                    found[symbol] = sign
        if len(found) < len(composite):
            continue
        image = exponent.xreplace({**reflected, **{key: s * key for key, s in found.items()}})
        if sp.expand(image - exponent) == 0:
            return {**flips, **found}
    return None


def _all_vanish(
    fixed_point: dict[sp.Symbol, sp.Expr],
    candidates: Sequence[sp.Symbol],
    absent: Sequence[sp.Symbol],
    signs: dict[sp.Expr, int],
) -> bool:
    """Whether every candidate's equation gives zero where the candidates are zero."""
    zero = {**dict.fromkeys(candidates, 0), **dict.fromkeys(absent, 0)}
    by_name = _by_name(signs)
    for symbol in candidates:
        value = fixed_point[symbol]
        integrands = [node.args[0] for node in value.atoms(GaussianAverage)] or [value]
        rest = value.xreplace(dict.fromkeys(value.atoms(GaussianAverage), sp.S.Zero))
        if rest != value and sp.expand(rest.subs(zero)) != 0:
            return False
        for integrand in integrands:
            there = integrand.subs(zero)
            averages = {node: _image(node, by_name) for node in there.atoms(SiteAverage)}
            # odd under the reflection of x and of the fields that are left: it averages to zero
            if not absent and sp.expand(there.xreplace(averages) + there) != 0:
                return False
            odd = {node: sp.S.Zero for node, flipped in averages.items() if flipped == -node}
            if absent and sp.expand(there.xreplace(odd)) != 0:
                return False
    return True
