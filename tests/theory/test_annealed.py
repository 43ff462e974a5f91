"""The annealed average against the average over couplings done by hand."""

import pytest
import sympy as sp

from theory.annealed import Annealed
from theory.averages import written_out
from theory.ensembles import RandomNetwork, T, g, gamma, sigma_h
from theory.expressions import X
from theory.free_energy import FreeEnergy

q, rho, q_hat = (sp.Symbol(name, real=True) for name in ("q", "rho", "q_hat"))


@pytest.mark.parametrize("gain", ["1", "2 + tanh(x)"])
def test_weight_of_one_unit(gain):
    """exp(-F^2/2T) averaged: F has mean a + b g^2 gamma rho c and variance g^2 q b^2 + fields."""
    network = RandomNetwork(local="-x - x**3", gain=gain, transfer="atan(x)", field_std=0.5)
    exponent = written_out(FreeEnergy(network, Annealed()).exponent)
    a, b, c = network.local, network.gain, network.transfer
    variance = T + g**2 * q * b**2 + sigma_h**2
    mean = a + b * g**2 * gamma * rho * c
    by_hand = -(mean**2) / (2 * variance) - sp.log(variance) / 2 + q_hat * c**2
    difference = exponent - by_hand
    values = {g: 1.3, gamma: 0.4, T: 0.2, sigma_h: 0.7, q: 0.3, rho: 0.6, q_hat: -0.2, X: 0.9}
    assert abs(difference.subs(values).evalf()) < 1e-14


def test_one_replica_has_no_fields_in_common():
    functional = FreeEnergy(RandomNetwork(mean=1, field_std=0.5), Annealed())
    assert functional.fields == []
    m, m_hat = sp.Symbol("m", real=True), sp.Symbol("m_hat", real=True)
    expected = -q * q_hat - m * m_hat - g**2 * gamma * rho**2 / 2
    assert sp.expand(functional.algebraic - expected) == 0
