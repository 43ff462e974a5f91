"""The Kac-Rice functional against a derivation by hand, finite differences and refusals."""

import mpmath
import pytest
import sympy as sp

from theory.complexity import KAPPA, FixedPointComplexity
from theory.determinant import ALPHA, RESPONSE
from theory.ensembles import PARAMETERS, RandomNetwork, g, gamma
from theory.evaluation import evaluate
from theory.expressions import ModelError

VALUES = {"q": 0.31, "rho": 0.62, "m": 0.21, "q_hat": -0.33, "m_hat": 0.12}
RULE = [(mpmath.mpf(k) / 16, mpmath.mpf(1) / 16) for k in range(-16 * 14, 16 * 14 + 1)]


def numbers(theory, strength, reciprocity, kappa):
    values = dict.fromkeys(PARAMETERS, mpmath.mpf(0)) | theory.network.values
    values |= {g: mpmath.mpf(strength), gamma: mpmath.mpf(reciprocity), KAPPA: mpmath.mpf(kappa)}
    values |= {s: mpmath.mpf(VALUES[str(s)]) for s in theory.symbols[:-2]}
    return values | {ALPHA: mpmath.mpf("0.7"), RESPONSE: mpmath.mpf("0.45")}


def by_hand(strength, reciprocity):
    """The functional for a = -x, b = 1, c = tanh from the inverse of the covariance of H = J c.

    E H_i H_j = g^2 (q delta_ij + gamma c_i c_j / N): its inverse gives the order parameter
    p = <x c> = (1 + gamma) g^2 q rho in the place of rho.
    """
    q, rho, q_hat = (VALUES[name] for name in ("q", "rho", "q_hat"))
    alpha, response = 0.7, 0.45
    p = (1 + reciprocity) * strength**2 * q * rho
    conjugate = reciprocity / (1 + reciprocity) * p / (strength * q) ** 2
    tilt = q_hat - (strength * reciprocity * rho) ** 2 / (2 * q)

    def weight(x):
        c = mpmath.tanh(x)
        slope = 1 - c**2
        width = 2 * strength**2 * q
        modulus = mpmath.sqrt(
            (1 - reciprocity * strength**2 * response * slope) ** 2 + (alpha * slope) ** 2
        )
        density = mpmath.exp(-(x**2) / width + tilt * c**2 + conjugate * x * c)
        return density * modulus / mpmath.sqrt(mpmath.pi * width)

    one_unit = mpmath.log(mpmath.quad(weight, [-12, -4, 0, 4, 12]))
    of_determinant = -(alpha**2) / (2 * strength**2) + reciprocity * (strength * response) ** 2 / 2
    return -q * tilt - p * conjugate / 2 + one_unit + of_determinant


@pytest.mark.parametrize("reciprocity", [0.0, 0.5, -0.4])
def test_functional_by_hand(reciprocity):
    theory = FixedPointComplexity(RandomNetwork())
    values = numbers(theory, 1.3, reciprocity, 1)
    (found,) = evaluate([theory.functional], values, RULE)
    assert float(found) == pytest.approx(float(by_hand(1.3, reciprocity)), abs=1e-12)


NETWORKS = {
    "gain": RandomNetwork(local="-x - x**3/3", gain="1 + tanh(x)/2", transfer="atan(x)", mean=0.4),
    "field": RandomNetwork(gain="3/2", transfer="tanh(x + 1/3)", field_std=0.6),
}


@pytest.mark.parametrize("network", NETWORKS.values(), ids=NETWORKS)
def test_equations_are_derivatives_of_the_functional(network):
    """-metric residual is the gradient and residual differentiates to the Jacobian.

    On a given rule too: the nodes need not be many.
    """
    rule = [(mpmath.mpf(k) / 3, mpmath.mpf(1) / 3) for k in range(-15, 16)]
    theory = FixedPointComplexity(network)
    values = numbers(theory, 1.2, 0.3, 0.8)
    size = len(theory.symbols)
    exact = evaluate([*theory.residual, *theory.jacobian], values, rule)
    metric = sp.hessian(theory.algebraic, theory.symbols).subs(values)
    step = mpmath.mpf("1e-4")
    for k, symbol in enumerate(theory.symbols):
        up, down = ({**values, symbol: values[symbol] + sign * step} for sign in (1, -1))
        high, low = (evaluate([theory.functional, *theory.residual], v, rule) for v in (up, down))
        slopes = [float((one - two) / (2 * step)) for one, two in zip(high, low, strict=True)]
        gradient = -sum(metric[k, l] * exact[l] for l in range(size))
        assert slopes[0] == pytest.approx(float(gradient), abs=1e-6)
        for row in range(size):
            entry = float(exact[size + size * row + k])
            assert slopes[1 + row] == pytest.approx(entry, abs=1e-5 * (1 + abs(entry)))


def test_gain_and_local_matter_by_their_ratio():
    """The zeros of a + b H are those of a/b + H, and |det F'| / |dF/dH| too."""
    one = FixedPointComplexity(RandomNetwork(local="-x - x**3", gain="1 + x**2"))
    two = FixedPointComplexity(RandomNetwork(local="-x"))
    values = numbers(one, 1.2, 0.3, 1)
    found = [evaluate([theory.functional], values, RULE)[0] for theory in (one, two)]
    assert float(found[0]) == pytest.approx(float(found[1]), abs=1e-13)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"confinement": 0.1}, "confinement 0.1 belongs to the potential"),
        ({"gain": "1/(1 + x**2)", "field_std": 0.2}, "use field_std 0 or a constant gain"),
        ({"transfer": sp.sign(sp.Symbol("x"))}, "jumps"),
        ({"local": "-x - x**3", "gain": "x/(1 + x**2)"}, "both vanish at x = 0"),
    ],
)
def test_refusals(arguments, words):
    with pytest.raises(ModelError, match=words):
        FixedPointComplexity(RandomNetwork(**arguments))
