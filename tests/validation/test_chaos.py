"""Chaos of networks against dynamical mean-field theory (Sompolinsky, Crisanti, Sommers 1988)."""

import numpy as np
import pytest

from numerics.growth import largest_growth_rate
from numerics.instances import Instance
from theory import ModelError, RandomNetwork
from validation.chaos import chaos_against_size, network_chaos
from validation.finite_size import extrapolate

RATE = RandomNetwork()
# at g = 2, gamma = 0; computed from the mean-field equations
MEAN_FIELD = {
    "x_squared": 1.924805,
    "transfer_squared": 0.513178,
    "x_dot_squared": 0.127907,
    "exponent": 0.1126,
}


def test_averages_agree_with_mean_field_theory():
    found = chaos_against_size(
        RATE, 2.0, 0.0, [400], 8, chains=2, duration=80, transient=40, step=0.2
    )
    for name in ("x_squared", "transfer_squared", "x_dot_squared"):
        difference = found[f"{name}_mean"] - MEAN_FIELD[name]
        assert abs(difference.item()) < 3 * found[f"{name}_mean_error"].item()
        assert found[f"{name}_mean_error"].item() < 0.15 * MEAN_FIELD[name]
    # finite networks are less chaotic than the limit
    assert 0.06 < found.exponent_mean.item() < MEAN_FIELD["exponent"]
    assert all({"long_name", "units"} <= set(found[name].attrs) for name in found.variables)


@pytest.mark.slow
def test_exponent_tends_to_mean_field_theory():
    found = chaos_against_size(
        RATE, 2.0, 0.0, [125, 250, 500, 1000], 6, chains=4, duration=150, transient=50, step=0.2
    )
    for name, expected in MEAN_FIELD.items():
        limit = extrapolate(found.size, found[f"{name}_mean"], found[f"{name}_mean_error"])
        assert abs(limit.value - expected) < 3 * limit.standard_error
    error = found.exponent_mean_error
    assert found.exponent_mean[-1] - found.exponent_mean[0] > 2 * np.hypot(error[0], error[-1])


def test_quiescent_networks_are_not_chaotic():
    """All trajectories end at 0, where the exponent is the rightmost eigenvalue."""
    found = chaos_against_size(RATE, 0.4, 0.5, [50, 100], 2, seed=7, chains=2)
    assert found.verdict.values.tolist() == ["not chaotic"] * 2
    assert found.chaotic_fraction.values.tolist() == [0, 0]
    rate = largest_growth_rate(Instance(RATE, 100, seed=7, number=1).target(0.4, 0.5))
    assert found.exponent[1, 1].item() == pytest.approx(rate, abs=5e-3)


def test_small_networks_above_the_transition_stay_undecided():
    """Just above the transition small networks end in limit cycles or fixed points."""
    found = chaos_against_size(RATE, 1.2, 0.0, [50], 4, chains=2, duration=100, step=0.2)
    assert found.verdict.item() == "undecided at this size"


def test_strongly_coupled_networks_are_chaotic():
    found = chaos_against_size(
        RATE, 3.0, 0.0, [250], 3, chains=4, duration=100, transient=40, step=0.1
    )
    assert found.verdict.item() == "chaotic"
    assert found.chaotic_fraction.item() == 1
    # mean-field theory has 0.2358 for infinite size
    assert found.exponent_mean.item() == pytest.approx(0.21, abs=0.04)
    assert found.exponent_chain.dims == ("size", "network", "chain")


def test_one_network_and_one_trajectory():
    options = {"chains": 1, "duration": 40.0, "transient": 20.0, "step": 0.2}
    found = chaos_against_size(RATE, 3.0, 0.0, [100], 1, seed=3, **options)
    single = network_chaos(Instance(RATE, 100, seed=3), 3.0, 0.0, **options)
    assert found.exponent.item() == single["exponent"].item()
    assert found.exponent_error.item() == single["exponent_error"].item()
    assert np.isnan(found.exponent_mean_error.item())


def test_exponent_does_not_depend_on_the_step():
    """The transient is short enough for the same trajectory to be followed by both."""
    options = {"chains": 2, "duration": 10.0, "transient": 0.0}
    coarse = network_chaos(Instance(RATE, 100), 2.0, 0.0, step=0.1, **options)
    fine = network_chaos(Instance(RATE, 100), 2.0, 0.0, step=0.0125, **options)
    assert coarse["exponent"] == pytest.approx(fine["exponent"], abs=1e-4)
    assert coarse["x_squared"] == pytest.approx(fine["x_squared"], rel=0.01)


def test_other_models_on_any_number_of_threads():
    network = RandomNetwork(local="-x", transfer="erf(x)", field_std=0.3, mean=0.2)
    options = {"chains": 2, "duration": 20.0, "transient": 10.0}
    first = chaos_against_size(network, 3.0, 0.2, [40, 30], 2, **options)
    assert first.identical(chaos_against_size(network, 3.0, 0.2, [40, 30], 2, threads=2, **options))
    assert first.size.values.tolist() == [40, 30]
    assert (first.transfer_squared < 1).all()
    assert first.exponent_chain.shape == (2, 2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chains": 0}, r"start has shape \(20, 0\)"),
        ({"duration": 0.0}, "duration must be"),
        ({"step": 3.0}, "too long"),
        ({"spread": np.nan}, "is nan"),
        ({"sizes": [0]}, "sizes must be"),
        ({"networks": 0}, "networks must be"),
        ({"g": -1.0}, "g must be"),
    ],
)
def test_bad_input(options, message):
    arguments = {"g": 1.0, "gamma": 0.0, "sizes": [20], "networks": 1} | options
    with pytest.raises(ModelError, match=message):
        chaos_against_size(RATE, **arguments)


def test_transfer_that_jumps_is_refused():
    with pytest.raises(ModelError, match=r"transfer sign\(x\) jumps at x = 0"):
        network_chaos(Instance(RandomNetwork(transfer="sign(x)"), 10), 1.0, 0.0)
