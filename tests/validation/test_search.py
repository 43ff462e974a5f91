"""Searches in drawn networks against exhaustive knowledge, and the starts they use."""

import numpy as np
import pytest

from numerics.fixed_points import find_fixed_points
from numerics.targets import network_target
from theory import ModelError, RandomNetwork
from validation.search import search_networks
from validation.starts import starting_states

RATE = RandomNetwork()


def test_symmetric_networks_have_only_what_their_energy_allows():
    """At gamma = 1 and below the edge g (1 + gamma) = 1 the state of rest is the only zero."""
    found = search_networks(RATE, 0.4, 1.0, size=40, networks=2, starts=3)
    assert found.share.sel(end="rest").values.tolist() == [1.0, 1.0]
    assert np.isnan(found.transfer_squared).all()


def test_zeros_come_in_pairs_with_equal_activity():
    """Where c is odd, -x is a zero with x: the search from mirrored starts finds mirrored ends."""
    couplings, _ = RATE.draw(60, 2.0, 0.3, seed=5)
    target = network_target(RATE, couplings)
    starts = starting_states(target, 4, seed=1)
    one, other = (find_fixed_points(target, sign * starts) for sign in (1, -1))
    np.testing.assert_allclose(one.state.values, -other.state.values, atol=1e-9)


def test_same_result_on_two_threads_and_kept_on_disk(tmp_path):
    arguments = (RATE, 1.8, 0.0, 30, 3, 4)
    one = search_networks(*arguments, seed=2, directory=tmp_path)
    two = search_networks(*arguments, seed=2, threads=2)
    again = search_networks(*arguments, seed=2, directory=tmp_path)
    assert one.identical(two)
    assert one.identical(again)


def test_starts_of_the_measure_have_its_energy():
    """E/N = T/2 (1/N of it by the equipartition of N Gaussian residuals)."""
    couplings, _ = RATE.draw(80, 0.5, 0.0, seed=3)
    target = network_target(RATE, couplings)
    states = starting_states(target, 24, "measure", temperature=0.05, seed=4)
    energy = target.energy_and_gradient(states)[0] / 80
    error = energy.std(ddof=1) / np.sqrt(24)
    assert energy.mean() == pytest.approx(0.025, abs=4 * error + 0.002)


def test_bad_starts():
    target = network_target(RATE, np.zeros((3, 3)))
    with pytest.raises(ModelError, match="gaussian, trajectory, measure"):
        starting_states(target, 2, "elsewhere")
    with pytest.raises(ModelError, match="at least 1"):
        starting_states(target, 0)
    with pytest.raises(ModelError, match="starts must be at least 1"):
        search_networks(RATE, 1.0, 0.0, 20, 1, 0)
