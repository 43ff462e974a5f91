"""Solutions against numbers from elsewhere: references, closed forms, limits, other methods."""

import csv
import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.integrate import quad
from scipy.optimize import brentq

from numerics import quadrature, solve
from theory import ModelError, RandomNetwork, replica_symmetric

REFERENCE = Path(__file__).parents[1] / "data" / "order_parameters.csv"
NAMES = ("q", "Q", "rho", "P", "q_hat", "Q_hat", "m", "m_hat")
with REFERENCE.open(encoding="utf-8") as file:
    ROWS = list(csv.DictReader(file))
RATE = replica_symmetric(RandomNetwork())


@cache
def functional(*arguments):
    return replica_symmetric(RandomNetwork(*arguments[:3], *map(float, arguments[3:])))


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r['transfer']} {r['g']} {r['gamma']}")
def test_reference_order_parameters(row):
    model = [row[k] for k in ("local", "gain", "transfer", "mean", "field_std", "confinement")]
    point = solve(functional(*model), *(float(row[k]) for k in ("g", "gamma", "temperature")))
    assert point.converged.item()
    for name in NAMES:
        assert point[name].item() == pytest.approx(float(row[name]), rel=1e-9, abs=1e-9)


def gaussian(function, variance):
    weight = lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi)
    scale = np.sqrt(variance)
    return quad(lambda z: weight(z) * function(scale * z), -12, 12, epsabs=1e-13, limit=400)[0]


@pytest.mark.parametrize("temperature", [0.05, 0.0])
@pytest.mark.parametrize("transfer", ["atan(x)", "x/sqrt(1 + x**2)"])
def test_gamma_zero_is_static_mean_field(transfer, temperature):
    """At gamma = 0, x is Gaussian of variance g^2 q + T: one scalar equation."""
    function = {"atan(x)": np.arctan, "x/sqrt(1 + x**2)": lambda x: x / np.sqrt(1 + x * x)}[
        transfer
    ]
    g = 1.4
    square = lambda q: gaussian(lambda x: function(x) ** 2, g * g * q + temperature) - q
    q = brentq(square, 1e-3, 1, xtol=1e-14)
    point = solve(replica_symmetric(RandomNetwork(transfer=transfer)), g, 0, temperature)
    assert point.q.item() == pytest.approx(q, rel=1e-10)
    assert point.q_hat.item() == pytest.approx(0, abs=1e-10)
    step = 1e-4
    slope = lambda x: (function(x + step) - function(x - step)) / (2 * step)
    expected = gaussian(slope, g * g * q + temperature)
    assert point.rho.item() == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(("g", "gamma"), [(0.5, 0.3), (0.6, -0.7), (0.95, 0.0), (0.66, 0.5)])
def test_linear_transfer_has_a_closed_form(g, gamma):
    point = solve(replica_symmetric(RandomNetwork(transfer="x")), g, gamma, 0.3)
    response = 1.0
    if gamma:
        response = (1 - np.sqrt(1 - 4 * gamma * g**2)) / (2 * gamma * g**2)
    assert point.rho.item() == pytest.approx(response, rel=1e-10)
    variance = 0.3 * response**2 / (1 - g**2 * response**2)
    assert point.q.item() == pytest.approx(variance, rel=1e-9)
    assert point.energy.item() == pytest.approx(0.15, rel=1e-10)


def test_linear_transfer_has_no_solution_beyond_its_transition():
    points = solve(replica_symmetric(RandomNetwork(transfer="x")), [0.5, 0.7, 0.6], 0.5, 0.1)
    assert points.converged.values.ravel().tolist() == [True, False, True]
    assert np.isnan(points.q.values.ravel()[1])
    assert "g = 0.66" in points.reason.values.ravel()[1]


