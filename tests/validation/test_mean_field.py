"""Stationary chaos at gamma = 0: published and asymptotic values."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from theory import RandomNetwork
from theory.expressions import ModelError, X
from validation.mean_field import StationaryChaos

# g, Delta(0), <phi^2>, <xdot^2>, lambda_max for tanh, obtained independently of this code
TABLE = [
    (1.1, 0.111063, 0.092014, 2.7322e-4, 0.00372),
    (1.2, 0.242629, 0.169808, 1.8953e-3, 0.01193),
    (1.5, 0.747686, 0.342093, 0.022024, 0.04677),
    (2.0, 1.924805, 0.513178, 0.127907, 0.1126),
    (3.0, 5.446326, 0.680580, 0.678891, 0.2358),
]


@pytest.mark.parametrize(("g", "x_squared", "transfer_squared", "x_dot_squared", "lyapunov"), TABLE)
def test_table(g, x_squared, transfer_squared, x_dot_squared, lyapunov):
    state = StationaryChaos(RandomNetwork(), g=g)
    assert state.x_squared == pytest.approx(x_squared, rel=5e-6)
    assert state.transfer_squared == pytest.approx(transfer_squared, rel=5e-6)
    assert state.x_dot_squared == pytest.approx(x_dot_squared, rel=5e-5)
    assert state.lyapunov == pytest.approx(lyapunov, rel=0.01)


def test_near_onset():
    """Delta(0) = e + 7/6 e^2, <xdot^2> = e^3/3 and lambda = e^2/2 to leading orders."""
    small = 0.01
    state = StationaryChaos(RandomNetwork(), g=1 + small)
    assert state.x_squared == pytest.approx(small + 7 / 6 * small**2, rel=small**2 * 10)
    assert state.x_dot_squared == pytest.approx(small**3 / 3, rel=10 * small)
    assert state.lyapunov == pytest.approx(small**2 / 2, rel=10 * small)


def test_conserved_motion_obeys_the_second_order_equation():
    state = StationaryChaos(RandomNetwork(transfer=sp.erf(X)), g=1.5)
    time, delta = state.autocorrelation
    step = time[1] - time[0]
    begin = (delta[1] - delta[0]) * 2 / step**2
    assert begin == pytest.approx(-state.x_dot_squared, rel=1e-3)
    # for erf the correlation of the transfer is an arc sine in closed form
    inside = slice(1, 2000)
    second = np.diff(delta, 2)[:1999] / step**2
    scale = 1 + 2 * state.x_squared
    correlation = 2 / np.pi * np.arcsin(2 * delta[inside] / scale)
    np.testing.assert_allclose(second, delta[inside] - 1.5**2 * correlation, atol=2e-4)


@pytest.mark.parametrize(
    "network",
    [
        RandomNetwork(transfer=sp.tanh(X + sp.Rational(1, 2))),
        RandomNetwork(gain=sp.exp(-(X**2))),
        RandomNetwork(mean=0.3),
    ],
)
def test_other_networks_are_refused(network):
    with pytest.raises(ModelError, match="stationary chaotic state is known"):
        StationaryChaos(network, g=1.5)


def test_no_state_below_onset():
    with pytest.raises(ModelError, match=r"no chaotic state at g = 0\.9"):
        _ = StationaryChaos(RandomNetwork(), g=0.9).x_squared
