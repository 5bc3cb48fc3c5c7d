"""Intervals of rates and means, as published and as a person can count."""

import sys

import numpy as np
import pytest
from scipy import stats

from hardneg.core.errors import MissingExtra
from hardneg.core.statistics import bootstrap_mean, bootstrap_ratio, rate_interval, scipy_stats, wilson


def test_wilson_is_the_published_interval():
    low, high = wilson([1, 8], [10, 10])
    assert low.tolist() == pytest.approx([0.0179, 0.4902], abs=5e-5)
    assert high.tolist() == pytest.approx([0.4042, 0.9433], abs=5e-5)


def test_wilson_of_none_of_all_and_of_nothing():
    # 0 of 10: up to z² / (10 + z²) = 3.8415 / 13.8415
    low, high = wilson([0, 10, 0], [10, 10, 0])
    assert low.tolist() == pytest.approx([0, 10 / 13.8415, 0], abs=1e-5)
    assert high.tolist() == pytest.approx([3.8415 / 13.8415, 1, 1], abs=1e-5)


def test_wilson_of_other_errors_is_narrower_or_wider():
    # one standard error around half of 4: 1/2 +- sqrt(1/16 + 1/64) / (5/4)
    reach = np.sqrt(1 / 16 + 1 / 64) / 1.25
    assert [float(end) for end in wilson(2, 4, 1.0)] == pytest.approx([0.5 - reach, 0.5 + reach])


def test_the_interval_of_a_simple_sample_is_wilson_s():
    assert rate_interval(0.1, 0.1 * 0.9 / 50, 50) == pytest.approx([float(end) for end in wilson(5, 50)])


def test_half_the_variance_is_worth_twice_the_sample():
    assert rate_interval(0.5, 0.25 / 20, 10) == pytest.approx([float(end) for end in wilson(10, 20)])


def test_without_variance_the_sample_counts_as_it_is():
    assert rate_interval(0.0, 0.0, 50) == pytest.approx([float(end) for end in wilson(0, 50)])
    assert rate_interval(1.0, 0.2, 50) == pytest.approx([float(end) for end in wilson(50, 50)])
    assert rate_interval(1.2, 0.2, 50) == rate_interval(1.0, 0.0, 50), "an estimate may leave 0 and 1"


def test_ratios_are_resampled_by_whole_queries():
    assert bootstrap_ratio(np.array([1.0, 1.0]), np.array([2.0, 2.0])) == (0.5, 0.5)
    assert bootstrap_ratio(np.array([0.0, 2.0]), np.array([2.0, 2.0])) == (0.0, 1.0)
    assert bootstrap_ratio(np.array([]), np.array([])) == (0.0, 1.0)
    assert bootstrap_ratio(np.array([0.0]), np.array([0.0])) == (0.0, 0.0)


def test_the_interval_of_a_ratio_depends_on_the_seed_alone():
    values, totals = np.arange(10.0), np.full(10, 10.0)
    assert bootstrap_ratio(values, totals, 1) == bootstrap_ratio(values, totals, 1)
    low, high = bootstrap_ratio(values, totals, 1)
    assert low < 0.45 < high and (high - low) == pytest.approx(4 * 0.287 / np.sqrt(10), rel=0.2)


def test_a_mean_without_spread_has_no_interval():
    assert bootstrap_mean(np.array([0.5]), 0) == (0.5, 0.5, 0.5)
    assert bootstrap_mean(np.array([0.25, 0.25]), 0) == (0.25, 0.25, 0.25)


def test_a_mean_of_two_is_anything_between_them():
    assert bootstrap_mean(np.array([0.0, 1.0]), 0) == (0.5, 0.0, 1.0)


def test_an_interval_covers_the_mean_and_the_same_seed_gives_the_same():
    values = np.random.default_rng(0).random(50)
    found = bootstrap_mean(values, seed=7)
    assert found.low < found.mean < found.high
    assert bootstrap_mean(values, seed=7) == found
    # two standard errors on each side
    assert found.high - found.low == pytest.approx(4 * values.std() / np.sqrt(50), rel=0.1)


def test_without_scipy_the_extra_is_named(monkeypatch):
    assert scipy_stats() is stats
    monkeypatch.setitem(sys.modules, "scipy.stats", None)
    with pytest.raises(MissingExtra, match=r"hardneg\[evaluate\]"):
        scipy_stats()
