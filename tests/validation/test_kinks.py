"""Networks whose functions have kinks: searches, trajectories, exponents, chains, verdicts."""

import numpy as np
import pytest

from numerics import Instance, find_fixed_points, solve
from theory import RandomNetwork, replica_symmetric
from validation import validate
from validation.lyapunov import lyapunov_exponents
from validation.starts import starting_states
from validation.trajectories import simulate_dynamics

RELU = RandomNetwork(local="1-x", transfer="Max(0, x)")
HARD = RandomNetwork(transfer="Max(-1, Min(1, x))", field_std=0.5)
DRIFT = {
    RELU: lambda x, J, h: 1 - x + J @ np.maximum(0, x),
    HARD: lambda x, J, h: -x + J @ np.clip(x, -1, 1) + h,
}


@pytest.mark.parametrize("method", ["homotopy", "newton", "levenberg_marquardt"])
@pytest.mark.parametrize("network", DRIFT, ids=["relu", "hard tanh"])
def test_zeros_of_the_drift(network, method):
    """At g = 0.5 the drift contracts: one zero, whatever the method and the start."""
    instance = Instance(network, 200, seed=2)
    target = instance.target(0.5, 0.0)
    found = find_fixed_points(target, starting_states(target, 3), method=method)
    couplings, fields = instance.draw(0.5, 0.0)
    assert found.kind.values.tolist() == ["zero"]
    assert found.multiplicity.item() == 3
    assert np.abs(DRIFT[network](found.state.values[0], couplings, fields)).max() < 1e-10


def test_overlap_at_the_zero_of_relu_networks():
    """(g^2/N) sum c^2 at the zero tends to .331979965814, g = 0.5 and gamma = 0."""
    values = []
    for number in range(24):
        target = Instance(RELU, 400, seed=3, number=number).target(0.5, 0.0)
        found = find_fixed_points(target, starting_states(target, 1))
        values.append(0.25 * np.mean(np.maximum(0, found.state.values[0]) ** 2))
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert error < 0.01
    assert np.mean(values) == pytest.approx(0.331979965814, abs=4 * error + 0.25 / 400)


@pytest.mark.parametrize("network", DRIFT, ids=["relu", "hard tanh"])
def test_trajectories_end_at_the_zero_with_the_exponent_of_its_jacobian(network):
    instance = Instance(network, 60, seed=4)
    target = instance.target(0.5, 0.0)
    couplings, fields = instance.draw(0.5, 0.0)
    start = starting_states(target, 1)
    path = simulate_dynamics(target, start, 40.0, step=0.05)
    end = path.x.isel(time=-1).values.ravel()
    assert np.abs(DRIFT[network](end, couplings, fields)).max() < 1e-6
    slope = (end > 0).astype(float) if network is RELU else (np.abs(end) < 1).astype(float)
    growth = np.linalg.eigvals(-np.eye(60) + couplings * slope).real.max()
    found = lyapunov_exponents(target, end[:, None], 300.0, step=0.05, transient=60.0)
    assert found.lyapunov.values.ravel()[0] == pytest.approx(growth, abs=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("transfer", "local"),
    [("Max(0, x)", "1-x"), ("Max(-1, Min(1, x))", "-x"), ("softplus(x)", "-x-1"),
     ("logistic(x)", "-x")],
)  # fmt: skip
def test_verdicts_of_functions_with_kinks_and_exponentials(transfer, local):
    network = RandomNetwork(local=local, transfer=transfer)
    phases = solve(replica_symmetric(network), 0.5, 0.0, 0.1)
    checked = validate(network, phases, size=[100, 200, 400], networks=16, seed=1, threads=2)
    verdicts = checked.verdict.squeeze().to_series().astype(str)
    assert "refuted" not in set(verdicts)
    assert verdicts["q"] == "confirmed"
    assert verdicts["energy"] == "confirmed"
