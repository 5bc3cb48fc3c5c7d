"""Rate and hardness over the thresholds of a rule, on four candidates of one query."""

from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.auditing import trade_off
from hardneg.auditing.estimate import Estimate
from hardneg.auditing.trade_off import best_threshold, curve
from hardneg.core.exclusions import Exclusions
from hardneg.core.records import Candidates
from hardneg.mining.recipe import Recipe
from hardneg.selection.fitting import FitSample
from hardneg.testing import collection
from tests.auditing.few import negatives

NAN = float("nan")
KNOWN = collection({name: f"text of {name}" for name in "abcd"}, {"q": "what"}, [("q", "a", 1)])
PROBABILITY = np.array([[NAN, 0.5, 0.1, 0.0]], np.float32)


def reselector():
    """a, the positive, scores 0.9; b, c and d 0.8, 0.6 and 0.4."""
    docs = np.arange(4, dtype=np.int32)[None]
    scores = {"dense": np.array([[0.9, 0.8, 0.6, 0.4]], np.float32)}
    anchors = {"dense": np.array([0.9], np.float32)}
    made = Candidates(
        np.array([0], np.int32), docs, docs + 1, scores, anchors, "dense", probability=PROBABILITY
    )
    marked = Exclusions(KNOWN).mark(made)
    return SimpleNamespace(
        collection=KNOWN, sizes=[1], candidates=lambda number: marked, sample=FitSample((), 0.0)
    )


def recipe(*rules, negatives=1):
    settings = {
        "name": "r",
        "rank": {"rankers": ["bm25"]},
        "select": {"rules": rules, "negatives": negatives},
    }
    return Recipe.build({**settings, "format": "jsonl"})


def points(rules, best=(0.1, 0.05, 0.3), known=(0.1,), **options):
    made = curve(reselector(), recipe(*rules, **options), negatives(known), Estimate("calibrated", *best, 50))
    return [(point["threshold"], point["rate"], point["hardness"], point["negatives"]) for point in made]


def test_every_threshold_that_leaves_negatives_has_a_rate_and_a_hardness():
    assert points(["max-score:0.7"]) == [
        (0.4, 0.0, 0.4, 1), (0.5, 0.0, 0.4, 1), (0.6, 0.1, 0.6, 1), (0.7, 0.1, 0.6, 1), (0.8, 0.5, 0.8, 1),
        (0.9, 0.5, 0.8, 1),
    ]  # fmt: skip


def test_rates_are_scaled_so_that_the_run_s_own_has_the_best_estimate():
    made = curve(reselector(), recipe("max-score:0.7"), negatives([0.1]), Estimate("x", 0.3, 0.2, 0.4, 50))
    by_threshold = {point["threshold"]: point for point in made}
    assert [by_threshold[0.7][end] for end in ("rate", "low", "high")] == [0.3, 0.2, 0.4]
    assert [by_threshold[0.8][end] for end in ("rate", "low", "high")] == [1.0, 1.0, 1.0], (
        "no rate is above 1"
    )
    assert made[0]["setting"] == "select.rules.max-score.maximum"


def test_the_last_rule_with_a_threshold_is_varied_and_the_others_stay():
    # a minimum of 0.5 drops d at every threshold
    assert [point[0] for point in points(["max-score:0.7", "min-score:0.5"])] == [0.6, 0.7, 0.8, 0.9]
    made = points(["window:2", "max-score:0.65"], negatives=3)
    assert {threshold: count for threshold, _, _, count in made} == {
        0.4: 1, 0.5: 1, 0.6: 2, 0.65: 2, 0.7: 2, 0.8: 3, 0.9: 3,
    }  # fmt: skip


def test_without_a_rule_the_probability_is_varied():
    made = {threshold: (rate, hard) for threshold, rate, hard, _ in points([])}
    assert (
        made[0.05] == (0.0, 0.4)
        and made[0.1] == made[0.3] == (0.1, 0.6)
        and made[0.5] == made[1] == (0.5, 0.8)
    )


def test_without_probabilities_there_is_no_curve():
    assert points(["max-score:0.7"], known=(NAN,)) == []


def test_the_curve_over_windows_ends_where_the_window_does():
    window = "select.rules=[{window: {last: 25}}]"
    windows = Recipe.named("naive", ["format=jsonl", window], rankers=["bm25"])
    assert [step for _, step, _ in trade_off._variants(windows)] == [1, 6, 11, 21]


def point(threshold, rate, hardness, count=100):
    return {"setting": "s", "threshold": threshold, "rate": rate, "hardness": hardness, "negatives": count}


def test_the_hardest_that_reaches_the_rate_is_best():
    found = best_threshold([point(1, 0.01, 0.3), point(2, 0.05, 0.5), point(3, 0.06, 0.7)], 0.05)
    assert found["threshold"] == 2 and found["reached"]["hardness"] == 0.5
    assert found["flag"] == "--set s=2" and (found["rate"], found["setting"]) == (0.05, "s")


def test_a_threshold_that_leaves_too_few_or_has_no_hardness_is_none():
    given = [point(1, 0.01, 0.9, 89), point(2, 0.01, 0.5, 90), point(3, 0.01, None), point(4, 0.5, 0.9)]
    assert best_threshold(given, 0.05)["threshold"] == 2


@pytest.mark.parametrize(("given", "setting"), [([], None), ([point(1, 0.1, 0.5)], "s")])
def test_a_rate_that_no_threshold_reaches_is_none(given, setting):
    assert best_threshold(given, 0.05) == {"rate": 0.05, "setting": setting, "threshold": None}
