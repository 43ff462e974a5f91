"""Elementary functions of the generated kernels against mpmath."""

import math

import mpmath
import numpy as np
import pytest

from theory import RandomNetwork, replica_symmetric
from theory.codegen.functional import functional_kernel

KERNEL = functional_kernel(replica_symmetric(RandomNetwork()).symmetric).module
SIGNED = np.random.default_rng(0).choice([-1, 1], 300) * np.geomspace(1e-12, 700, 300)
VALUES = {
    "exp": SIGNED,
    "expm1": SIGNED,
    "log1p": np.concatenate([np.geomspace(1e-300, 1e300, 200), np.linspace(-0.99, 1, 100)]),
    "tanh": SIGNED,
    "sinh": SIGNED,
    "cosh": SIGNED,
    "log": np.concatenate([np.geomspace(1e-300, 1e300, 200), 1 + np.linspace(-0.5, 1, 100)]),
}


@pytest.mark.parametrize("name", VALUES)
def test_accuracy_is_that_of_rounding(name):
    found = np.array([getattr(KERNEL, f"vector_{name}")(x) for x in VALUES[name]])
    exact = [float(getattr(mpmath, name)(mpmath.mpf(x))) for x in VALUES[name]]
    assert found == pytest.approx(exact, rel=6e-16, abs=0)


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf, 0.0, -0.0, 800.0, -800.0])
def test_special_values_are_those_of_numpy(name, x):
    with np.errstate(all="ignore"):
        expected = float(getattr(np, name)(x))
    found = getattr(KERNEL, f"vector_{name}")(x)
    assert found == pytest.approx(expected, rel=1e-15, abs=1e-300, nan_ok=True)
    assert math.isnan(found) or math.copysign(1, found) == math.copysign(1, expected)
