"""Points that are hard for quadrature: cold, strong fields, kinks, narrow features."""

import inspect
import re
from functools import cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from numerics import solve
from numerics.quadrature import Quadrature
from numerics.saddle import polish
from tests.numerics.dense import averages, composite
from theory import RandomNetwork, replica_symmetric
from theory.codegen.functional import functional_kernel
from theory.grammar import parse_expression
from theory.narrow_features import narrow_features


@cache
def functional(local="-x", transfer="tanh(x)", mean=0.0, field_std=0.0):
    return replica_symmetric(RandomNetwork(local, 1, transfer, mean, field_std))


def static_overlap(transfer, g, spread, breaks=()):
    """q at gamma = 0 where x is Gaussian of variance g^2 q + spread."""

    def overlap(q):
        scale = np.sqrt(g * g * q + spread)
        weight = lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * transfer(scale * z) ** 2
        points = sorted({0.0, *(b / scale for b in breaks if abs(b / scale) < 12)})
        return quad(weight, -12, 12, points=points, epsabs=1e-14, limit=800)[0] - q

    return brentq(overlap, 1e-9, 2, xtol=1e-15)


@pytest.mark.parametrize("field_std", [10.0, 20.0, 50.0])
def test_strong_fields_at_zero_reciprocity(field_std):
    temperatures = [0.1, 0.01]
    points = solve(functional(field_std=field_std), 1.2, 0, temperatures)
    for temperature in temperatures:
        q = static_overlap(np.tanh, 1.2, field_std**2 + temperature, breaks=(-1, 1))
        found = points.q.sel(temperature=temperature).item()
        assert found == pytest.approx(q, rel=1e-10)


def test_strong_fields_make_units_signs():
    """For field_std -> oo, 1 - q = (2 - 4/3 Gamma)/(sqrt(2 pi) sigma), Gamma the reaction.

    The field is Gaussian of standard deviation sigma, x = field + Gamma tanh(x), and
    1 - q is the integral of sech^2 x (1 - Gamma sech^2 x) times the field's density near 0.
    """
    field_std = 20.0
    point = solve(functional(field_std=field_std), 1.2, 0.5, 1e-3).squeeze()
    reaction = 1.44 * 0.5 * float(point.rho - point.P)
    sigma = np.sqrt(1.44 * float(point.Q) + field_std**2)
    expected = (2 - 4 / 3 * reaction) / (np.sqrt(2 * np.pi) * sigma)
    assert 1 - point.q.item() == pytest.approx(expected, rel=2 / field_std**2)


def test_relu_approaches_the_static_solution():
    """local 1 - x, transfer max(0, x), gamma = 0: g^2 q of the static equations, exactly known."""
    temperatures = np.array([1e-2, 1e-3])
    points = solve(functional("1-x", "Max(0, x)"), [0.5, 1.0, 1.3], 0, temperatures)
    assert points.converged.all()
    hot, cold = (points.g**2 * points.q).squeeze().transpose("temperature", "g").values
    limit = cold - (hot - cold) / 9  # linear in T
    assert limit == pytest.approx([0.331979965814, 4.51433719968, 86.5329872874], rel=3e-6)


def test_a_reason_names_what_can_be_typed():
    lost = solve(functional(), 1.2, 0.5, 0.01, tolerance=1e-18)
    assert not lost.converged.item()
    options = re.findall(r"--(\w+)", lost.reason.item())
    assert options
    assert set(options) <= set(inspect.signature(solve).parameters)


# points that failed before, by field_std, gamma, T
COLD = [(0.3, 0.0, 1e-5), (0.3, 0.5, 1e-3), (1.0, 0.0, 1e-5), (1.0, 0.01, 1e-5), (1.0, 0.5, 1e-4)]


