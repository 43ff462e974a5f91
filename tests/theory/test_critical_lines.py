"""Critical lines in closed form against THEORY: hand results, solved points, refusals."""

import numpy as np
import pytest
import sympy as sp

from numerics import solve
from theory import ModelError, RandomNetwork, replica_symmetric
from theory.critical_lines import activity_onset, response_singularity
from theory.ensembles import T, g, gamma, mu
from theory.quiescence import quiescent_state, taylor_coefficients
from theory.quiescent_expansion import chi, kappa, quiescent_expansion, tau

RATE = RandomNetwork()
GAIN = RandomNetwork(local="-x - x**3/2", gain="1/(1 + x**2)", transfer="erf(x)")
CUBIC = RandomNetwork(local="-2*x - x**3", transfer="atan(x)")


def test_lines_of_the_rate_network():
    assert response_singularity(RATE).condition == sp.Eq(g * (gamma + 1), 1)
    assert activity_onset(RATE).condition == sp.Eq(g**2 * (gamma + 1), 1)
    assert response_singularity(RATE).at(0.5) == pytest.approx(2 / 3, rel=1e-15)
    assert activity_onset(RATE).at(0.5) == pytest.approx(1.5**-0.5, rel=1e-15)
    assert response_singularity(RATE).at(-1) == np.inf


@pytest.mark.parametrize(("A", "B", "C"), [(0, 0, 1), (1, 0, 2), (0, 1, 2), (2, 1, 3)])
def test_third_order_condition(A, B, C):
    """3 C (G - 1) + B (G - 3) - 3 A = 0 with G = g^2 (1 + gamma), derived by hand."""
    network = RandomNetwork(
        local=f"-x - {A}*x**3", gain=f"1/(1 + {B}*x**2)", transfer=f"x/(1 + {C}*x**2)"
    )
    strength = activity_onset(network).condition.rhs
    assert 3 * C * (strength - 1) + B * (strength - 3) - 3 * A == 0


@pytest.mark.parametrize("scale", [2, sp.Rational(1, 3)])
def test_lines_scale_with_slope_and_gain(scale):
    """a -> s a, b -> s b rescales the force; only g times the slope of c counts."""
    fast = RandomNetwork(
        local=scale * GAIN.local, gain=scale * GAIN.gain, transfer=GAIN.transfer / scale
    )
    for line in (response_singularity, activity_onset):
        ratio = line(fast).at(0.3) / line(GAIN).at(0.3)
        assert ratio == pytest.approx(float(scale), rel=1e-14)


@pytest.mark.parametrize(("strength", "reciprocity"), [(0.5, 0.3), (0.6, -0.7), (0.95, 0.0)])
def test_quiescent_state_of_a_linear_network(strength, reciprocity):
    """rho = R0, q/T = R0^2/(1 - g^2 R0^2); the linear network has nothing else."""
    state = quiescent_state(RandomNetwork(transfer="x"))
    values = {g: strength, gamma: sp.nsimplify(reciprocity)}
    R0 = 1.0
    if reciprocity:
        root = np.sqrt(1 - 4 * reciprocity * strength**2)
        R0 = (1 - root) / (2 * reciprocity * strength**2)
    assert float(state.rho.subs(values)) == pytest.approx(R0, rel=1e-14)
    expected = R0**2 / (1 - strength**2 * R0**2)
    assert float(state.susceptibility.subs(values)) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize("network", [RATE, CUBIC], ids=["rate", "cubic"])
