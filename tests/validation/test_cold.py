"""Tempering of networks against the theory and against plain sampling."""

import numpy as np
import pytest

from numerics import solve
from theory import ModelError, RandomNetwork, replica_symmetric
from validation.cold import ladder_through, validate_cold
from validation.sampling import Tempering

NETWORK = RandomNetwork()


def line(temperatures, g=0.9, gamma=0.5):
    return solve(replica_symmetric(NETWORK), g, gamma, temperatures).squeeze()


def test_all_temperatures_agree_with_theory():
    checked = validate_cold(
        NETWORK,
        line([0.05, 0.3]),
        size=[20, 40, 80],
        networks=16,
        tempering=Tempering(draws=80, warmup=60),
        seed=5,
    )
    assert checked.mixed.all()
    assert not (checked.verdict == "refuted").any()
    # energies have the smallest errors: they decide most
    assert (checked.verdict.sel(quantity="energy") == "confirmed").all()
    assert (checked.acceptance > 0.2).all()
    assert checked.temperature.values.tolist() == [0.05, 0.3]


def test_same_bits_on_two_threads(tmp_path):
    effort = {"size": [8, 16], "networks": 2, "tempering": Tempering(draws=20, warmup=20)}
    phases = line([0.1, 0.3])
    one = validate_cold(NETWORK, phases, directory=tmp_path, **effort)
    two = validate_cold(NETWORK, phases, threads=2, **effort)
    assert one.identical(two)


def test_ladder_has_the_temperatures_asked_for_and_small_gaps():
    rungs = ladder_through(np.array([0.003, 0.01, 0.3]), size=100)
    assert {0.003, 0.01, 0.3} <= set(rungs.tolist())
    assert np.diff(np.log(rungs)).max() <= np.log1p(0.16) + 1e-12


def test_bad_input():
    with pytest.raises(ModelError, match="several temperatures"):
        validate_cold(NETWORK, line(0.1))
    with pytest.raises(ModelError, match="several temperatures"):
        validate_cold(NETWORK, line([0.1, 0.2], g=[0.5, 0.9]))
    with pytest.raises(ModelError, match="even number"):
        Tempering(chains=3)
