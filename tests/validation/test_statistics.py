"""Estimators against closed forms, verdicts at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter
from scipy.stats import ttest_rel

from theory.expressions import ModelError
from validation.statistics import diagnose, exceedances, extrapolate, jackknife, judge, mixing


def autoregressive(rho, shape, seed=0):
    """Draw x[t] = rho x[t-1] + noise, stationary with variance 1."""
    noise = np.random.default_rng(seed).normal(size=shape)
    noise[:, 1:] *= np.sqrt(1 - rho**2)
    return lfilter([1], [1, -rho], noise, axis=1)


class TestDiagnose:
    @pytest.mark.parametrize("rho", [0.0, 0.5, 0.9])
    def test_autoregressive_process(self, rho):
        chains = autoregressive(rho, (40, 10_000))
        result = diagnose(chains)
        ess = chains.size * (1 - rho) / (1 + rho)
        assert result.ess == pytest.approx(ess, rel=0.1)
        assert result.error == pytest.approx(ess**-0.5, rel=0.1)
        assert result.mean == pytest.approx(chains.mean(), abs=1e-14)
        assert result.r_hat == pytest.approx(1, abs=0.005)

    def test_chains_that_disagree(self):
        chains = autoregressive(0, (4, 500)) + np.array([[0], [0], [0], [2]])
        assert diagnose(chains).r_hat > 1.2

    @pytest.mark.parametrize("value", [0.0, 0.1, -3.0])
    def test_constant_draws_are_exact(self, value):
        result = diagnose(np.full((3, 100), value))
        assert (result.mean, result.error, result.r_hat, result.ess) == (value, 0, 1, 300)

    def test_chains_that_stand_still_apart(self):
        result = diagnose(np.repeat([[0.0], [1.0]], 100, axis=1))
        assert result.r_hat > 1e3
        assert result.error > 0.1

    def test_two_values_only(self):
        result = diagnose(np.random.default_rng(0).integers(2, size=(4, 400)))
        assert result.error == pytest.approx(0.5 / 40, rel=0.15)
        assert result.r_hat < 1.02

    @pytest.mark.parametrize("scale", [1e-200, 1e-18, 1e12])
    def test_scale_does_not_matter(self, scale):
        chains = autoregressive(0.5, (4, 1000))
        one, other = diagnose(chains), diagnose(scale * chains)
        assert other.error == pytest.approx(scale * one.error, rel=1e-10)
        assert other.ess == pytest.approx(one.ess, rel=1e-10)

    def test_one_chain_has_no_r_hat(self):
        result = diagnose(autoregressive(0, (1, 1000)))
        assert np.isnan(result.r_hat)
        assert result.error == pytest.approx(1000**-0.5, rel=0.2)

    def test_draws_that_are_not_finite(self):
        result = diagnose([[0, 1, 2, np.nan], [0, 1, 2, 3]])
        assert np.isnan([result.mean, result.error, result.r_hat, result.ess]).all()

    @pytest.mark.parametrize("shape", [(10,), (2, 3), (0, 10), (2, 2, 10)])
    def test_other_shapes_are_refused(self, shape):
        with pytest.raises(ModelError, match="chain, draw"):
            diagnose(np.zeros(shape))


class TestJackknife:
    def test_mean_has_its_textbook_error(self):
        sample = np.random.default_rng(0).normal(size=(12, 3))
        value, error = jackknife(lambda mean: mean, [sample])
        np.testing.assert_allclose(value, sample.mean(axis=0), rtol=1e-14)
        np.testing.assert_allclose(error, sample.std(axis=0, ddof=1) / 12**0.5, rtol=1e-12)

    def test_ratio_has_the_error_of_the_delta_method(self):
        random = np.random.default_rng(1)
        a, b = random.normal(2, 0.1, 400), random.normal(3, 0.2, 300)
        value, error = jackknife(lambda a, b: a / b, [a, b])
        relative = np.hypot(a.std() / a.mean() / 20, b.std() / b.mean() / 300**0.5)
        assert value == pytest.approx(a.mean() / b.mean())
        assert error == pytest.approx(value * relative, rel=0.01)

    def test_correlated_columns_of_one_group(self):
        x = np.random.default_rng(2).normal(5, 1, 100)
        _, error = jackknife(lambda mean: mean[0] / mean[1], [np.stack([x, 2 * x], axis=1)])
        assert error < 1e-15

    def test_constant_groups_are_exact(self):
        value, error = jackknife(lambda a, b: a - b**2, [np.zeros(5), np.zeros(3)])
        assert (value, error) == (0, 0)

    def test_one_sample_has_no_error(self):
        value, error = jackknife(lambda a, b: a + b, [[1.0, 2.0], [3.0]])
        assert value == 4.5
        assert np.isnan(error)

    @pytest.mark.parametrize("samples", [[], [[]], [[1.0], []], [1.0]])
    def test_no_samples(self, samples):
        with pytest.raises(ModelError, match="at least one sample"):
            jackknife(lambda *means: 0, samples)


SIZES = np.array([125.0, 250.0, 500.0, 1000.0])


def coverage(alpha, relative, number=800, value=0.27, shift=0.02, seed=4):
    """Part of the limits within one, two and three standard errors."""
    random = np.random.default_rng(seed)
    error = np.broadcast_to(np.multiply(relative, value), SIZES.shape)
    mean = value * (1 - shift * (SIZES / 400) ** -alpha)
    fits = [extrapolate(SIZES, random.normal(mean, error), error) for _ in range(number)]
    z = np.array([(fit.value - value) / fit.standard_error for fit in fits])
    return [(np.abs(z) < level).mean() for level in (1, 2, 3)]


class TestExtrapolate:
    @pytest.mark.parametrize("relative", [0.003, 0.01, [0.01, 0.007, 0.005, 0.003]])
    @pytest.mark.parametrize("alpha", [1.0, 0.67])
    def test_coverage(self, alpha, relative):
        one, two, three = coverage(alpha, relative)
        assert one >= 0.63
        assert two >= 0.93
        assert three >= 0.99

    def test_coverage_at_a_slow_power_is_as_documented(self):
        one, two, three = coverage(0.5, 0.003)
        assert 0.45 < one < 0.63
        assert 0.84 < two < 0.93
        assert three > 0.96

    @pytest.mark.parametrize("alpha", [0.5, 0.67, 1.0, 1.5])
    def test_precise_data_show_the_power(self, alpha):
        mean = 0.27 - 0.5 * SIZES**-alpha
        for error in (1e-5, 1e-8, 1e-11):
            limit = extrapolate(SIZES, mean, np.full(4, error))
            assert limit.value == pytest.approx(0.27, abs=limit.standard_error)
            assert limit.exponent == pytest.approx(alpha, abs=limit.exponent_error)
            assert limit.standard_error < 300 * error
            assert limit.decided

    def test_error_of_a_known_power_from_the_information_matrix(self):
        # precise data: all three parameters follow from the data, and the prior is forgotten
        mean = 0.27 - 0.5 * SIZES**-0.8
        design = [np.ones(4), SIZES**-0.8, 0.5 * np.log(SIZES) * SIZES**-0.8]
        covariance = np.linalg.inv(np.array(design) @ np.transpose(design))
        limit = extrapolate(SIZES, mean, np.full(4, 1e-7))
        assert limit.standard_error == pytest.approx(1e-7 * covariance[0, 0] ** 0.5, rel=0.01)
        assert limit.exponent_error == pytest.approx(1e-7 * covariance[2, 2] ** 0.5, rel=0.01)

    def test_known_power_is_a_weighted_line(self):
        mean, error = np.array([0.25, 0.262, 0.263, 0.269]), np.array([3, 4, 2, 1]) * 1e-3
        limit = extrapolate(SIZES, mean, error, exponent_prior=(1.0, 1e-3))
        slope, covariance = np.polyfit(SIZES**-1.0, mean, 1, w=1 / error, cov="unscaled")
        assert limit.value == pytest.approx(slope[1], rel=1e-5)
        assert limit.standard_error == pytest.approx(covariance[1, 1] ** 0.5, rel=1e-4)

    def test_rate_network(self):
        limit = extrapolate([200, 400, 800], [0.2592, 0.2647, 0.2671], [0.0021, 0.0022, 0.0006])
        assert limit.decided
        assert limit.value == pytest.approx(0.27, abs=limit.standard_error)
        assert limit.standard_error < 0.05 * 0.27

    def test_rate_network_at_low_temperature(self):
        limit = extrapolate([200, 400, 800], [0.153, 0.164, 0.172], [0.006, 0.006, 0.004])
        assert limit.value == pytest.approx(0.1892, abs=limit.standard_error)

    def test_order_and_scale_do_not_matter(self):
        mean, error = np.array([0.25, 0.262, 0.263, 0.269]), np.full(4, 2e-3)
        one = extrapolate(SIZES, mean, error)
        other = extrapolate(SIZES[::-1], -1e-9 * mean[::-1], 1e-9 * error)
        assert other.value == pytest.approx(-1e-9 * one.value, rel=1e-10)
        assert other.standard_error == pytest.approx(1e-9 * one.standard_error, rel=1e-10)

    def test_exact_zeros(self):
        limit = extrapolate(SIZES, np.zeros(4), np.zeros(4))
        assert (limit.value, limit.standard_error, limit.decided) == (0, 0, True)

    def test_different_values_without_error(self):
        limit = extrapolate(SIZES, [0, 0, 0, 1e-3], [0, 0, 0, 1e-3])
        assert not limit.decided
        assert limit.standard_error == np.inf

    @pytest.mark.parametrize("sizes", [[500], [250, 500], [250, 500, 500]])
    def test_fewer_than_three_sizes(self, sizes):
        limit = extrapolate(sizes, np.full(len(sizes), 0.2), np.full(len(sizes), 0.01))
        assert not limit.decided
        assert "three sizes" in limit.reason
        assert (limit.value, limit.standard_error) == (0.2, 0.01)

    def test_no_power_fits(self):
        limit = extrapolate(SIZES, [0.2, 0.3, 0.2, 0.3], np.full(4, 0.01))
        assert not limit.decided
        assert "no power" in limit.reason

    def test_large_move(self):
        limit = extrapolate(SIZES, SIZES**0.5, 0.01 * SIZES**0.5)
        assert not limit.decided

    def test_quantity_that_vanishes_with_size(self):
        limit = extrapolate(SIZES, 1 / SIZES, 0.02 / SIZES)
        assert limit.decided
        assert abs(limit.value) < limit.standard_error

    @pytest.mark.parametrize("error", [np.nan, np.inf])
    def test_error_that_is_not_known(self, error):
        limit = extrapolate(SIZES, np.full(4, 0.2), [0.01, 0.01, error, 0.01])
        assert not limit.decided
        assert limit.value == 0.2

    def test_bad_input(self):
        with pytest.raises(ModelError, match="shapes"):
            extrapolate(SIZES, np.zeros(3), np.zeros(4))
        with pytest.raises(ModelError, match="exponent_prior"):
            extrapolate([1, 2, 3], np.zeros(3), np.ones(3), exponent_prior=(1, 0))
        with pytest.raises(ModelError, match="positive"):
            extrapolate([0, 1, 2], np.zeros(3), np.ones(3))
        with pytest.raises(ModelError, match="negative"):
            extrapolate([1, 2, 3], np.zeros(3), -np.ones(3))


class TestJudge:
    def test_table_of_student(self):
        # two-sided 5 % points of Student's t: 12.706, 2.228, 1.960
        for degrees, point in ((1, 12.706), (10, 2.228), (np.inf, 1.960)):
            judgement = judge(0, point, 1, degrees=degrees, scale=100)
            assert judgement.p_value == pytest.approx(0.05, rel=2e-3)
            assert judgement.z == pytest.approx(point)

    def test_level_is_three_standard_errors(self):
        assert judge(0, 2.99, 1, degrees=np.inf, scale=100).verdict == "confirmed"
        assert judge(0, 3.01, 1, degrees=np.inf, scale=100).verdict == "refuted"

    def test_few_networks_need_a_larger_difference(self):
        assert judge(0, 5, 1, degrees=3, scale=100).verdict == "confirmed"
        assert judge(0, 5, 1, degrees=30, scale=100).verdict == "refuted"

    def test_errors_of_theory_and_simulation_add_in_squares(self):
        assert judge(1, 2, 3e-3, theory_error=4e-3, degrees=9).z == pytest.approx(200)

    def test_large_error_does_not_confirm(self):
        judgement = judge(0.27, 0.26, 0.02, degrees=20)
        assert judgement.verdict == "undecided"
        assert "too large to tell" in judgement.reason
        assert judge(0.27, 0.26, 0.02, degrees=20, precision=0.1).verdict == "confirmed"

    def test_zero_needs_a_scale(self):
        assert judge(0, 1e-4, 2e-4, degrees=20).verdict == "undecided"
        assert judge(0, 1e-4, 2e-4, degrees=20, scale=0.2).verdict == "confirmed"

    @pytest.mark.parametrize("simulation", [0.27, 0.2])
    def test_chains_that_did_not_mix_say_nothing(self, simulation):
        judgement = judge(0.27, simulation, 0.001, degrees=20, mixed=False)
        assert judgement.verdict == "undecided"
        assert "starts" in judgement.reason

    def test_finite_size(self):
        judgement = judge(0.27, 0.2, 0.001, degrees=20, extrapolated=False)
        assert judgement.verdict == "undecided"
        assert "finite-size" in judgement.reason

    @pytest.mark.parametrize(("simulation", "error"), [(0.2695, 0.001), (0.27, 0.0), (0.26, 0.003)])
    def test_agreement_at_a_finite_size_confirms_nothing(self, simulation, error):
        judgement = judge(0.27, simulation, error, degrees=7, extrapolated=False)
        assert judgement.verdict == "undecided"
        assert "infinite N" in judgement.reason

    def test_exact_values(self):
        for theory, simulation in ((0, 0), (0.3, 0.1 + 0.2)):
            judgement = judge(theory, simulation, 0, degrees=0)
            assert (judgement.z, judgement.p_value, judgement.verdict) == (0, 1, "confirmed")
        judgement = judge(0.3, 0.2, 0, degrees=0)
        assert (judgement.z, judgement.p_value, judgement.verdict) == (-np.inf, 0, "refuted")

    @pytest.mark.parametrize(
        ("theory", "simulation", "error", "degrees", "words"),
        [
            (np.nan, 0.2, 0.1, 7, "no theoretical value"),
            (0.2, np.nan, 0.1, 7, "no simulated value"),
            (0.2, 0.2, np.nan, 7, "not known"),
            (0.2, 0.2, np.inf, 7, "not known"),
            (0.2, 0.2, 0.1, 0, "at least two"),
        ],
    )
    def test_what_is_missing(self, theory, simulation, error, degrees, words):
        judgement = judge(theory, simulation, error, degrees=degrees)
        assert judgement.verdict == "undecided"
        assert words in judgement.reason
        assert np.isnan(judgement.z)

    def test_negative_error(self):
        with pytest.raises(ModelError, match="negative"):
            judge(0, 0, -1, degrees=3)

    def test_rate_of_false_alarms(self):
        random = np.random.default_rng(0)
        samples = random.normal(size=(2000, 8))
        errors = samples.std(axis=1, ddof=1) / 8**0.5
        verdicts = [
            judge(0, mean, error, degrees=7, scale=100, level=0.05).verdict
            for mean, error in zip(samples.mean(axis=1), errors, strict=True)
        ]
        assert verdicts.count("refuted") == pytest.approx(100, abs=30)


class TestExceedances:
    def test_two_standard_errors_of_the_normal_distribution(self):
        result = exceedances(np.zeros(100))
        assert result.expected == pytest.approx(4.55, abs=0.01)
        # (1 - 0.0455)^100 of none, and what lies as far on the other side
        assert 0.0095 < result.p_value < 0.05
        assert (result.count, result.number) == (0, 100)

    def test_too_many(self):
        result = exceedances([*np.full(10, -2.5), *np.zeros(30)])
        assert result.count == 10
        assert result.p_value < 1e-4

    def test_few_degrees_expect_more(self):
        # P(|t| > 2) for one degree of freedom is 2 arctan(1/2) / pi
        probability = 2 * np.arctan(0.5) / np.pi
        assert exceedances(np.zeros(10), degrees=1).expected == pytest.approx(10 * probability)
        mixed = exceedances(np.zeros(2), degrees=[1, np.inf])
        assert mixed.expected == pytest.approx(probability + 0.0455, abs=1e-4)

    def test_missing_and_exact_values(self):
        result = exceedances([np.nan, np.inf, 0, -np.inf])
        assert (result.count, result.number) == (2, 3)
        assert exceedances([np.nan]).p_value == 1

    def test_bad_input(self):
        with pytest.raises(ModelError, match="degrees"):
            exceedances([1, 2], degrees=[1, 2, 3])


class TestMixing:
    def test_paired_statistic(self):
        random = np.random.default_rng(0)
        network = random.normal(size=9)  # far larger than the difference of the starts
        hot, cold = network + random.normal(0.02, 0.05, 9), network + random.normal(0, 0.05, 9)
        result, known = mixing(hot, cold), ttest_rel(hot, cold)
        assert result.t == pytest.approx(known.statistic)
        assert result.p_value == pytest.approx(known.pvalue)
        assert result.degrees == 8
        assert result.mixed

    def test_small_consistent_difference_is_found(self):
        network = np.random.default_rng(1).normal(size=9)
        cold = network + 0.01 * np.cos(np.arange(9))
        assert not mixing(network + 0.05, cold).mixed
        assert mixing(network + 0.05, cold, tolerance=0.1).mixed

    def test_equal_starts(self):
        result = mixing(np.zeros(4), np.zeros(4))
        assert (result.t, result.p_value, result.mixed) == (0, 1, True)

    def test_constant_difference(self):
        result = mixing(np.ones(4), np.zeros(4))
        assert (result.t, result.p_value, result.mixed) == (np.inf, 0, False)

    def test_what_cannot_be_told(self):
        assert not mixing([0.1], [0.1]).mixed
        assert not mixing([0.1, np.nan], [0.1, 0.1]).mixed

    def test_bad_input(self):
        with pytest.raises(ModelError, match="shapes"):
            mixing([1, 2], [1, 2, 3])