def test_quiescent_state_against_a_solved_point(network):
    """Also the functional: its value is that of the Gaussian problem."""
    temperature, values = 1e-7, {g: 0.7, gamma: sp.Rational(2, 5)}
    point = solve(replica_symmetric(network), 0.7, 0.4, temperature)
    state = quiescent_state(network)
    expansion = quiescent_expansion()
    assert point.rho.item() == pytest.approx(float(state.rho.subs(values)), rel=1e-4)
    ratio = float(state.susceptibility.subs(values))
    assert point.q.item() / temperature == pytest.approx(ratio, rel=1e-3)
    numbers = {**taylor_coefficients(network, 5), **values, tau: 1, kappa: 0, chi: ratio}
    numbers[expansion.rho] = state.rho.subs(values)
    functional = float(expansion.leading.subs(numbers)) + np.log(temperature) / 2
    assert -point.free_energy.item() / temperature == pytest.approx(functional, rel=1e-6)


@pytest.mark.parametrize("network", [RATE, GAIN], ids=["rate", "gain"])
def test_response_peaks_on_its_line(network):
    """For gamma > 0 and T -> 0 the peak moves to the line, with height 1/g."""
    line = response_singularity(network).at(0.5)
    factors = np.linspace(0.94, 1.06, 13)
    points = solve(replica_symmetric(network), line * factors, 0.5, [1e-6, 1e-8]).squeeze()
    peaks = factors[points.rho.values.argmax(axis=0)]
    assert peaks[1] == pytest.approx(1, abs=1e-12)
    # at the line g rho = 1, up to sqrt(T)
    assert line * points.rho.values.max(axis=0)[1] == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("network", [RATE, GAIN, CUBIC], ids=["rate", "gain", "cubic"])
def test_activity_vanishes_like_the_root_of_temperature_between_the_lines(network):
    onset, response = activity_onset(network), response_singularity(network)
    between = (onset.at(0.5) + response.at(0.5)) / 2
    point = solve(replica_symmetric(network), between, 0.5, 1e-8)
    values = {g: between, gamma: sp.Rational(1, 2), T: 1e-8}
    expected = float(onset.marginal_activity.subs(values))
    assert point.q.item() == pytest.approx(expected, rel=2e-3)


def test_slope_of_the_activity():
    """gamma = 0: q = E tanh^2 at variance g^2 q gives q = (g^2 - 1)/2 to first order."""
    slope = activity_onset(RATE).activity.subs(gamma, 0).diff(g).subs(g, 1)
    assert slope == 1
    # an expanding transfer: q grows to the left, so that the transition is not continuous
    assert activity_onset(RandomNetwork(transfer="sinh(x)")).activity.subs({g: 2, gamma: 0}) < 0


def test_general_conditions_hold_for_any_coefficients():
    """For the model's own numbers the general equations become its condition."""
    for line in (response_singularity, activity_onset):
        found = line(GAIN)
        there = found.general.rhs.subs(taylor_coefficients(GAIN, 3))
        assert sp.simplify(there - found.condition.rhs) == 0


def test_a_network_without_parity_has_a_response_line_only():
    network = RandomNetwork(transfer="tanh(x) + x**2/(1 + x**4)")
    assert response_singularity(network).condition.rhs == 1
    with pytest.raises(ModelError, match="not odd"):
        activity_onset(network)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"transfer": "tanh(x + 1/2)"}, "no quiescent state"),
        ({"local": "1 - x"}, "no quiescent state"),
        ({"field_std": 0.1}, "keeps every unit active"),
        ({"confinement": 0.1}, "ground state at every g"),
        ({"local": "x - x**3"}, "slope 1"),
        ({"local": "-x + x**3 - x**5/8"}, "further zeros"),
        ({"gain": "x"}, "not transmitted"),
        ({"local": "-x - Abs(x)/2"}, "no Taylor series"),
    ],
)
def test_refused(settings, words):
    for line in (response_singularity, activity_onset, quiescent_state):
        with pytest.raises(ModelError, match=words):
            line(RandomNetwork(**settings))


def test_activity_of_a_linear_network_never_starts():
    for local in ("-x", "-x - x**3"):
        with pytest.raises(ModelError, match="does not start from 0"):
            activity_onset(RandomNetwork(local=local, transfer="x"))


