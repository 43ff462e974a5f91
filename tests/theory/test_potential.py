"""The quasi-potential of a network of any size against explicit systems, and its claims."""

from __future__ import annotations

import pytest
import sympy as sp

from theory.dynamics import Dynamics
from theory.ensembles import RandomNetwork, T
from theory.expressions import ModelError, X
from theory.identities import vanishes
from theory.potential import QuasiPotential

x, y = sp.symbols("x y", real=True)
NETWORKS = {
    "rate": RandomNetwork(),
    "asymmetric": RandomNetwork(transfer="tanh(x + 1/2)", mean=0.5, field_std=0.2),
    "gain": RandomNetwork(
        local="-x - x**3", gain="1/(1 + x**2)", transfer="erf(x)", confinement=0.1
    ),
}


@pytest.fixture(params=NETWORKS)
def pair(request):
    potential = QuasiPotential(NETWORKS[request.param])
    return potential, QuasiPotential(potential.explicit(3), potential.confinement)


def test_any_size_agrees_with_three_units_symbol_by_symbol(pair):
    potential, explicit = pair
    form = potential.form
    assert sp.expand(form.explicit(potential.energy, 3) - explicit.energy) == 0
    for place in (1, 2, 3):
        component = form.explicit(potential.gradient, 3, place)
        assert sp.expand(component - explicit.gradient[place - 1]) == 0


def test_hessian_and_curl_agree_with_three_units(pair):
    potential, explicit = pair
    form = potential.form
    for row, column in ((1, 1), (1, 2), (3, 1)):
        for name in ("hessian", "curl"):
            entry = form.explicit(getattr(potential, name), 3, row, column)
            assert vanishes(entry - getattr(explicit, name)[row - 1, column - 1])


def test_gradient_in_the_form_of_the_literature():
    potential = QuasiPotential(RandomNetwork(local="-x - x**3", gain="cos(x)", confinement=0.25))
    form = potential.form
    size, place = 3, 2
    states = [sp.Symbol(f"x_{n}", real=True) for n in (1, 2, 3)]
    J = sp.Matrix(3, 3, lambda a, b: sp.Symbol(f"J_{a + 1}{b + 1}", real=True))
    field = J * sp.Matrix([sp.tanh(state) for state in states])
    F = [-s - s**3 + sp.cos(s) * field[n] for n, s in enumerate(states)]
    s = states[place - 1]
    # dE/dx_k = F_k (a' + b' H_k) + c' sum_i J_ik b_i F_i + 2 eta x_k
    expected = (
        F[place - 1] * (-1 - 3 * s**2 - sp.sin(s) * field[place - 1])
        + sp.tanh(s).diff(s) * sum(J[n, place - 1] * sp.cos(states[n]) * F[n] for n in range(size))
        + s / 2
    )
    assert sp.expand(form.explicit(potential.gradient, size, place) - expected) == 0


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, (False, False, False)),
        ({"transfer": "x"}, (True, False, False)),
        ({"transfer": "x", "mean": 1, "field_std": 1}, (True, False, False)),
        ({"transfer": "x", "local": "-x**3"}, (True, False, False)),
        ({"transfer": "tanh(x)", "gain": "1 - tanh(x)**2"}, (True, False, False)),
        ({"transfer": "tanh(x)", "gain": "1/cosh(x)**2"}, (True, False, False)),
        ({"transfer": "tanh(x)", "gain": "1 + tanh(x)**2"}, (False, False, False)),
    ],
)
def test_which_networks_are_gradient_systems(options, expected):
    potential = QuasiPotential(RandomNetwork(**options))
    answers = tuple(potential.drift_is_gradient(gamma) for gamma in (1, 0.5, -1))
    assert answers == expected


def test_which_explicit_systems_are_gradient_systems():
    potential = x**4 - x * y + sp.cos(x * y)
    gradient = Dynamics([x, y], [-potential.diff(x), -potential.diff(y)])
    assert QuasiPotential(gradient).drift_is_gradient()
    assert not QuasiPotential(Dynamics([x, y], [y, -x])).drift_is_gradient()
    assert QuasiPotential(Dynamics([x], ["exp(x)"])).drift_is_gradient()


SYSTEMS = [
    Dynamics([x], [x - x**3]),
    Dynamics([x, y], [y, -x + y * (1 - x**2)]),
    Dynamics([x, y], [sp.tanh(2 * x - y) - x, sp.tanh(x + y) - y]),
]


