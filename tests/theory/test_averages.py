"""Averages over different fields and units are kept apart."""

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory.averages import (
    Abbreviation,
    collect_gaussian,
    gaussian_average,
    site_average,
    written_out,
)
from theory.disorder import XH, DisorderAverage, Overlap, Pairing
from theory.ensembles import RandomNetwork
from theory.evaluation import evaluate
from theory.expressions import X
from theory.replicas import ReplicatedSaddle

z, w, v, u, y = sp.symbols("z w v u y", real=True)
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
RULE = [((a, b), p * q / (2 * np.pi)) for a, p in zip(NODES, WEIGHTS, strict=True)
        for b, q in zip(NODES, WEIGHTS, strict=True)]  # fmt: skip


def over(expression, fields, *variances):
    return gaussian_average(expression, fields, sp.diag(*variances))


def test_averages_over_other_fields_are_not_joined():
    """E z^2 = v, E w^4 = 3 u^2."""
    total = collect_gaussian(over(z**2, [z], v) + over(w**4, [w], u) + over(z**4, [z], v))
    assert not total.free_symbols & {z, w}
    assert total == over(z**2 + z**4, [z], v) + over(w**4, [w], u)
    other_variance = over(z**2, [z], v) + over(z**2, [z], u)
    assert collect_gaussian(other_variance) == other_variance
    outer = z * over(z**2, [z], v)
    assert collect_gaussian(outer) == outer


def test_evaluation_with_several_fields_units_and_nested_averages():
    variances = {v: 0.5, u: 2.0, y: 0.3}
    inner = over(w**2 * z, [w], u)
    expressions = [
        over(z**2, [z], v) + over(w**4, [w], u),
        over(z**2 * w**2, [z, w], v, u),
        over(z * inner, [z], v),
    ]
    found = evaluate(expressions, variances, [], RULE)
    assert [float(value) for value in found] == pytest.approx([12.5, 1.0, 1.0], rel=1e-12)
    rule = [(mpmath.mpf(k) / 8, mpmath.mpf(1) / 8) for k in range(-200, 201)]
    units = site_average(X**2, -(X**2) / 2) + site_average(X**2, -(X**2) / (2 * y))
    assert float(evaluate([units], variances, rule)[0]) == pytest.approx(1.3, rel=1e-12)


def test_abbreviations_obey_subs_and_xreplace_alike():
    outer = Abbreviation("f", Abbreviation("b", y * X) + z) ** 2
    assert outer.xreplace({y: w}) == outer.subs(y, w)
    assert written_out(outer.xreplace({y: w})) == (w * X + z) ** 2


class _Several(DisorderAverage):
    """Two populations with overlaps of one kind and three sources of fields."""

    @property
    def pairings(self):
        functions = [sp.Function(name, real=True)(X) for name in "cde"]
        return [Pairing(-sp.S.Half, Overlap(f, f), Overlap(XH * f, XH * f)) for f in functions]

    @property
    def singles(self):
        return []


def test_fields_and_overlaps_have_names_of_their_own():
    saddle = ReplicatedSaddle(_Several(RandomNetwork()))
    names = [p.symbol.name for p in saddle.order_parameters]
    assert len(set(names)) == len(names) == 12
    assert len(set(saddle.fields)) == len(saddle.fields) == 6
    assert saddle.covariance.is_symmetric()
