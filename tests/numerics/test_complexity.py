"""The complexity against a table, limits, other solutions, and counts in finite networks."""

import numpy as np
import pytest
import xarray as xr
from finite_kac_rice import count_fixed_points, kac_rice
from scipy.stats import norm

from numerics import solve
from numerics.cavity import solve_cavity
from numerics.complexity import complexity
from theory import ModelError, RandomNetwork, replica_symmetric

RATE = RandomNetwork()


def test_table_without_reciprocity():
    points = complexity(RATE, [1.1, 1.2, 1.5, 2.0, 3.0], 0.0).squeeze()
    table = [1.438e-4, 8.812e-4, 7.143e-3, 2.483e-2, 6.138e-2]
    assert points.Sigma.values == pytest.approx(table, rel=4e-4)
    assert (points.residual < 1e-12).all()
    assert (points.quadrature_error < 1e-10).all()


def test_gibbs_measure_without_reciprocity():
    """At gamma = 0 it is the static mean field x ~ N(0, g^2 q), and <log|det|> is its Sigma."""
    point = complexity(RATE, 1.1, 0.0, power=-1).squeeze()
    assert point.q.item() == pytest.approx(0.093182, abs=6e-7)
    assert point.Sigma.item() == pytest.approx(2.445e-5, rel=3e-4)
    assert point.log_determinant.item() == pytest.approx(point.Sigma.item(), rel=1e-9)


@pytest.mark.parametrize(("g", "gamma"), [(1.2, 0.5), (1.5, -0.2)])
def test_gibbs_measure_is_the_replica_solution_at_zero_temperature(g, gamma):
    gibbs = complexity(RATE, g, gamma, power=-1).squeeze()
    replicas = solve(replica_symmetric(RATE), g, gamma, 0.0).squeeze()
    for name in ("q", "rho", "q_hat"):
        assert gibbs[name].item() == pytest.approx(replicas[name].item(), rel=1e-8)


def test_counting_finds_more_than_any_weight():
    """Sigma of the weighted sum is largest at power 0, where nothing is preferred."""
    sigmas = [complexity(RATE, 1.2, 0.5, power=p).Sigma.item() for p in (-1, -0.3, 0, 0.3)]
    assert max(sigmas) == sigmas[2]


def test_given_overlap():
    """Sigma(q) has its maximum at the unconstrained overlap."""
    free = complexity(RATE, 1.5, 0.3).squeeze()
    q = free.q.item()
    below, at, above = (
        complexity(RATE, 1.5, 0.3, q=share * q).Sigma.item() for share in (0.99, 1, 1.01)
    )
    assert at == pytest.approx(free.Sigma.item(), rel=1e-10)
    assert max(below, above) < at
    assert below - above == pytest.approx(0, abs=0.2 * (2 * at - below - above))
    assert complexity(RATE, 1.5, 0.3, q=0.9).Sigma.item() < 0


@pytest.mark.parametrize("gamma", [-0.4, 0.0, 0.6, 1.0])
def test_onset(gamma):
    """One fixed point below g(1 + gamma) = 1; beyond, a complexity cubic in the distance."""
    distance = np.array([-0.05, 0.05, 0.1])
    points = complexity(RATE, (1 + distance) / (1 + gamma), gamma).squeeze()
    assert points.phase.values.tolist() == ["quiescent", *["many fixed points"] * 2]
    assert points.Sigma.values[0] == 0
    assert 6 < points.Sigma.values[2] / points.Sigma.values[1] < 8


@pytest.mark.parametrize(
    ("network", "g", "gamma"),
    [
        (RandomNetwork(transfer="tanh(x + 1/2)"), 1.2, -0.5),
        (RandomNetwork(gain="1 + tanh(x)/4", transfer="tanh(x + 1/2)", mean=-1), 1.0, 0.2),
        (RandomNetwork(transfer="Max(0, x)", field_std=0.5), 0.9, 0.2),
    ],
)
def test_one_fixed_point_is_that_of_the_cavity(network, g, gamma):
    """The saddle point at alpha = 0: no complexity, vanishing conjugates, the cavity's overlap."""
    point = complexity(network, g, gamma).squeeze()
    cavity = solve_cavity(network, g, gamma).squeeze()
    assert point.phase.item() == "one fixed point"
    assert [point[k].item() for k in ("Sigma", "q_hat", "m_hat")] == pytest.approx(
        [0] * 3, abs=1e-11
    )
    for ours, theirs in (("q", "C"), ("rho", "R"), ("R", "R"), ("m", "m")):
        assert point[ours].item() == pytest.approx(cavity[theirs].item(), rel=1e-10)


def test_uncoupled_units_with_three_states():
    """local x - x^3, weak coupling: 3^N fixed points, up to exp(-1/g^2)."""
    point = complexity(RandomNetwork(local="x - x**3"), 0.1, 0.0)
    assert point.Sigma.item() == pytest.approx(np.log(3), abs=1e-7)