def test_high_temperature_decouples_the_units():
    """For T >> 1 the coupling is a perturbation: q is the variance of tanh at variance T."""
    temperature = 1e6
    point = solve(RATE, 1.0, 0.5, temperature)
    # 1 - q = E sech^2(x) and sech^2 integrates to 2
    assert 1 - point.q.item() == pytest.approx(2 / np.sqrt(2 * np.pi * temperature), rel=1e-4)
    assert point.energy.item() == pytest.approx(temperature / 2, rel=1e-4)


def test_energy_is_the_derivative_of_the_free_energy():
    """E/N = d(beta f)/d beta, by finite differences of solved free energies."""
    step = 1e-4
    network = RandomNetwork(gain="1 + tanh(x)/2", transfer="tanh(x + 1/3)", confinement=0.1)
    beta = np.array([5 * (1 - step), 5, 5 * (1 + step)])
    points = solve(replica_symmetric(network), 1.1, 0.3, 1 / beta).squeeze()
    action = points.free_energy.values * beta
    assert points.converged.all()
    slope = (action[2] - action[0]) / (10 * step)
    assert points.energy.values[1] == pytest.approx(slope, rel=1e-6)


def test_temperature_zero_above_the_transition():
    """q = E tanh^2(g sqrt(q) z) from the static cavity table at gamma = 0."""
    points = solve(RATE, [0.8, 1.1, 1.2, 1.5], 0.0, 0.0).squeeze()
    assert np.isnan(points.q.values[0])
    assert "q - Q" in points.reason.values[0]
    assert points.q.values[1:] == pytest.approx([0.093182, 0.173273, 0.352602], abs=6e-7)
    assert points.energy.values[1:] == pytest.approx(0, abs=1e-12)


def test_random_fields_select_one_state():
    """A linear network with fields: x = (1 - J)^-1 h + noise, so Q is the zero-T variance."""
    network = RandomNetwork(transfer="x", field_std=0.5)
    point = solve(replica_symmetric(network), 0.7, 0.0, 0.2)
    assert point.Q.item() == pytest.approx(0.25 / (1 - 0.49), rel=1e-9)
    assert point.q.item() == pytest.approx((0.25 + 0.2) / (1 - 0.49), rel=1e-9)


def test_reflection_of_the_model_reflects_the_solution():
    up = solve(replica_symmetric(RandomNetwork(transfer="tanh(x + 1/2)")), 1.2, 0.4, 0.2)
    down = solve(replica_symmetric(RandomNetwork(transfer="tanh(x - 1/2)")), 1.2, 0.4, 0.2)
    assert down.m.item() == pytest.approx(-up.m.item(), rel=1e-10)
    for name in ("q", "Q", "rho", "P", "q_hat", "Q_hat", "energy"):
        assert down[name].item() == pytest.approx(up[name].item(), rel=1e-9, abs=1e-11)


def test_gain_and_coupling_scale_together():
    """b = 2 with g is b = 1 with 2g; the responses count b."""
    double = solve(replica_symmetric(RandomNetwork(gain="2", field_std=0.3)), 0.6, 0.5, 0.1)
    single = solve(replica_symmetric(RandomNetwork(field_std=0.3)), 1.2, 0.5, 0.1)
    for name, factor in (("q", 1), ("Q", 1), ("rho", 2), ("P", 2), ("q_hat", 1), ("Q_hat", 1)):
        assert double[name].item() == pytest.approx(factor * single[name].item(), rel=1e-9)


def test_transfer_with_a_kink():
    """For gamma = 0 and max(0, x), x is Gaussian given its field: nested scalar quadrature."""
    point = solve(replica_symmetric(RandomNetwork(transfer="Max(0, x)")), 0.9, 0.0, 0.5)
    # E max(0, x)^2 = v/2 with v = g^2 q + T
    assert point.q.item() == pytest.approx(0.25 / (1 - 0.405), rel=1e-9)
    assert point.rho.item() == pytest.approx(0.5, rel=1e-9)


def test_sweep_equals_single_points():
    g = np.linspace(0.5, 1.3, 21)
    sweep = solve(RATE, g, 0.5, [1e-3, 0.1])
    for k in (3, 10, 17):
        single = solve(RATE, g[k], 0.5, 1e-3)
        assert sweep.q.values[k, 0, 0] == pytest.approx(single.q.item(), rel=1e-10)


