"""Compiled kernels against loops over units, finite differences and other limits."""

from __future__ import annotations

import math
from statistics import median
from time import perf_counter

import numpy as np
import pytest
import sympy as sp
from scipy.sparse import csr_array

from theory.codegen import kernels as kernels_module
from theory.codegen.checking import check_explicit, check_network
from theory.codegen.importing import import_text
from theory.codegen.kernels import dynamics_kernels, network_kernels
from theory.codegen.network import network_source
from theory.dynamics import Dynamics
from theory.ensembles import RandomNetwork
from theory.expressions import ModelError, X
from theory.potential import QuasiPotential

MODELS = {
    "rate": ({}, math.tanh, lambda x: 1.0),
    "gain": (
        {
            "local": "-x - x**3/10",
            "gain": "1/(1 + x**2)",
            "transfer": "tanh(x + 1/2)",
            "mean": 0.5,
            "field_std": 0.3,
            "confinement": 0.1,
        },
        lambda x: math.tanh(x + 0.5),
        lambda x: 1 / (1 + x * x),
    ),
    "erf": (
        {"transfer": "erf(x)*exp(-x**2/9)", "confinement": 0.05},
        lambda x: math.erf(x) * math.exp(-(x * x) / 9),
        lambda x: 1.0,
    ),
    "linear": ({"transfer": "x"}, lambda x: x, lambda x: 1.0),
}


