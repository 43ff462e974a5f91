"""Theory is confirmed by simulation where it is right, and refuted where it is made wrong."""

import numpy as np
import pytest

from numerics import solve
from numerics.instances import Instance
from theory import ModelError, RandomNetwork, replica_symmetric
from validation import validate
from validation.sampling import Sampling
from validation.simulate import QUANTITIES, simulate_network

POINT = {"g": 0.9, "gamma": 0.5, "temperature": 0.3}
ASYMMETRIC = RandomNetwork(transfer="tanh(x + 1/2)")
EFFORT = {"size": [30, 60, 120], "networks": 32, "draws": 100, "warmup": 50, "seed": 7}


def solved(network, **changes):
    return solve(replica_symmetric(network), **{**POINT, **changes}).squeeze()


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """Networks are simulated once; every test compares them with a theory of its own."""
    return tmp_path_factory.mktemp("networks")


def replaced(phases, **values):
    return phases.assign({name: phases[name] * 0 + value for name, value in values.items()})


@pytest.mark.parametrize("network", [RandomNetwork(), ASYMMETRIC], ids=["symmetric", "asymmetric"])
def test_right_theory_is_confirmed(network, kept):
    phases = solved(network)
    checked = validate(network, phases, directory=kept, **EFFORT)
    assert bool(checked.mixed)
    assert set(checked.verdict.values) == {"confirmed"}
    q = checked.sel(quantity="q")
    assert float(q.standard_error) < 0.015 * float(q.theory)
    # at N = 120 the distribution of single units is within a few noise levels of the limit
    assert (checked.distance < 0.02).all()


def verdict(network, phases, kept, name):
    checked = validate(network, phases, directory=kept, **EFFORT)
    return str(checked.verdict.sel(quantity=name).values)


def test_shift_of_five_per_cent_is_refuted(kept):
    phases = solved(RandomNetwork())
    for factor in (0.95, 1.05):
        wrong = replaced(phases, q=factor * float(phases.q))
        assert verdict(RandomNetwork(), wrong, kept, "q") == "refuted"


def test_wrong_sign_of_gamma_is_refuted(kept):
    phases, other = solved(RandomNetwork()), solved(RandomNetwork(), gamma=-0.5)
    wrong = replaced(phases, q=float(other.q))
    assert verdict(RandomNetwork(), wrong, kept, "q") == "refuted"


def test_theory_without_response_is_refuted(kept):
    """At gamma = 0 the response drops out of the equations."""
    phases, other = solved(RandomNetwork()), solved(RandomNetwork(), gamma=0.0)
    wrong = replaced(phases, q=float(other.q))
    assert verdict(RandomNetwork(), wrong, kept, "q") == "refuted"


def test_no_overlap_of_an_asymmetric_transfer_is_refuted(kept):
    phases = solved(ASYMMETRIC)
    assert float(phases.Q) > 0.01
    assert verdict(ASYMMETRIC, replaced(phases, Q=0.0), kept, "Q") == "refuted"


def test_one_size_never_refutes(kept):
    phases = solved(RandomNetwork())
    wrong = replaced(phases, q=1.05 * float(phases.q))
    checked = validate(RandomNetwork(), wrong, directory=kept, **{**EFFORT, "size": [120]})
    assert str(checked.verdict.sel(quantity="q").values) == "undecided"


def test_same_bits_on_any_number_of_threads_and_after_interruption(tmp_path):
    phases = solved(RandomNetwork())
    effort = {"size": [10, 20, 30], "networks": 3, "draws": 20, "warmup": 20, "seed": 3}

    calls = []

    def interrupt(*counts):
        calls.append(counts)
        if len(calls) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate(RandomNetwork(), phases, directory=tmp_path, progress=interrupt, **effort)
    left = len(list(tmp_path.rglob("*.npz")))
    assert 4 <= left < 9
    resumed = validate(RandomNetwork(), phases, directory=tmp_path, threads=2, **effort)
    plain = validate(RandomNetwork(), phases, **effort)
    assert resumed.identical(plain)


def test_grid_of_points(tmp_path):
    network = RandomNetwork()
    phases = solve(replica_symmetric(network), g=[0.5, 0.9], gamma=0.0, temperature=[0.3])
    effort = {"size": [10, 20], "networks": 2, "draws": 20, "warmup": 20}
    checked = validate(network, phases, directory=tmp_path, **effort)
    assert checked.verdict.dims == ("g", "gamma", "temperature", "quantity")
    one = validate(network, phases.sel(g=0.9).squeeze(), directory=tmp_path, **effort)
    np.testing.assert_array_equal(checked.sel(g=0.9).value.squeeze(), one.value)


def test_uncoupled_units_against_closed_forms():
    """At g = 0, E = x^2/2 per unit: <x^2> = T, E/N = T/2, rho = <x c>/T = <c'>, q = <c^2>."""
    sampling = Sampling(chains=8, draws=400, warmup=100)
    run = simulate_network(Instance(RandomNetwork(), 400), 0.0, 0.0, 0.5, sampling)
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    c = np.tanh(np.sqrt(0.5) * node)
    weight = weight / weight.sum()
    expected = {"q": weight @ c**2, "rho": 1 - weight @ c**2, "x_squared": 0.5, "energy": 0.25}
    for name, value in expected.items():
        k = QUANTITIES.index(name)
        assert abs(run["value"][k] - value) < 4 * run["monte_carlo_error"][k]
        assert run["monte_carlo_error"][k] < 0.01 * value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"size": [0, 10, 20]}, "at least 2, not .*0"),
        ({"size": [10.5]}, "whole numbers"),
        ({"networks": 1}, "networks must be at least 2, not 1"),
        ({"networks": [4, 1, 2]}, "networks must be at least 2, not 1"),
        ({"networks": [4, 2]}, "networks gives 2 numbers for the 3 sizes"),
        ({"chains": 1}, "chains must be an even number"),
        ({"draws": 3}, "draws must be at least 20, not 3"),
    ],
)
def test_bad_numbers_are_refused(changes, words):
    effort = {"size": [10, 20, 30], "networks": 2, "draws": 20, "warmup": 20, **changes}
    with pytest.raises(ModelError, match=words):
        validate(RandomNetwork(), solved(RandomNetwork()), **effort)


def test_temperature_zero_and_several_branches_are_refused():
    with pytest.raises(ModelError, match="temperature 0"):
        validate(RandomNetwork(), solved(RandomNetwork(), g=1.2, temperature=0.0))
    phases = solve(replica_symmetric(RandomNetwork()), **POINT, branch="all")
    if "branch" in phases.dims:
        with pytest.raises(ModelError, match="several branches"):
            validate(RandomNetwork(), phases)
