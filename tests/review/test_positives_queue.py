"""The queue of labelled positives: those that are most probably wrong come first."""

import numpy as np
import pytest

import hardneg
from hardneg.core.errors import ConfigError
from hardneg.mining.recipe import Recipe
from hardneg.review.queue import POSITIVES, Queue
from tests.mining.test_positives import PAIRS, WRONG, Similar, scores, shuffled


def mined(folder, *overrides):
    known = shuffled()
    recipe = Recipe.named(
        "naive", ["format=jsonl", *overrides], rankers=[Similar(scores(known))], negatives=2
    )
    hardneg.mine(known, recipe, folder, report=False)
    return folder


def test_the_most_probably_wrong_positives_come_first(tmp_path):
    queue = Queue.of_positives(mined(tmp_path / "run"), 10)
    assert len(queue.items) == 10 and queue.sizes == {POSITIVES: PAIRS}
    assert {item.query_id for item in queue.items} <= {f"q{number}" for number in WRONG}
    probabilities = [item.row["p_noisy"] for item in queue.items]
    assert probabilities == sorted(probabilities, reverse=True) and np.min(probabilities) > 0.5


def test_positives_that_were_not_examined_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="positives.estimate=true"):
        Queue.of_positives(mined(tmp_path / "run", "positives.estimate=false"))
