"""Critical powers of solved branches against expansions by hand at gamma = 0."""

from __future__ import annotations

import numpy as np
import pytest

from numerics import solve
from numerics.exponents import fit_power
from theory import RandomNetwork, replica_symmetric
from theory.expressions import ModelError


def test_activity_at_zero_temperature():
    """x is normal of variance g^2 q: q = E tanh^2 = g^2 q - 2 g^4 q^2 + ..., so q = (g - 1)."""
    distance = np.geomspace(3e-3, 5e-2, 24)
    q = solve(replica_symmetric(RandomNetwork()), 1 + distance, 0.0, 0.0).q.squeeze().values
    found = fit_power(distance, q)
    assert found.exponent == pytest.approx(1, abs=max(3 * found.exponent_error, 1e-6))
    assert found.exponent_error < 1e-2
    assert found.amplitude == pytest.approx(1, rel=0.01)


def test_activity_at_the_transition():
    """There ``q = v - 2 v^2`` with ``v = q + T``: q = (T/2)^(1/2)."""
    temperature = np.geomspace(2e-6, 1e-4, 24)
    q = solve(replica_symmetric(RandomNetwork()), 1.0, 0.0, temperature).q.squeeze().values
    found = fit_power(temperature, q, correction=0.5)
    assert found.exponent == pytest.approx(0.5, abs=1e-4)
    assert found.amplitude == pytest.approx(np.sqrt(0.5), rel=1e-3)


def test_pure_power_has_no_error():
    x = np.geomspace(1e-3, 1, 30)
    found = fit_power(x, 2.5 * x**-1.5)
    assert found == pytest.approx((-1.5, 0, 2.5, 0), abs=1e-9)


def test_bad_points():
    with pytest.raises(ModelError, match="at least 8"):
        fit_power(np.arange(5.0), np.arange(5.0))
