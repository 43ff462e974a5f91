"""Samplers against exact linear algebra, quadrature, identities of the measure and the theory."""

import arviz_stats.base as arviz
import numpy as np
import pytest
from scipy.integrate import quad

from numerics.targets import Target, dynamics_target, network_target
from theory import Dynamics, ModelError, RandomNetwork
from validation.samplers import hamiltonian, metropolis_langevin

SIZE, CHAINS, T = 40, 32, 0.3
LINEAR = RandomNetwork(transfer="x", confinement=0.05)
COUPLINGS = LINEAR.draw(SIZE, g=0.4, gamma=0.3, seed=5)[0]
WELLS = dynamics_target(Dynamics(["x"], ["x - x**3"]))

UNUSED = (None, None, None)  # derivatives that no sampler needs


def mean_and_error(draws):
    """Of an array (draws, S)."""
    chains = draws.T
    assert arviz.array_stats.rhat(chains) < 1.03
    return chains.mean(), float(arviz.array_stats.mcse(chains))


def rng(seed=0):
    return np.random.default_rng(seed)


def squares(target):
    """|x|^2/N and E/N of every state."""
    return lambda x: np.stack([(x**2).mean(0), target.energy_and_gradient(x)[0] / len(x)])


@pytest.fixture(scope="module")
def linear():
    """Target, start, and exact <|x|^2>/N and <E>/N."""
    A = COUPLINGS - np.eye(SIZE)
    covariance = T * np.linalg.inv(A.T @ A + 2 * LINEAR.confinement * np.eye(SIZE))
    start = rng(9).standard_normal((SIZE, CHAINS))
    return network_target(LINEAR, COUPLINGS), start, (np.trace(covariance) / SIZE, T / 2)


@pytest.mark.parametrize(
    ("sampler", "draws", "warmup"), [(hamiltonian, 1500, 200), (metropolis_langevin, 6000, 1000)]
)
def test_linear_transfer_gives_the_exact_gaussian(linear, sampler, draws, warmup):
    target, start, exact = linear
    samples = sampler(
        target, start, T, draws=draws, warmup=warmup, generator=rng(1), observe=squares(target)
    )
    assert samples.observed.shape == (draws, 2, CHAINS)
    assert samples.divergences == 0
    if sampler is metropolis_langevin:
        assert samples.acceptance.mean() == pytest.approx(0.574, abs=0.05)
    else:  # of modes that are all harmonic it falls steeply where the step becomes unstable
        assert samples.acceptance.mean() > 0.75
    assert samples.energy / SIZE == pytest.approx(samples.observed[:, 1])
    for quantity, expected in enumerate(exact):
        mean, error = mean_and_error(samples.observed[:, quantity])
        assert error < 0.004 * expected
        assert abs(mean - expected) < 4 * error


def test_moments_of_a_double_well():
    temperature = 0.1
    energy = lambda x: (x - x**3) ** 2 / 2
    weight = lambda x: np.exp(-energy(x) / temperature)
    total = quad(weight, -4, 4)[0]
    samples = hamiltonian(
        WELLS,
        rng(4).standard_normal((1, 200)),
        temperature,
        draws=1000,
        warmup=200,
        generator=rng(5),
        observe=lambda x: np.concatenate([x**2, x**4, np.abs(x) < 0.5]),
    )
    functions = [lambda x: x**2, lambda x: x**4, lambda x: abs(x) < 0.5]
    for quantity, function in enumerate(functions):
        exact = quad(lambda x, f=function: f(x) * weight(x), -4, 4, points=[-0.5, 0.5])[0] / total
        mean, error = mean_and_error(samples.observed[:, quantity])
        assert error < 0.01 * exact
        assert abs(mean - exact) < 4 * error
    exact = quad(lambda x: energy(x) * weight(x), -4, 4)[0] / total
    mean, error = mean_and_error(samples.energy)
    assert abs(mean - exact) < 4 * error < 0.03 * exact


