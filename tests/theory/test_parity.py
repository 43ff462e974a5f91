"""Reflections: a generator of models with a known centre, and of models without one."""

import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from theory import RandomNetwork, replica_symmetric
from theory.expressions import X, kinks
from theory.parity import parity, reflections
from theory.symmetry import Reduction

ODD = [
    X, sp.tanh(X), sp.atan(X), sp.sin(X), X / (1 + sp.Abs(X)), sp.Max(-1, sp.Min(1, X)),
    sp.Max(0, X - 1) + sp.Min(0, X + 1), 1 / (1 + sp.exp(-X)) - sp.Rational(1, 2),
    sp.Piecewise((-1, X < -1), (X, X < 1), (1, True)), sp.Max(-1, sp.Min(1, sp.sinh(X))),
]  # fmt: skip
EVEN = [
    1 / (1 + X**2), sp.exp(-(X**2)), 1 + sp.Abs(sp.Abs(X) - 1), sp.cos(X) ** 2 + 1,
    1 + sp.Min(1, X**2), sp.log(1 + sp.exp(X)) - X / 2, sp.Piecewise((2, X**2 < 1), (3, True)),
]  # fmt: skip
NEITHER = [
    sp.tanh(X + sp.Rational(1, 2)), sp.Max(0, X), sp.exp(-((X - 1) ** 2)) + sp.tanh(X),
    sp.Max(-1, sp.Min(2, X)), sp.tanh(X) + sp.Rational(1, 10**6), sp.Max(-1, X, 2 * X),
    sp.tanh(X) + sp.exp(-100 * (X - 5) ** 2),
]  # fmt: skip
fractions = st.fractions(-3, 3, max_denominator=12)
rationals = fractions.map(lambda f: sp.Rational(*f.as_integer_ratio()))
odd = st.tuples(st.sampled_from(ODD), st.sampled_from([1, *EVEN])).map(sp.prod)
even = st.one_of(
    st.sampled_from(EVEN), st.tuples(st.sampled_from(ODD), st.sampled_from(ODD)).map(sp.prod)
)
quick = settings(max_examples=6, deadline=None, derandomize=True)


@quick
@given(odd, even, rationals)
def test_parity_about_any_point(odd_function, even_function, centre):
    shift = {X: X - centre}
    assert parity(odd_function.xreplace(shift), centre) == -1
    assert parity(even_function.xreplace(shift), centre) == 1
    assert parity((odd_function + even_function).xreplace(shift), centre) == 0


@quick
@given(odd, st.sampled_from([1, *EVEN]), rationals, st.sampled_from([(0, 0), (1, 0), (0, 0.5)]))
def test_the_reduction_does_not_depend_on_the_origin(transfer, gain, centre, numbers):
    network = RandomNetwork(-X, sp.sympify(gain), transfer, *numbers)
    shift = {X: X - centre}
    shifted = RandomNetwork(centre - X, sp.sympify(gain).xreplace(shift), transfer.xreplace(shift))
    shifted = RandomNetwork(shifted.local, shifted.gain, shifted.transfer, *numbers)
    plain, moved = (replica_symmetric(model).reduction for model in (network, shifted))
    assert plain.is_symmetry
    assert moved == Reduction(plain.vanishing, plain.covariance_vanishes, centre=centre)
    # random fields leave no branch without fields; a mean only adds what vanishes
    assert plain.covariance_vanishes == (numbers[1] == 0)


@quick
@given(st.sampled_from(NEITHER), st.sampled_from([1, *EVEN]), rationals)
def test_no_symmetry_is_claimed_without_one(transfer, gain, centre):
    shift = {X: X - centre}
    functions = [f.xreplace(shift) for f in (-X, sp.sympify(gain), transfer)]
    assert reflections(functions) == {}
    assert not replica_symmetric(RandomNetwork(*functions)).reduction.is_symmetry


def test_confinement_is_even_about_0_only():
    for centre, expected in ((0, True), (1, False)):
        network = RandomNetwork(centre - X, 1, sp.tanh(X - centre), confinement=0.1)
        assert replica_symmetric(network).reduction.is_symmetry == expected
        fields = RandomNetwork(centre - X, 1, sp.tanh(X - centre), field_std=0.3)
        assert replica_symmetric(fields).reduction.is_symmetry


def test_irrational_centres():
    for centre in (sp.pi, sp.log(2), sp.sqrt(2)):
        assert list(reflections([centre - X, sp.Max(-1, sp.Min(1, X - centre))])) == [centre]


def test_kinks_of_four_arguments_and_of_piecewise():
    """Max of lines through their four crossings; no kink inside an interval of zeros."""
    lines = sp.Max(-3 * X - 3, -X, X, 3 * X - 3)
    assert {sp.Rational(-3, 2), 0, sp.Rational(3, 2)} <= set(kinks(lines))
    assert kinks(sp.Piecewise((0, sp.Rational(1, 3) > X), (X, True))) == [sp.Rational(1, 3)]
    assert kinks(sp.Abs(sp.Min(0, X) + sp.Max(-1, X) + 1) + X) != []
