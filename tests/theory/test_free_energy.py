"""The functional against finite differences, parity and closed forms."""

from itertools import product

import mpmath
import numpy as np
import pytest
import sympy as sp

from theory.codegen.functional import functional_kernel
from theory.codegen.functional_check import random_point
from theory.ensembles import PARAMETERS, RandomNetwork, T, eta
from theory.evaluation import evaluate
from theory.expressions import X
from theory.free_energy import FreeEnergy, replica_symmetric

GENERAL = RandomNetwork(local="-3*x/2", transfer="atan(x + 1/3)")
TWO_GAINS = RandomNetwork(local="-x", gain="1 + x/(4*(1 + x**2))", transfer="erf(x)", mean=0.3)


def trapezoid(reach, step):
    count = int(reach / step)
    return [mpmath.mpf(k) * step for k in range(-count, count + 1)]


def functional_at(free_energy, values, field_step, site_step, reach=9):
    """Phi by trapezoidal rules in mpmath, which converge exponentially here."""
    site = [(x, site_step) for x in trapezoid(reach, site_step)]
    dimension = len(free_energy.fields)
    line = [(z, mpmath.exp(-(z**2) / 2)) for z in trapezoid(8, field_step)] if dimension else []
    norm = mpmath.fsum(w for _, w in line)
    rule = [
        ([z for z, _ in nodes], mpmath.fprod(w / norm for _, w in nodes))
        for nodes in product(line, repeat=dimension)
    ]
    return lambda e: evaluate(e, values, site, rule)


@pytest.mark.parametrize("seed", [0, 1])
def test_derivatives_of_symmetric_functional_to_thirty_digits(seed):
    free_energy = FreeEnergy(RandomNetwork(transfer="sinh(x)/(1 + cosh(x))"), reduced=True)
    assert not free_energy.fields
    check_derivatives(free_energy, np.eye, seed, None, mpmath.mpf("0.07"), 1e-17)


@pytest.mark.slow
@pytest.mark.parametrize("network", [GENERAL, TWO_GAINS], ids=["gain 1", "gain of x"])
def test_derivatives_of_general_functional(network):
    steps = mpmath.mpf("0.5"), mpmath.mpf("0.25")
    check_derivatives(FreeEnergy(network), one_random_direction, 3, *steps, 1e-9)


def one_random_direction(size):
    """Test every entry of the gradient and of the Hessian with one slope of each."""
    return np.random.default_rng(size).normal(size=(1, size))


def check_derivatives(free_energy, directions, seed, field_step, site_step, tolerance):
    """Fourth-order central differences of the functional, and of its gradient, with 30 digits."""
    with mpmath.workdps(30):
        theta, parameters = random_point(free_energy, seed)
        numbers = [mpmath.mpf(float(v)) for v in [*parameters, *theta]]
        values = dict(zip([*PARAMETERS, *free_energy.symbols], numbers, strict=True))
        outputs = [free_energy.functional, *free_energy.gradient]
        exact = functional_at(free_energy, values, field_step, site_step)(
            [*free_energy.gradient, *free_energy.hessian]
        )
        size = len(theta)
        rows = [exact[size * k : size * (k + 1)] for k in range(size + 1)]
        step = mpmath.mpf(10) ** -5
        for direction in directions(size):
            slopes = [mpmath.mpf(0)] * (size + 1)
            for multiple, weight in ((-2, 1), (-1, -8), (1, 8), (2, -1)):
                moved = dict(values)
                for symbol, component in zip(free_energy.symbols, direction, strict=True):
                    moved[symbol] += multiple * step * mpmath.mpf(float(component))
                ends = functional_at(free_energy, moved, field_step, site_step)(outputs)
                slopes = [s + weight * e / (12 * step) for s, e in zip(slopes, ends, strict=True)]
            for slope, row in zip(slopes, rows, strict=True):
                expected = mpmath.fdot(row, map(float, direction))
                assert abs(slope - expected) < tolerance * (1 + abs(expected))


