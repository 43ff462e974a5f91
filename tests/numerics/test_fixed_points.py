"""Fixed points against closed forms, exhaustive knowledge and each other."""

import numpy as np
import pytest
from scipy.sparse import csr_array, random_array

from numerics import fixed_points, memory
from numerics.fixed_points import METHODS, find_fixed_points
from numerics.homotopy import follow_to_zero
from numerics.sparse_products import SparseProducts
from numerics.targets import dynamics_target, network_target
from numerics.trust_region import minimise
from theory import Dynamics, ModelError, RandomNetwork

RATE = RandomNetwork()


def gaussian(size, count, seed=0):
    return np.random.default_rng(seed).standard_normal((size, count))


@pytest.fixture(scope="module")
def chaotic():
    couplings, _ = RATE.draw(120, 1.6, 0.0, seed=4)
    return couplings, network_target(RATE, couplings)


def test_homotopy_always_ends_at_a_zero(chaotic):
    couplings, target = chaotic
    found = find_fixed_points(target, gaussian(120, 24), threads=2)
    assert (found.kind == "zero").all()
    assert (found.end >= 0).all()
    assert int(found.multiplicity.sum()) == 24
    for state in found.state.values:
        assert np.abs(couplings @ np.tanh(state) - state).max() < 1e-11


