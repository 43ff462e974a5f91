"""Jumps against functions whose jumps are known, and derivatives at kinks."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from theory.codegen.printer import print_expression
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, X
from theory.fixed_points import check_fixed_points
from theory.smoothness import check_continuous, jump, regular_part

Y = sp.Symbol("y", real=True)
K = sp.Symbol("k", positive=True)

CONTINUOUS = [
    sp.tanh(X),
    sp.Max(0, X),
    sp.Max(-1, sp.Min(1, X)),
    X * sp.sign(X),
    (X - 2) * sp.Heaviside(X - 2),
    sp.Piecewise((0, X < 1), (X - 1, True)),
    sp.sign(X) - 2 * sp.Heaviside(X),
    sp.sign(1 + X**2) * X,
    sp.sign(X) * sp.sign(X),
]


@pytest.mark.parametrize("function", CONTINUOUS, ids=str)
def test_kinks_are_no_jumps(function):
    assert jump(function) == {}


@pytest.mark.parametrize(
    ("function", "place"),
    [
        (sp.sign(X), 0),
        (sp.Heaviside(X**2 - 2), -np.sqrt(2)),
        (sp.Piecewise((0, X < 1), (X, True)), 1),
        (sp.Piecewise((sp.sin(X), X <= 3), (0, True)), 3),
        (sp.floor(X / 2 + sp.Rational(1, 3)), -26 / 3),
        (sp.tanh(X) * sp.sign(X - 4), 4),
    ],
    ids=str,
)
def test_where_a_function_jumps(function, place):
    assert float(jump(function)[X]) == pytest.approx(place, abs=1e-12)


def test_functions_of_several_variables():
    radius = X**2 + Y**2
    assert jump((1 - radius) * sp.sign(1 - radius), (X, Y)) == {}
    assert jump(sp.Abs(X - Y) + sp.Max(X, Y, 0), (X, Y)) == {}
    at = jump(K * sp.sign(1 - radius), (X, Y))
    assert float(at[X] ** 2 + at[Y] ** 2) == pytest.approx(1)
    assert jump(sp.sign(K) * X, (X, Y)) == {}


def test_one_reason_wherever_continuity_is_needed():
    jumping = RandomNetwork(transfer=sp.sign(X))
    with pytest.raises(ModelError, match=r"transfer sign\(x\) jumps at x = 0: F jumps with it"):
        check_fixed_points(jumping)
    check_fixed_points(RandomNetwork(transfer=X * sp.sign(X)))  # Abs(x), with sign in it
    with pytest.raises(ModelError, match=r"dx/dt = sign\(x - y\) jumps at x = .*, y = "):
        check_continuous(sp.sign(X - Y), "dx/dt =", "no gradient", (X, Y))


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-2, 2)), min_size=1, max_size=4))
def test_derivative_at_a_kink_is_the_mean_of_both_sides(terms):
    pieces = [sp.Max, sp.Min]
    function = sum(a * pieces[n % 2](0, X - b) for n, (a, b) in enumerate(terms)) + 0 * X
    slope = regular_part(sp.diff(function, X))
    assert regular_part(sp.diff(function, X, 2)) == 0
    value = eval(f"lambda x: {print_expression(slope)}")
    for _, b in terms:
        step = sp.Rational(1, 4)
        sides = (function.subs(X, b + step) - function.subs(X, b - step)) / (2 * step)
        assert value(b) == pytest.approx(float(sides))
