"""Printed source has the value of the expression, compiled or not, and refuses the rest."""

from __future__ import annotations

import math

import pytest
import sympy as sp

from theory.codegen.printer import assignments, identifier, print_expression
from theory.expressions import ModelError

x, y, z = sp.symbols("x y z", real=True)
keyword = sp.Symbol("lambda", real=True)

EXPRESSIONS = [
    x / 3 - sp.Rational(1, 7),
    -x * y / (2 * z),
    x**-2 + (x + y) ** -3,
    x / (y * z) ** 2,
    (x**2 + 1) ** sp.Rational(-3, 2) + (x**2 + 1) ** sp.Rational(3, 2),
    (x**2 + 1) ** sp.Rational(1, 3),
    sp.Rational(1, 3) ** x,
    1 / (1 + sp.exp(-x)),
    sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi),
    sp.Max(0, x, y) - sp.Min(-1, z) + sp.Abs(x - y),
    sp.sign(x) * y + sp.Heaviside(z - y),
    sp.Piecewise((0, x < 0), (x, True)),
    sp.erf(x) + sp.atan(y) + sp.asinh(z) + sp.tanh(x * y) + sp.sin(z),
    sp.Integer(2) ** 80 * x,
    x ** sp.Float(2.0) * sp.Float("1.5") * keyword,
    sp.log(x**2 + 1) / 2,
]


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=str)
@pytest.mark.parametrize("point", [(0.3, -1.2, 0.7), (-1.1, 0.4, -2.3)])
def test_source_has_the_value_of_the_expression(expression, point):
    values = dict(zip((x, y, z, keyword), (*point, 1.7), strict=True))
    names = {identifier(symbol): value for symbol, value in values.items()}
    printed = eval(print_expression(expression), {"math": math}, names)
    assert printed == pytest.approx(float(sp.N(expression.subs(values), 25)), rel=1e-13)


@pytest.mark.parametrize("zero", [sp.sign(x), sp.Heaviside(x, 0), sp.Heaviside(x) - sp.S.Half])
def test_jumps_have_their_value_at_zero(zero):
    assert eval(print_expression(zero), {}, {"x": 0.0}) == 0


@pytest.mark.parametrize(
    "expression",
    [sp.Integral(x, x), sp.I * x, sp.oo, sp.DiracDelta(x), sp.Sum(x, (y, 0, 3)), sp.zeta(x)],
    ids=str,
)
def test_what_cannot_be_compiled_is_refused(expression):
    with pytest.raises(ModelError, match="cannot be compiled"):
        print_expression(expression)


def test_symbols_that_would_share_a_name_are_refused():
    with pytest.raises(ModelError, match="called x"):
        print_expression(x + sp.Symbol("x"))
    with pytest.raises(ModelError, match="cannot be a name"):
        print_expression(sp.Symbol("q^"))


def test_assignments_share_common_parts_and_avoid_names_in_use():
    t0 = sp.Symbol("t0", real=True)
    lines = assignments({"t1": sp.tanh(x) + t0, "slope": 1 - sp.tanh(x) ** 2})
    assert sum(line.count("tanh") for line in lines) == 1
    assert lines[0].startswith("t2 = ")
    names = {"x": 0.6, "t0": 2.0}
    exec("\n".join(lines), {"math": math}, names)
    assert names["t1"] == pytest.approx(2 + math.tanh(0.6))
    assert names["slope"] == pytest.approx(1 / math.cosh(0.6) ** 2)
