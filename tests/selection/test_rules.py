"""Every rule on cases that can be computed by hand."""

import numpy as np
import pytest

from hardneg.core.components import RULES
from hardneg.core.errors import ConfigError
from hardneg.core.records import Candidates
from hardneg.selection.rules.absolute_margin import AbsoluteMargin
from hardneg.selection.rules.max_score import MaxScore
from hardneg.selection.rules.min_score import MinScore
from hardneg.selection.rules.relative_margin import RelativeMargin
from hardneg.selection.rules.window import Window
from hardneg.testing import check_rule

NAN = float("nan")


def block(scores, anchor, **more):
    """One row a query, candidates in the order of the pool; NaN scores are candidates without a score."""
    scores = np.array(scores, np.float32)
    depth = scores.shape[1]
    docs = np.tile(np.arange(depth, dtype=np.int32), (len(scores), 1))
    ranks = np.tile(np.arange(1, depth + 1, dtype=np.int32), (len(scores), 1))
    anchors = {"dense": np.array(anchor, np.float32)}
    queries = np.arange(len(scores), dtype=np.int32)
    return Candidates(queries, docs, ranks, {"dense": scores}, anchors, "dense", **more)


def kept(rule, candidates):
    return rule.keep(candidates).tolist()


def test_max_score_keeps_the_bound_itself():
    assert kept(MaxScore(0.5), block([[0.6, 0.5, 0.4]], [0.9])) == [[False, True, True]]


def test_min_score_keeps_the_bound_itself():
    assert kept(MinScore(0.5), block([[0.6, 0.5, 0.4]], [0.9])) == [[True, True, False]]


def test_min_score_is_not_useful_deeper_once_something_fails():
    rule = MinScore(0.5)
    assert rule.useful_deeper(block([[0.6, 0.5]], [0.9])).tolist() == [True]
    assert rule.useful_deeper(block([[0.6, 0.4]], [0.9])).tolist() == [False]


def test_absolute_margin_is_measured_from_the_anchor():
    assert kept(AbsoluteMargin(0.25), block([[0.8, 0.75, 0.5]], [1.0])) == [[False, True, True]]


def test_relative_margin_is_a_percentage_of_a_positive_anchor():
    assert kept(RelativeMargin(0.25), block([[0.5, 0.375, 0.25]], [0.5])) == [[False, True, True]]


def test_relative_margin_stays_below_a_negative_anchor():
    # 25 % of |-0.5| below -0.5 is -0.625; a plain product would let -0.4 in.
    assert kept(RelativeMargin(0.25), block([[-0.4, -0.5, -0.625]], [-0.5])) == [[False, False, True]]


def test_a_missing_anchor_lets_nothing_through_and_deepening_is_no_use():
    for rule in (AbsoluteMargin(0.1), RelativeMargin(0.1)):
        candidates = block([[0.1]], [NAN])
        assert kept(rule, candidates) == [[False]]
        assert rule.useful_deeper(candidates).tolist() == [False]


def test_window_counts_from_one_and_includes_both_ends():
    assert kept(Window(2, 3), block([[4.0, 3.0, 2.0, 1.0]], [9.0])) == [[False, True, True, False]]


def test_window_ranks_by_the_named_ranker():
    candidates = block([[1.0, 3.0, 2.0]], [9.0])
    assert kept(Window(1, 1, by="dense"), candidates) == [[False, True, False]]


def test_window_is_useful_deeper_until_its_end_is_reached():
    candidates = block([[4.0, 3.0]], [9.0])
    assert Window(1, 3).useful_deeper(candidates).tolist() == [True]
    assert Window(1, 2).useful_deeper(candidates).tolist() == [False]
    assert Window(1).useful_deeper(candidates).tolist() == [True]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": {"first": 0}}, "first counts from 1"),
        ({"window": {"first": 5, "last": 4}}, "before first"),
        ({"max-score": {}}, '"maximum" is missing'),
        ({"max-score": {"maximum": "much"}}, "valid number"),
        ({"absolute-margin": {"margins": 1}}, 'unknown setting "margins"'),
        ("windw", 'did you mean "window"'),
        ({"window": {}, "max-score": {}}, "{name: {setting: value}}"),
    ],
)
def test_wrong_settings_are_told_in_one_line(given, message):
    with pytest.raises(ConfigError, match=message.replace("{", r"\{")) as caught:
        RULES.make(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", RULES.names())
def test_every_rule_keeps_the_contract(name):
    settings = {"maximum": 0.5} if name == "max-score" else {"minimum": 0.5} if name == "min-score" else {}
    rule = RULES.make({name: settings})
    check_rule(rule)
    candidates = block([[0.9, NAN, 0.1], [0.5, 0.5, NAN]], [0.9, NAN])
    keep = rule.keep(candidates)
    assert rule.reads == "rank" or not keep[np.isnan(candidates.score())].any()
    assert rule.reads in ("rank", "score", "anchor", "probability")
    assert RULES.make(RULES.describe(rule)) == rule
    assert "Source:" in (type(rule).__doc__ or "")
