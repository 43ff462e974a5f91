"""The cavity equations of one unit against its root found by bisection, and refusals."""

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad

from theory.cavity import OWN, SHARED, SLOPE, C, CavityEquations, R, m
from theory.ensembles import RandomNetwork, g, gamma, mu, sigma_h
from theory.expressions import ModelError, X

NETWORKS = {
    "rate": RandomNetwork(),
    "gain": RandomNetwork(gain="1/(1 + x**2)", transfer="tanh(x + 1/3)", mean=0.3),
    "gain and field": RandomNetwork(gain="1 + tanh(x)/4", transfer="erf(x)", field_std=0.4),
}
VALUES = {g: 0.9, gamma: 0.4, C: 0.3, R: 0.7, m: 0.2}


def at_values(network, expression):
    return expression.subs({**VALUES, mu: network.mean, sigma_h: network.field_std})


def roots_at(network, zeta, h):
    """States of units at given fields by bisection, and their activities."""
    drive = network.mean * VALUES[m] + zeta
    reaction = VALUES[g] ** 2 * VALUES[gamma] * VALUES[R]
    a, b, c = (
        sp.lambdify(X, e, ["numpy", "scipy"])
        for e in (network.local, network.gain, network.transfer)
    )
    low, high = np.full_like(zeta, -60), np.full_like(zeta, 60)
    for _ in range(60):
        x = (low + high) / 2
        above = a(x) + b(x) * (drive + reaction * c(x)) + h > 0
        low, high = np.where(above, x, low), np.where(above, high, x)
    return low, c(low)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_response_is_the_slope_of_the_root(network):
    equations = CavityEquations(network)
    zeta, h, step = 0.37, 0.21 if network.field_std else 0.0, 1e-5
    states, activities = roots_at(network, zeta + step * np.array([-1.0, 0.0, 1.0]), h)
    fields = {field: {"zeta": zeta, "h": h}[field.name] for field in equations.fields}
    slope = equations.force.diff(X).subs(fields)
    response = at_values(network, equations.response.subs(SLOPE, slope)).subs(X, states[1])
    assert float(response) == pytest.approx((activities[2] - activities[0]) / (2 * step), rel=1e-8)


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_averages_over_states_are_averages_over_fields(network):
    """Trapezoidal sums over the fields with the root at every node, against integrals over x."""
    equations = CavityEquations(network)
    z = np.linspace(-7, 7, 141)
    chance = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    spread = VALUES[g] * np.sqrt(VALUES[C])
    if network.field_std:
        zeta, h = np.meshgrid(spread * z, network.field_std * z, indexing="ij")
        chances = np.outer(chance, chance)
    else:
        zeta, h, chances = spread * z, 0.0, chance
    _, activity = roots_at(network, zeta, h)
    # R = <z c>/(g sqrt C) by integration by parts
    functions = {"C": activity**2, "R": zeta * activity / spread**2, "m": activity, "degree": 1.0}
    for name, function in functions.items():
        integrand = at_values(network, equations.integrands[name])
        numeric = sp.lambdify(X, integrand, ["numpy", "scipy"])
        found = quad(numeric, -25, 25, points=[-3, -1, 0, 1, 3], limit=400)[0]
        assert found == pytest.approx(np.sum(chances * function), abs=1e-9)


def test_noise_of_one_state():
    """s/T = 1 + g^2 chi b^2 for q - Q = chi T."""
    network = NETWORKS["gain"]
    chi = sp.Symbol("chi", real=True)
    expected = 1 + g**2 * chi * network.gain**2
    assert sp.simplify(CavityEquations(network).noise - expected) == 0


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_equations_by_hand(network):
    """C = <c^2>, R = <-b c'/f'>, chi = <c'^2 (1 + g^2 chi b^2)/f'^2>, chi = D/(1 - g^2 D)."""
    chi = sp.Symbol("chi", real=True)
    b, c = network.gain, network.transfer
    expected = {
        C: c**2,
        R: -b * c.diff(X) / SLOPE,
        chi: c.diff(X) ** 2 * (1 + g**2 * chi * b**2) / SLOPE**2,
    } | ({m: c} if network.mean else {})
    equations = CavityEquations(network)
    assert equations.stationarity.keys() == expected.keys()
    for symbol, value in expected.items():
        assert sp.simplify(equations.stationarity[symbol] - value) == 0
    assert sp.simplify(equations.reaction - g**2 * gamma * R) == 0
    assert sp.simplify(equations.susceptibility - OWN / (1 - SHARED)) == 0
    assert "Stationarity" in equations.derivation.text()
    assert "<math" in equations.derivation.html()


def test_confinement_is_refused():
    with pytest.raises(ModelError, match="use confinement 0"):
        CavityEquations(RandomNetwork(confinement=0.3))
