"""What a session may hand over by mistake: every answer is a ModelError that says what to call."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numerics import Instance, SolvingTask, solve
from theory import Dynamics, ModelError, RandomNetwork, parse_expression, replica_symmetric
from theory.codegen.export import export_kernels
from theory.expressions import X
from validation import validate

NETWORK = RandomNetwork()
SYSTEM = Dynamics(["x"], ["-x"])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: solve(NETWORK, 1, 0, 0.1), "replica_symmetric"),
        (lambda: solve(SYSTEM, 1, 0, 0.1), "QuasiPotential"),
        (lambda: replica_symmetric(SYSTEM), "explicit system"),
        (lambda: replica_symmetric("tanh(x)"), "RandomNetwork"),
        (lambda: export_kernels(SYSTEM, Path("never.py")), "explicit system"),
        (lambda: export_kernels(replica_symmetric(NETWORK), Path("never.py")), "network"),
        (lambda: validate(replica_symmetric(NETWORK), None), "network"),
        (lambda: Instance(SYSTEM, 10), "RandomNetwork"),
        (lambda: SolvingTask(SYSTEM, 1, 0, 0.1), "RandomNetwork"),
        (lambda: RandomNetwork(mean=[1, 2]), "one number"),
        (lambda: RandomNetwork(mean=np.eye(2)), "one number"),
        (lambda: RandomNetwork(mean="-1"), "one number"),
        (lambda: RandomNetwork(field_std=1j), "one number"),
        (lambda: RandomNetwork(transfer=np.tanh), "expression"),
        (lambda: RandomNetwork(transfer=[sp.tanh(X)]), "expression"),
        (lambda: RandomNetwork(local=None), "expression"),
        (lambda: RandomNetwork(transfer=sp.tanh(sp.Symbol("y"))), "unknown symbols"),
        (lambda: Dynamics(["x"], ["a*x"]), "substitute"),
        (lambda: Dynamics(["x"], [np.tanh]), "expression"),
        (lambda: parse_expression("tanh(2x)"), r"'\*' after 2"),
        (lambda: parse_expression("x^3"), r"\*\*"),
        (lambda: parse_expression("|x|"), r"abs\(x\)"),
        (lambda: parse_expression("e**x"), r"exp\(x\)"),
        (lambda: parse_expression("1e300**64*x"), "too many digits"),
        (lambda: RandomNetwork(transfer="1/(x**2 - 2*x*sqrt(2) + 2)"), "not real and finite"),
        (lambda: RandomNetwork(transfer="1/(1 + 1/(x - 1/16))"), "not real and finite"),
        (lambda: RandomNetwork(transfer="log(x**2 + 1, x)"), "not real and finite"),
        (lambda: parse_expression("tanh(" * 20 + "x" + ")" * 20), "more than 10 deep"),
        (
            lambda: parse_expression("+".join(f"tanh(x+{k})" for k in range(60))),
            "at most|more than",
        ),
    ],
)
def test_says_what_to_do(call, message):
    with pytest.raises(ModelError, match=message):
        call()


def test_symbols_of_other_assumptions_are_the_state():
    for symbol in (sp.Symbol("x"), sp.Symbol("x", positive=True), sp.Symbol("x", integer=True)):
        assert RandomNetwork(transfer=sp.erf(symbol)) == RandomNetwork(transfer="erf(x)")
    two = sp.Symbol("x", positive=True) + sp.Symbol("x", negative=True)
    with pytest.raises(ModelError, match="several symbols"):
        RandomNetwork(transfer=two)


def test_numbers_of_other_types_are_numbers():
    for half in (0.5, np.float32(0.5), sp.Rational(1, 2)):
        assert float(RandomNetwork(mean=half).mean) == 0.5
    with pytest.raises(ModelError, match="one number"):
        RandomNetwork(mean=Fraction)


TOKENS = (
    "x", "1", "2.5", "1/16", "1e3", "1e-8", "1e300", "pi", "+", "-", "*", "/", "**", "^", "(", ")",
    "tanh(", "exp(", "log(", "sqrt(", "Max(", "relu(", "clip(", "Abs(", ",", "softplus(", "y", "2x",
)  # fmt: skip
quick = settings(
    max_examples=200, derandomize=True, deadline=10_000, suppress_health_check=list(HealthCheck)
)
long = settings(quick, max_examples=5000)
texts = st.lists(st.sampled_from(TOKENS), min_size=1, max_size=14).map("".join)


def read(text):
    try:
        network = RandomNetwork(transfer=text)
    except ModelError:
        return
    # what is accepted is finite where it was not looked at, too
    for point in (-3.217, -0.3711, 0.1234, 2.718):
        value = sp.N(network.transfer.subs(X, sp.Rational(str(point))), 20)
        assert value.is_finite
        assert value.is_real


@quick
@given(texts)
def test_any_text_is_a_model_or_a_reason(text):
    read(text)


@pytest.mark.slow
@long
@given(texts)
def test_any_text_is_a_model_or_a_reason_at_length(text):
    read(text)


def expressions():
    leaves = st.sampled_from(["x", "1/3", "2", "x/2", "-x"])

    def extend(inner):
        unary = st.sampled_from(
            ["tanh", "exp", "log", "sqrt", "sin", "atan", "erf", "relu", "softplus", "Abs", "sign"]
        )
        return st.one_of(
            st.tuples(unary, inner).map(lambda p: f"{p[0]}({p[1]})"),
            st.tuples(inner, st.sampled_from("+-*/"), inner).map(lambda p: f"({''.join(p)})"),
            st.tuples(inner, inner).map(lambda p: f"Max({p[0]},{p[1]})"),
            st.tuples(inner, st.sampled_from(["2", "3", "-1", "-2"])).map(
                lambda p: f"({p[0]})**({p[1]})"
            ),
        )

    return st.recursive(leaves, extend, max_leaves=6)


@quick
@given(expressions())
def test_any_expression_is_a_model_or_a_reason(text):
    read(text)


@pytest.mark.slow
@long
@given(expressions())
def test_any_expression_is_a_model_or_a_reason_at_length(text):
    read(text)
