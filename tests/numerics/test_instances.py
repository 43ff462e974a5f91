"""The same network in every study, and no random number twice."""

from __future__ import annotations

import numpy as np
import pytest

from numerics.instances import Instance
from numerics.targets import network_target
from theory import ModelError, RandomNetwork
from theory.streams import NAMES, stream
from validation import Sampling, Tempering
from validation.chaos import chaos_against_size
from validation.cold import temper_network
from validation.quiescence import quiescent_stability
from validation.search import search_networks
from validation.simulate import simulate_network
from validation.starts import starting_states
from validation.two_time_networks import network_correlations

RATE = RandomNetwork()
SIZE, SEED = 16, 5

# what each study does with the networks number 0 and 1 of this size and seed
STUDIES = {
    "measure": lambda: [
        simulate_network(Instance(RATE, SIZE, SEED, k), 0.5, 0.2, 0.5, Sampling(4, 20, 20))
        for k in range(2)
    ],
    "tempering": lambda: [
        temper_network(
            Instance(RATE, SIZE, SEED, k), 0.5, 0.2, np.array([0.3, 0.5]), [[-1.0, 1.0]] * 2,
            Tempering(draws=20, warmup=20),
        )
        for k in range(2)
    ],
    "chaos": lambda: chaos_against_size(
        RATE, 0.5, 0.2, [SIZE], 2, SEED, chains=1, duration=20, transient=1
    ),
    "quiescence": lambda: quiescent_stability(RATE, [0.5, 2.0], 0.2, [SIZE], 2, SEED),
    "search": lambda: search_networks(RATE, 0.5, 0.2, SIZE, 2, 2, seed=SEED),
    "two times": lambda: network_correlations(
        RATE, 0.5, 0.2, 1.0, size=SIZE, networks=2, seed=SEED
    ),
}  # fmt: skip


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_all_studies_draw_the_same_networks(study, monkeypatch):
    drawn = []

    def record(network, J, h=None, **options):
        drawn.append(np.array(J))
        return network_target(network, J, h, **options)

    monkeypatch.setattr("numerics.instances.network_target", record)
    study()
    assert len(drawn) >= 2
    # couplings of another strength are the same random numbers
    expected = [Instance(RATE, SIZE, SEED, k).draw(1.0, 0.2)[0] for k in range(2)]
    for couplings in drawn:
        scaled = [couplings[0, 0] / other[0, 0] * other for other in expected]
        assert any(np.allclose(couplings, other, rtol=1e-13) for other in scaled)
    at_half = [Instance(RATE, SIZE, SEED, k).draw(0.5, 0.2)[0] for k in range(2)]
    assert all(any((couplings == other).all() for couplings in drawn) for other in at_half)


def test_no_two_streams_share_a_number():
    """With one seed for everything, as by default: couplings, fields, states, momenta, noise."""
    network, size = RandomNetwork(field_std=1), 16
    numbers = []
    for seed in range(3):
        roots = [seed, *(Instance(network, n, seed, k).sequence for n in (2, size) for k in (0, 1))]
        for root in roots:
            couplings, fields = network.draw(size, g=4.0, gamma=0.0, seed=root)  # not scaled
            sparse, _ = network.draw_sparse(size, np.sqrt(size), 0.0, size, seed=root)
            target = network_target(network, couplings, fields)
            states = starting_states(target, count=20, seed=root)
            numbers += [couplings, fields, states]
            # of the same stream as dense couplings, but never of another
            assert set(sparse.data) & set(couplings.ravel())
            for name in set(NAMES) - {"couplings", "fields", "starts"}:
                numbers.append(np.random.default_rng(stream(root, name)).standard_normal(400))
        numbers.append(np.random.default_rng(seed).standard_normal(400))
    flat = np.concatenate([np.ravel(part) for part in numbers])
    assert len(np.unique(flat)) == len(flat)


def test_public_draw_and_starts_with_the_same_seed_differ():
    """The first N S numbers of both were equal once."""
    couplings, _ = RATE.draw(10, np.sqrt(10), 0.0, seed=0)
    states = starting_states(network_target(RATE, couplings), 10, seed=0)
    assert not np.isin(states, couplings).any()


def test_streams_are_those_of_the_instance():
    instance = Instance(RandomNetwork(field_std=0.5), 10, seed=3, number=4)
    J, h = instance.model.draw(10, 0.7, -0.2, seed=np.random.SeedSequence(3, spawn_key=(10, 4)))
    np.testing.assert_array_equal(instance.draw(0.7, -0.2)[0], J)
    np.testing.assert_array_equal(instance.draw(0.7, -0.2)[1], h)
    x = np.ones((10, 2))
    np.testing.assert_allclose(
        instance.target(0.7, -0.2).drift(x), -x + J @ np.tanh(x) + h[:, None], rtol=1e-12
    )


@pytest.mark.parametrize(
    ("numbers", "words"),
    [((0,), "size"), ((5, -1), "seed"), ((5, 0, -1), "number must be at least 0, not -1")],
)
def test_bad_numbers_are_refused(numbers, words):
    with pytest.raises(ModelError, match=words):
        Instance(RATE, *numbers)
    with pytest.raises(ModelError, match="unknown stream 'colour'"):
        stream(0, "colour")
