"""Parallel tempering against quadrature, exact swap rates, and plain chains that get stuck."""

import arviz_stats.base as arviz
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import gamma as gamma_distribution

from numerics.targets import dynamics_target, network_target
from theory import Dynamics, ModelError, RandomNetwork
from validation.samplers import hamiltonian
from validation.tempering import ladder, temper

# minima of different weight: exp(-E/T) at T -> 0 has 1/|F'| = 1/6, 1/2, 1/3 at x = -2, 0, 1
UNEQUAL = dynamics_target(Dynamics(["x"], ["x*(1 - x)*(x + 2)"]))
MINIMA = {-2.0: 1 / 6, 0.0: 1 / 2, 1.0: 1 / 3}


def rng(seed=0):
    return np.random.default_rng(seed)


def run(target=UNEQUAL, start=None, temperatures=(0.1, 0.2), **arguments):
    start = np.zeros((target.size, 4)) if start is None else start
    given = {"draws": 20, "warmup": 20, "generator": rng(), "observe": lambda x: x} | arguments
    return temper(target, start, temperatures, **given)


def nearest(x):
    """Shares of the three minima in an array of states."""
    return np.array(
        [np.mean((x > low) & (x <= high)) for low, high in ((-9, -1), (-1, 0.5), (0.5, 9))]
    )


def test_tempering_crosses_barriers_where_plain_chains_do_not():
    """All start in the lightest minimum; the shares of the minima are known by quadrature."""
    coldest, start = 0.004, np.full((1, 40), -2.0)
    arguments = {"draws": 3000, "warmup": 300, "generator": rng(1), "observe": lambda x: x}
    plain = hamiltonian(UNEQUAL, start, coldest, **arguments)
    assert (nearest(plain.observed) == [1, 0, 0]).all()

    samples = temper(UNEQUAL, start, ladder(coldest, 1.0, 10), **arguments)
    assert samples.bottlenecks == []
    assert (samples.round_trips > 5).all()
    energy = lambda x: (x * (1 - x) * (x + 2)) ** 2 / 2
    for rung, temperature in enumerate(samples.temperatures):
        weight = lambda x, t=temperature: np.exp(-energy(x) / t)
        parts = [
            quad(weight, low, high, points=[np.clip(minimum, low, high)], epsabs=1e-12)[0]
            for (low, high), minimum in zip(((-5, -1), (-1, 0.5), (0.5, 5)), MINIMA, strict=True)
        ]
        exact = np.array(parts) / sum(parts)
        if rung == 0:
            assert exact == pytest.approx(list(MINIMA.values()), rel=0.06)
        for minimum, (low, high) in enumerate(((-9, -1), (-1, 0.5), (0.5, 9))):
            x = samples.observed[1000:, 0, :, rung]
            inside = ((x > low) & (x <= high)).T.astype(float)
            error = float(arviz.array_stats.mcse(inside))
            assert error < 0.02
            assert abs(inside.mean() - exact[minimum]) < 4.5 * error


@pytest.fixture(scope="module")
def linear():
    """A quadratic energy of 20 units, sampled on a ladder."""
    network = RandomNetwork(transfer="x")
    J, _ = network.draw(20, g=0.4, gamma=0.0, seed=2)
    target = network_target(network, J)
    samples = temper(
        target,
        rng(2).standard_normal((20, 16)),
        [0.1, 0.2, 0.3, 3.0],
        draws=2000,
        warmup=300,
        generator=rng(3),
        observe=lambda x: (x**2).mean(0, keepdims=True),
    )
    return J, samples


def test_every_temperature_has_its_gaussian(linear):
    J, samples = linear
    A = J - np.eye(20)
    unit = np.trace(np.linalg.inv(A.T @ A)) / 20
    for rung, temperature in enumerate(samples.temperatures):
        for draws, exact in (
            (samples.observed[:, 0, :, rung], temperature * unit),
            (samples.energy[:, :, rung] / 20, temperature / 2),
        ):
            error = float(arviz.array_stats.mcse(draws.T))
            assert error < 0.005 * exact
            assert abs(draws.mean() - exact) < 4 * error