def test_same_bits_on_any_number_of_threads(chaotic):
    _, target = chaotic
    one, two = (find_fixed_points(target, gaussian(120, 4), threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.state, two.state)


def test_stability_is_that_of_the_jacobian(chaotic):
    couplings, target = chaotic
    found = find_fixed_points(target, gaussian(120, 2))
    few = find_fixed_points(target, gaussian(120, 2), largest_spectrum=10)
    for k, state in enumerate(found.state.values):
        matrix = couplings * (1 - np.tanh(state) ** 2) - np.eye(120)
        rates = np.linalg.eigvals(matrix).real
        assert found.growth_rate[k].item() == pytest.approx(rates.max(), abs=1e-10)
        assert found.unstable[k].item() == (rates > 0).sum()
        assert few.growth_rate[k].item() == pytest.approx(rates.max(), abs=1e-8)
    assert (few.unstable == -1).all()


@pytest.mark.parametrize("method", METHODS)
def test_below_the_transition_only_the_rest_state_is_there(method):
    couplings, _ = RATE.draw(60, 0.7, 0.2, seed=1)
    found = find_fixed_points(network_target(RATE, couplings), gaussian(60, 6), method=method)
    assert found.sizes["fixed_point"] == 1
    assert np.abs(found.state).max() < 1e-9
    assert found.multiplicity.item() == 6


@pytest.mark.parametrize("method", METHODS)
def test_linear_network_with_fields_has_the_solution_of_linear_equations(method):
    network = RandomNetwork(transfer="x", field_std=0.5)
    couplings, fields = network.draw(40, 0.6, -0.3, seed=2)
    target = network_target(network, couplings, fields)
    found = find_fixed_points(target, gaussian(40, 3), method=method)
    expected = np.linalg.solve(np.eye(40) - couplings, fields)
    np.testing.assert_allclose(found.state, expected[None], atol=1e-9)


def test_zero_spurious_minimum_and_slow_point_of_one_variable():
    """F = (x + 2) ((x - 1)^2 + d): E has a minimum with F != 0 near x = 1."""
    for gap, kind in ((0.5, "spurious minimum"), (1e-4, "slow point")):
        system = Dynamics(["x"], [f"(x + 2)*((x - 1)**2 + {gap})"])
        target = dynamics_target(system)
        found = find_fixed_points(target, [[-1.8, 1.2]], method="newton")
        assert found.kind.values.tolist() == ["zero", kind]
        assert found.state.values[0, 0] == pytest.approx(-2, abs=1e-12)
        # F' = 0 there: 3 x^2 = 3 - gap, the larger root
        assert found.state.values[1, 0] == pytest.approx(np.sqrt(1 - gap / 3), abs=1e-7)


def test_levenberg_marquardt_and_newton_end_at_stationary_points(chaotic):
    _, target = chaotic
    for method in ("newton", "levenberg_marquardt"):
        found = find_fixed_points(target, gaussian(120, 12), method=method)
        assert (found.end >= 0).mean() >= 0.9
        assert (found.gradient < 1e-8).all()
        assert (target.energy_and_gradient(found.state.values.T)[0] >= 0).all()


def test_sparse_and_dense_couplings_lead_along_the_same_path(chaotic):
    """To an end in a soft direction rounding leads each elsewhere, so the path is cut short."""
    couplings, target = chaotic
    sparse = network_target(RATE, csr_array(couplings))
    starts = gaussian(120, 3)
    one, other = (minimise(t, starts, model="gauss_newton", most=5) for t in (target, sparse))
    assert (one.energy < 0.01 * target.energy_and_gradient(starts)[0]).all()
    np.testing.assert_allclose(one.state, other.state, atol=1e-9)
    with pytest.raises(ModelError, match="sparse"):
        find_fixed_points(sparse, starts)


def test_models_beyond_the_rate_network():
    network = RandomNetwork(
        local="-x - x**3/10", gain="1/(1 + x**2)", transfer="tanh(x + 1/2)", mean=0.5
    )
    couplings, _ = network.draw(80, 2.0, 0.3, seed=3)
    found = find_fixed_points(network_target(network, couplings), gaussian(80, 5))
    assert (found.kind == "zero").all()
    x = found.state.values.T
    drift = -x - x**3 / 10 + couplings @ np.tanh(x + 0.5) / (1 + x**2)
    assert np.abs(drift).max() < 1e-9


def test_dynamics_that_does_not_confine_is_not_called_finished():
    path = follow_to_zero(dynamics_target(Dynamics(["x"], ["x**2 + 1"])), np.array([0.5]))
    assert path.reason
    found = find_fixed_points(dynamics_target(Dynamics(["x"], ["x**2 + 1"])), [[0.5]])
    assert found.sizes["fixed_point"] == 0
    assert found.end.values.tolist() == [-1]
    assert found.reason.values[0]


@pytest.mark.parametrize(
    ("starts", "options", "message"),
    [
        (np.ones((3, 2)), {}, "shape"),
        (np.full((120, 1), np.nan), {}, "finite"),
        (np.ones((120, 1)), {"method": "guess"}, "homotopy, newton"),
    ],
)
def test_bad_input(chaotic, starts, options, message):
    with pytest.raises(ModelError, match=message):
        find_fixed_points(chaotic[1], starts, **options)


def test_what_does_not_fit_is_refused(chaotic, monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 1000)
    monkeypatch.setattr(fixed_points, "follow_to_zero", None)
    with pytest.raises(ModelError, match=r"paths of 120 units .* GB"):
        find_fixed_points(chaotic[1], gaussian(120, 2))


@pytest.mark.slow
def test_large_sparse_network_below_the_transition():
    couplings, _ = RATE.draw_sparse(100_000, 0.9, 0.0, connections=50, seed=1)
    target = network_target(RATE, couplings)
    found = minimise(target, gaussian(100_000, 1), model="gauss_newton")
    assert found.reason[0] == ""
    assert np.abs(found.state).max() < 1e-9


@pytest.mark.slow
def test_large_sparse_network_above_the_transition():
    couplings, _ = RATE.draw_sparse(100_000, 1.5, 0.0, connections=50, seed=1)
    target = network_target(RATE, couplings, threads=2)
    given = {"model": "gauss_newton", "tolerance": 1e-6, "polish": False}
    found = minimise(target, gaussian(100_000, 1), **given)
    assert found.reason[0] == ""
    _, gradient = network_target(RATE, couplings).energy_and_gradient(found.state)
    assert np.linalg.norm(gradient) / np.sqrt(100_000) < 1e-6


def test_a_looser_tolerance_stops_earlier():
    couplings, _ = RATE.draw_sparse(1000, 1.5, 0.0, connections=50, seed=1)
    target = network_target(RATE, couplings)
    given = {"method": "levenberg_marquardt", "largest_spectrum": 10}
    loose = find_fixed_points(target, gaussian(1000, 1), tolerance=1e-5, **given)
    assert loose.kind.values.tolist() == ["slow point"]
    assert 1e-8 < float(loose.gradient[0]) < 1e-5
    with pytest.raises(ModelError, match="tolerance must lie between 0 and 1, not 0"):
        find_fixed_points(target, gaussian(1000, 1), tolerance=0, **given)


@pytest.mark.parametrize("threads", [1, 3])
def test_shared_products_have_the_bits_of_scipy(threads):
    dense = random_array((40, 70), density=0.1, rng=np.random.default_rng(0)).toarray()
    dense[5:30] = 0  # blocks of nearly the same work, not of the same height
    matrix = csr_array(dense)
    products = SparseProducts(matrix, threads)
    for columns in (1, 4):
        x = np.random.default_rng(1).standard_normal((70, columns))
        np.testing.assert_array_equal(products @ x, matrix @ x)
        np.testing.assert_array_equal(products.T.T @ x, matrix @ x)
        y = np.random.default_rng(2).standard_normal((40, columns))
        np.testing.assert_array_equal(products.T @ y, matrix.T @ y)
        np.testing.assert_array_equal(products.H @ y, matrix.T @ y)


def test_without_polish_a_column_stops_at_the_tolerance():
    couplings, _ = RATE.draw_sparse(2000, 1.5, 0.0, connections=50, seed=1)
    target = network_target(RATE, couplings)
    rough = minimise(target, gaussian(2000, 2), model="gauss_newton", tolerance=1e-4, polish=False)
    assert (rough.reason == "").all()
    _, gradient = target.energy_and_gradient(rough.state)
    norms = np.linalg.norm(gradient, axis=0) / np.sqrt(2000)
    np.testing.assert_allclose(norms, rough.gradient)
    assert (norms < 1e-4).all()
