"""Stationary state at gamma = 0: closed, published and asymptotic values, other methods."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.linalg import eigh_tridiagonal
from scipy.optimize import brentq
from scipy.special import roots_hermitenorm

from numerics.stationary import StationaryChaos
from theory import RandomNetwork
from theory.expressions import ModelError, X

# g, Delta(0), <phi^2>, <xdot^2>, lambda_max for tanh, obtained independently of this code
TABLE = [
    (1.1, 0.111063, 0.092014, 2.7322e-4, 0.00372),
    (1.2, 0.242629, 0.169808, 1.8953e-3, 0.01193),
    (1.5, 0.747686, 0.342093, 0.022024, 0.04677),
    (2.0, 1.924805, 0.513178, 0.127907, 0.1126),
    (3.0, 5.446326, 0.680580, 0.678891, 0.2358),
]
# g, Delta(0), <c^2> for c = E(x), whose correlation is an arc sine
CLOSED = [
    (1.1, 0.135690278765, 0.1124338878),
    (1.2, 0.287740252187, 0.2015193616),
    (1.5, 0.838752527847, 0.3849539069),
    (2.0, 2.06408001875, 0.5538069358),
    (3.0, 5.63743196089, 0.7107297981),
    (10.0, 71.6448226771, 0.9154446586),
    (50.0, 1815.80484415, 0.9831446737),
]
ERROR_FUNCTION = RandomNetwork(transfer=sp.erf(sp.sqrt(sp.pi) * X / 2))


def arcsine(variance):
    """Correlation of E(x) in closed form, and its integral from 0."""
    factor = (np.pi / 2) / (1 + np.pi / 2 * variance)

    def integral(delta):
        sine = factor * delta
        return 2 / np.pi * (sine * np.arcsin(sine) + np.sqrt(1 - sine**2) - 1) / factor

    return lambda delta: 2 / np.pi * np.arcsin(factor * delta), integral


@pytest.mark.parametrize(("g", "x_squared", "transfer_squared", "x_dot_squared", "lyapunov"), TABLE)
def test_table(g, x_squared, transfer_squared, x_dot_squared, lyapunov):
    state = StationaryChaos(RandomNetwork(), g=g)
    assert state.x_squared == pytest.approx(x_squared, rel=5e-6)
    assert state.transfer_squared == pytest.approx(transfer_squared, rel=5e-6)
    assert state.x_dot_squared == pytest.approx(x_dot_squared, rel=5e-5)
    assert state.lyapunov == pytest.approx(lyapunov, rel=0.01)
    assert state.lyapunov_error < 1e-10


@pytest.mark.parametrize(("g", "x_squared", "transfer_squared"), CLOSED)
def test_closed_values_at_any_gain(g, x_squared, transfer_squared):
    """Within the stated errors and the digits of the values."""
    state = StationaryChaos(ERROR_FUNCTION, g=g)
    error = state.errors
    digits = 10.0 ** (np.floor(np.log10(x_squared)) - 11)
    assert abs(state.x_squared - x_squared) < error["x_squared"] + digits
    assert abs(state.transfer_squared - transfer_squared) < error["transfer_squared"] + 1e-10
    assert error["x_squared"] < 1e-12 * x_squared
    square = 2 / np.pi * np.arcsin(1 - 1 / (1 + np.pi / 2 * state.x_squared))
    # to rounding, where the closed form is of this variance
    assert state.transfer_squared == pytest.approx(square, abs=error["transfer_squared"] + 1e-14)
    assert state.x_dot_squared == pytest.approx(g**2 * square - state.x_squared, rel=1e-10)


def test_steep_transfer_tends_to_the_sign_function_from_below():
    g = 1.5
    limit = 2 * (1 - 2 / np.pi) * g**2
    below = [
        limit - StationaryChaos(RandomNetwork(transfer=f"tanh({steepness}*x)"), g).x_squared
        for steepness in (50, 100, 10_000)
    ]
    assert below[0] > below[1] > below[2] > 0
    # the distance falls as the square of the width of the step
    assert below[0] / below[1] == pytest.approx(4, rel=0.05)


@pytest.mark.parametrize("g", [150.0, 1e4])
def test_large_gain(g):
    """For g without bound tanh is a step at the scale of x."""
    state = StationaryChaos(RandomNetwork(), g)
    assert state.x_squared / g**2 == pytest.approx(2 * (1 - 2 / np.pi), rel=2 / g)
    assert state.errors["x_squared"] < 1e-11 * state.x_squared


def test_near_onset():
    """Delta(0) = e + 7/6 e^2, <xdot^2> = e^3/3 and lambda = e^2/2 to leading orders."""
    small = 0.01
    state = StationaryChaos(RandomNetwork(), g=1 + small)
    assert state.x_squared == pytest.approx(small + 7 / 6 * small**2, rel=small**2 * 10)
    assert state.x_dot_squared == pytest.approx(small**3 / 3, rel=10 * small)
    assert state.lyapunov == pytest.approx(small**2 / 2, rel=10 * small)


@pytest.mark.parametrize("g", [1.3, 6.0])
def test_fall_and_exponent_against_the_closed_potential(g):
    """Lags by an adaptive integral, then the exponent by finite differences, of the arc sine."""
    state = StationaryChaos(ERROR_FUNCTION, g)
    variance = state.x_squared
    correlation, integral = arcsine(variance)

    def energy(delta):
        return delta**2 / 2 - g**2 * integral(delta)

    aims = variance * np.array([0.9, 0.3, 0.01])
    # the fall starts as a parabola; there the energy is a difference of much larger numbers
    begin = 1e-3 * np.sqrt(variance)
    lags = [
        begin * np.sqrt(2 / state.x_dot_squared)
        + quad(
            lambda s: 2 * s / np.sqrt(2 * energy(variance - s * s)),
            begin, np.sqrt(variance - aim), epsabs=1e-11, epsrel=1e-11,
        )[0]
        for aim in aims
    ]  # fmt: skip
    values, errors = state.autocovariance(lags)
    assert (abs(values - aims) < errors + 1e-7 * variance).all()
    assert (errors < 1e-9 * variance).all()
    # the second-order equation, which no quadrature has used
    step = 0.01
    around = state.autocovariance([lags[1] - step, lags[1], lags[1] + step])[0]
    second = np.diff(around, 2)[0] / step**2
    assert second == pytest.approx(around[1] - g**2 * correlation(around[1]), abs=1e-4 * variance)

    scale = variance / state.x_dot_squared
    time = np.linspace(0, 60 * np.sqrt(scale), 6_001)
    delta = state.autocovariance(time)[0]
    factor = (np.pi / 2) / (1 + np.pi / 2 * variance)
    well = 1 - g**2 * 2 / np.pi * factor / np.sqrt(1 - (factor * delta) ** 2)
    width = time[1]
    beside = np.full(len(time) - 1, -1 / width**2)
    beside[0] *= np.sqrt(2)
    [ground], _ = eigh_tridiagonal(2 / width**2 + well, beside, select="i", select_range=(0, 0))
    assert state.lyapunov == pytest.approx(np.sqrt(1 - ground) - 1, rel=2e-3)


@pytest.mark.parametrize(("rate", "gain", "slope"), [(1.0, 1.0, 0.5), (3.0, 2.0, -0.6)])
def test_linear_network_with_noise(rate, gain, slope):
    """Delta = D/kappa exp(-kappa tau), kappa^2 = k^2 - (g b c')^2; growth g b |c'| - k."""
    g, noise = 1.5, 0.3
    network = RandomNetwork(local=-rate * X, gain=gain, transfer=sp.Rational(slope) * X)
    state = StationaryChaos(network, g, noise=noise)
    total = g * gain * abs(slope)
    kappa = np.sqrt(rate**2 - total**2)
    assert abs(state.variance - noise / kappa) < state.errors["variance"]
    lags = np.array([0.0, 0.3, 2.0, 9.0, 200.0])
    values, errors = state.autocovariance(lags)
    assert (abs(values - noise / kappa * np.exp(-kappa * lags)) < errors).all()
    assert errors.max() < 1e-11
    assert abs(state.lyapunov - (total - rate)) < state.lyapunov_error < 1e-10
    # <F^2> of -k x + fields, whose spectrum is total^2 times that of x
    square = rate**2 * noise / kappa - 2 * rate * (rate * noise / kappa - noise)
    assert state.x_dot_squared == pytest.approx(square + total**2 * noise / kappa, rel=1e-12)


def test_units_without_couplings():
    """Ornstein-Uhlenbeck process in a random field: D/k exp(-k tau) + sigma_h^2/k^2."""
    state = StationaryChaos(RandomNetwork(local="-2*x", field_std=0.6), 0.0, noise=0.3)
    lags = np.array([0.0, 0.4, 3.0])
    values, errors = state.autocovariance(lags)
    assert (abs(values - 0.15 * np.exp(-2 * lags) - 0.09) < errors).all()
    assert state.frozen_variance == pytest.approx(0.09, rel=1e-13)
    assert abs(state.lyapunov + 2) < state.lyapunov_error < 1e-10


def test_linear_network_with_fields_and_mean():
    """M = k^-1 (a_0 + mu m) and k^2 Delta(inf) = g^2 C(inf) + sigma_h^2, both linear."""
    network = RandomNetwork(local="1 - 2*x", transfer="x/2 + 1", mean=0.5, field_std=0.4)
    state = StationaryChaos(network, 1.2, noise=0.2)
    mean = (1 + 0.5) / (2 - 0.25)
    frozen = (1.2**2 * (mean / 2 + 1) ** 2 + 0.4**2) / (4 - 0.36)
    assert state.x_mean == pytest.approx(mean, rel=1e-12)
    assert state.frozen_variance == pytest.approx(frozen, rel=1e-11)
    assert state.variance == pytest.approx(frozen + 0.2 / np.sqrt(4 - 0.36), rel=1e-11)
    for name in ("x_mean", "frozen_variance", "variance", "transfer_mean"):
        assert 0 < state.errors[name] < 1e-11


COVARIANT = [
    ({}, 1.5, 0.0),
    ({"transfer": "tanh(x + 1/2)", "field_std": 0.3}, 2.0, 0.1),
    pytest.param({"transfer": "tanh(x + 1/2)", "mean": -0.8}, 2.5, 0.2, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("model", "g", "noise"), COVARIANT)
def test_units_and_origin_change_nothing(model, g, noise):
    """With x = L y + x0 and time in units of 1/rate, all that has no unit is the same."""
    length, origin, rate = sp.Rational(1, 37), sp.Integer(5), sp.Integer(300)
    reference = RandomNetwork(**model)
    other = RandomNetwork(
        local=rate * (origin - X),
        gain=rate * length,
        transfer=reference.transfer.subs(X, (X - origin) / length),
        mean=reference.mean,
        field_std=float(rate * length) * reference.field_std,
    )
    k, L = float(rate), float(length)
    states = (
        StationaryChaos(reference, g, noise=noise),
        StationaryChaos(other, g, noise=noise * k * L**2),
    )
    first, second = (
        np.array([
            (state.x_mean - place) / unit, state.variance / unit**2,
            state.frozen_variance / unit**2, state.transfer_mean, state.transfer_squared,
            state.x_dot_squared / (unit * speed) ** 2, state.lyapunov / speed,
            *state.autocovariance(np.array([0.5, 3.0]) / speed)[0] / unit**2,
        ])
        for state, unit, place, speed in zip(states, (1.0, L), (0.0, 5.0), (1.0, k), strict=True)
    )  # fmt: skip
    np.testing.assert_allclose(second, first, rtol=1e-9, atol=1e-9)


def test_weak_noise_tends_to_chaos_and_to_rest():
    """Above the onset to the chaotic state; below it to D/kappa of the linear network."""
    chaotic = StationaryChaos(RandomNetwork(), 1.5)
    noisy = StationaryChaos(RandomNetwork(), 1.5, noise=1e-7)
    assert noisy.x_squared == pytest.approx(chaotic.x_squared, rel=1e-6)
    assert noisy.lyapunov == pytest.approx(chaotic.lyapunov, rel=1e-5)
    quiet = StationaryChaos(RandomNetwork(), 0.8, noise=1e-7)
    assert quiet.x_squared == pytest.approx(1e-7 / 0.6, rel=1e-5)
    assert quiet.lyapunov == pytest.approx(0.8 - 1, abs=1e-5)


@pytest.mark.slow
def test_coexisting_states_are_chosen_between():
    network = RandomNetwork(mean=3)
    with pytest.raises(ModelError, match=r"2 stationary states coexist at g = 2.*pass one"):
        _ = StationaryChaos(network, 2.0, noise=0.5).x_squared
    up, down = (StationaryChaos(network, 2.0, noise=0.5, near=(s, 3.0)) for s in (2, -2))
    assert up.x_mean == pytest.approx(-down.x_mean, rel=1e-11)
    assert up.x_mean > 0
    assert up.x_mean == pytest.approx(3 * up.transfer_mean, rel=1e-12)
    assert up.variance == pytest.approx(down.variance, rel=1e-11)


@pytest.mark.parametrize(("network", "g"), [
    (RandomNetwork(), 0.9),
    (RandomNetwork(field_std=0.5), 1.0),
    (RandomNetwork(transfer="tanh(x + 1/2)"), 1.0),
])  # fmt: skip
def test_no_state_below_onset(network, g):
    with pytest.raises(ModelError, match=rf"there is no chaotic state at g = {g:g}"):
        _ = StationaryChaos(network, g=g).x_squared


def test_fields_delay_the_onset():
    """Chaos with fields begins where g^2 <c'^2> = 1 at the fixed point g^2 <c^2> + sigma^2."""
    node, weight = roots_hermitenorm(120)
    weight /= weight.sum()

    def excess(g):
        def balance(v):
            return g**2 * weight @ np.tanh(np.sqrt(v) * node) ** 2 + 0.25 - v

        v = brentq(balance, 0.25, 0.25 + g**2)
        return g**2 * weight @ (1 - np.tanh(np.sqrt(v) * node) ** 2) ** 2 - 1

    onset = brentq(excess, 1.0, 3.0)
    network = RandomNetwork(field_std=0.5)
    with pytest.raises(ModelError, match="no chaotic state"):
        _ = StationaryChaos(network, onset - 0.01).x_squared
    state = StationaryChaos(network, onset + 0.01)
    assert 0 < state.x_dot_squared < 1e-3
    assert 0 < state.lyapunov < 1e-2
    assert state.variance > state.frozen_variance > 0.25


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"g": -1.0}, "g must be a finite number >= 0, not -1"),
        ({"g": 1.5, "gamma": 0.5}, r"gamma = 0\.5 gives a unit a memory"),
        ({"g": 1.5, "noise": -0.1}, r"noise must be a finite number >= 0, not -0\.1"),
    ],
)
def test_arguments_that_mean_nothing(arguments, message):
    with pytest.raises(ModelError, match=message):
        StationaryChaos(RandomNetwork(), **arguments)
    with pytest.raises(ModelError, match="lags must be finite numbers >= 0"):
        StationaryChaos(RandomNetwork(), 1.5).autocovariance([-1.0])