@pytest.mark.slow
def test_price_derivative_where_the_covariance_is_not_positive():
    free_energy = FreeEnergy(GENERAL)
    names = {str(s): s for s in free_energy.symbols}
    _, parameters = random_point(free_energy, 0)
    values = dict(zip(PARAMETERS, map(float, parameters), strict=True))
    start = {"q": 0.5, "Q": -0.05, "rho": 0.4, "P": 0.2, "q_hat": -0.2, "Q_hat": 0.1}
    values |= {names[key]: value for key, value in start.items()}
    rule = (mpmath.mpf("0.5"), mpmath.mpf("0.25"))
    (slope,) = functional_at(free_energy, values, *rule)([free_energy.gradient[1]])
    ends = []
    for shift in (-1e-4, 1e-4):
        moved = {**values, names["Q"]: values[names["Q"]] + shift}
        ends += functional_at(free_energy, moved, *rule)([free_energy.functional])
    assert complex((ends[1] - ends[0]) / 2e-4) == pytest.approx(complex(slope), rel=1e-6)


def test_hessian_is_symmetric_and_kernel_gives_it():
    free_energy = FreeEnergy(GENERAL)
    kernel = functional_kernel(free_energy)
    theta, parameters = random_point(free_energy, 5)
    node, weight = np.polynomial.legendre.leggauss(16)
    rule = kernel.module.Rule(*(np.array([v]) for v in (-9.0, 9.0, 30, 0.25)), 7.5, node, weight)
    _, residual, jacobian, _ = kernel.module.evaluate(theta[None], parameters[None], rule)
    _, hessian = kernel.module.gradient_and_hessian(residual[0], jacobian[0], parameters)
    # the symmetry holds for the integrals, not for the entries as they are written
    assert np.allclose(hessian, hessian.T, atol=1e-8)


def test_energy_of_linear_network_without_coupling():
    """At g = 0 and a = -x, E = x^2/2 + eta x^2 gives E/N = T/2 for every eta."""
    free_energy = FreeEnergy(RandomNetwork(transfer="x", confinement=0.3), reduced=True)
    values = dict.fromkeys([*PARAMETERS, *free_energy.symbols], mpmath.mpf(0))
    values |= {T: mpmath.mpf(0.7), eta: mpmath.mpf(0.3), free_energy.symbols[0]: mpmath.mpf(1)}
    site = [(x, 0.1) for x in trapezoid(12, mpmath.mpf("0.1"))]
    (energy,) = evaluate([free_energy.energy], values, site)
    assert float(energy) == pytest.approx(0.35, rel=1e-12)


@pytest.mark.parametrize(
    ("network", "vanishing", "covariance"),
    [
        (RandomNetwork(), {"Q", "P", "Q_hat"}, True),
        (RandomNetwork(transfer="x/(1 + Abs(x))", gain="1/(1+x**2)"), {"Q", "P", "Q_hat"}, True),
        (
            RandomNetwork(transfer="(exp(x) - exp(-x))/(exp(x) + exp(-x) + 1)"),
            {"Q", "P", "Q_hat"},
            True,
        ),
        (RandomNetwork(mean=0.5), {"Q", "P", "Q_hat", "m", "m_hat"}, True),
        (RandomNetwork(mean=0.5, field_std=0.2), {"m", "m_hat"}, False),
        (RandomNetwork(field_std=0.2), set(), False),
        (RandomNetwork(transfer="tanh(x + 1/2)"), set(), False),
        (RandomNetwork(local="-x + x**2/9 - x**3"), set(), False),
        (RandomNetwork(gain="1 + tanh(x)/2"), set(), False),
        (RandomNetwork(transfer="x**2/(1 + x**2)"), set(), False),
        (RandomNetwork(transfer="x**2/(1 + x**2)", gain="x/(1 + x**2)"), set(), False),
    ],
)
def test_symmetry_is_found(network, vanishing, covariance):
    reduction = FreeEnergy(network).reduction
    assert {str(s) for s in reduction.vanishing} == vanishing
    assert reduction.covariance_vanishes is covariance


def test_number_of_fields():
    assert len(FreeEnergy(RandomNetwork(field_std=0.1)).fields) == 2
    assert len(FreeEnergy(RandomNetwork(field_std=0.1, gain="2")).fields) == 2
    assert len(FreeEnergy(RandomNetwork(field_std=0.1, gain="1/(1+x**2)")).fields) == 3


def test_response_equations_hold_at_gamma_zero():
    """No equation divides by g^2 gamma."""
    for equation in replica_symmetric(RandomNetwork(transfer="tanh(x + 1)")).stationarity:
        value = equation.rhs.subs({sp.Symbol("gamma", real=True): 0})
        assert not value.has(sp.zoo, sp.nan)


def test_observable_is_an_average():
    free_energy = FreeEnergy(RandomNetwork(transfer="tanh(x + 1)"))
    assert free_energy.observable(X**2).diff(sp.Symbol("nothing")) == 0
