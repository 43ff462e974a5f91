"""The replicon by an independent route: on the symmetric branch replicas that become
inequivalent and a Q that leaves zero are the same thing as n -> 0."""

from __future__ import annotations

import numpy as np
import pytest

from numerics import solve
from numerics.quadrature import Quadrature, evaluate
from numerics.stability import replicon, smallest
from theory import RandomNetwork, replica_symmetric
from theory.codegen.functional import functional_kernel

MODELS = [
    RandomNetwork(),
    RandomNetwork(transfer="atan(x)", gain="1/(1 + x**2)"),
]


@pytest.mark.parametrize("network", MODELS, ids=str)
@pytest.mark.parametrize("gamma", [-0.5, 0.0, 0.6])
def test_symmetric_branch(network, gamma):
    free_energy = replica_symmetric(network)
    full = functional_kernel(free_energy.unreduced)
    point = solve(free_energy, 1.1, gamma, 0.05).squeeze()
    theta = np.array([[float(point[name]) for name in full.order_parameters]])
    parameters = np.array([[1.1, gamma, 0.05, 0, 0, 0]], dtype=float)
    state = evaluate(full, theta, parameters, Quadrature.around(full, theta, parameters), 1)
    leaving = [full.order_parameters.index(name) for name in ("Q", "P", "Q_hat")]
    expected = smallest(-state.jacobian[:, leaving][:, :, leaving])
    # the general kernel and the one of the symmetric branch
    assert replicon(full, state.observables) == pytest.approx(expected, abs=1e-7)
    assert float(point.replicon) == pytest.approx(expected.item(), abs=1e-7)


def test_linear_transfer():
    """One unit is Gaussian: at gamma = 0 its variance is T R^2 with R = 1/(1 - g^2)^(1/2)."""
    g = 0.6
    point = solve(replica_symmetric(RandomNetwork(transfer="x")), g, 0.0, 0.2).squeeze()
    # <f^2> = s and <x f> = -s: the replicon is 1 - g^2 (x of variance s) twice
    assert float(point.q) == pytest.approx(0.2 / (1 - g**2))
    assert float(point.replicon) == pytest.approx(1 - g**2, abs=1e-7)


def test_unstable_where_reciprocity_is_negative_and_cold():
    """Known from the free energies: there the symmetric branch has negative complexity."""
    points = solve(replica_symmetric(RandomNetwork()), 1.2, [-0.5, 0.5], [0.001, 0.5])
    found = points.replicon.squeeze().values
    assert (found[1] > 0).all()
    assert found[0, 1] > 0
