"""Drawn couplings have the statistics that the disorder average assumes."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import sympy as sp

from theory.ensembles import RandomNetwork, check_parameters, g, gamma, mu
from theory.expressions import ModelError, X

SIZE, DRAWS = 600, 4  # larger than one block of the mixing


@pytest.mark.parametrize("reciprocity", [-0.6, 0.0, 0.5])
def test_statistics_of_couplings(reciprocity):
    network = RandomNetwork(mean=2)
    strength = 1.3
    draws = [network.draw(SIZE, strength, reciprocity, seed)[0] for seed in range(DRAWS)]
    z = np.stack([(J - 2 / SIZE) * np.sqrt(SIZE) / strength for J in draws])
    upper = np.triu_indices(SIZE, 1)
    above, below = z[:, *upper], z.transpose(0, 2, 1)[:, *upper]
    diagonal = np.diagonal(z, axis1=1, axis2=2)
    pairs = above.size
    # five standard errors of moments of Gaussian numbers
    assert abs(above.mean()) < 5 / np.sqrt(pairs)
    assert above.var() == pytest.approx(1, abs=5 * np.sqrt(2 / pairs))
    assert (above * below).mean() == pytest.approx(reciprocity, abs=5 * np.sqrt(2 / pairs))
    expected = 1 + reciprocity
    assert diagonal.var() == pytest.approx(expected, abs=5 * expected * np.sqrt(2 / diagonal.size))


def test_mean_coupling():
    J, _ = RandomNetwork(mean=3).draw(SIZE, 1.0, 0.0, seed=0)
    assert J.sum(axis=1).mean() == pytest.approx(3, abs=5 / np.sqrt(SIZE))
    J, _ = RandomNetwork(mean=3).draw(SIZE, 0.0, 0.0, seed=0)
    np.testing.assert_array_equal(J, 3 / SIZE)


def test_symmetric_and_antisymmetric_exactly():
    network = RandomNetwork()
    symmetric, _ = network.draw(SIZE, 1.2, 1, seed=3)
    antisymmetric, _ = network.draw(SIZE, 1.2, -1, seed=3)
    assert (symmetric == symmetric.T).all()
    assert (antisymmetric == -antisymmetric.T).all()
    assert (np.diagonal(antisymmetric) == 0).all()
    assert symmetric.any()
    assert antisymmetric.any()


def test_one_matrix_is_all_the_memory():
    """20,000 units need 3.2 GB and not a multiple of it."""
    tracemalloc.start()
    try:
        RandomNetwork(mean=1).draw(3000, 1.2, 0.5)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.2 * 8 * 3000**2


@pytest.mark.parametrize("reciprocity", [-1, -0.3, 0, 0.6, 1])
def test_sparse_couplings_have_the_statistics_of_dense_ones(reciprocity):
    size, connections = 4000, 40
    network = RandomNetwork(mean=3.0)
    J, _ = network.draw_sparse(size, 1.5, reciprocity, connections, seed=7)
    count = J.nnz
    assert count == pytest.approx(size * connections, abs=5 * np.sqrt(2 * size * connections))
    # every connection goes both ways
    assert ((J != 0) != (J.T != 0)).nnz == 0
    z = (J.data - 3.0 / connections) * np.sqrt(connections) / 1.5
    assert z.mean() == pytest.approx(0, abs=5 * np.sqrt(2 / count))
    assert (z**2).mean() == pytest.approx(1, abs=5 * np.sqrt(4 / count))
    back = J.T.tocsr()
    back.sort_indices()
    J.sort_indices()
    both = z * (back.data - 3.0 / connections) * np.sqrt(connections) / 1.5
    assert both.mean() == pytest.approx(reciprocity, abs=5 * np.sqrt(4 / count))
    own = J.diagonal()[J.diagonal() != 0] - 3.0 / connections
    assert len(own) == pytest.approx(connections, abs=5 * np.sqrt(connections))


def test_all_connections_are_there_at_probability_one():
    J, _ = RandomNetwork().draw_sparse(50, 1.0, 0.2, connections=50, seed=0)
    assert J.nnz == 2500
    with pytest.raises(ModelError, match="connections must lie above 0"):
        RandomNetwork().draw_sparse(50, 1.0, 0.2, connections=51)


def test_fields():
    _, h = RandomNetwork(field_std=0.4).draw(1000, 0, 0, seed=1)
    assert h.std() == pytest.approx(0.4, abs=5 * 0.4 / np.sqrt(2 * 1000))
    assert not RandomNetwork().draw(5, 1, 0, seed=1)[1].any()


def test_seeds():
    network = RandomNetwork(field_std=1)
    first, again, other = (network.draw(20, 1.0, 0.3, seed) for seed in (7, 7, 8))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert (first[0] != other[0]).all()
    children = np.random.SeedSequence(7).spawn(2)
    one, two = (network.draw(20, 1.0, 0.3, child)[0] for child in children)
    assert (one != two).all()


def test_covariance_agrees_with_its_definition():
    N, i = sp.symbols("N i", integer=True, positive=True)
    covariance = RandomNetwork().coupling_covariance
    assert covariance((1, 2), (1, 2), N) == g**2 / N
    assert sp.simplify(covariance((1, 2), (2, 1), N) - gamma * g**2 / N) == 0
    assert covariance((1, 2), (1, 3), N) == 0
    assert sp.simplify(covariance((i, i), (i, i), N) - (1 + gamma) * g**2 / N) == 0
    assert RandomNetwork().coupling_mean(N) == mu / N


def test_functions_from_text_and_symbols_are_the_same_model():
    x = sp.Symbol("x")
    assert RandomNetwork(local=-x, transfer=sp.tanh(x)) == RandomNetwork("-x", "1", "tanh(x)")
    assert RandomNetwork(local=-x).local == -X


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": np.nan}, "mean must be a finite number, not nan"),
        ({"field_std": -1}, "field_std must be a finite number >= 0, not -1"),
        ({"confinement": np.inf}, "confinement must be"),
        ({"local": "1"}, "does not depend on x"),
    ],
)
def test_bad_models(options, message):
    with pytest.raises(ModelError, match=message):
        RandomNetwork(**options)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"g": -1}, "g must be"),
        ({"gamma": 1.01}, "between -1 and 1, not 1.01"),
        ({"gamma": np.nan}, "between -1 and 1, not nan"),
        ({"temperature": -1}, "temperature must be"),
        ({"temperature": 0, "confinement": 0.1}, "has no limit of its own"),
    ],
)
def test_bad_parameters(parameters, message):
    with pytest.raises(ModelError, match=message):
        check_parameters(**parameters)


def test_size_must_be_positive():
    with pytest.raises(ModelError, match="size must be at least 1"):
        RandomNetwork().draw(0, 1, 0)
