"""Trajectories against exact solutions, and the order of the scheme with noise."""

import numpy as np
import pytest
import xarray as xr
from scipy.linalg import solve_continuous_lyapunov

from numerics.targets import dynamics_target, network_target
from theory import Dynamics, ModelError, RandomNetwork
from validation.correlation import autocorrelation
from validation.stepping import advance, brownian
from validation.trajectories import simulate_dynamics

DECAY = dynamics_target(Dynamics(["x"], ["-2*x"]))


def coarser(increment, integral, step):
    """The same Wiener paths in steps twice as long."""
    first, second = increment[::2], increment[1::2]
    return first + second, integral[::2] + integral[1::2] + step * first


def euler(drift, states, step, noise, increment, _):
    return states + step * drift(states) + np.sqrt(2 * noise) * increment


@pytest.mark.parametrize(("scheme", "order"), [(advance, 1.5), (euler, 1.0)])
def test_strong_order(scheme, order):
    """Error at the end on the same path; Euler-Maruyama shows that the measurement can tell."""
    drift = dynamics_target(Dynamics(["x", "y"], ["-x + 2*tanh(y)", "-y - 2*sin(x)"])).drift
    noise, step = 3.0, 2.0**-11
    normals = np.random.default_rng(1).standard_normal((2, 2**11, 2, 300))
    increment, integral = brownian(normals, step)
    ends, steps = [], []
    while len(increment) >= 8:
        states = np.full((2, 300), 0.7)
        for one, two in zip(increment, integral, strict=True):
            states = scheme(drift, states, step, noise, one, two)
        ends.append(states)
        steps.append(step)
        increment, integral = coarser(increment, integral, step)
        step *= 2
    errors = [np.sqrt(np.mean((end - ends[0]) ** 2)) for end in ends[4:]]
    slope = np.polyfit(np.log(steps[4:]), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.1)


def test_wiener_integrals_have_their_covariance():
    normals = np.random.default_rng(0).standard_normal((2, 400_000))
    covariance = np.cov(*brownian(normals, 0.5))
    assert covariance == pytest.approx(np.array([[0.5, 0.125], [0.125, 0.5**3 / 3]]), rel=0.01)


def test_ornstein_uhlenbeck_variance_and_autocorrelation():
    start = np.zeros((1, 100))
    path = simulate_dynamics(DECAY, start, 105.0, step=0.05, noise=0.6, seed=3)
    found = autocorrelation(path.x.sel(time=slice(5, None)), longest=2.0)
    expected = 0.3 * np.exp(-2 * found.lag)
    assert found.standard_error.max() < 0.01
    assert (abs(found.autocorrelation - expected) < 4 * found.standard_error).all()
    assert found.autocorrelation[0].item() == pytest.approx(0.3, rel=0.03)


def test_linear_network_reaches_the_covariance_of_the_lyapunov_equation():
    """A X + X A^T = -2 D: no potential, so that the drift's rotation matters."""
    network = RandomNetwork(transfer="x")
    couplings, _ = network.draw(size=6, g=0.8, gamma=-0.5, seed=2)
    noise = 0.25
    exact = solve_continuous_lyapunov(couplings - np.eye(6), -2 * noise * np.eye(6))
    target = network_target(network, couplings)
    path = simulate_dynamics(target, np.zeros((6, 3000)), 20.0, step=0.1, noise=noise, every=200)
    found = np.cov(path.x.isel(time=-1).values.T)
    error = np.sqrt((np.outer(np.diag(exact), np.diag(exact)) + exact**2) / 3000)
    assert (abs(found - exact) < 4 * error).all()


def test_without_noise_the_solution_is_accurate():
    target = dynamics_target(Dynamics(["x", "y"], ["y", "-x"]))
    start = np.array([[1.0, 0.0], [0.0, 2.0]])
    path = simulate_dynamics(target, start, 10.0, step=0.3, observe={"x": lambda x: x[:1] ** 2})
    assert path.sizes["time"] == 35
    assert path.time[-1].item() == 10.0
    expected = np.stack([np.cos(path.time) ** 2, 4 * np.sin(path.time) ** 2], axis=1)
    assert path.x.isel(x_component=0).values == pytest.approx(expected, abs=1e-7)


def test_seeds_chains_and_records():
    run = lambda chains, **options: simulate_dynamics(
        DECAY, np.ones((1, chains)), 3.0, step=0.1, noise=0.1, **options
    )
    first = run(4, seed=5)
    xr.testing.assert_identical(first, run(4, seed=5))
    # a trajectory does not depend on how many others there are, nor on what is recorded
    np.testing.assert_array_equal(first.x[:, :2], run(2, seed=5).x)
    np.testing.assert_array_equal(first.x[::3], run(4, seed=5, every=3).x)
    assert (first.x[1:] != run(4, seed=6).x[1:]).all()
    sequence = np.random.SeedSequence(5)
    np.testing.assert_array_equal(first.x, run(4, seed=sequence).x)
    np.testing.assert_array_equal(first.x, run(4, seed=sequence).x)
    assert first.x.dims == ("time", "chain", "unit")
    assert all({"long_name", "units"} <= set(first[name].attrs) for name in ("x", "time", "chain"))