@pytest.mark.parametrize("sampler", [hamiltonian, metropolis_langevin])
def test_equipartition_without_reciprocity(sampler):
    """The mean over networks of E/N is T/2 at gamma = 0; in one network of J = 0 exactly."""
    network = RandomNetwork(local="-x - x**3/3")
    target = network_target(network, np.zeros((30, 30)))
    weight = lambda x: np.exp(-((x + x**3 / 3) ** 2) / 2 / T)
    exact = quad(lambda x: (x + x**3 / 3) ** 2 / 2 * weight(x), -6, 6)[0] / quad(weight, -6, 6)[0]
    samples = sampler(
        target,
        np.zeros((30, 32)),
        T,
        draws=1500,
        warmup=300,
        generator=rng(6),
        observe=lambda x: x[:1],
    )
    mean, error = mean_and_error(samples.energy / 30)
    assert abs(mean - exact) < 4 * error < 0.02 * exact


def sample_network(g, gamma, temperature, size, networks, seed, draws=120):
    """Means of q and E/N of every network."""
    means = []
    for index in range(networks):
        J, _ = RandomNetwork().draw(size, g, gamma, np.random.SeedSequence([seed, index]))
        samples = hamiltonian(
            network_target(RandomNetwork(), J),
            rng(index).standard_normal((size, 8)),
            temperature,
            draws=draws,
            warmup=100,
            generator=rng(index),
            integration_time=8.0,
            observe=lambda x: (np.tanh(x) ** 2).mean(0, keepdims=True),
        )
        means.append([samples.observed.mean(), samples.energy.mean() / size])
    means = np.array(means)
    return means.mean(0), means.std(0, ddof=1) / np.sqrt(networks)


def test_tanh_network_at_gamma_zero_has_energy_half_the_temperature():
    """E<E>/N = T/2 and q = 0.270 at infinite size; .2592(21) at N = 200 (Monte Carlo)."""
    (q, energy), (q_error, energy_error) = sample_network(1.2, 0.0, 0.1, 200, 8, seed=1)
    assert energy == pytest.approx(0.05, abs=max(4 * energy_error, 2e-4))
    assert energy_error < 5e-4
    assert q == pytest.approx(0.2592, abs=4 * np.hypot(q_error, 0.0021))


def test_tanh_network_is_near_the_theory():
    (q, _), (error, _) = sample_network(1.2, 0.5, 0.1, 200, 6, seed=2)
    assert q == pytest.approx(0.3793082206, rel=0.06)
    assert error < 0.02


@pytest.mark.slow
def test_tanh_network_approaches_the_theory():
    """The difference to the theory decreases with size and is covered by errors at N = 600."""
    theory = 0.3793082206
    (small, _), _ = sample_network(1.2, 0.5, 0.1, 100, 40, seed=3)
    (large, _), (error, _) = sample_network(1.2, 0.5, 0.1, 600, 6, seed=3)
    assert abs(large - theory) < abs(small - theory)
    assert large == pytest.approx(theory, abs=max(3 * error, 0.01 * theory))


def test_same_seed_same_bits(linear):
    target, start, _ = linear
    few = {"observe": squares(target), "warmup": 20}
    for sampler in (hamiltonian, metropolis_langevin):
        first, second, other = (
            sampler(target, start, T, draws=9, generator=rng(seed), **few).observed
            for seed in (7, 7, 8)
        )
        assert first.tobytes() == second.tobytes()
        assert (first != other).any()


def test_what_is_observed_and_reported():
    seen, reported = [], []

    def observe(x):
        seen.append(x.copy())
        return x

    start = np.ones((1, 3))
    samples = hamiltonian(
        WELLS,
        start,
        T,
        draws=5,
        warmup=4,
        generator=rng(),
        observe=observe,
        step=0.1,
        progress=lambda done, total: reported.append((done, total)),
    )
    assert np.array_equal(np.array(seen), samples.observed)  # once for every draw
    assert np.array_equal(samples.observed[-1], samples.state)
    assert samples.step == 0.1
    assert (start == 1).all()
    assert reported == [(done, 9) for done in range(1, 10)]


