"""Errors of means over networks of several sizes: coverage, limits, refusals."""

import numpy as np
import pytest
from scipy.stats import chi2, kstest
from scipy.stats import t as student

from theory import ModelError
from validation.finite_size import extrapolate
from validation.network_errors import extrapolate_networks, smooth_errors

SIZES, NETWORKS = np.array([150, 300, 600]), np.array([32, 16, 8])
LIMIT = 0.3
KNOWN_POWER = (1.0, 1e-3)


def drawn(random, slope=1.0):
    """Means and their own errors of normal networks whose variance falls as N^-slope."""
    spread = 0.01 * (SIZES / 600) ** (-slope / 2)
    values = [
        random.normal(LIMIT * (1 - 3 / size), deviation, number)
        for size, deviation, number in zip(SIZES, spread, NETWORKS, strict=True)
    ]
    mean = np.array([part.mean() for part in values])
    return mean, np.array([part.std(ddof=1) / np.sqrt(len(part)) for part in values])


@pytest.mark.parametrize("slope", [0.5, 1.0, 1.5])
def test_limits_are_as_far_off_as_their_errors_and_degrees_say(slope):
    random = np.random.default_rng(3)
    probability = []
    for _ in range(1500):
        mean, error = drawn(random, slope)
        limit, _, degrees = extrapolate_networks(
            SIZES, mean, error, NETWORKS, exponent_prior=KNOWN_POWER
        )
        probability.append(student.cdf((limit.value - LIMIT) / limit.standard_error, degrees))
    off = 2 * np.minimum(probability, 1 - np.array(probability))
    # uniform; 0.05 and 0.01 have errors of 0.006 and 0.003, and a slope that is not the expected
    # one may cost some power
    if slope == 1:
        assert kstest(probability, "uniform").pvalue > 1e-3
    assert 0.025 < (off < 0.05).mean() < 0.068
    assert 0.002 < (off < 0.01).mean() < 0.019


def test_own_errors_of_few_networks_are_too_small():
    random = np.random.default_rng(4)
    off = []
    for _ in range(1500):
        mean, error = drawn(random)
        limit = extrapolate(SIZES, mean, error, exponent_prior=KNOWN_POWER)
        z = abs(limit.value - LIMIT) / limit.standard_error
        off.append(2 * student.sf(z, NETWORKS.sum() - 3))
    assert (np.array(off) < 0.01).mean() > 0.02


def test_many_networks_keep_their_own_errors():
    error = np.array([0.03, 0.01, 0.02])
    known = smooth_errors(SIZES, error, np.full(3, 10**7))
    np.testing.assert_allclose(known.error, error, rtol=1e-5)
    assert known.degrees(np.array([0, 0, 1.0])) == pytest.approx(10**7, rel=1e-4)


def test_degrees_of_one_size_are_those_of_its_networks():
    # nothing else tells of its variance
    known = smooth_errors([100], [0.02], [9])
    assert known.degrees(np.ones(1)) == pytest.approx(8, rel=1e-3)
    # mean of the logarithm of chi-squared, from its distribution
    shift = chi2(8).expect(np.log) - np.log(8)
    assert known.error[0] == pytest.approx(0.02 * np.exp(-shift / 2), rel=1e-4)


def test_an_accidentally_small_error_is_corrected():
    # networks in proportion to 1/N and a variance that falls as 1/N: equal errors are expected
    known = smooth_errors(SIZES, [0.01, 0.01, 0.003], NETWORKS)
    assert known.error[0] == pytest.approx(0.01, rel=0.05)
    assert 0.005 < known.error[2] < known.error[1] < known.error[0]


def test_order_of_sizes_does_not_matter():
    mean, error = drawn(np.random.default_rng(5))
    one, used, degrees = extrapolate_networks(SIZES, mean, error, NETWORKS)
    other, turned, others = extrapolate_networks(
        SIZES[::-1], mean[::-1], error[::-1], NETWORKS[::-1]
    )
    assert other.value == pytest.approx(one.value, rel=1e-12)
    assert others == pytest.approx(degrees, rel=1e-9)
    np.testing.assert_allclose(turned, used[::-1], rtol=1e-12)


def test_weights_are_those_of_the_limit():
    mean, error = drawn(np.random.default_rng(6))
    limit = extrapolate(SIZES, mean, error)
    assert limit.weight.sum() == pytest.approx(1)
    assert limit.weight @ mean == pytest.approx(limit.value, rel=1e-12)


@pytest.mark.parametrize(
    ("error", "networks"), [([0.01, 0.0, 0.01], NETWORKS), ([0.01, np.nan, 0.01], [4, 1, 4])]
)
def test_errors_that_say_nothing(error, networks):
    with pytest.raises(ModelError, match="positive and come from two networks"):
        smooth_errors(SIZES, error, networks)
    limit, used, degrees = extrapolate_networks(SIZES, np.full(3, 0.2), error, networks)
    assert not limit.decided
    np.testing.assert_array_equal(used, error)
    assert degrees == np.sum(networks) - 3