# mean, g and gamma on the line, for tanh and for -2x, 2 tanh of the opposite sign
OUTLIERS = [(0.8, (0.16 / 0.5) ** 0.5, 0.5), (2, (2 / 0.9) ** 0.5, -0.9)]


@pytest.mark.parametrize(("mean", "strength", "reciprocity"), OUTLIERS)
@pytest.mark.parametrize("sign", [1, -1])
def test_mean_activity_grows_where_an_eigenvalue_of_drawn_matrices_does(
    mean, strength, reciprocity, sign
):
    """mu + gamma g^2/mu = 1, outside the ellipse; the largest growth rate of x = 0 vanishes."""
    network = RandomNetwork(
        local="-2*x",
        gain="2/(1 + x**2)",
        transfer=sign * RATE.transfer,
        mean=sign * mean,
    )
    line = response_singularity(network).outlier
    assert line.at(reciprocity) == pytest.approx(strength, rel=1e-12)
    rates = []
    for seed in range(8):
        couplings, _ = network.draw(400, strength, reciprocity, seed)
        rates.append(2 * np.linalg.eigvals(sign * couplings).real.max() - 2)
    error = np.std(rates, ddof=1) / np.sqrt(8)
    assert abs(np.mean(rates)) < 3 * error < 0.25


def test_the_first_of_two_lines_counts():
    """tanh: the outlier comes first where mu (1 + gamma) > 1, and nothing is quiet above mu = 1."""
    found = response_singularity(RandomNetwork(mean=0.8)).along([-0.5, 0.2, 0.25, 0.5])
    assert found == pytest.approx([2, 1 / 1.2, 0.8, (0.16 / 0.5) ** 0.5], rel=1e-12)
    strong = response_singularity(RandomNetwork(mean=2))
    with pytest.raises(ModelError, match="mean 2 makes the state without mean activity unstable"):
        strong.at(0.0)
    # anticorrelated couplings hold mean activity down from the outlier's line to the bulk's
    assert strong.outlier.at(-0.8) == pytest.approx(2.5**0.5)
    assert strong.at(-0.8) == 5
    onset = activity_onset(RandomNetwork(mean=0.8))
    assert onset.at(0.2) == activity_onset(RATE).at(0.2)
    with pytest.raises(ModelError, match="start with a mean"):
        onset.at(0.5)
    # couplings that oppose mean activity have no such line
    assert response_singularity(RandomNetwork(mean=-2)).outlier is None
    assert response_singularity(RandomNetwork(mean=-2)).at(0.25) == 0.8


def test_mean_activity_of_a_solved_network_starts_at_the_outlier():
    """Gibbs measure at T -> 0, gamma = 1/2, mu = 0.8: line at g = 0.5657, bulk at 0.667."""
    network = RandomNetwork(mean=0.8)
    line = response_singularity(network).at(0.5)
    determinant = []
    for factor in (0.97, 1.03):
        values = {g: line * factor, gamma: sp.Rational(1, 2), mu: 0.8, tau: 1, kappa: 0}
        point = solve(replica_symmetric(network), line * factor, 0.5, 1e-8)
        assert abs(point.m.item()) < 1e-6
        determinant.append(1 - 0.8 * point.rho.item())
        expected = quiescent_expansion().mean_stability
        values[quiescent_expansion().rho] = point.rho.item()
        values |= taylor_coefficients(network, 1)
        assert determinant[-1] ** 2 == pytest.approx(float(expected.subs(values)), abs=1e-5)
    assert determinant[0] > 0 > determinant[1]


def test_derivations_are_rendered():
    for line in (response_singularity, activity_onset):
        derivation = line(GAIN).derivation
        assert derivation.steps[-1].equations[-1] == line(GAIN).condition
        assert "Critical line" in derivation.text()
        assert "<math" in derivation.html()
        assert r"\begin{align*}" in derivation.latex()