def test_swap_rates_are_those_of_gamma_distributed_energies(linear):
    """E/T of a quadratic energy of N units has the gamma distribution of N/2."""
    _, samples = linear
    draws = gamma_distribution(10).rvs((2, 400_000), random_state=1)
    exact = []
    for cold, hot in zip(samples.temperatures[:-1], samples.temperatures[1:], strict=True):
        gain = (1 / cold - 1 / hot) * (cold * draws[0] - hot * draws[1])
        exact.append(np.exp(np.minimum(gain, 0)).mean())
    assert samples.swap_rates == pytest.approx(exact, rel=0.05, abs=1e-3)
    assert samples.bottlenecks == [(pytest.approx(0.3), pytest.approx(3.0))]


def test_steps_adapt_by_temperature():
    """A sextic energy is steeper where it is hot."""
    target = dynamics_target(Dynamics(["x"], ["-x**3"]))
    samples = run(
        target, np.zeros((1, 50)), [0.01, 0.1, 1.0], draws=600, warmup=600, integration_time=8.0
    )
    assert samples.step[0] > 1.3 * samples.step[1] > 1.6 * samples.step[2]
    assert samples.acceptance.mean(0) == pytest.approx(0.8, abs=0.08)


def test_network_on_a_ladder():
    """Energies of a tanh network at gamma = 0 stay near N T/2 and shapes are as documented."""
    network = RandomNetwork()
    J, _ = network.draw(100, g=1.2, gamma=0.0, seed=3)
    target = network_target(network, J)
    samples = temper(
        target,
        rng(4).standard_normal((100, 4, 5)),
        ladder(0.02, 0.05, 5),
        draws=400,
        warmup=200,
        generator=rng(5),
        observe=lambda x: (np.tanh(x) ** 2).mean(0, keepdims=True),
    )
    assert samples.observed.shape == (400, 1, 4, 5)
    assert samples.state.shape == (100, 4, 5)
    assert samples.acceptance.shape == (4, 5)
    for rung in range(5):
        last = samples.state[:, :, rung]
        assert target.energy_and_gradient(last.copy())[0] == pytest.approx(
            samples.energy[-1, :, rung]
        )
        assert (np.tanh(last) ** 2).mean(0) == pytest.approx(samples.observed[-1, 0, :, rung])
    ratio = samples.energy.mean((0, 1)) / 100 / samples.temperatures
    assert ratio == pytest.approx(0.5, abs=0.05)
    assert (samples.swap_rates > 0.1).all()


def test_same_seed_same_bits():
    first, second, other = (run(generator=rng(seed)) for seed in (1, 1, 2))
    assert first.observed.tobytes() == second.observed.tobytes()
    assert (first.observed != other.observed).any()


def test_two_temperatures_and_one_ladder():
    """The smallest case: odd sweeps have no pair."""
    samples = run(start=np.zeros((1, 1)))
    assert samples.swap_rates.shape == (1,)
    assert 0 < samples.swap_rates[0] <= 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperatures": [0.2, 0.1]}, "temperatures rise and are at least 2"),
        ({"temperatures": [0.1]}, "at least 2"),
        ({"temperatures": 0.1}, "at least 2"),
        ({"temperatures": [0.0, 0.1]}, "sample at T > 0"),
        ({"start": np.full((1, 3), np.nan)}, "the start is nan"),
        ({"start": np.zeros((1, 3, 3))}, "states for 3 temperatures, not 2"),
        ({"start": np.zeros((2, 3))}, r"\(1, chains\)"),
        ({"draws": 0}, "draws must be"),
        ({"warmup": 0}, "give a step"),
        ({"integration_time": -1.0}, "integration_time must be"),
        ({"step": 1e6}, "unstable step"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ModelError, match=message):
        run(**arguments)


@pytest.mark.parametrize("arguments", [(0.0, 1.0, 3), (1.0, 0.5, 3), (0.1, np.inf, 3), (0.1, 1, 1)])
def test_bad_ladder(arguments):
    with pytest.raises(ModelError):
        ladder(*arguments)


def test_a_measure_that_cannot_be_normalised_is_refused():
    target = dynamics_target(Dynamics(["x"], ["x*exp(-x**2)"]))
    with pytest.raises(ModelError, match="cannot be normalised"):
        run(target, np.zeros((1, 20)), draws=1000, warmup=100)
