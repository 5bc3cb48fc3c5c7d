"""The share of wrong positives, its interval, and the probability of each, on pairs whose truth is known."""

import json

import numpy as np
import pytest

from hardneg.calibration.noisy_positives import (
    NoisyPositives,
    density_ratio,
    learn,
    null_share,
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


def test_the_density_ratio_is_of_shares_and_never_falls():
    """Of 4 labelled pairs 1 is among the lower two random ones of 4: 1/4 against 2/4."""
    knots, ratios = density_ratio(np.array([0.5, 3, 4, 4]), np.array([0.5, 0.6, 4.0, 4.5]))
    assert knots.tolist() == pytest.approx([0.5, 0.6, 3, 4.5])
    assert ratios.tolist() == pytest.approx([0.5, 0.5, 1.5, 1.5])


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
    labelled, mask, random = pairs(wrong, 1)
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
    with pytest.raises(ValueError, match="knots and ratios"):
        NoisyPositives.build({**found.describe(), "knots": [1.0]})
