"""Two-time dynamical mean-field theory: closed forms, equivalent models, chaos and simulation."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.special import iv, roots_hermitenorm

from numerics.stationary import StationaryChaos
from theory import RandomNetwork
from theory.expressions import ModelError, X
from validation.two_time import dynamical_mean_field
from validation.two_time_networks import network_correlations

LINEAR = RandomNetwork(transfer="x")


def bessel(lag, g, gamma):
    """Response of the linear network: exp(-t) I_1(2 g sqrt(gamma) t)/(g sqrt(gamma) t)."""
    rate = g * np.sqrt(complex(gamma))
    lag = np.maximum(lag, 1e-9)
    return (np.exp(-lag) * iv(1, 2 * rate * lag) / (rate * lag)).real


def semicircle(times, g, noise, variance):
    """Correlation of the linear network with symmetric couplings, mode by mode."""
    angle = np.arange(1, 401) * np.pi / 401
    first, second = np.meshgrid(times, times, indexing="ij")
    total = np.zeros_like(first)
    for rate, weight in zip(1 - 2 * g * np.cos(angle), 2 / 401 * np.sin(angle) ** 2, strict=True):
        decay = np.exp(-rate * (first + second))
        diffusion = np.exp(-rate * abs(first - second)) - decay
        total += weight * (variance * decay + noise * diffusion / rate)
    return total


def two_time_equation(times, g, gamma, noise, variance):
    """Solve C = v G(t, 0) G(t', 0) + 2 D int G G + g^2 int int G G C by its series in g^2."""
    step = times[1]
    lag = times[:, None] - times
    weights = np.tril(np.full(lag.shape, step))
    weights[:, 0] = weights[np.diag_indices_from(weights)] = step / 2
    weights[0, 0] = 0.0
    green = bessel(lag, g, gamma)
    kernel = weights * green
    source = np.empty_like(lag)
    for n in range(len(times)):
        for m in range(n + 1):
            part = green[n, : m + 1] * green[m, : m + 1]
            source[n, m] = source[m, n] = 2 * noise * np.trapezoid(part, dx=step)
    source += variance * np.outer(green[:, 0], green[:, 0])
    total, term = source.copy(), source
    for _ in range(200):
        term = g**2 * kernel @ term @ kernel.T
        total += term
    return total


@pytest.mark.parametrize("steps", [50, 100])
def test_linear_symmetric_network(steps):
    """With matched numbers the linear problem has no sampling error, only that of the step."""
    found = dynamical_mean_field(
        LINEAR, 0.4, 1.0, 10.0, noise=0.1, start=(0.0, 0.7), steps=steps, trajectories=3000,
        batches=2,
    )  # fmt: skip
    times = found.time.values
    error = found.correlation.values - semicircle(times, 0.4, 0.1, 0.49)
    assert abs(error).max() == pytest.approx(1.11e-3 * (50 / steps) ** 2, rel=0.2)
    lag = times[:, None] - times
    error = np.tril(found.response.values - bessel(lag, 0.4, 1.0))
    assert abs(error).max() == pytest.approx(2.4e-3 * (50 / steps) ** 2, rel=0.2)
    assert found.correlation_standard_error.max() < 1e-10
    assert found.residual < 1e-10
    assert found.converged


@pytest.mark.parametrize("gamma", [-0.6, 0.5])
def test_linear_network_with_partial_reciprocity(gamma):
    g, noise = 0.6, 0.2
    found = dynamical_mean_field(
        RandomNetwork(transfer="2*x", gain="1/2"), g, gamma, 6.0, noise=noise, start=(0.0, 1.0),
        steps=60, trajectories=4000, batches=2,
    )  # fmt: skip
    times = found.time.values
    expected = 4 * two_time_equation(np.linspace(0, 6, 241), g, gamma, noise, 1.0)[::4, ::4]
    np.testing.assert_allclose(found.correlation, expected, atol=1.2e-2)
    # the field beside the gain 1/2, seen by the transfer 2 x
    expected = np.tril(bessel(times[:, None] - times, g, gamma))
    np.testing.assert_allclose(found.response, expected, atol=4e-3)


@pytest.mark.parametrize("gamma", [0.0, 0.7])
def test_gain_is_a_change_of_variables(gamma):
    """Without noise x = sinh(y) turns the gain sqrt(1 + x^2) into 1, whatever the fields are."""
    settings = {"g": 1.3, "gamma": gamma, "duration": 5.0, "steps": 50, "trajectories": 6000}

    def start(generator, count):
        return 0.3 + 0.8 * generator.standard_normal(count)

    with_gain = dynamical_mean_field(
        RandomNetwork(gain="sqrt(1 + x**2)", transfer="x/sqrt(1 + x**2)", mean=0.4),
        start=lambda generator, count: np.sinh(start(generator, count)), batches=4, **settings,
    )  # fmt: skip
    without = dynamical_mean_field(
        RandomNetwork(local="-tanh(x)", transfer="tanh(x)", mean=0.4),
        start=start, batches=4, **settings,
    )  # fmt: skip
    assert with_gain.converged
    # only the memory and the mean couple the trajectories: the same numbers, up to the step
    np.testing.assert_allclose(with_gain.correlation, without.correlation, atol=4e-3)
    np.testing.assert_allclose(with_gain["mean"], without["mean"], atol=4e-3)
    np.testing.assert_allclose(with_gain.response, without.response, atol=6e-3)


def test_uncoupled_units():
    """Decay from the start, diffusion and constant fields, without couplings."""
    found = dynamical_mean_field(
        RandomNetwork(transfer="tanh(x)", field_std=0.5), g=0.0, gamma=0.5, duration=2.0, steps=40,
        noise=0.2, start=(0.5, 0.3), trajectories=4000, batches=2,
    )  # fmt: skip
    t = found.time.values
    variance = (0.3 * np.exp(-t)) ** 2 + 0.2 * (1 - np.exp(-2 * t)) + (0.5 * (1 - np.exp(-t))) ** 2
    np.testing.assert_allclose(found.x_squared, (0.5 * np.exp(-t)) ** 2 + variance, atol=4e-4)
    node, weight = roots_hermitenorm(80)
    weight /= weight.sum()
    state = 0.5 * np.exp(-t)[:, None] + np.sqrt(variance)[:, None] * node
    np.testing.assert_allclose(found["mean"], np.tanh(state) @ weight, atol=3e-3)
    np.testing.assert_allclose(np.diag(found.correlation), np.tanh(state) ** 2 @ weight, atol=3e-3)
    slope = (1 - np.tanh(state) ** 2) @ weight
    expected = np.tril(slope[:, None] * np.exp(-(t[:, None] - t)))
    np.testing.assert_allclose(found.response, expected, atol=4e-3)


def test_stationary_chaos():
    """Without reciprocity and noise the correlation becomes that of the chaotic state."""
    g = 2.0
    state = StationaryChaos(RandomNetwork(), g=g)
    found = dynamical_mean_field(
        RandomNetwork(), g, 0.0, 30.0, steps=150, start=(0.0, state.x_squared**0.5),
        trajectories=10_000, batches=5,
    )  # fmt: skip
    assert found.converged
    origin, lag = 20.0, np.arange(0.0, 10.1, 2.0)
    delta = state.autocovariance(lag)[0] / state.x_squared
    node, weight = roots_hermitenorm(60)
    weight /= weight.sum()
    width = state.x_squared**0.5
    first = width * node[:, None]
    values = [
        weight @ (np.tanh(first) * np.tanh(r * first + (1 - r * r) ** 0.5 * width * node)) @ weight
        for r in delta
    ]
    at = {"time": origin + lag, "time_prime": origin}
    simulated = found.correlation.sel(at, method="nearest")
    error = found.correlation_standard_error.sel(at, method="nearest")
    assert (abs(simulated - values) < 4 * error + 2e-3).all()
    assert error.max() < 0.02
    assert found.x_squared[-1].item() == pytest.approx(state.x_squared, rel=0.01)


@pytest.mark.parametrize(
    ("network", "g", "noise", "seed"),
    [
        (RandomNetwork(transfer="tanh(x + 1/2)", field_std=0.3), 2.0, 0.1, 1),
        (RandomNetwork("1/2 - 2*x", 2, "Max(0, Min(1, x))", mean=-0.8), 3.0, 0.05, 2),
    ],
)
def test_stationary_state_with_noise_fields_and_mean(network, g, noise, seed):
    """The two-time solver relaxes into the state that the stationary equations give."""
    state = StationaryChaos(network, g, noise=noise)
    assert state.frozen_variance > 0.1 * state.variance
    deviation = state.variance**0.5
    found = dynamical_mean_field(
        network, g, 0.0, 16.0, steps=160, noise=noise, start=(state.x_mean, deviation),
        trajectories=20_000, batches=10, seed=seed,
    )  # fmt: skip
    assert found.converged
    late = found.sel(time=slice(12.0, None))
    # neighbouring times share their fluctuations: their mean has the error of one of them
    for name, theory in (("x_squared", state.x_squared), ("mean", state.transfer_mean)):
        error = late[f"{name}_standard_error"].mean().item()
        assert abs(late[name].mean().item() - theory) < 4 * error + 2e-3 * deviation
    times = found.time.values
    square = np.interp(times, times, np.diag(found.correlation))[-40:].mean()
    assert square == pytest.approx(state.transfer_squared, rel=0.01)


def scores(solution, drawn):
    """Differences in units of their standard error, and relative to the norm."""
    for name in ("mean", "correlation", "x_squared"):
        places = {dim: drawn[dim] for dim in drawn[name].dims}
        at = solution.sel(places, method="nearest")
        theory = at[name].values
        error = np.hypot(drawn[f"{name}_standard_error"], at[f"{name}_standard_error"].values)
        difference = drawn[name].values - theory
        scale = np.sqrt(np.diag(at.correlation.values)) if name == "mean" else theory
        z = (difference / error).values[error.values > 0]
        yield name, z, np.linalg.norm(difference) / np.linalg.norm(scale)


ASYMMETRIC = RandomNetwork(gain="1/(1 + x**2/4)", transfer="tanh(x + 1/2)", mean=0.3, field_std=0.2)


@pytest.mark.parametrize("gamma", [-0.5, 0.8])
def test_simulated_networks(gamma):
    """Non-constant gain, asymmetric transfer, mean coupling, fields and noise: all at once."""
    start = (0.3, 0.5)
    found = dynamical_mean_field(
        ASYMMETRIC, 1.0, gamma, 4.0, noise=0.1, steps=40, start=start, trajectories=8000, batches=8
    )
    drawn = network_correlations(
        ASYMMETRIC, 1.0, gamma, 4.0, noise=0.1, start=start, every=10, size=300, networks=24
    )
    for name, z, difference in scores(found, drawn):
        assert (z**2).mean() < 4, name
        assert difference < 0.02, name


def test_same_seed_same_bits():
    first, second, other = (
        dynamical_mean_field(
            ASYMMETRIC, 1.0, 0.5, 1.0, steps=10, trajectories=800, batches=4, seed=seed,
            threads=threads, tolerance=1.0,
        )
        for seed, threads in ((5, 1), (np.random.SeedSequence(5), 3), (6, 1))
    )  # fmt: skip
    for name in first.data_vars:
        assert (first[name].values == second[name].values).all(), name
    assert (first.correlation.values != other.correlation.values).all()


def test_halved_steps_estimate_the_error_of_the_step():
    found = dynamical_mean_field(
        LINEAR, 0.4, 1.0, 5.0, noise=0.1, start=(0.0, 0.7), steps=20, trajectories=1000, batches=2,
        halve=True,
    )  # fmt: skip
    error = found.correlation - semicircle(found.time.values, 0.4, 0.1, 0.49)
    assert abs(found.correlation_step_error - error).max() < 0.2 * abs(error).max()
    lag = found.time.values[:, None] - found.time.values
    error = np.tril(found.response - bessel(lag, 0.4, 1.0))
    assert abs(found.response_step_error - error).max() < 0.2 * abs(error).max()


def test_states_that_diverge():
    found = dynamical_mean_field(
        RandomNetwork(local="x**3 - x"), 0.5, 0.5, 5.0, steps=50, start=(0.0, 2.0),
        trajectories=200, batches=2,
    )  # fmt: skip
    assert not found.converged
    assert "states become infinite at time" in found.reason.item()
    assert np.isnan(found.correlation).all()


def test_residual_above_tolerance():
    found = dynamical_mean_field(
        RandomNetwork(), 0.5, 0.5, 1.0, steps=10, trajectories=100, batches=2, tolerance=1e-4
    )
    assert not found.converged
    assert found.residual > 1e-4
    assert "above the tolerance 0.0001" in found.reason.item()
    assert np.isnan(found.response).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"gamma": 1.5}, "gamma must lie between -1 and 1, not 1.5"),
        ({"duration": 0.0}, "duration must be a finite number > 0, not 0"),
        ({"noise": -1.0}, "noise must be a finite number >= 0, not -1"),
        ({"steps": 1}, "steps must be a whole number, at least 2, not 1"),
        ({"trajectories": 3}, "trajectories must be a whole number, at least 20, not 3"),
        ({"start": (0.0, -1.0)}, "standard deviation >= 0"),
        ({"start": lambda generator, count: np.zeros(3)}, "it should give so many finite states"),
        ({"network": RandomNetwork(transfer=sp.sign(X))}, "transfer sign.x. jumps at x = 0"),
    ],
)
def test_refusals(changed, message):
    settings = {"network": RandomNetwork(), "g": 1.0, "gamma": 0.0, "duration": 1.0} | changed
    with pytest.raises(ModelError, match=message):
        dynamical_mean_field(**settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "g", "gamma", "start"),
    [(RandomNetwork(), 0.8, 0.5, (0.0, 1.0)), (ASYMMETRIC, 1.0, -0.5, (0.3, 0.5))],
)
def test_large_simulated_networks(network, g, gamma, start):
    """Finite networks within the error bars, over a long time."""
    found = dynamical_mean_field(network, g, gamma, 20.0, noise=0.1, start=start, threads=2)
    assert found.converged
    drawn = network_correlations(
        network, g, gamma, 20.0, noise=0.1, start=start, size=2000, networks=12, threads=2
    )
    for name, z, difference in scores(found, drawn):
        assert (z**2).mean() < 2.5, name
        assert difference < 0.02, name
