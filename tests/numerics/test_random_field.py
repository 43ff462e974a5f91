"""The end of a single state against independent scalar problems and solved points."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, fsolve

from numerics import solve
from numerics.critical_lines import random_field_transition
from theory import ModelError, RandomNetwork, replica_symmetric


def normal_average(function, variance):
    weight = lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    scale = np.sqrt(variance)
    return quad(lambda z: weight(z) * function(scale * z), -10, 10, epsabs=1e-13, limit=400)[0]


def test_edge_of_chaos_of_deep_tanh_networks():
    """sigma_w^2 = 1.76095 at sigma_b^2 = 0.05, from mean-field theory of deep networks."""
    line = random_field_transition(RandomNetwork(), field_std=0.05**0.5)
    assert line.g.item() ** 2 == pytest.approx(1.76095, abs=6e-6)
    assert line.error.item() < 1e-11


def test_edge_of_chaos_from_its_scalar_equations():
    """gamma = 0: q = E c(x)^2 and g^2 E c'(x)^2 = 1 with x normal of variance g^2 q + sigma^2."""
    sigma = 0.4

    def overlap(g):
        map_of = lambda q: normal_average(lambda x: np.arctan(x) ** 2, g * g * q + sigma**2) - q
        return brentq(map_of, 1e-6, 3)

    def margin(g):
        variance = g * g * overlap(g) + sigma**2
        return g * g * normal_average(lambda x: 1 / (1 + x * x) ** 2, variance) - 1

    expected = brentq(margin, 1, 2.5, xtol=1e-12)
    line = random_field_transition(RandomNetwork(transfer="atan(x)"), 0.0, sigma)
    assert line.g.item() == pytest.approx(expected, rel=1e-9)


def test_reciprocal_couplings():
    """Averages over the state x instead of the field y = x - g^2 gamma R tanh x."""
    gamma, sigma = 0.5, 0.3

    def equations(unknown):
        g, q, response = unknown
        reaction = g * g * gamma * response
        width = np.sqrt(g * g * q + sigma**2)

        def average(function):
            def integrand(x):
                c = np.tanh(x)
                slope = 1 - reaction * (1 - c * c)
                y = x - reaction * c
                chance = np.exp(-((y / width) ** 2) / 2) / width / np.sqrt(2 * np.pi)
                return chance * slope * function(c, (1 - c * c) / slope)

            return quad(integrand, -12, 12, epsabs=1e-12, limit=200)[0]

        return [
            average(lambda c, _: c * c) - q,
            average(lambda _, d: d) - response,
            g * g * average(lambda _, d: d * d) - 1,
        ]

    g, q, response = fsolve(equations, [1.0, 0.4, 0.9], xtol=1e-12)
    line = random_field_transition(RandomNetwork(field_std=sigma), gamma)
    assert line.g.item() == pytest.approx(g, rel=1e-9)
    assert line.C.item() == pytest.approx(q, rel=1e-8)
    assert line.R.item() == pytest.approx(response, rel=1e-8)


def test_a_weak_field_leads_to_the_line_of_the_response():
    """sigma -> 0: g (1 + gamma) = 1; the distance decreases with sigma."""
    lines = random_field_transition(RandomNetwork(), 0.0, [0.1, 0.03])
    distance = lines.g.values.ravel() - 1
    assert 0 < distance[1] < distance[0] / 2


@pytest.mark.slow
def test_the_susceptibility_diverges_on_the_line():
    """T/(q - Q) of solved points at T = 1e-5 goes linearly to 0 at the line."""
    network = RandomNetwork(field_std=0.05**0.5)
    for gamma in (0.5, -0.2):
        line = random_field_transition(network, gamma).g.item()
        strengths = line * np.array([0.85, 0.89, 0.93])
        points = solve(replica_symmetric(network), strengths, gamma, 1e-5, tolerance=1e-8)
        inverse = 1e-5 / (points.q - points.Q).values.ravel()
        assert np.polyfit(inverse, strengths, 2)[-1] == pytest.approx(line, rel=0.01)


@pytest.mark.slow
def test_replicas_differ_beyond_the_line_at_temperature_zero():
    network = RandomNetwork(field_std=0.05**0.5)
    line = random_field_transition(network).g.item()
    strengths = line * np.array([1.02, 1.04, 1.06, 1.08])
    points = solve(replica_symmetric(network), strengths, 0.0, 0.0, tolerance=1e-7)
    difference = (points.q - points.Q).values.ravel()
    assert np.polyfit(difference, strengths, 3)[-1] == pytest.approx(line, rel=1e-4)


def test_no_line():
    points = random_field_transition(RandomNetwork(transfer="x", field_std=0.3))
    assert not points.converged.item()
    assert np.isnan(points.g.item())
    assert "no single state" in points.reason.item()


@pytest.mark.parametrize(
    ("settings", "arguments", "words"),
    [
        ({}, {}, "quiescent"),
        ({"field_std": 0.1}, {"gamma": 1.5}, "gamma must lie"),
        ({}, {"field_std": -1.0}, "field_std must be"),
        ({"field_std": 0.1, "confinement": 0.1}, {}, "confinement"),
    ],
)
def test_refused(settings, arguments, words):
    with pytest.raises(ModelError, match=words):
        random_field_transition(RandomNetwork(**settings), **arguments)