def test_gain_and_coupling_scale_together():
    double = complexity(RandomNetwork(gain="2", field_std=0.5), 1.0, 0.2)
    single = complexity(RandomNetwork(field_std=0.5), 2.0, 0.2)
    assert double.Sigma.item() == pytest.approx(single.Sigma.item(), rel=1e-10)
    # dividing F by a function without zeros moves no fixed point
    one = complexity(RandomNetwork(local="-x - x**3", gain="1 + x**2"), 2.0, -0.2)
    two = complexity(RATE, 2.0, -0.2)
    assert one.Sigma.item() == pytest.approx(two.Sigma.item(), rel=1e-10)


def test_reflection():
    up, down = (
        complexity(RandomNetwork(transfer=f"tanh(x {sign} 1/2)", mean=-1), 2.0, 0.3).squeeze()
        for sign in "+-"
    )
    assert down.m.item() == pytest.approx(-up.m.item(), rel=1e-9)
    assert down.Sigma.item() == pytest.approx(up.Sigma.item(), rel=1e-9)


@pytest.mark.parametrize(("g", "gamma"), [(2.0, 0.0), (3.0, 0.5), (3.0, -0.3)])
def test_finite_integral_counts_fixed_points(g, gamma):
    """The finite-size integral that the growth below relies on, against exact counts.

    One unit: x = J tanh x has two further solutions for J > 1. Two units: Newton's method from
    many starts; the degrees of all fixed points sum to 1.
    """
    generator = np.random.default_rng(1)
    grid = np.linspace(-6 * g, 6 * g, 4001)
    wide = np.exp(-((grid / g) ** 2) / 2)
    value, error = kac_rice(1, g, gamma, 40000, generator, grid, wide)
    expected = 2 * norm.sf(1 / (g * np.sqrt(1 + gamma)))
    assert np.exp(value) == pytest.approx(expected, rel=4 * error)
    value, error = kac_rice(2, g, gamma, 40000, generator, grid, wide)
    counts = np.array(
        [
            count_fixed_points(RATE.draw(2, g, gamma, seed=seed)[0], 60, generator)
            for seed in range(150)
        ]
    )
    assert (counts[:, 1] == 1).mean() > 0.98
    spread = counts[:, 0].std() / np.sqrt(len(counts)) + error * np.exp(value)
    assert counts[:, 0].mean() == pytest.approx(1 + np.exp(value), abs=4 * spread)


def one_unit_density(point, g, gamma):
    """Density of the state of a unit at fixed points, up to its norm, from the order parameters."""
    q, rho, q_hat, alpha, R = (point[k].item() for k in ("q", "rho", "q_hat", "alpha", "R"))
    x = np.linspace(-12 * g, 12 * g, 20001)
    c, slope = np.tanh(x), 1 - np.tanh(x) ** 2
    exponent = q_hat * c**2 - (x - g**2 * gamma * rho * c) ** 2 / (2 * g**2 * q)
    return x, np.exp(exponent) * np.hypot(1 - gamma * g**2 * R * slope, alpha * slope)


@pytest.mark.slow
@pytest.mark.parametrize(("g", "gamma"), [(2.0, 0.5), (3.0, 0.5), (6.0, -0.3)])
def test_growth_of_the_finite_integral(g, gamma):
    """log E grows by Sigma per unit; its corrections are seen to be of order 1/N."""
    point = complexity(RATE, g, gamma).squeeze()
    generator = np.random.default_rng(2)
    proposal = one_unit_density(point, g, gamma)
    (few, one), (many, two) = (
        kac_rice(size, g, gamma, 60000, generator, *proposal) for size in (20, 40)
    )
    growth, error = (many - few) / 20, np.hypot(one, two) / 20
    assert error < 0.005
    assert growth == pytest.approx(point.Sigma.item(), abs=3 * error)


def test_dataset_opens_from_a_file(tmp_path):
    points = complexity(RATE, [0.8, 1.2], [0.0, 0.5])
    points.to_netcdf(tmp_path / "points.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "points.nc") as again:
        assert again.Sigma.dims == ("g", "gamma")
        assert all("long_name" in v.attrs and "units" in v.attrs for v in again.data_vars.values())


def test_too_close_to_onset_is_not_solved():
    point = complexity(RATE, 1 + 1e-6, 0.0).squeeze()
    assert not point.converged.item()
    assert np.isnan(point.Sigma.item())
    assert point.reason.item()


@pytest.mark.parametrize(
    ("arguments", "keywords", "words"),
    [
        ((-0.1, 0.0), {}, "g must be"),
        ((1.0, 1.1), {}, "gamma must lie"),
        ((1.0, 0.0), {"q": 0.0}, "q must be"),
        ((1.0, 0.0), {"power": np.inf}, "power must be"),
    ],
)
def test_bad_parameters(arguments, keywords, words):
    with pytest.raises(ModelError, match=words):
        complexity(RATE, *arguments, **keywords)
