"""Scales of models in other units of state, time and activity."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.scales import in_other_units, network_scales
from theory import RandomNetwork

MODELS = {
    "rate": RandomNetwork(),
    "asymmetric": RandomNetwork(transfer="tanh(x + 1/2)"),
    "gain": RandomNetwork(local="-3*x", gain="1/(1 + x**2)", transfer="sin(x)"),
    "double well": RandomNetwork(local="x - x**3"),
    "cubic": RandomNetwork(local="-x**3"),
    "threshold": RandomNetwork(transfer="Max(0, x - 1)"),
    "clipped": RandomNetwork(transfer="Min(1, Max(-1, x))"),
    "square": RandomNetwork(transfer="x**2"),
    "off rest": RandomNetwork(local="2 - x", transfer="tanh(x)"),
}


@pytest.mark.parametrize("network", MODELS.values(), ids=MODELS)
def test_scales_change_with_the_units(network):
    plain = network_scales(network)
    assert 0.3 < plain.length < 1.5
    assert 0.3 < plain.time < 1.5
    other = network_scales(in_other_units(network, 100, 7, origin=3, activity=5))
    assert other.origin == pytest.approx(100 * plain.origin + 3)
    assert other.length == pytest.approx(100 * plain.length)
    assert other.time == pytest.approx(plain.time * 100 / 7)
    assert other.energy == pytest.approx(49 * plain.energy)
    assert other.reduced(4.9) == pytest.approx(plain.reduced(0.1))


def test_what_bends_nowhere_has_the_length_of_its_thermal_motion():
    scales = network_scales(RandomNetwork(local="-4*x", transfer="x"))
    assert scales.length == np.inf
    assert scales.width(0.16) == pytest.approx(0.1)  # E = (4 x)^2/2, <x^2> = T/16
    assert scales.reduced(0.16) == scales.reduced(3.0) == 1


def test_scales_where_nothing_leads_back_but_the_confinement():
    scales = network_scales(
        RandomNetwork(local="0", gain="0*x + 1", transfer="x**2", confinement=2)
    )
    assert scales.time == pytest.approx(0.5)
