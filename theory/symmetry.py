"""Symmetry reduction: which order parameters vanish is found by testing parity on the result.

The symmetry is a reflection ``x -> 2 x0 - x`` of the state of every unit, about any point.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product as outer_product
from typing import TYPE_CHECKING

import sympy as sp

from theory.averages import Abbreviation, GaussianAverage, SiteAverage
from theory.expressions import X
from theory.parity import reflections
from theory.values import Value

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True)
class Reduction(Value):
    """Order parameters that vanish on the symmetric branch.

    Parameters
    ----------
    vanishing : tuple of sympy.Symbol
        Empty where the model has no symmetry.
    covariance_vanishes : bool
        Whether the Gaussian fields drop out, which leaves one-dimensional integrals.
    signs : dict
        Sign of every symbol under the reflection, by name; ``x`` is counted from the centre.
    centre : sympy.Expr
        The point ``x0`` of the reflection ``x -> 2 x0 - x``.
    """

    vanishing: tuple[sp.Symbol, ...]
    covariance_vanishes: bool
    signs: dict[str, int] = field(default_factory=dict, compare=False)
    centre: sp.Expr = sp.S.Zero

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
    """Find the order parameters that a reflection ``x -> 2 x0 - x`` allows to vanish.

    Points x0 about which all functions have a parity are tried one after the other. The signs
    under which the weight is invariant are found by trial; the candidates are then put to zero
    and their own equations are required to give zero.

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
    possible = reflections([function.definition for function in functions])
    vectors = [*fields, *vectors]
    reductions = []
    for centre, parities in possible.items():
        shift = {X: X + centre}
        moved = [function.subs(shift) for function in functions]
        signs = _invariant_signs(
            exponent.subs(shift), vectors, {X: -1, **dict(zip(moved, parities, strict=True))}
        )
        if signs is not None:
            values = {symbol: value.subs(shift) for symbol, value in fixed_point.items()}
            reductions.append(_reduction(values, fields, covariance, signs, centre))
    reductions.sort(key=lambda reduction: -len(reduction.vanishing))
    return reductions[0] if reductions else Reduction((), covariance_vanishes=False)


def _reduction(
    fixed_point: dict[sp.Symbol, sp.Expr],
    fields: Sequence[sp.Symbol],
    covariance: sp.Matrix,
    signs: dict[sp.Expr, int],
    centre: sp.Expr,
) -> Reduction:
    """What may vanish under one reflection, with ``x`` counted from its centre."""
    odd = [symbol for symbol in fixed_point if signs.get(symbol) == -1]
    in_covariance = [symbol for symbol in fixed_point if covariance.has(symbol)]
    without_fields = [*in_covariance, *odd]
    if all(signs.get(symbol) == -1 for symbol in fields):
        values = dict.fromkeys(without_fields, 0)
        if covariance.subs(values).is_zero_matrix and _all_vanish(
            fixed_point, without_fields, fields, signs
        ):
            return Reduction(tuple(without_fields), True, _by_name(signs), centre)
    if odd and _all_vanish(fixed_point, odd, [], signs):
        return Reduction(tuple(odd), False, _by_name(signs), centre)
    # the reflection may act on the fields alone: nothing to remove, but a symmetry
    if any(sign == -1 for symbol, sign in signs.items() if symbol != X):
        return Reduction((), False, _by_name(signs), centre)
    return Reduction((), covariance_vanishes=False)


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
    """Signs with those of candidates and f, for which ``H(-x) = H(x)``, or None."""
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
            return {**signs, **flips, **found}
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
