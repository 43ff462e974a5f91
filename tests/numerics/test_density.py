"""The predicted distribution of one unit against closed forms and the solver's own averages."""

import numpy as np
import pytest

from numerics import solve
from numerics.density import bin_probability, site_density
from theory import ModelError, RandomNetwork, replica_symmetric


def test_unit_of_the_rate_network_is_gaussian_without_reciprocity():
    free_energy = replica_symmetric(RandomNetwork())
    point = solve(free_energy, 1.2, 0.0, 0.1).squeeze()
    variance = 1.44 * float(point.q) + 0.1
    x = np.linspace(-3, 3, 31)
    density, error = site_density(free_energy, point, x)
    expected = np.exp(-(x**2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    np.testing.assert_allclose(density, expected, rtol=1e-9)
    assert error.max() < 1e-9


def test_moments_of_the_density_are_those_of_the_solver():
    free_energy = replica_symmetric(RandomNetwork(transfer="tanh(x + 1/2)"))
    point = solve(free_energy, 1.2, -0.5, 0.1).squeeze()
    node, weight = np.polynomial.legendre.leggauss(200)
    x = 6 * node
    density, _ = site_density(free_energy, point, x)
    for observable, name in ((1, None), (x**2, "x_squared"), (np.tanh(x + 0.5) ** 2, "q")):
        expected = 1 if name is None else float(point[name])
        assert 6 * np.sum(weight * density * observable) == pytest.approx(expected, rel=1e-9)


def test_probability_of_bins_sums_to_one():
    free_energy = replica_symmetric(RandomNetwork(gain="1/(1 + x**2)", field_std=0.3))
    point = solve(free_energy, 0.8, 0.3, 0.1).squeeze()
    assert bin_probability(free_energy, point, np.linspace(-9, 9, 91)).sum() == pytest.approx(1)


def test_a_density_belongs_to_one_solved_point():
    free_energy = replica_symmetric(RandomNetwork())
    points = solve(free_energy, [0.8, 1.2], 0.0, 0.0)
    with pytest.raises(ModelError, match="not to 2"):
        site_density(free_energy, points, 0.0)
    assert np.isnan(site_density(free_energy, points.isel(g=0).squeeze(), 0.0)[0]).all()
