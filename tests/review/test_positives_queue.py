"""The queue of labelled positives: those that are most probably wrong come first."""

import numpy as np
import pytest

import hardneg
from hardneg.core.errors import ConfigError
from hardneg.mining.recipe import Recipe
from hardneg.review import open_server
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


def test_negatives_and_positives_are_tabs_of_one_review(tmp_path):
    known = shuffled()
    with open_server(mined(tmp_path / "run"), known, port=0, count=5) as server:
        assert b'data-tab="negatives"' in server.page and b'data-tab="positives"' in server.page
        negatives, positives = (server.session_of(tab) for tab in ("negatives", "positives"))
        assert negatives is server.session is server.session_of("") and server.session_of("others") is None
        assert positives is server.session_of("positives"), "it is opened once"
        item = positives.state("anna")["items"][0]
        pair = {"query_id": item["query_id"], "doc_id": item["candidate"]["doc_id"]}
        positives.judge({**pair, "verdict": "not_relevant", "judge": "anna"})
        assert positives.state("anna")["judged"] == 1 and positives.state("anna")["last"] == [*pair.values()]
        assert negatives.state("anna")["last"] is None, "undo concerns the tab that is shown"
    with open_server(tmp_path / "run", known, port=0, count=5, positives=True) as server:
        assert server.session.state("boris")["items"][0]["facts"]["p_noisy"] > 0.5


def test_a_run_without_examined_positives_has_no_tabs(tmp_path):
    with open_server(mined(tmp_path / "run", "positives.estimate=false"), shuffled(), port=0) as server:
        assert b'role="tablist"' not in server.page and server.session_of("positives") is None


def test_positives_that_were_not_examined_are_refused(tmp_path):
    with pytest.raises(ConfigError, match="positives.estimate=true"):
        Queue.of_positives(mined(tmp_path / "run", "positives.estimate=false"))
