"""Solutions of models whose reflection is not seen at first: with kinks, about another point."""

from dataclasses import replace

import numpy as np
import pytest
import sympy as sp

from numerics import solve
from numerics.density import site_density
from numerics.saddle import polish
from theory import RandomNetwork, replica_symmetric
from theory.codegen.functional import functional_kernel
from theory.critical_lines import activity_onset, response_singularity
from theory.expressions import X

HARD_TANH = RandomNetwork(transfer=sp.Max(-1, sp.Min(1, X)))
RATE, SHIFTED = RandomNetwork(), RandomNetwork(local="1 - x", transfer="tanh(x - 1)")


def test_hard_tanh_has_the_numbers_of_the_general_functional():
    """The general functional, with all order parameters, is stationary at the symmetric one."""
    phases = solve(replica_symmetric(HARD_TANH), [0.7, 1.4], [-0.4, 0.5], 0.2)
    assert phases.converged.all()
    assert np.all(phases.branch_name == "symmetric")
    general = functional_kernel(replica_symmetric(HARD_TANH))
    assert general.fields
    points = phases.stack(point=("g", "gamma", "temperature"))
    start = np.stack(
        [np.asarray(points.get(name, 0 * points.q)) for name in general.order_parameters], axis=-1
    )
    parameters = np.stack(
        [points.g, points.gamma, points.temperature, *(0 * points.g for _ in range(3))], axis=-1
    )
    found = polish(general, 1.001 * start, parameters, 1e-10)
    assert not any(found.reason)
    for name, values in zip(general.order_parameters, found.theta.T, strict=True):
        expected = np.asarray(points[name]) if name in points else 0.0
        np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-9)


def test_a_shifted_network_has_the_solutions_of_the_network():
    """x -> x + 1 changes no order parameter; E<x^2> grows by 1."""
    axes = {"g": [0.6, 1.3], "gamma": [-0.5, 0.5], "temperature": [0.0, 0.05, 0.5]}
    shifted, plain = (solve(replica_symmetric(n), **axes) for n in (SHIFTED, RATE))
    assert np.all(shifted.branch_name == "symmetric")
    for name in ("q", "rho", "q_hat", "energy", "free_energy"):
        np.testing.assert_allclose(shifted[name], plain[name], rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(shifted.x_squared, plain.x_squared + 1, rtol=1e-10)
    point = {"g": 1.3, "gamma": 0.5, "temperature": 0.05}
    x = np.array([-1.5, -0.2, 0.0, 0.9])
    densities = [
        site_density(replica_symmetric(network), phases.sel(point), at)[0]
        for network, phases, at in ((SHIFTED, shifted, x + 1), (RATE, plain, x))
    ]
    np.testing.assert_allclose(*densities, rtol=1e-9)


@pytest.mark.parametrize("line", [response_singularity, activity_onset])
def test_critical_lines_do_not_depend_on_the_origin(line):
    assert line(SHIFTED).condition == line(RATE).condition
    third = replace(SHIFTED, local=sp.Rational(1, 3) - X, transfer=sp.tanh(X - sp.Rational(1, 3)))
    assert line(third).condition == line(RATE).condition