def test_several_observations_and_progress():
    seen = []
    path = simulate_dynamics(
        network_target(RandomNetwork(), np.zeros((3, 3))),
        np.ones((3, 2)),
        1.0,
        step=0.5,
        observe={"mean": lambda x: x.mean(axis=0), "phi": np.tanh},
        progress=lambda *counts: seen.append(counts),
    )
    assert path["mean"].dims == ("time", "chain")
    assert path.phi.dims == ("time", "chain", "unit")
    assert path["mean"].values[-1] == pytest.approx(np.exp(-1.0), rel=1e-8)
    assert seen == [(1, 2), (2, 2)]


def test_autocorrelation_is_the_unbiased_sum_of_products():
    random = np.random.default_rng(0)
    values = random.standard_normal((50, 3, 2, 5))  # time, chain, network, unit
    series = xr.DataArray(
        values, dims=("time", "chain", "network", "unit"), coords={"time": 0.5 * np.arange(50)}
    )
    found = autocorrelation(series)
    assert found.lag.values == pytest.approx(0.5 * np.arange(26))
    for k in (0, 1, 25):
        products = (values[: 50 - k] * values[k:]).mean(axis=(0, 1, 3))
        assert found.autocorrelation[k].item() == pytest.approx(products.mean(), rel=1e-10)
        error = products.std(ddof=1) / np.sqrt(2)
        assert found.standard_error[k].item() == pytest.approx(error, rel=1e-10)
    single = autocorrelation(series.isel(network=0, chain=[0]))
    assert np.isnan(single.standard_error).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"start": [1.0]}, r"shape \(1,\).*\(1, number of trajectories\)"),
        ({"start": np.ones((2, 3))}, r"shape \(2, 3\)"),
        ({"start": np.ones((1, 0))}, r"shape \(1, 0\)"),
        ({"start": [[1.0, np.nan]]}, r"start\[0, 1\] is nan"),
        ({"duration": 0}, "duration must be a finite number > 0, not 0"),
        ({"duration": np.inf}, "duration must be .* not inf"),
        ({"step": -0.1}, "step must be .* not -0.1"),
        ({"noise": -1.0}, "noise must be .* not -1.0"),
        ({"noise": np.nan}, "noise must be .* not nan"),
        ({"every": 0}, "every must be at least 1 step, not 0"),
        ({"tolerance": 0.0}, "tolerance must be"),
        ({"observe": np.sum}, r"observe gives shape \(\) for observed"),
    ],
)
def test_bad_input(options, message):
    arguments = {"start": [[1.0]], "duration": 1.0, "step": 0.1} | options
    with pytest.raises(ModelError, match=message):
        simulate_dynamics(DECAY, **arguments)


def test_a_step_that_is_too_long_is_refused():
    with pytest.raises(ModelError, match=r"step 1.5 is too long at time 0.*shorter step"):
        simulate_dynamics(DECAY, [[1.0]], 3.0, step=1.5, noise=0.1)
    path = simulate_dynamics(DECAY, [[1.0]], 3.0, step=0.1, noise=0.1)
    assert 0 < path.step_error < 0.01


def test_divergence_is_an_error():
    target = dynamics_target(Dynamics(["x"], ["x**3"]))
    with pytest.raises(ModelError, match=r"too long|became infinite"):
        simulate_dynamics(target, [[1.0]], 5.0, step=0.001, noise=0.1, every=5000)
    # x = (1 - 2 t)^(-1/2) diverges at 0.5
    with pytest.raises(ModelError, match=r"stops at time 0\.5, where the states diverge"):
        simulate_dynamics(target, [[1.0]], 5.0, step=0.1)


@pytest.mark.parametrize(
    ("series", "options", "message"),
    [
        (xr.DataArray(np.ones(5), dims="time"), {}, "needs time and chain or network"),
        (xr.DataArray(np.ones((5, 1)), dims=("t", "chain")), {}, "needs time and chain"),
        (
            xr.DataArray(np.ones((3, 1)), {"time": [0.0, 1.0, 3.0]}, ("time", "chain")),
            {},
            "not equally spaced",
        ),
        (xr.DataArray(np.ones((5, 1)), dims=("time", "chain")), {"longest": 5}, "from 0 to 4"),
        (xr.DataArray(np.ones((5, 1)), dims=("time", "chain")), {"longest": -1}, "longest is -1"),
        (xr.DataArray(np.full((5, 1), np.nan), dims=("time", "chain")), {}, "not finite"),
    ],
)
def test_bad_series(series, options, message):
    with pytest.raises(ModelError, match=message):
        autocorrelation(series, **options)