def run_hamiltonian(target=WELLS, start=None, temperature=T, **arguments):
    start = np.zeros((target.size, 4)) if start is None else start
    given = {"draws": 300, "warmup": 100, "generator": rng(), "observe": lambda x: x} | arguments
    return hamiltonian(target, start, temperature, **given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": np.full((1, 2), np.nan)}, "the start is nan in unit 0 of chain 0"),
        ({"start": np.array([[0.0, np.inf]])}, "the start is inf in unit 0 of chain 1"),
        ({"start": np.zeros((2, 4))}, r"shape \(1, chains\), not \(2, 4\)"),
        ({"start": np.zeros(1)}, "one chain"),
        ({"start": np.zeros((1, 0))}, "one chain"),
        ({"start": np.full((1, 2), 1e200)}, "not finite at the start"),
        ({"temperature": 0.0}, "sample at T > 0"),
        ({"temperature": -1.0}, "not -1.0; sample at T > 0"),
        ({"temperature": np.nan}, "sample at T > 0"),
        ({"temperature": [0.1, 0.2, 0.3, 0.4]}, "one temperature for all chains"),
        ({"draws": 0}, "draws must be a whole number, at least 1, not 0"),
        ({"draws": 1.5}, "draws must be a whole number"),
        ({"warmup": -1}, "warmup must be a whole number, at least 0"),
        ({"warmup": 0}, "give a step"),
        ({"step": 0.0}, "step must be finite and positive"),
        ({"step": 1e5}, "unstable step: with step 1e.05 only 0.00%"),
        ({"integration_time": np.inf}, "integration_time must be finite"),
        ({"acceptance": 1.0}, "acceptance must lie between 0 and 1"),
        ({"observe": lambda x: x[0]}, r"observe gives an array of shape \(quantities, 4\)"),
    ],
)
def test_bad_input_of_hamiltonian(arguments, message):
    with pytest.raises(ModelError, match=message):
        run_hamiltonian(**arguments)


@pytest.mark.parametrize("drift", ["0*x + 1", "x*exp(-x**2)", "1/(1 + x**2)"])
def test_measures_that_cannot_be_normalised_are_refused(drift):
    target = dynamics_target(Dynamics(["x"], [drift]))
    with pytest.raises(ModelError, match="cannot be normalised"):
        run_hamiltonian(target, draws=1000)
    with pytest.raises(ModelError, match="cannot be normalised"):
        metropolis_langevin(
            target,
            np.ones((1, 40)),
            T,
            draws=3000,
            warmup=200,
            generator=rng(),
            observe=lambda x: x,
        )


def test_a_custom_energy_below_zero_is_refused():
    target = Target(
        1, lambda x: ((x[0] ** 2 - 5) / 2, x.copy()), lambda x: -x, lambda x, v: -v, *UNUSED
    )
    with pytest.raises(ModelError, match=r"energy is -2\.5 < 0"):
        run_hamiltonian(target, step=1e-9, integration_time=1e-9)


def test_a_wrong_gradient_is_refused():
    target = Target(
        1, lambda x: (x[0] ** 2 / 2, -1e12 * x - 1e12), lambda x: -x, lambda x, v: -v, *UNUSED
    )
    with pytest.raises(ModelError, match="gradient that of the energy"):
        run_hamiltonian(target)


def test_infinite_energies_are_rejected_and_counted():
    """A wall: the energy is infinite beyond 1; inside, x is uniform."""
    energy = lambda x: (np.where(np.abs(x[0]) < 1, 0.0, np.inf), np.zeros_like(x))
    target = Target(1, energy, lambda x: x, lambda x, v: v, *UNUSED)
    samples = run_hamiltonian(target, np.zeros((1, 50)), draws=2000, step=0.3, integration_time=1.0)
    assert samples.divergences > 0
    assert np.abs(samples.observed).max() < 1
    assert (samples.observed**2).mean() == pytest.approx(1 / 3, rel=0.03)
