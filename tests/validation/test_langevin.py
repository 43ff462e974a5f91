"""Langevin dynamics against exact stationary variances, and its extrapolation to step 0."""

import numpy as np
import pytest

from numerics.targets import dynamics_target, network_target
from theory import Dynamics, ModelError, RandomNetwork
from validation.langevin import extrapolated_langevin, langevin

T = 0.3
WELLS = dynamics_target(Dynamics(["x"], ["x - x**3"]))


def rng(seed=0):
    return np.random.default_rng(seed)


def test_extrapolated_langevin_gives_the_exact_gaussian():
    """The covariance for a linear transfer is T (A^T A + 2 eta)^-1, A = J - 1."""
    size, network = 40, RandomNetwork(transfer="x", confinement=0.05)
    J, _ = network.draw(size, g=0.4, gamma=0.3, seed=5)
    A, target = J - np.eye(size), network_target(network, J)
    covariance = T * np.linalg.inv(A.T @ A + 0.1 * np.eye(size))
    exact = np.trace(covariance) / size, T / 2

    def observe(x):
        return np.stack([(x**2).mean(0), target.energy_and_gradient(x)[0] / size])

    found = extrapolated_langevin(
        target,
        rng(9).standard_normal((size, 32)),
        T,
        step=0.2,
        steps=3000,
        warmup=100,
        every=5,
        generator=rng(2),
        observe=observe,
    )
    assert (found.standard_error < 0.005 * np.array(exact)).all()
    assert (abs(found.value - exact) < 4 * found.standard_error).all()
    assert (found.bias[0] > 20 * found.bias_error[0]).all()  # the bias is not noise


def test_bias_of_euler_steps_is_of_first_order():
    """Against the exact stationary variance of the discrete process, and by its slope."""
    target = dynamics_target(Dynamics(["x"], ["-x"]))
    found = extrapolated_langevin(
        target,
        np.zeros((1, 400)),
        T,
        step=0.2,
        steps=3000,
        warmup=50,
        levels=4,
        generator=rng(3),
        observe=lambda x: x**2,
    )
    for step, mean, bias in zip(found.steps, found.means.mean(-1), found.bias, strict=True):
        assert mean[0] == pytest.approx(T / (1 - step / 2), rel=4e-3)
        assert bias[0] == pytest.approx(T * step / 2 / (1 - step / 2), rel=0.15)
    slope = np.polyfit(np.log(found.steps), np.log(found.bias[:, 0]), 1)[0]
    assert slope == pytest.approx(1, abs=0.08)


def test_same_seed_same_bits():
    given = {"step": 0.1, "steps": 20, "observe": lambda x: x}
    start = np.ones((1, 5))
    first, second = (langevin(WELLS, start, T, generator=rng(7), **given) for _ in range(2))
    assert first.observed.tobytes() == second.observed.tobytes()
    first, second = (
        extrapolated_langevin(WELLS, start, T, generator=rng(7), **given) for _ in range(2)
    )
    assert first.means.tobytes() == second.means.tobytes()


def test_levels_follow_one_path():
    """The finest level is the plain integration, and all levels end close together."""
    start, given = np.ones((1, 5)), {"observe": lambda x: x}
    found = extrapolated_langevin(
        WELLS, start, 0.05, step=0.01, steps=50, every=50, generator=rng(1), **given
    )
    fine = langevin(
        WELLS, start, 0.05, step=0.0025, steps=200, every=200, generator=rng(1), **given
    )
    assert found.means[-1] == pytest.approx(fine.observed[0], rel=1e-12)
    spread = np.ptp(fine.observed)
    assert (abs(found.means - found.means[-1]) < 0.1 * spread).all()


def test_observations_are_every_so_many_steps():
    given = {"step": 0.1, "observe": lambda x: x}
    start = np.ones((1, 3))
    sparse = langevin(WELLS, start, T, steps=10, every=3, generator=rng(1), **given)
    dense = langevin(WELLS, start, T, steps=9, generator=rng(1), **given)
    later = langevin(WELLS, start, T, steps=5, warmup=4, generator=rng(1), **given)
    assert np.array_equal(sparse.observed, dense.observed[2::3])
    assert np.array_equal(later.observed, dense.observed[4:])
    assert np.array_equal(dense.energy[-1], WELLS.energy_and_gradient(dense.state)[0])
    assert (dense.acceptance == 1).all()
    assert (start == 1).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"step": 50.0}, "unstable step: with step"),
        ({"step": -1.0}, "step must be finite and positive"),
        ({"steps": 0}, "steps must be a whole number, at least 1, not 0"),
        ({"steps": 5, "every": 10}, "at least 10, not 5"),
        ({"temperature": 0.0}, "sample at T > 0"),
        ({"start": np.array([[np.nan]])}, "the start is nan"),
    ],
)
@pytest.mark.parametrize("integrate", [langevin, extrapolated_langevin])
def test_bad_input_of_langevin(integrate, arguments, message):
    given = {"start": np.ones((1, 4)), "temperature": T, "step": 0.01, "steps": 100}
    with pytest.raises(ModelError, match=message):
        integrate(WELLS, generator=rng(), observe=lambda x: x, **(given | arguments))


def test_extrapolation_needs_two_chains_and_two_levels():
    given = {"step": 0.1, "steps": 9, "generator": rng(), "observe": lambda x: x}
    with pytest.raises(ModelError, match="at least 2 chains"):
        extrapolated_langevin(WELLS, np.ones((1, 1)), T, **given)
    with pytest.raises(ModelError, match="levels must be a whole number, at least 2"):
        extrapolated_langevin(WELLS, np.ones((1, 2)), T, levels=1, **given)


@pytest.mark.parametrize("drift", ["0*x + 1", "x*exp(-x**2)", "1/(1 + x**2)"])
@pytest.mark.parametrize("integrate", [langevin, extrapolated_langevin])
def test_measures_that_cannot_be_normalised_are_refused(integrate, drift):
    target = dynamics_target(Dynamics(["x"], [drift]))
    with pytest.raises(ModelError, match="cannot be normalised"):
        integrate(
            target,
            np.ones((1, 40)),
            T,
            step=0.5,
            steps=4000,
            generator=rng(),
            observe=lambda x: x,
        )