@pytest.mark.parametrize(("field_std", "gamma", "temperature"), COLD)
def test_random_fields_at_low_temperature(field_std, gamma, temperature):
    g = np.array([0.4, 0.8, 1.1, 1.4])
    points = solve(functional(field_std=field_std), g, gamma, temperature).squeeze()
    assert points.converged.all(), points.reason.values
    if gamma == 0:
        spread = field_std**2 + temperature
        q = [static_overlap(np.tanh, one, spread) for one in g]
        assert points.q.values == pytest.approx(q, rel=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("transfer", ["tanh(x)", "Max(0, x)"])
@pytest.mark.parametrize("field_std", [0.1, 0.3, 1.0])
@pytest.mark.parametrize("gamma", [0.0, 0.01, 0.5])
def test_all_points_with_random_fields(transfer, field_std, gamma):
    """51 values of g and four temperatures down to 1e-5: none fails."""
    top = 1.4 if transfer == "tanh(x)" else 0.8  # Max(0, x) diverges beyond
    free_energy = functional(transfer=transfer, field_std=field_std)
    points = solve(free_energy, np.linspace(0.4, top, 51), gamma, [1e-2, 1e-3, 1e-4, 1e-5])
    assert points.converged.all(), np.unique(points.reason.values)


def test_a_point_does_not_depend_on_the_temperatures_beside_it():
    together = solve(functional(), 1.2, 0.5, [0.01, 1e9, 1e6, 1e-4, 7.0])
    for temperature in together.temperature.values:
        alone = solve(functional(), 1.2, 0.5, temperature).squeeze()
        beside = together.sel(temperature=temperature).squeeze()
        assert alone.converged.item()
        assert beside.converged.item()
        for name in ("q", "rho", "q_hat"):
            assert beside[name].item() == pytest.approx(alone[name].item(), rel=1e-11, abs=1e-14)


def test_high_temperature():
    """tanh at T -> oo: x is N(0, T + g^2) and q = 1 - 2/sqrt(2 pi T)."""
    point = solve(functional(), 1.2, 0.5, 1e9)
    assert 1 - point.q.item() == pytest.approx(2 / np.sqrt(2 * np.pi * 1e9), rel=1e-4)


NARROW = {
    "tanh(x) + exp(-1e8*(x - 3/10)**2)": (
        lambda x: np.tanh(x) + np.exp(-1e8 * (x - 0.3) ** 2),
        0.3 + 1e-4 * np.linspace(-8, 8, 33),
    ),
    "tanh(x) + 1/(1 + 1e8*(x - 2)**2)": (
        lambda x: np.tanh(x) + 1 / (1 + 1e8 * (x - 2) ** 2),
        np.concatenate([2 + sign * 1e-4 * 2.0 ** np.arange(-2, 14) for sign in (-1, 1)]),
    ),
}


@pytest.mark.parametrize("transfer", NARROW)
def test_features_narrower_than_the_rule(transfer):
    function, near = NARROW[transfer]
    x, weight = composite(np.concatenate([np.linspace(-6, 6, 49), near, [2.0]]))
    point = solve(functional(transfer=transfer), 0.5, 0.5, 0.1).squeeze()
    assert point.converged.item()
    values = averages(point, lambda x: -x, function, x, weight, nodes=(61, 31))
    for name, value in values.items():
        assert point[name].item() == pytest.approx(value, rel=1e-10, abs=1e-12)


def test_features_that_a_rule_steps_over_change_nothing_without_breaks():
    """The peak is there: without it q is another number."""
    plain = solve(functional(), 0.5, 0.5, 0.1).q.item()
    peak = solve(functional(transfer="tanh(x) + exp(-1e8*(x - 3/10)**2)"), 0.5, 0.5, 0.1).q.item()
    # to first order q changes by the probability to be there times the change of c^2
    density = np.exp(-(0.3**2) / 2 / 0.13) / np.sqrt(2 * np.pi * 0.13)
    width = np.sqrt(np.pi) * 1e-4
    change = density * width * (2 * np.tanh(0.3) + np.sqrt(0.5))
    assert peak - plain == pytest.approx(change, rel=0.5)


@pytest.mark.parametrize(
    ("text", "features"),
    [
        ("-x - x**3", []),
        ("Max(-1, Min(1, x))", []),
        ("tanh(x + 1/2)", [(-0.5, 1.0)]),
        ("1/(1 + 1e6*(x - 2)**2)", [(2.0, 1e-3)]),
        ("1/(1 + exp(20 - 500*x))", [(0.04, 0.002)]),
        ("x*exp(-x**2/2)", [(0.0, 2**0.5)]),
        ("tanh(500*(x - 1/10)) + erf(x)", [(0.0, 1.0), (0.1, 0.002)]),
    ],
)
def test_features_of_a_function(text, features):
    found = narrow_features(parse_expression(text))
    assert len(found) == len(features)
    assert np.allclose(np.reshape(found, (-1, 2)), np.reshape(features, (-1, 2)))


def test_edges_of_panels_are_exact():
    """Moments of a narrow weight cancel: a node may be off by its rounding only."""
    kernel = functional_kernel(functional(field_std=1.0))
    theta = np.array([[0.4655, 0.4655 - 1e-5, 0.53, 0.0, 0.0, 1e-5]])
    parameters = np.array([[1.0, 0.01, 1e-5, 0.0, 1.0, 0.0]])
    rule = Quadrature.around(kernel, theta, parameters)
    width = (rule.upper - rule.lower) / rule.panels
    # few bits: all edges are multiples of one unit, so that they are exact numbers
    fraction, exponent = np.frexp(width)
    assert np.ldexp(fraction, 13) % 1 == 0
    assert np.ldexp(rule.lower, 13 - exponent) % 1 == 0
    lower, upper, _ = kernel.module.support(theta, parameters, rule.reach)
    assert rule.lower <= lower
    assert upper <= rule.upper < upper + 3 * width


def test_stated_error_of_a_rule_around_features_is_its_own():
    """Panels around a feature are not halved with the others; more nodes of each tell."""
    free_energy = functional(transfer="tanh(x) + 1/(1 + 1e8*(x - 2)**2)")
    kernel = functional_kernel(free_energy)
    point = solve(free_energy, 0.5, 0.5, 0.1).squeeze()
    theta = np.array([[point[name].item() for name in kernel.order_parameters]])
    parameters = np.array([[0.5, 0.5, 0.1, 0.0, 0.0, 0.0]])
    assert Quadrature.around(kernel, theta, parameters).steps_over(kernel).all()
    solution = polish(kernel, theta, parameters)
    assert 0 < solution.quadrature_error[0] < 1e-10


MODELS = {
    ("-x", "tanh(x)", 0.0): (lambda x: -x, np.tanh),
    ("-x", "tanh(x + 1/2)", 0.0): (lambda x: -x, lambda x: np.tanh(x + 0.5)),
    ("-x", "tanh(x)", 0.5): (lambda x: -x, np.tanh),
    ("1-x", "Max(0, x)", 0.0): (lambda x: 1 - x, lambda x: np.maximum(0, x)),
}


def points_agree(model, g, gamma, log_temperature, count):
    local, transfer, field_std = model
    temperature = 10.0**log_temperature
    g = 0.5 * g if transfer == "Max(0, x)" else g
    free_energy = functional(local, transfer, 0.0, field_std)
    point = solve(free_energy, g, gamma, temperature, tolerance=1e-9).squeeze()
    if not point.converged.item():
        assert point.reason.item()
        assert np.isnan(point.q.item())
        return
    reach = 9 * np.sqrt(float(point.x_squared)) + 3
    width = np.sqrt(temperature + g * g * float(point.q - point.Q))
    panels = int(min(max(4 * reach / width, 40), 1200))
    x, weight = composite([*np.linspace(-reach, reach, panels), 0.0], order=16)
    values = averages(point, *MODELS[model], x, weight, field_std=field_std, nodes=count)
    error = 10 * max(float(point.quadrature_error), float(point.residual), 1e-12)
    for name in ("q", "Q", "rho", "P", "m"):
        assert point[name].item() == pytest.approx(values[name], rel=error, abs=error), name


inputs = given(
    model=st.sampled_from(sorted(MODELS)),
    g=st.floats(0.05, 1.6),
    gamma=st.floats(-0.9, 0.9),
    log_temperature=st.floats(-2, 2),
)
quick = settings(
    max_examples=200, derandomize=True, deadline=10_000, suppress_health_check=list(HealthCheck)
)


@quick
@inputs
def test_converged_points_agree_with_a_second_method(model, g, gamma, log_temperature):
    points_agree(model, g, gamma, log_temperature, (61, 31))