@pytest.fixture(autouse=True, scope="module")
def directory(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RESTPOINT_CACHE", str(tmp_path_factory.mktemp("cache") / "kernels"))
        yield


@pytest.fixture(params=MODELS)
def case(request):
    options, transfer, gain = MODELS[request.param]
    network = RandomNetwork(**options)
    J, h = network.draw(7, g=1.3, gamma=0.4, seed=3)
    x, v = np.random.default_rng(5).standard_normal((2, 7, 4))
    return network, network_kernels(network), transfer, gain, x, v, J, h


def drift_by_loops(network, transfer, gain, x, J, h):
    """The definition of the dynamics, unit by unit."""
    local = sp.lambdify(next(iter(network.local.free_symbols)), network.local, "math")
    drift = np.zeros_like(x)
    for s in range(x.shape[1]):
        for i in range(len(x)):
            coupled = sum(J[i, j] * transfer(x[j, s]) for j in range(len(x)))
            drift[i, s] = local(x[i, s]) + gain(x[i, s]) * coupled + h[i]
    return drift


def test_drift_and_energy_are_the_definition(case):
    network, kernels, transfer, gain, x, _, J, h = case
    drift = drift_by_loops(network, transfer, gain, x, J, h)
    np.testing.assert_allclose(kernels.drift(x, J, h), drift, rtol=1e-12, atol=1e-13)
    energy = (drift**2).sum(axis=0) / 2 + network.confinement * (x**2).sum(axis=0)
    np.testing.assert_allclose(kernels.energy(x, J, h), energy, rtol=1e-12)


def test_gradient_is_the_slope_of_the_energy(case):
    _, kernels, _, _, x, v, J, h = case
    step = 1e-5
    slope = (kernels.energy(x + step * v, J, h) - kernels.energy(x - step * v, J, h)) / (2 * step)
    gradient = kernels.gradient(x, J, h)
    np.testing.assert_allclose((gradient * v).sum(axis=0), slope, rtol=1e-7, atol=1e-7)
    energy, same = kernels.energy_and_gradient(x, J, h)
    np.testing.assert_array_equal(energy, kernels.energy(x, J, h))
    np.testing.assert_array_equal(same, gradient)


def test_hessian_vector_is_the_slope_of_the_gradient(case):
    _, kernels, _, _, x, v, J, h = case
    step = 1e-5
    moved = [kernels.gradient(x + sign * step * v, J, h) for sign in (1, -1)]
    product = kernels.hessian_vector(x, v, J, h)
    np.testing.assert_allclose(product, (moved[0] - moved[1]) / (2 * step), rtol=1e-6, atol=1e-7)


def test_jacobian_vector_is_the_slope_of_the_drift(case):
    _, kernels, _, _, x, v, J, h = case
    step = 1e-5
    moved = [kernels.drift(x + sign * step * v, J, h) for sign in (1, -1)]
    product = kernels.jacobian_vector(x, v, J, h)
    np.testing.assert_allclose(product, (moved[0] - moved[1]) / (2 * step), rtol=1e-7, atol=1e-8)


def test_jacobian_is_the_matrix_of_its_products(case):
    _, kernels, _, _, x, v, J, h = case
    product = kernels.jacobian_vector(x, v, J, h)
    transposed = kernels.transposed_jacobian_vector(x, v, J, h)
    for s in range(x.shape[1]):
        for couplings in (J, csr_array(J)):
            matrix = kernels.jacobian(x[:, s], couplings, h)
            np.testing.assert_allclose(matrix @ v[:, s], product[:, s], atol=1e-13)
            np.testing.assert_allclose(matrix.T @ v[:, s], transposed[:, s], atol=1e-13)


def test_sparse_couplings_give_what_dense_ones_give(case):
    _, kernels, _, _, x, v, J, h = case
    for name, states in {"gradient": [x], "hessian_vector": [x, v], "drift": [x]}.items():
        dense, sparse = (getattr(kernels, name)(*states, A, h) for A in (J, csr_array(J)))
        np.testing.assert_allclose(dense, sparse, atol=1e-12)


def test_linear_network_is_a_quadratic_form():
    network = RandomNetwork(transfer="x")
    kernels = network_kernels(network)
    J, _ = network.draw(6, g=0.9, gamma=0.2, seed=1)
    A = J - np.eye(6)
    x, v = np.random.default_rng(2).standard_normal((2, 6, 3))
    np.testing.assert_allclose(kernels.gradient(x, J), A.T @ A @ x, atol=1e-13)
    np.testing.assert_allclose(kernels.hessian_vector(x, v, J), A.T @ A @ v, atol=1e-13)


@pytest.mark.parametrize("name", MODELS)
def test_number_of_matrix_products(name):
    source, refused = network_source(QuasiPotential(RandomNetwork(**MODELS[name][0])))
    functions = dict(part.split("(", 1) for part in source.split("\ndef ")[1:])
    assert refused == {}
    assert functions["drift"].count("@") == functions["energy"].count("@") == 1
    assert functions["gradient"].count("@") == functions["energy_and_gradient"].count("@") == 2
    assert functions["hessian_vector"].count("@") <= 4
    assert "theory" not in source


def test_model_that_jumps_has_energy_and_drift_only():
    network = RandomNetwork(transfer=sp.Heaviside(X))
    kernels = network_kernels(network)
    J, _ = network.draw(5, g=1, gamma=0, seed=0)
    x = np.random.default_rng(0).standard_normal((5, 2))
    expected = -x + J @ (x > 0)
    np.testing.assert_allclose(kernels.drift(x, J), expected, atol=1e-14)
    np.testing.assert_allclose(kernels.energy(x, J), (expected**2).sum(axis=0) / 2)
    with pytest.raises(ModelError, match=r"Heaviside\(x\) jumps at x = 0"):
        kernels.gradient(x, J)
    assert set(kernels.refused) == {
        "jacobian_vector", "transposed_jacobian_vector", "jacobian_parts", "gradient",
        "energy_and_gradient", "hessian_vector",
    }  # fmt: skip


KINKED = {
    "ReLU": ({"local": "1 - x", "transfer": "Max(0, x)"}, lambda x: np.maximum(0, x), (0.0,)),
    "hard tanh": (
        {"local": "1 - x", "transfer": "Max(-1, Min(1, x))"},
        lambda x: np.clip(x, -1, 1),
        (-1.0, 1.0),
    ),
    "pieces": (
        {"local": "1 - x", "transfer": sp.Piecewise((X / 2, X < 0), (X, True))},
        lambda x: np.where(x < 0, x / 2, x),
        (0.0,),
    ),
}


@pytest.mark.parametrize("name", KINKED)
def test_derivatives_of_a_model_with_kinks(name):
    options, transfer, places = KINKED[name]
    network = RandomNetwork(**options)
    kernels = network_kernels(network)
    assert kernels.refused == {}
    J, _ = network.draw(6, g=1.3, gamma=0.4, seed=0)
    x, v = np.random.default_rng(1).standard_normal((2, 6, 5))
    step = 1e-7
    slope = (transfer(x + step) - transfer(x - step)) / (2 * step)
    F = 1 - x + J @ transfer(x)
    np.testing.assert_allclose(kernels.drift(x, J), F, atol=1e-14)
    for s in range(5):
        A = J * slope[:, s] - np.eye(6)
        np.testing.assert_allclose(kernels.jacobian(x[:, s], J), A, atol=1e-7)
        np.testing.assert_allclose(kernels.gradient(x, J)[:, s], A.T @ F[:, s], atol=1e-7)
        # F is linear away from the kinks, so E is of second order there
        product = kernels.hessian_vector(x, v, J)[:, s]
        np.testing.assert_allclose(product, A.T @ A @ v[:, s], atol=1e-6)
    for place in places:
        x[2, 0] = place
        for values in (kernels.gradient(x, J), kernels.hessian_vector(x, v, J)):
            assert np.isfinite(values).all()
        sides = [kernels.gradient(x + side * step * (x == place), J) for side in (-1, 1)]
        lower, upper = np.minimum(*sides), np.maximum(*sides)
        assert (kernels.gradient(x, J) >= lower - 1e-5).all()
        assert (kernels.gradient(x, J) <= upper + 1e-5).all()


def test_arrays_that_do_not_fit_are_refused():
    kernels = network_kernels(RandomNetwork())
    x, J = np.zeros((4, 2)), np.zeros((4, 4))
    with pytest.raises(ModelError, match=r"\(4, 4\), not \(3, 3\)"):
        kernels.energy(x, np.zeros((3, 3)))
    with pytest.raises(ModelError, match="also for one state"):
        kernels.energy(x[:, 0], J)
    with pytest.raises(ModelError, match="no fields"):
        kernels.energy(x, J, np.ones(4))
    with pytest.raises(ModelError, match="directions the same"):
        kernels.hessian_vector(x, x[:, :1], J)
    with pytest.raises(ModelError, match="dynamics_kernels"):
        network_kernels(QuasiPotential(Dynamics(["x"], ["-x"])))


def test_order_and_type_of_arrays_do_not_matter():
    network = RandomNetwork()
    kernels = network_kernels(network)
    J, _ = network.draw(5, g=1, gamma=0, seed=0)
    x = np.random.default_rng(0).standard_normal((5, 4))
    expected = kernels.gradient(x, J)
    np.testing.assert_allclose(kernels.gradient(np.asfortranarray(x), J), expected, rtol=1e-13)
    np.testing.assert_allclose(kernels.gradient(x[:, ::2], J), expected[:, ::2], rtol=1e-12)
    np.testing.assert_allclose(
        kernels.gradient(x, np.asfortranarray(J)), expected, rtol=1e-12, atol=1e-14
    )


def test_found_in_the_cache_without_deriving(monkeypatch):
    source = network_kernels(RandomNetwork()).source

    def refuse(potential):
        raise AssertionError("derived again")

    refuse.__name__ = "network_source"
    monkeypatch.setattr(kernels_module, "network_source", refuse)
    assert network_kernels(RandomNetwork(mean=0, confinement=0.0)).source == source
    with pytest.raises(AssertionError, match="derived again"):
        network_kernels(RandomNetwork(confinement=0.123))


def test_wrong_code_is_refused_with_both_values(tmp_path):
    potential = QuasiPotential(RandomNetwork())
    source, _ = network_source(potential)
    wrong = source.replace("np.tanh(x)", "np.sin(x)").replace("cache=True, ", "")
    with pytest.raises(ModelError, match=r"compiled drift is .* and the plain one"):
        check_network(potential, import_text(tmp_path / "restpoint_wrong.py", wrong))


def test_explicit_system_against_its_closed_form():
    kernels = dynamics_kernels(Dynamics(["x", "lambda1"], ["x - x**3", "-2*lambda1 + x"]))
    states = np.random.default_rng(0).standard_normal((2, 5))
    x, y = states
    first, second = x - x**3, -2 * y + x
    gradient = np.stack([first * (1 - 3 * x**2) + second, -2 * second])
    np.testing.assert_allclose(kernels.drift(states), [first, second], atol=1e-14)
    np.testing.assert_allclose(kernels.energy(states), (first**2 + second**2) / 2, atol=1e-14)
    np.testing.assert_allclose(kernels.gradient(states), gradient, atol=1e-13)
    direction = np.ones_like(states)
    step = 1e-6
    slope = (kernels.gradient(states + step) - kernels.gradient(states - step)) / (2 * step)
    product = kernels.hessian_vector(states, direction)
    np.testing.assert_allclose(product, slope, rtol=1e-6, atol=1e-7)
    expected = [[1 - 3 * x[0] ** 2, 0], [1, -2]]
    np.testing.assert_allclose(kernels.jacobian(states[:, 0]), expected, atol=1e-14)
    transposed = kernels.transposed_jacobian_vector(states, direction)
    np.testing.assert_allclose(transposed[:, 0], np.sum(expected, axis=0), atol=1e-14)


def test_explicit_network_agrees_with_the_network():
    network = RandomNetwork()
    potential = QuasiPotential(network)
    J, _ = network.draw(3, g=1.1, gamma=0.5, seed=4)
    values = {f"J_{a + 1}{b + 1}": sp.Float(J[a, b]) for a in range(3) for b in range(3)}
    explicit = potential.explicit(3).substitute(values)
    kernels = dynamics_kernels(QuasiPotential(explicit, potential.confinement))
    x = np.random.default_rng(0).standard_normal((3, 4))
    expected = network_kernels(network).gradient(x, J)
    np.testing.assert_allclose(kernels.gradient(x), expected, rtol=1e-12, atol=1e-13)


def test_explicit_system_that_cannot_be_compiled():
    x, k = sp.symbols("x k", real=True)
    with pytest.raises(ModelError, match=r"parameters k: Dynamics\.substitute"):
        dynamics_kernels(Dynamics([x], [-k * x]))
    kinked = dynamics_kernels(Dynamics([x], [1 - abs(x)]))
    assert kinked.gradient([[2.0, 0.5, -0.5, 0.0]]).tolist() == [[1.0, -0.5, 0.5, 0.0]]
    jumping = dynamics_kernels(Dynamics([x], [-sp.sign(x)]))
    assert jumping.energy([[2.0]]).tolist() == [0.5]
    with pytest.raises(ModelError, match=r"-sign\(x\) jumps at x = 0"):
        jumping.gradient([[2.0]])
    with pytest.raises(ModelError, match="one row for each of x"):
        kinked.energy([[2.0], [1.0]])


def test_system_defined_on_a_half_line_is_checked_there(tmp_path):
    kernels = dynamics_kernels(Dynamics(["x"], ["-log(x)"]))
    np.testing.assert_allclose(kernels.gradient([[2.0]]), [[math.log(2) / 2]])
    nowhere = QuasiPotential(Dynamics(["x"], ["sqrt(-1 - x**2)"]))
    with pytest.raises(ModelError, match="not real and finite at any of the points"):
        check_explicit(nowhere, import_text(tmp_path / "restpoint_nowhere.py", ""))


@pytest.mark.slow
def test_gradient_takes_little_more_than_its_matrix_products():
    network = RandomNetwork()
    kernels = network_kernels(network)
    J, _ = network.draw(1000, g=1.2, gamma=0.5, seed=0)
    x = np.random.default_rng(1).standard_normal((1000, 64))
    tasks = (lambda: (J @ x, J.T @ x), lambda: kernels.gradient(x, J))
    times = [[], []]
    for _ in range(40):  # in turn, so that other work on the machine meets both alike
        for task, record in zip(tasks, times, strict=True):
            start = perf_counter()
            task()
            record.append(perf_counter() - start)
    assert median(times[0]) / median(times[1]) > 0.7


def test_drive_gradient_is_the_drift_times_the_gain(case):
    """E depends on the drive of unit k through F_k = a + b H + h alone."""
    network, kernels, _, gain, x, _, J, h = case
    fields = h if network.field_std else None
    gains = np.vectorize(gain)(x)
    expected = kernels.drift(x, J, fields) * gains
    np.testing.assert_allclose(kernels.drive_gradient(x, J, fields), expected, rtol=1e-13)
