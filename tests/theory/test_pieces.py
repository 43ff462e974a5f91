"""Piecewise functions say the same with Max, Min and Heaviside."""

import numpy as np
import pytest
import sympy as sp

from numerics import solve
from theory import ModelError, RandomNetwork, replica_symmetric
from theory.expressions import X, kinks
from theory.pieces import without_pieces

HALF = sp.Rational(1, 2)
HARD = sp.Piecewise((0, X < -HALF), (X + HALF, X < HALF), (1, True))
CASES = [
    HARD,
    sp.Piecewise((X / 2, X < 0), (X, True)),
    sp.Piecewise((sp.log(1 + X), X > 0), (X, True)),  # no logarithm of a negative number
    sp.Piecewise((-1, X < -1), (1, X > 1), (X**3, True)),
    sp.Piecewise((sp.exp(X) - 1, X <= 0), (sp.tanh(X), X <= 2), (X, True)),  # jumps at 2
    sp.Piecewise((X, sp.And(X > -1, X < 1)), (sp.sign(X), True)),
    1 + sp.Piecewise((0, X < 0), (sp.Piecewise((X, X < 1), (1, True)), True)) ** 2,
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_values(case):
    plain = without_pieces(case, "transfer")
    assert not plain.has(sp.Piecewise)
    for x in np.linspace(-3, 3, 41) + 0.0137:
        assert float(plain.subs(X, x)) == pytest.approx(float(case.subs(X, x)), abs=1e-14)


def test_hard_sigmoid_is_the_model_with_max_and_min():
    network = RandomNetwork(transfer=HARD)
    assert kinks(network.transfer) == [-HALF, HALF]
    plain = RandomNetwork(transfer="Max(0, Min(1, x + 1/2))")
    one, two = (
        solve(replica_symmetric(model), 0.8, 0.3, 0.1).squeeze() for model in (network, plain)
    )
    for name in ("q", "Q", "rho", "m", "energy"):
        assert one[name].item() == pytest.approx(two[name].item(), rel=1e-9)


@pytest.mark.parametrize(
    ("case", "message"),
    [
        (sp.Piecewise((X, X < 0)), "no value"),
        (sp.Piecewise((X, sp.Symbol("y") < 0), (0, True)), "conditions on"),
    ],
)
def test_conditions_that_say_nothing_are_refused(case, message):
    with pytest.raises(ModelError, match=message):
        RandomNetwork(transfer=case)
