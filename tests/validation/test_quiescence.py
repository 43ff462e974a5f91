"""Loss of stability of x = 0 against the elliptic law and direct eigenvalues."""

import numpy as np
import pytest

from numerics.instances import Instance
from theory import ModelError, RandomNetwork
from validation import quiescence
from validation.quiescence import quiescent_crossing, quiescent_stability

RATE = RandomNetwork()


@pytest.mark.parametrize("size", [60, 450])
def test_crossing_is_where_the_couplings_have_eigenvalue_one(size):
    """For tanh the Jacobian at 0 is J - 1, and J is proportional to g."""
    instance = Instance(RATE, size, seed=9, number=2)
    found = quiescent_crossing(instance, [0.4, 0.8, 1.6], 0.3)
    couplings, _ = instance.draw(1.0, 0.3)
    radius = np.linalg.eigvals(couplings).real.max()
    assert found["crossing"].item() == pytest.approx(1 / radius, abs=1e-7)
    assert found["growth_rate"] == pytest.approx(np.array([0.4, 0.8, 1.6]) * radius - 1)


def test_crossing_where_the_growth_rate_is_not_linear_in_g():
    """dx/dt = -3 x + (2 + x) sum J sin(2 x): the Jacobian at 0 is -3 + 4 J."""
    network = RandomNetwork(local="-3*x", gain="2 + x", transfer="sin(2*x)", mean=0.1)
    instance = Instance(network, 100)
    found = quiescent_crossing(instance, [0.2, 2.0], 0.0)
    at_crossing, _ = instance.draw(float(found["crossing"]), 0.0)
    assert 4 * np.linalg.eigvals(at_crossing).real.max() == pytest.approx(3, abs=1e-6)


@pytest.mark.parametrize("gamma", [0.0, 0.5])
def test_transition_of_large_networks(gamma):
    """The elliptic law (Sommers et al. 1988) puts the edge at g (1 + gamma) = 1.

    Rightmost eigenvalues of finite matrices are off by the order of N^(-2/3) in the mean.
    """
    edge = 1 / (1 + gamma)
    found = quiescent_stability(RATE, [0.7 * edge, 1.4 * edge], gamma, [100, 400], 12, seed=2)
    off = abs(found.crossing_mean - edge)
    assert (off < 3 * found.crossing_error + edge * found.size ** (-2 / 3)).all()
    assert found.crossing_error[1] < found.crossing_error[0] < 0.03
    assert found.growth_rate.dims == ("size", "network", "g")
    assert all({"long_name", "units"} <= set(found[name].attrs) for name in found.variables)


def test_interrupted_studies_go_on(tmp_path, monkeypatch):
    arguments = (RATE, [0.5, 2.0], 0.0)
    whole = quiescent_stability(*arguments, [30, 40], 2)
    part = quiescent_stability(*arguments, [30], 2, directory=tmp_path)
    assert part.crossing.values.tolist() == whole.crossing[:1].values.tolist()
    monkeypatch.setattr(quiescence, "brentq", lambda *arguments, **options: -1.0)
    seen = []
    again = quiescent_stability(
        *arguments, [30, 40], 2, directory=tmp_path, progress=lambda *counts: seen.append(counts)
    )
    assert again.crossing[0].values.tolist() == whole.crossing[0].values.tolist()
    assert (again.crossing[1] == -1).all()
    assert seen == [(1600, 5000), (3200, 5000), (4100, 5000), (5000, 5000)]


@pytest.mark.parametrize(
    ("network", "options", "message"),
    [
        (RATE, {"g_values": [0.1, 0.2]}, r"between g = 0.1 and 0.2 in network 0 of size 20"),
        (RATE, {"g_values": [1.0]}, r"two increasing numbers, not \[1.0\]"),
        (RATE, {"g_values": [1.0, 0.5]}, "two increasing numbers"),
        (RATE, {"gamma": 2.0}, "gamma must lie between -1 and 1"),
        (RATE, {"sizes": []}, r"sizes must be .* not \[\]"),
        (RATE, {"sizes": [20, 20]}, r"sizes must be different"),
        (RATE, {"networks": 0}, "networks must be at least 1, not 0"),
        (RATE, {"threads": 0}, "threads must be at least 1, not 0"),
        (RandomNetwork(transfer="tanh(x + 1/2)"), {}, "x = 0 is not a fixed point"),
        (RandomNetwork(field_std=0.1), {}, "x = 0 is not a fixed point"),
    ],
)
def test_bad_input(network, options, message):
    arguments = {"g_values": [0.5, 2.0], "gamma": 0.0, "sizes": [20], "networks": 1} | options
    with pytest.raises(ModelError, match=message):
        quiescent_stability(network, **arguments)