@pytest.mark.parametrize("transfer", ["tanh(x)", "tanh(x + 1/2)"])
def test_same_bits_on_two_threads(monkeypatch, transfer):
    monkeypatch.setattr(quadrature, "_FEW_NODES", 0)
    free_energy = replica_symmetric(RandomNetwork(transfer=transfer))
    g = np.linspace(0.5, 1.3, 21 if transfer == "tanh(x)" else 3)
    one, two = (solve(free_energy, g, [0.0, 0.5], [0.1, 0.03], threads=n) for n in (1, 2))
    xr.testing.assert_identical(one, two)


def test_nodes_are_counted():
    with quadrature.counting() as outer, quadrature.counting() as inner:
        solve(RATE, 0.9, 0.2, 0.1)
    assert inner == outer
    assert inner.nodes % (quadrature.ORDER * quadrature.PANELS // 2) == 0
    assert inner.nodes >= inner.evaluations * quadrature.ORDER * quadrature.PANELS // 2
    before = inner.evaluations
    solve(RATE, 0.9, 0.2, 0.1)
    assert inner.evaluations == before


def test_all_branches_of_a_ferromagnet():
    """Mean coupling 2 at low T: the symmetric branch and a pair with opposite mean activity."""
    points = solve(replica_symmetric(RandomNetwork(mean=2.0)), 0.3, 0.0, 0.02, branch="all")
    means = np.sort(points.m.values.ravel()[points.converged.values.ravel()])
    # m = E tanh(mu m + sqrt(g^2 q + T) z) decoupled: solved by fixed-point iteration
    m, q = 0.9, 0.8
    for _ in range(200):
        v = 0.09 * q + 0.02
        shift = 2 * m
        m, q = (
            gaussian(lambda x, s=shift: np.tanh(s + x), v),
            gaussian(lambda x, s=shift: np.tanh(s + x) ** 2, v),
        )
    assert means == pytest.approx([-m, 0, m], abs=1e-8)


def test_dataset_opens_from_a_file(tmp_path):
    points = solve(RATE, [0.8, 1.2], 0.5, [0.0, 0.1])
    path = tmp_path / "points.nc"
    points.to_netcdf(path, engine="h5netcdf")
    with xr.open_dataset(path) as again:
        assert again.q.dims == ("g", "gamma", "temperature")
        assert json.loads(again.attrs["provenance"])["model"]["transfer"] == "tanh(x)"
        assert all("long_name" in v.attrs and "units" in v.attrs for v in again.data_vars.values())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((-0.1, 0, 0.1), "g must be"),
        ((1, 1.1, 0.1), "gamma must lie"),
        ((1, 0, -0.1), "temperature must be"),
        ((np.nan, 0, 0.1), "g must be"),
        (([], 0, 0.1), "non-empty"),
    ],
)
def test_bad_parameters(arguments, words):
    with pytest.raises(ModelError, match=words):
        solve(RATE, *arguments)


def test_zero_temperature_with_confinement_is_refused():
    with pytest.raises(ModelError, match="confinement"):
        solve(replica_symmetric(RandomNetwork(confinement=0.1)), 1, 0, 0)


@pytest.mark.parametrize("g", [[0.782], [0.78, 0.782, 0.792]])
def test_fields_that_need_a_finer_rule_from_the_start(g):
    """Between g = 0.78 and 0.8 the coarsest rule in the fields has no solution at places."""
    found = solve(replica_symmetric(RandomNetwork(field_std=0.2)), g, 0.9, 1e-3).squeeze()
    assert found.converged.all()
    # Newton's method on a fixed rule of 16 nodes for each of 2 standard deviations
    expected = {0.78: 0.30664998, 0.782: 0.30693496, 0.792: 0.30825299}
    np.testing.assert_allclose(np.atleast_1d(found.q), [expected[value] for value in g], atol=1e-8)
