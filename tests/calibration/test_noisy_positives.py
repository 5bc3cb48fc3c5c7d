"""The share of wrong positives, its interval, and the probability of each, on pairs whose truth is known."""

import json

import numpy as np
import pytest

from hardneg.calibration.noisy_positives import (
    NoisyPositives,
    bends_of,
    density_line,
    learn,
    null_share,
    segmented,
    share_interval,
)


def test_the_share_is_that_of_the_uniform_part():
    uniform, right = (np.arange(100) + 0.5) / 100, np.full(900, 0.999)
    share, bound = null_share(np.concatenate([uniform, right]))
    assert share == pytest.approx(0.1, abs=0.002)
    assert bound > 0.5


def test_without_wrong_pairs_the_share_is_0_and_its_interval_begins_there():
    percentiles = np.full(500, 0.999)
    share, bound = null_share(percentiles)
    low, high = share_interval(percentiles, np.arange(500, dtype=np.int32), bound)
    assert share == 0 and low == 0
    assert 0 < high < 0.1


def test_hard_positives_in_the_upper_half_are_not_taken_for_wrong():
    """Half of the right pairs are no better than a third of the random ones, none is among the others."""
    hard, easy = np.linspace(0.67, 1, 500), np.full(500, 0.999)
    assert null_share(np.concatenate([hard, easy]))[0] == 0


def test_the_interval_is_wider_where_pairs_share_queries():
    percentiles = np.tile([0.05, 0.999, 0.999, 0.999, 0.999], 100)
    alone = share_interval(percentiles, np.arange(500, dtype=np.int32), 0.5)
    by_noise = np.repeat([0.05, 0.999], [100, 400])
    together = share_interval(by_noise, np.arange(500, dtype=np.int32) // 20, 0.5)
    assert together[1] - together[0] > alone[1] - alone[0]


def test_bends_are_the_octiles_of_both_kinds_of_pairs_and_segments_sum_to_the_value():
    labelled, random = np.linspace(4, 8, 41)[:, None], np.linspace(0, 4, 4_001)[:, None]
    bends = bends_of(labelled, random)
    assert bends[0] == pytest.approx(range(1, 8), abs=0.02)
    parts = segmented(np.array([[-1.0], [2.5], [9.0], [np.nan]]), [(2.0, 4.0, 6.0)])
    assert parts[:3].tolist() == [[-3, 0, 0, 0], [0, 0.5, 0, 0], [0, 2, 2, 3]]
    assert np.isnan(parts[3]).all()


def test_a_feature_that_does_not_vary_has_one_bend():
    constant = np.ones((50, 1))
    assert bends_of(constant, constant) == ((1.0,),)
    assert segmented(np.array([[3.0]]), [()]).tolist() == [[3.0]]


def test_the_line_is_that_of_right_pairs_alone_though_some_labelled_ones_are_wrong():
    """The log density of normal(2, 1) over normal(0, 1) at x is 2 x - 2."""
    drawn = np.random.default_rng(0)
    labelled = np.concatenate([drawn.normal(2, 1, 8_000), drawn.normal(0, 1, 2_000)])
    intercept, slope = density_line(labelled, drawn.normal(0, 1, 20_000), 0.2)
    assert intercept == pytest.approx(-2, abs=0.15) and slope == pytest.approx(2, abs=0.15)


def test_a_pair_is_right_that_one_ranker_is_sure_of_though_the_other_is_not():
    """Half of the right pairs are found by one ranker alone, and are as random pairs to the other."""
    drawn = np.random.default_rng(5)
    labelled, random = drawn.normal(0, 1, (1_000, 2)), drawn.normal(0, 1, (4_000, 2))
    labelled[:450, 0] += 8
    labelled[450:900, 1] += 8
    found = learned(labelled, random)
    assert found.facts["share"] == pytest.approx(0.1, abs=0.02)
    probability = found.probability(labelled)
    assert (probability[:900] < 0.1).mean() > 0.99 and (probability[900:] > 0.5).mean() > 0.9


def pairs(wrong, seed, count=2_000, distance=5.0):
    """Returns features of labelled pairs, a share of them as random ones are, which are wrong, and others."""
    drawn = np.random.default_rng(seed)
    labelled = drawn.normal(distance, 1, (count, 2))
    mask = drawn.random(count) < wrong
    labelled[mask] = drawn.normal(0, 1, (int(mask.sum()), 2))
    return labelled, mask, drawn.normal(0, 1, (4 * count, 2))


def learned(labelled, random):
    queries = np.arange(len(labelled), dtype=np.int32)
    return learn(labelled, random, queries, np.repeat(queries, 4))


@pytest.mark.parametrize("wrong", [0.0, 0.05, 0.2])
def test_shuffled_pairs_are_counted_and_found(wrong):
    labelled, mask, random = pairs(wrong, 6)
    found = learned(labelled, random)
    assert found.facts["share"] == pytest.approx(mask.mean(), abs=0.02)
    assert found.facts["low"] <= mask.mean() <= found.facts["high"]
    probability = found.probability(labelled)
    assert probability.mean() == pytest.approx(found.facts["share"], abs=0.01)
    suspected = probability > 0.5
    if wrong:
        assert (suspected & mask).sum() > 0.95 * mask.sum()
        assert (suspected & mask).sum() > 0.95 * suspected.sum()
    else:
        assert suspected.sum() <= 0.01 * len(mask)


def test_weak_rankers_do_not_make_right_pairs_wrong():
    labelled, _, random = pairs(0, 2, distance=0.3)
    found = learned(labelled, random)
    assert not found.facts["estimable"] and "hardly tell positives" in found.why
    assert np.isnan(found.probability(labelled)).all()


def test_few_pairs_are_not_learned_from_and_pairs_without_a_score_have_no_probability():
    labelled, _, random = pairs(0.1, 3, count=40)
    assert learned(labelled, random).why == "40 positives are too few, 50 are needed"
    labelled, _, random = pairs(0.1, 3, count=400)
    labelled[0, 1] = np.nan
    found = learned(labelled, random)
    assert found.facts["pairs"] == 399
    assert np.isnan(found.probability(labelled)[0]) and not np.isnan(found.probability(labelled)[1:]).any()


def test_what_was_learned_is_written_and_read():
    labelled, _, random = pairs(0.1, 4, count=400)
    found = learned(labelled, random)
    again = NoisyPositives.build(json.loads(json.dumps(found.describe())))
    assert again.probability(labelled).tolist() == found.probability(labelled).tolist()
    with pytest.raises(ValueError, match="bends, weights and line"):
        NoisyPositives.build({**found.describe(), "line": [1.0]})