@pytest.mark.parametrize("system", SYSTEMS, ids=str)
@pytest.mark.parametrize("confinement", [0, sp.Rational(1, 3)])
def test_boltzmann_weight_is_stationary_under_the_langevin_dynamics(system, confinement):
    potential = QuasiPotential(system, confinement)
    assert potential.fokker_planck_residual() == 0
    assert not vanishes(potential.fokker_planck_residual(potential.drift))


def test_rotation_keeps_a_function_of_the_radius_without_noise_to_spread_it():
    potential = QuasiPotential(Dynamics([x, y], [-x + y, -x - y]))
    # E = x^2 + y^2; the linear drift -x + rotation has the density exp(-(x^2 + y^2)/(2 T))
    assert sp.expand(potential.energy) == x**2 + y**2
    assert vanishes(potential.fokker_planck_residual(2 * potential.drift))
    residual = potential.fokker_planck_residual(potential.drift)
    # L p / p by hand: -div F + F . grad E / T + T (|grad E|^2 / T^2 - laplace E / T)
    by_hand = 2 + (-2 * (x**2 + y**2)) / T + 4 * (x**2 + y**2) / T - 4
    assert vanishes(residual - by_hand)


def test_explicit_network_is_stationary_too():
    network = QuasiPotential(RandomNetwork(confinement=0.1))
    explicit = QuasiPotential(network.explicit(2), network.confinement)
    assert vanishes(explicit.fokker_planck_residual())
    with pytest.raises(ModelError, match=r"potential\.explicit\(3\)"):
        network.fokker_planck_residual()


def test_jumps_are_refused_with_the_reason():
    potential = QuasiPotential(RandomNetwork(transfer=sp.sign(X)))
    assert potential.energy.has(sp.sign)
    for name in ("gradient", "hessian", "langevin_drift", "curl", "jacobian"):
        with pytest.raises(ModelError, match=r"transfer sign\(x\) jumps at x = 0: the energy"):
            getattr(potential, name)
    with pytest.raises(ModelError, match=r"dx/dt = .* jumps at x = 0"):
        _ = QuasiPotential(Dynamics([x], [sp.sign(x) - x])).gradient


def test_kinks_have_the_derivatives_of_the_pieces():
    plain = sp.Symbol("x")  # its assumptions are those of a user who gave none
    potential = QuasiPotential(Dynamics([plain], [1 - abs(plain)]))
    pieces = [QuasiPotential(Dynamics([x], [1 - sign * x])) for sign in (-1, 1)]
    for name in ("gradient", "hessian"):
        for at, piece in zip((-0.3, 0.4), pieces, strict=True):
            value = sp.Matrix(getattr(potential, name)).subs(plain, at)
            assert value == sp.Matrix(getattr(piece, name)).subs(x, at)
    # the mean of both sides at the kink: E = (1 - |x|)^2/2 is even
    assert potential.gradient.subs(plain, 0) == sp.Matrix([0])


def test_a_potential_with_kinks_is_stationary():
    system = Dynamics([x, y], [-x + sp.Max(0, y), -y + abs(x - y)])
    potential = QuasiPotential(system)
    assert vanishes(potential.fokker_planck_residual())
    # flow along surfaces of equal E, as of Max(0, y) the mean gain is 1/2 at the kink only
    turned = sp.Matrix([potential.gradient[1], -potential.gradient[0]])
    assert vanishes(potential.fokker_planck_residual(potential.langevin_drift + turned))
    assert not vanishes(potential.fokker_planck_residual(potential.drift))


def test_rendering():
    assert r"\frac{\partial E}{\partial x_k}" in QuasiPotential(RandomNetwork())._repr_latex_()
    assert r"\nabla E" in QuasiPotential(SYSTEMS[0])._repr_latex_()
    jumping = QuasiPotential(RandomNetwork(transfer=sp.sign(X)))._repr_latex_()
    assert "jumps at x = 0" in jumping
    assert jumping.startswith("$")
    assert jumping.endswith("$")


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: QuasiPotential(RandomNetwork(), 1), "has its own confinement"),
        (lambda: QuasiPotential("x"), "must be a RandomNetwork or Dynamics, not str"),
        (lambda: QuasiPotential(SYSTEMS[0], -1), "confinement must be a number >= 0, not -1"),
        (lambda: QuasiPotential(SYSTEMS[0]).explicit(3), "explicit already"),
        (lambda: QuasiPotential(RandomNetwork()).explicit(0), "size must be at least 1"),
        (lambda: QuasiPotential(RandomNetwork()).drift_is_gradient(), "depends on gamma"),
        (lambda: QuasiPotential(SYSTEMS[0]).drift_is_gradient(1), "without it"),
    ],
)
def test_bad_requests(build, message):
    with pytest.raises(ModelError, match=message):
        build()
