"""Tests of significance, against cases small enough to count."""

import numpy as np
import pytest
from scipy import stats

from hardneg.evaluation.significance import holm, paired_tests


def test_holm_by_hand():
    # sorted: .01 * 3, then .02 * 2, then .04 * 1; never less than the one before
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_randomisation_counts_all_flips_of_few_queries():
    # of the 8 sign patterns of (1, 2, 3) only + + + and - - - have a mean as far from 0
    [found] = paired_tests([np.array([1.0, 2.0, 3.0])], np.zeros(3), seed=0)
    assert found.p_randomisation == pytest.approx(2 / 8)
    assert found.difference.mean == pytest.approx(2)


def test_randomisation_and_t_agree_on_many_queries():
    rng = np.random.default_rng(3)
    baseline = rng.random(200)
    system = baseline + rng.normal(0.02, 0.1, 200)
    [found] = paired_tests([system], baseline, seed=1)
    assert found.p_t == pytest.approx(stats.ttest_rel(system, baseline).pvalue)
    assert found.p_randomisation == pytest.approx(found.p_t, abs=0.02)
    assert found.difference.low < system.mean() - baseline.mean() < found.difference.high


def test_equal_systems_do_not_differ():
    [found] = paired_tests([np.full(5, 0.3)], np.full(5, 0.3), seed=0)
    assert (found.p_randomisation, found.p_t, found.p_holm) == (1, 1, 1)
    assert found.difference == (0, 0, 0)


def test_a_difference_without_spread_is_certain_to_t():
    [found] = paired_tests([np.ones(4)], np.zeros(4), seed=0)
    assert found.p_t == 0 and found.p_randomisation == pytest.approx(2 / 16)


def test_systems_are_corrected_together():
    rng = np.random.default_rng(0)
    baseline = rng.random(100)
    found = paired_tests([baseline + rng.normal(0.03, 0.1, 100) for _ in range(3)], baseline, seed=0)
    assert [each.p_holm for each in found] == pytest.approx(holm([each.p_randomisation for each in found]))
