"""Measurements of the dynamics against mean field and elliptic law."""

import numpy as np
import pytest
import xarray as xr

from numerics.stationary import StationaryChaos
from theory import ModelError, RandomNetwork
from validation.cold import mean_square_overlap
from validation.limits import (
    attractor_limits,
    crossing_limit,
    judge_limits,
    mean_field_values,
    stability_edge,
)
from validation.quiescence import quiescent_stability

RATE = RandomNetwork()
STATE = StationaryChaos(RATE, 1.5)
SIZE = np.array([500, 1000, 2000])


def measured(values, error=0.001, g=1.5, gamma=0.0):
    """Make a dataset with a 1/N approach to the values, and relative errors."""
    parts = {}
    for name, value in values.items():
        parts[f"{name}_mean"] = ("size", value * (1 - 50 / SIZE))
        parts[f"{name}_mean_error"] = ("size", np.full(3, error * value))
    coordinates = {"size": SIZE, "network": np.arange(8)}
    return xr.Dataset(parts, coordinates, {"g": g, "gamma": gamma})


def test_mean_field_is_confirmed_by_its_own_values_and_refuted_by_others():
    values = mean_field_values(STATE)
    # values of independent solvers
    assert values["x_squared"] == pytest.approx(0.747686, abs=1e-6)
    assert values["x_dot_squared"] == pytest.approx(0.022024, abs=1e-6)
    found = attractor_limits(measured(values), STATE)
    assert found.verdict.values.tolist() == ["confirmed"] * 4
    assert (abs(found.z) < 3).all()
    # three sizes of eight networks, whose scatter follows a power of the size nearly
    assert ((found.degrees > 7) & (found.degrees < 21)).all()
    others = attractor_limits(
        measured({name: 1.3 * value for name, value in values.items()}), STATE
    )
    assert others.verdict.values.tolist() == ["refuted"] * 4
    assert all({"long_name", "units"} <= set(found[name].attrs) for name in found.variables)


def test_two_sizes_are_no_limit():
    means = {"q": (np.array([0.25, 0.26]), np.array([0.001, 0.001]))}
    found = judge_limits([100, 200], 4, means, {"q": 0.3}).sel(quantity="q")
    assert found.verdict == "undecided"
    assert not found.extrapolated
    assert "finite-size" in str(found.reason.values)


@pytest.mark.parametrize(("g", "gamma"), [(1.6, 0.0), (1.5, 0.2)])
def test_mean_field_of_other_parameters_is_refused(g, gamma):
    with pytest.raises(
        ModelError, match=r"the mean field is for g = 1\.5, gamma = 0, the networks"
    ):
        attractor_limits(measured(mean_field_values(STATE), g=g, gamma=gamma), STATE)


@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_elliptic_law_against_networks(gamma):
    edge = stability_edge(RATE, gamma)
    assert edge == pytest.approx(1 / (1 + gamma))
    found = quiescent_stability(RATE, [0.5 * edge, 2 * edge], gamma, [40, 80, 160], 16, seed=1)
    limit = crossing_limit(found, RATE).sel(quantity="crossing")
    assert float(limit.theory) == edge
    assert abs(float(limit.simulation) - edge) < 4 * float(limit.standard_error) < 0.2 * edge


def test_edge_of_other_functions_is_where_the_jacobian_loses_stability():
    network = RandomNetwork(local="-3*x + x**2 - x**3", gain="2 + x", transfer="sin(2*x)")
    assert stability_edge(network, -0.5) == pytest.approx(3 / (4 * 0.5))
    assert stability_edge(RandomNetwork(transfer="-tanh(x)"), 0.0) == pytest.approx(1)


@pytest.mark.parametrize(
    ("model", "gamma", "message"),
    [
        ({"transfer": "tanh(x + 1/2)"}, 0.0, "no quiescent state"),
        ({"local": "1 - x"}, 0.0, "no quiescent state"),
        ({"mean": 1.5}, 0.0, "mean 1.5 makes the state"),
        ({"field_std": 0.5}, 0.0, "keeps every unit active"),
        ({"local": "x - x**3"}, 0.0, "slope 1"),
        ({"transfer": "x**3"}, 0.0, "not transmitted"),
        ({}, -1.0, "stable at every g at gamma = -1"),
    ],
)
def test_models_without_an_edge(model, gamma, message):
    with pytest.raises(ModelError, match=message):
        stability_edge(RandomNetwork(**model), gamma)


def test_mean_square_overlap_keeps_order_that_a_symmetry_hides():
    generator = np.random.default_rng(0)
    size, magnetisation = 2000, 0.4
    pattern = generator.choice([-1.0, 1.0], size)
    signs = np.array([1, -1, 1, -1])
    noise = generator.standard_normal((20, size, 4))
    ordered = magnetisation * pattern[:, None] * signs + noise
    # the mean overlap of these chains is about 0, that of two states is 0.16 or -0.16
    assert mean_square_overlap(ordered) == pytest.approx(0.16**2 + 1 / size, rel=0.05)
    assert mean_square_overlap(noise) == pytest.approx(1 / size, rel=0.1)
