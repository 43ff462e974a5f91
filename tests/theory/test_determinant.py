"""The log determinant of elliptic matrices against closed forms and drawn matrices."""

from functools import cache

import numpy as np
import pytest
import sympy as sp
from scipy.optimize import brentq, root

from theory.averages import written_out
from theory.determinant import ALPHA, RESPONSE, LogDeterminant
from theory.ensembles import RandomNetwork, g, gamma

X, V = sp.symbols("X V", real=True)
NETWORK = RandomNetwork()


@cache
def functions():
    """The functional of given diagonals as a function of numbers, and its two derivatives."""
    determinant = LogDeterminant(NETWORK, X, V)
    site, algebraic = written_out(determinant.site), determinant.algebraic
    rows = [[e, e.diff(ALPHA), e.diff(RESPONSE)] for e in (site, algebraic)]
    return [sp.lambdify([X, V, ALPHA, RESPONSE, g, gamma], row) for row in rows]


def extremum(x, v, strength, reciprocity):
    """Value, alpha and R at the extremum; alpha = 0 where no alpha > 0 solves the equations."""
    site, algebraic = functions()
    reciprocity = reciprocity or 1e-9  # R drops out at 0

    def total(alpha, response):
        at = (x, v, alpha, response, strength, reciprocity)
        return [np.mean(a) + b for a, b in zip(site(*at), algebraic(*at), strict=True)]

    def equations(u):
        _, in_alpha, in_response = total(np.exp(u[0]), u[1])
        return [in_alpha / np.exp(u[0]), in_response / (strength**2 * reciprocity)]

    found = root(equations, [0.0, 0.1], tol=1e-12)
    if np.abs(found.fun).max() < 1e-9:
        alpha, response = np.exp(found.x[0]), found.x[1]
    else:
        alpha, response = 0.0, brentq(lambda r: total(0.0, r)[2], 0.0, 3.0)
    return total(alpha, response)[0], alpha, response


@pytest.mark.parametrize("reciprocity", [0.0, 0.5, -0.4, 1.0])
def test_elliptic_law(reciprocity):
    """log|det(1 - J)| is the potential of the uniform ellipse at 1, inside it."""
    strength = 2.5
    value = extremum(np.ones(1), np.ones(1), strength, reciprocity)[0]
    expected = np.log(strength) - 0.5 + 1 / (2 * strength**2 * (1 + reciprocity))
    assert value == pytest.approx(expected, abs=1e-10)


def test_outside_the_ellipse():
    """There alpha = 0 and the resolvent at 1 is the response of a linear network."""
    strength, reciprocity = 0.5, 0.4
    _, alpha, response = extremum(-np.ones(1), np.ones(1), strength, reciprocity)
    assert alpha == 0
    square = reciprocity * strength**2
    assert response == pytest.approx((1 - np.sqrt(1 - 4 * square)) / (2 * square), rel=1e-9)


@pytest.mark.parametrize("reciprocity", [0.0, 0.5, -0.5])
@pytest.mark.parametrize("strength", [1.5, 3.0])
def test_drawn_matrices(reciprocity, strength):
    """diag(X) + diag(B) J diag(C) with factors of both signs of X and all sizes of B C."""
    size, matrices = 500, 16
    generator = np.random.default_rng(4)
    x = 1.2 * generator.standard_normal(size)
    diagonal, left, right = -1 - 1.5 * np.cos(x), 1 + 0.4 * np.tanh(x), 1 - np.tanh(x) ** 2
    found, traces = [], []
    for seed in range(matrices):
        couplings, _ = NETWORK.draw(size, strength, reciprocity, seed=seed)
        matrix = np.diag(diagonal) + left[:, None] * couplings * right
        found.append(np.linalg.slogdet(matrix)[1] / size)
        traces.append(-np.sum(left * right * np.diag(np.linalg.inv(matrix))) / size)
    value, _, response = extremum(diagonal, left * right, strength, reciprocity)
    assert np.mean(found) == pytest.approx(value, abs=6e-3)
    # traces of inverses have no variance; the median of few is off by as much as 0.06
    assert np.median(traces) == pytest.approx(response, abs=0.05)
