"""Stationary equations of a unit, derived from the effective process."""

from __future__ import annotations

import pytest
import sympy as sp

from theory import RandomNetwork
from theory.ensembles import g, mu, sigma_h
from theory.expressions import ModelError
from theory.stationary_process import C, C_slope, D, Delta, StationaryProcess, energy, m

FULL = RandomNetwork(local="3 - 2*x", gain="1/2", transfer="tanh(x + 1)", mean=0.3, field_std=0.2)


def test_sompolinsky_crisanti_sommers():
    """Their equation of motion, and the exponent sqrt(1 - E) - 1 in the well 1 - g^2 C'."""
    process = StationaryProcess(RandomNetwork())
    assert process.acceleration == Delta - g**2 * C
    assert process.square_drift.subs(D, 0).equals(g**2 * C - Delta)
    assert process.start == -D
    # here the energy is without the 1 of the free decay
    assert process.well == -(g**2) * C_slope
    assert process.growth_rate.subs(energy, energy - 1).equals(sp.sqrt(1 - energy) - 1)
    assert process.mean == 0


def test_all_terms():
    process = StationaryProcess(FULL)
    assert process.acceleration.equals(4 * Delta - g**2 * C / 4 - sigma_h**2)
    assert process.mean.equals((3 + mu * m / 2) / 2)
    assert process.growth_rate.equals(sp.sqrt(-energy) - 2)


def test_linear_unit_with_noise_by_hand():
    """Ornstein-Uhlenbeck process: Delta = D/k exp(-k tau), of drift -k x."""
    process = StationaryProcess(RandomNetwork(local="-3*x"))
    tau = sp.Symbol("tau", positive=True)
    free = D / 3 * sp.exp(-3 * tau)
    assert (process.acceleration.subs({C: 0, Delta: free}) - free.diff(tau, 2)).equals(0)
    assert free.diff(tau).subs(tau, 0).equals(process.start)
    assert process.square_drift.subs({C: 0, Delta: D / 3}).equals(9 * D / 3)


@pytest.mark.parametrize(
    ("model", "reciprocity", "message"),
    [
        ({}, 0.3, r"gamma = 0\.3 gives a unit a memory .*two_time"),
        (
            {"local": "-x - x**3"},
            0.0,
            r"slope of the local drift is -3\*x\*\*2 - 1; use .*two_time",
        ),
        ({"gain": "1 + x**2"}, 0.0, r"the gain is x\*\*2 \+ 1; use validation\.two_time"),
        ({"local": "x - 1"}, 0.0, r"local x - 1 has the slope 1"),
        ({"transfer": sp.sign(sp.Symbol("x", real=True))}, 0.0, "jumps at x = 0"),
    ],
)
def test_what_is_not_gaussian_is_refused(model, reciprocity, message):
    with pytest.raises(ModelError, match=message):
        StationaryProcess(RandomNetwork(**model), reciprocity)
