"""Averages of two normal variables against closed forms, up to steep and kinked functions."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import erf
from scipy.stats import multivariate_normal

from numerics.smoothing import Rule, Smoothed, SmoothFunction


def arcsine(steepness, variance, covariance):
    """Price: E erf(a x) erf(a y), its slope in the covariance and its integral."""
    factor = 2 * steepness**2 / (1 + 2 * steepness**2 * variance)
    sine = factor * covariance
    # 1 - sine without a difference of numbers near 1
    below = (1 + 2 * steepness**2 * (variance - covariance)) / (1 + 2 * steepness**2 * variance)
    cosine = np.sqrt(below * (1 + sine))
    integral = sine * np.arcsin(sine) - sine**2 / (1 + cosine)
    return 2 / np.pi * np.array([np.arcsin(sine), factor / cosine, integral / factor])


@pytest.mark.parametrize("steepness", [0.01, 1.0, 50.0, 1e5])
@pytest.mark.parametrize("order", [12, 16])
def test_error_function(steepness, order):
    function = SmoothFunction(
        lambda x: erf(steepness * x),
        lambda x: 2 * steepness / np.sqrt(np.pi) * np.exp(-((steepness * x) ** 2)),
    )
    averages = Smoothed(function, 0.0, 1.7, Rule(order))
    for share in (0.0, 1e-12, 0.1, 0.5, 0.9, 1 - 1e-3, 1 - 1e-9, 1.0):
        expected = arcsine(steepness, 1.7, 1.7 * share)
        found = averages.at(1.7 * share)
        np.testing.assert_allclose(found, expected, rtol=2e-12, atol=1e-14 * expected.max())


@pytest.mark.parametrize("mean", [0.0, 0.4, -7.0])
def test_threshold_by_orthant_probabilities(mean):
    """E max(0, x) max(0, y) of any mean, by its derivatives, which are orthant probabilities."""
    function = SmoothFunction(
        lambda x: np.maximum(x, 0), lambda x: np.heaviside(x, 0.5), kinks=(0.0,)
    )
    averages = Smoothed(function, mean, 1.0)
    for covariance in (0.2, 0.9):
        law = multivariate_normal([0, 0], [[1, covariance], [covariance, 1]])
        assert averages.at(covariance).slope == pytest.approx(law.cdf([mean, mean]), rel=1e-6)
    density = np.exp(-(mean**2) / 2) / np.sqrt(2 * np.pi)
    share = (1 + erf(mean / np.sqrt(2))) / 2
    first, second = mean * share + density, (1 + mean**2) * share + mean * density
    assert averages.average == pytest.approx(first, rel=1e-9)
    assert averages.square.correlation == pytest.approx(second - first**2, rel=1e-9)


def test_linear_function_has_no_higher_terms():
    line = SmoothFunction(lambda x: 3 * x + 5, lambda x: np.full_like(x, 3.0))
    averages = Smoothed(line, 2.0, 0.3)
    assert averages.average == pytest.approx(11, rel=1e-15)
    np.testing.assert_allclose(averages.at(0.1), [0.9, 9.0, 9 * 0.1**2 / 2], rtol=1e-13)
