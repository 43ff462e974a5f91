"""One step of replica symmetry breaking: its two limits are replica-symmetric solutions."""

from __future__ import annotations

import numpy as np
import pytest

from numerics import solve
from numerics.one_step import solve_one_step
from numerics.saddle import polish
from theory import RandomNetwork, replica_symmetric
from theory.codegen.functional import functional_kernel
from theory.expressions import ModelError
from theory.free_energy import FreeEnergy
from theory.one_step import OneStep

POINT = (1.4, -0.2, 0.01)


@pytest.fixture(scope="module")
def kernel():
    return functional_kernel(FreeEnergy(RandomNetwork(), OneStep()))


@pytest.fixture(scope="module")
def branches():
    found = solve(replica_symmetric(RandomNetwork()), *POINT, branch="all")
    found = [found.isel(branch=k).squeeze() for k in range(found.sizes["branch"])]
    return [point for point in found if bool(point.converged)]


def at(kernel, start, y):
    theta = np.array([[float(start[name]) for name in kernel.order_parameters]])
    return polish(kernel, theta, np.array([[*POINT, 0, 0, 0, y]]), 1e-10)


def test_small_blocks_are_replica_symmetric_with_overlap(kernel, branches):
    [broken] = [point for point in branches if float(point.Q) > 1e-3]
    solution = at(kernel, broken, 1e-7)
    for name, value in zip(kernel.order_parameters, solution.theta[0], strict=True):
        assert value == pytest.approx(float(broken[name]), rel=1e-5)


def test_large_blocks_are_replica_symmetric_without_overlap(kernel, branches):
    [symmetric] = [point for point in branches if float(point.Q) == 0]
    start = solve_one_step(RandomNetwork(), *POINT).squeeze()
    for y in (0.3, 0.6, 0.9, 1 - 1e-7):
        solution = at(kernel, start, y)
        values = dict(zip(kernel.order_parameters, solution.theta[0], strict=True))
        start = values
    for name in ("q", "rho", "q_hat"):
        assert values[name] == pytest.approx(float(symmetric[name]), rel=1e-5)
    assert values["Q"] > 0.1


def test_between_the_limits(branches):
    found = solve_one_step(RandomNetwork(), *POINT).squeeze()
    assert bool(found.converged)
    assert 0 < float(found.y) < 1
    # the continuation to no replicas maximises: breaking raises the free energy
    assert float(found.free_energy) > max(float(point.free_energy) for point in branches)
    # the energy is the derivative of beta f in beta, with all order parameters stationary
    g, gamma, temperature = POINT
    low, high = 0.999 * temperature, 1.001 * temperature
    near = solve_one_step(RandomNetwork(), g, gamma, [low, high]).free_energy.squeeze().values
    slope = (near[1] / high - near[0] / low) / (1 / high - 1 / low)
    assert float(found.energy) == pytest.approx(slope, rel=1e-5)


def test_where_replicas_stay_equivalent_there_is_none():
    found = solve_one_step(RandomNetwork(), 0.8, 0.0, 0.1).squeeze()
    assert not bool(found.converged)
    assert np.isnan(float(found.q))
    assert found.reason.item()


def test_model_without_symmetry_is_refused():
    with pytest.raises(ModelError, match="has none"):
        solve_one_step(RandomNetwork(transfer="tanh(x + 1/2)"), *POINT)
