"""Leading eigenvalues of Jacobians against all of them."""

import numpy as np
import pytest

from numerics import growth
from numerics.growth import largest_growth_rate
from numerics.targets import network_target
from theory import RandomNetwork

RATE = RandomNetwork()


@pytest.mark.parametrize("gamma", [0.0, 0.5, -0.4])
def test_arnoldi_iteration_finds_the_rightmost_eigenvalue(gamma):
    couplings, _ = RATE.draw(500, 1.0, gamma, seed=3)
    expected = np.linalg.eigvals(couplings).real.max() - 1
    found = largest_growth_rate(network_target(RATE, couplings))
    assert found == pytest.approx(expected, abs=1e-9)


def test_equal_eigenvalues_and_failed_iterations(monkeypatch):
    target = network_target(RATE, np.zeros((450, 450)))
    assert largest_growth_rate(target) == pytest.approx(-1, abs=1e-9)

    def fail(*arguments, **options):
        raise growth.ArpackError(-8)

    monkeypatch.setattr(growth, "eigs", fail)
    assert largest_growth_rate(target) == pytest.approx(-1, abs=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.5, -0.4])
def test_one_eigenvalue_with_few_vectors_in_large_systems(gamma, monkeypatch):
    couplings, _ = RATE.draw(500, 1.0, gamma, seed=4)
    monkeypatch.setattr(growth, "LARGEST_FALLBACK", 450)
    found = largest_growth_rate(network_target(RATE, couplings), tolerance=1e-3)
    assert found == pytest.approx(np.linalg.eigvals(couplings).real.max() - 1, abs=2e-3)


def test_what_does_not_converge_in_large_systems_is_not_a_number(monkeypatch):
    couplings, _ = RATE.draw(500, 1.0, 0.0, seed=4)
    monkeypatch.setattr(growth, "LARGEST_FALLBACK", 450)
    monkeypatch.setattr(growth, "_RESTARTS", 1)
    assert np.isnan(largest_growth_rate(network_target(RATE, couplings)))
