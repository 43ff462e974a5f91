"""The grammar runs nothing and refuses what is no function on the line."""

from __future__ import annotations

from time import perf_counter

import pytest
import sympy as sp

from theory.ensembles import RandomNetwork
from theory.expressions import (
    ModelError,
    X,
    check_on_line,
    kinks,
    real_zeros,
)
from theory.grammar import parse_expression
from theory.parity import parity


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh(x + 1/2)", sp.tanh(X + sp.Rational(1, 2))),
        ("-x - 0.1*x**3", -X - X**3 / 10),
        ("1e-3*x + 1_000", X / 1000 + 1000),
        ("Max(0, x)/pi", sp.Max(0, X) / sp.pi),
        ("exp(-exp(-x**2))", sp.exp(-sp.exp(-(X**2)))),
        ("  (x)  ", X),
    ],
)
def test_meaning(text, expected):
    assert parse_expression(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "().__class__",
        "x.real",
        "x.diff(x)",
        "lambda: 1",
        "(lambda: x)()",
        "[x for x in (1,)]",
        "x if x else 1",
        "eval('1')",
        "open('file')",
        "exec",
        "'text'",
        "f'{x}'",
        "x := 1",
        "x; x",
        "x @ x",
        "x // 2",
        "x < 1",
        "True",
        "1j",
        "0x10",
        "tanh",
        "tanh(x, x)",
        "tanh(x=1)",
        "Max(*x)",
        "y",
        "π",
        "**x",
        "",
        "(" * 300 + "x" + ")" * 300,
    ],
)
def test_outside_the_grammar(text):
    with pytest.raises(ModelError):
        parse_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9",
        "((((9**64)**64)**64)**64)**64",
        "((((x**64 + 1)**64 + 1)**64 + 1)**64",
        "((x**64 + 1)**64 + 1)**64",
        "2**exp(exp(exp(100)))",
        "exp(exp(exp(100)))",
        "sin(exp(exp(x)))",
        "1e999999999",
        "1e-999999999",
    ],
)
def test_expressions_that_would_take_forever(text):
    start = perf_counter()
    with pytest.raises(ModelError):
        parse_expression(text)
    assert perf_counter() - start < 1


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("log(x)", "x = -10"),
        ("sqrt(x)", "x = -10"),
        ("1/x", "x = 0"),
        ("1/(x**2 - 2)", r"x = -sqrt\(2\)"),
        ("tan(x)", "not real and finite at x"),
        ("1/sin(x)", "not real and finite at x"),
        ("1/(tanh(x) - 1/2)", r"x = 0\.5493"),
        ("1/0", "not real and finite"),
        ("x**x", "not real and finite"),
    ],
)
def test_not_a_function_on_the_line(text, where):
    with pytest.raises(ModelError, match=where):
        RandomNetwork(transfer=text)


@pytest.mark.parametrize(
    "text", ["log(1 + exp(x))", "1/(1 + exp(-20*x))", "sqrt(1 + x**2)", "x*exp(-x**2)", "Abs(x)"]
)
def test_functions_on_the_line(text):
    check_on_line(parse_expression(text), "transfer")


def test_message_of_an_unknown_name_says_what_is_known():
    with pytest.raises(ModelError, match=r"unknown symbol 'y' .* the symbols are x, pi"):
        parse_expression("x + y")
    with pytest.raises(ModelError, match=r"unknown function 'f' .* the functions are exp, log"):
        parse_expression("f(x)")
    with pytest.raises(ModelError, match="unknown symbols"):
        check_on_line(sp.Symbol("k") * X, "transfer")


def test_zeros_and_kinks():
    assert real_zeros(X**3 - X) == [-1, 0, 1]
    (zero,) = real_zeros(sp.exp(X) - 2)
    assert float(zero) == pytest.approx(float(sp.log(2)), rel=1e-15)
    assert kinks(sp.Max(0, X - 1) + sp.Abs(X + 2)) == [-2, 1]
    assert kinks(sp.tanh(X)) == []
    assert kinks(sp.Heaviside(X**2 - 2)) == [-sp.sqrt(2), sp.sqrt(2)]
    assert kinks(sp.Piecewise((0, X < 1), (X - 1, True))) == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("sin(x)**3", -1), ("1/cosh(x)", 1), ("exp(x) - exp(-x)", -1), ("exp(x)", 0), ("Abs(x)", 1)],
)
def test_parity(text, expected):
    assert parity(parse_expression(text)) == expected
