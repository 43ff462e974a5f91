"""Explicit systems: from text or symbols, and refused where they have no meaning."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.dynamics import Dynamics
from theory.expressions import ModelError

x, y, k = sp.symbols("x y k", real=True)


def test_text_and_symbols_give_the_same_system():
    assert Dynamics(["x", "y"], ["-x + y", "x*y"]) == Dynamics([x, y], [-x + y, x * y])
    assert Dynamics([sp.Symbol("s")], ["-s"]).drift == (-sp.Symbol("s"),)


def test_parameters_are_substituted_by_symbol_or_name():
    system = Dynamics([x, y], [-k * x, y * sp.Symbol("rate")])
    assert [symbol.name for symbol in system.parameters] == ["k", "rate"]
    given = system.substitute({k: sp.Rational(1, 2), "rate": 3})
    assert given.drift == (-x / 2, 3 * y)
    assert given.parameters == ()
    with pytest.raises(ModelError, match="z is not a parameter; the parameters are k, rate"):
        system.substitute({"z": 1})


@pytest.mark.parametrize(
    ("variables", "drift", "message"),
    [
        ([], [], "at least one variable"),
        (["x", "x"], ["x", "x"], "not all different"),
        (["x", "y"], ["x"], "as many equations, not 1"),
        (["x"], "x", "as a list"),
        (["x"], ["z"], "unknown symbol 'z'"),
        (["x"], ["__import__('os')"], "unknown function"),
        (["x"], [sp.zoo], "not a real and finite expression"),
        (["x"], [sp.I * x], "not a real and finite expression"),
        (["x"], [sp.Symbol("x")], "differ in their assumptions"),
        ([sp.Symbol("x", imaginary=True)], [0], "is not real"),
        (["a b"], ["1"], "is no variable"),
        ([3], ["1"], "is no variable"),
    ],
)
def test_bad_systems(variables, drift, message):
    with pytest.raises(ModelError, match=message):
        Dynamics(variables, drift)
