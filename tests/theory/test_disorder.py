"""The averaged replicated weight against a brute-force average over the couplings."""

from itertools import product

import numpy as np
import pytest
import sympy as sp

from theory.disorder import DisorderAverage, beta, response, state
from theory.ensembles import RandomNetwork, eta, g, gamma, mu, sigma_h

MODELS = {
    "rate": RandomNetwork(),
    "everything": RandomNetwork(
        local="-x - x**3/3",
        gain="1 + tanh(x)/2",
        transfer="tanh(x + 1/2)",
        mean=0.7,
        field_std=0.6,
        confinement=0.2,
    ),
    "constant gain": RandomNetwork(gain="2", transfer="erf(x)", field_std=0.4),
}
G, GAMMA, BETA = 0.8, -0.4, 1.3


def average_over_normals(function, dimension, nodes=48):
    """Gauss-Hermite average of a function of independent standard normals."""
    z, w = np.polynomial.hermite_e.hermegauss(nodes)
    w = w / w.sum()
    grids = np.meshgrid(*[z] * dimension, indexing="ij")
    weights = np.prod(np.meshgrid(*[w] * dimension, indexing="ij"), axis=0)
    return np.sum(weights * function(*grids))


def brute_force(network, x, xh):
    """Average exp of the linearised exponent over J pair by pair, and over h unit by unit."""
    size = len(x)
    a, b, c = (
        sp.lambdify(sp.Symbol("x", real=True), f, ["scipy", "numpy"])(x) + 0.0 * x
        for f in (network.local, network.gain, network.transfer)
    )
    root = 1j * np.sqrt(BETA)
    coefficient = root * np.einsum("ia,ja->ij", xh * b, c)
    total = np.exp(np.sum(-(xh**2) / 2 + root * xh * a - BETA * network.confinement * x**2))
    mean, scale = network.mean / size, G / np.sqrt(size)
    for i in range(size):
        own = lambda z, i=i: np.exp(coefficient[i, i] * (mean + scale * np.sqrt(1 + GAMMA) * z))
        total *= average_over_normals(own, 1)
        for j in range(i):

            def pair(y, z, i=i, j=j):
                other = GAMMA * y + np.sqrt(1 - GAMMA**2) * z
                exponent = coefficient[i, j] * (mean + scale * y)
                return np.exp(exponent + coefficient[j, i] * (mean + scale * other))

            total *= average_over_normals(pair, 2)
        field = lambda z, i=i: np.exp(root * xh[i].sum() * network.field_std * z)
        total *= average_over_normals(field, 1)
    return total


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("size", "replicas"), [(2, 1), (2, 2), (3, 1), (3, 2)])
def test_averaged_weight_is_the_average_over_couplings(name, size, replicas):
    network = MODELS[name]
    generator = np.random.default_rng(size + 10 * replicas)
    x = generator.normal(size=(size, replicas))
    xh = generator.normal(size=(size, replicas))
    exponent = DisorderAverage(network).exponent_at(size, replicas)
    values = {g: G, gamma: GAMMA, beta: BETA, **network.values}
    for i, a in product(range(size), range(replicas)):
        values[state[i + 1, a + 1]] = x[i, a]
        values[response[i + 1, a + 1]] = xh[i, a]
    derived = complex(sp.exp(exponent.subs(values)).evalf())
    assert derived == pytest.approx(brute_force(network, x, xh), rel=1e-10)


def test_overlaps_are_found_from_the_model():
    pairings = DisorderAverage(MODELS["everything"]).pairings
    replicas = sorted(p.first.replicas for p in pairings)
    assert replicas == [1, 2, 2]
    assert not {mu, sigma_h, eta} & DisorderAverage(MODELS["rate"]).linearised.free_symbols
