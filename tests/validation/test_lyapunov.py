"""Lyapunov exponents against known values, sum rules and eigenvalues."""

import numpy as np
import pytest
import xarray as xr

from numerics.growth import largest_growth_rate
from numerics.targets import dynamics_target, network_target
from theory import Dynamics, ModelError, RandomNetwork
from validation.lyapunov import lyapunov_exponents
from validation.trajectories import simulate_dynamics

OSCILLATOR = dynamics_target(Dynamics(["x", "y"], ["y", "-x"]))


def test_lorenz():
    """Values of Viswanath, thesis (Cornell, 1998); their sum is the constant divergence."""
    lorenz = Dynamics(["x", "y", "z"], ["10*(y - x)", "28*x - y - x*z", "x*y - 8*z/3"])
    start = np.random.default_rng(0).standard_normal((3, 10))
    found = lyapunov_exponents(
        dynamics_target(lorenz),
        start,
        300,
        step=0.01,
        transient=20,
        exponents=3,
        interval=0.5,
        blocks=10,
    )
    assert found.lyapunov.sum("exponent").values == pytest.approx(-41 / 3, abs=5e-4)
    mean = found.lyapunov.mean("chain").values
    error = found.lyapunov.std("chain", ddof=1).values / np.sqrt(10)
    expected = np.array([0.905630, 0.0, -14.572297])
    assert (error < 0.01).all()
    assert (abs(mean - expected) < 3 * error + 5e-4).all()
    # errors from blocks of one trajectory agree with the spread between trajectories
    ratio = found.lyapunov_error[:, 0].mean().item() / (error[0] * np.sqrt(10))
    assert 0.5 < ratio < 2


def test_linear_system_has_the_real_parts_of_its_eigenvalues():
    matrix = np.array([[-0.5, 2.0, 1.0], [-2.0, -0.5, 3.0], [0.0, 0.0, -3.0]])
    rows = [f"{a}*x + {b}*y + {c}*z" for a, b, c in matrix]
    target = dynamics_target(Dynamics(["x", "y", "z"], rows))
    found = lyapunov_exponents(
        target, np.ones((3, 2)), 200, step=0.02, transient=20, exponents=3, interval=0.5, blocks=10
    )
    expected = np.sort(np.linalg.eigvals(matrix).real)[::-1]
    assert found.lyapunov.values == pytest.approx(np.array([expected, expected]), abs=2e-3)
    assert largest_growth_rate(target) == pytest.approx(-0.5, rel=1e-12)
    running = found.running.isel(time=-1, drop=True)
    np.testing.assert_allclose(running, found.lyapunov, rtol=1e-12)


def test_network_at_a_fixed_point_has_the_spectrum_of_its_jacobian():
    network = RandomNetwork(transfer="tanh(x + 1/2)")
    target = network_target(network, network.draw(size=40, g=0.9, gamma=0.5, seed=1)[0])
    start = np.zeros((40, 1))
    rest = simulate_dynamics(target, start, 200.0, step=200.0).x.isel(time=-1).values.T
    found = lyapunov_exponents(target, start, 400, step=0.1, transient=200, exponents=2)
    assert found.x_dot_squared.item() == pytest.approx(0, abs=1e-12)
    assert found.x_squared.item() == pytest.approx(np.mean(rest**2), rel=1e-6)
    jacobian = target.tangent(np.repeat(rest, 40, axis=1), np.eye(40))
    expected = np.sort(np.linalg.eigvals(jacobian).real)[::-1]
    assert found.lyapunov.values[0] == pytest.approx(expected[:2], abs=2e-3)
    assert largest_growth_rate(target, rest[:, 0]) == pytest.approx(expected[0], rel=1e-10)


def test_averages_along_an_oscillation():
    period = 2 * np.pi
    found = lyapunov_exponents(
        OSCILLATOR,
        [[2.0], [0.0]],
        20 * period,
        step=0.01,
        transient=0,
        interval=period / 4,
        observe=lambda x: x**2,
    )
    assert found.lyapunov.item() == pytest.approx(0, abs=1e-6)
    assert found.x_squared.item() == pytest.approx(2, rel=1e-6)
    assert found.x_dot_squared.item() == pytest.approx(2, rel=1e-6)
    assert found.observed_squared.item() == pytest.approx(16 * 3 / 8, rel=1e-6)
    assert found.x_squared_error.item() == pytest.approx(0, abs=1e-6)
    assert found.duration == pytest.approx(20 * period)
    assert all({"long_name", "units"} <= set(found[name].attrs) for name in found.variables)


def test_same_seed_same_bits_and_chains_apart():
    target = dynamics_target(Dynamics(["x", "y"], ["y", "(1 - x**2)*y - x"]))
    start = np.array([[0.1, 2.0], [0.0, 1.0]])
    run = lambda start, seed: lyapunov_exponents(
        target, start, 50, step=0.05, transient=20, exponents=2, seed=seed
    )
    first = run(start, 4)
    xr.testing.assert_identical(first, run(start, 4))
    # van der Pol: both starts reach the limit cycle, with exponent 0 and one below
    assert first.lyapunov[:, 0].values == pytest.approx(0, abs=0.02)
    assert first.lyapunov[:, 1].values == pytest.approx(-1.0594, abs=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": np.ones(2)}, r"shape \(2,\)"),
        ({"start": [[np.inf], [0.0]]}, r"start\[0, 0\] is inf"),
        ({"duration": -1.0}, "duration must be .* not -1.0"),
        ({"step": 0.0}, "step must be"),
        ({"transient": -1.0}, "transient must be a finite number >= 0, not -1.0"),
        ({"interval": np.nan}, "interval must be"),
        ({"exponents": 3}, "exponents must be between 1 and 2, not 3"),
        ({"blocks": 1}, "blocks must be at least 2"),
        ({"observe": lambda x: x[0]}, r"observe gives shape \(1,\)"),
        ({"step": 2.0, "interval": 2.0}, "step 2 is too long at time 0"),
    ],
)
def test_bad_input(options, message):
    arguments = {"start": [[1.0], [0.0]], "duration": 10.0, "step": 0.1, "transient": 0.0}
    with pytest.raises(ModelError, match=message):
        lyapunov_exponents(OSCILLATOR, **(arguments | options))


def test_divergence_and_lost_directions_are_errors():
    target = dynamics_target(Dynamics(["x"], ["x**2"]))
    with pytest.raises(ModelError, match=r"became infinite at time 2|too long"):
        lyapunov_exponents(target, [[1.0]], 10, step=0.01, transient=0)
    target = dynamics_target(Dynamics(["x", "y"], ["-x", "-50*y"]))
    with pytest.raises(ModelError, match="shorter interval"):
        lyapunov_exponents(
            target, np.ones((2, 1)), 10, step=0.01, transient=0, exponents=2, interval=1.0
        )
