"""Two runs over four documents, decision by decision."""

import io

import pytest
from rich.console import Console

from hardneg.core.errors import ConfigError, DataError
from hardneg.runs.diff import compare, table
from tests.runs.made import finished_parts, finished_run

POSITIVE, CHOSEN, LEFT, DROPPED = (
    "positive: judged_relevant", "negative: top", "dropped: surplus", "dropped: max_score"
)  # fmt: skip


def test_a_run_does_not_differ_from_itself(tmp_path):
    one = finished_run(tmp_path / "one", [POSITIVE, CHOSEN, CHOSEN, LEFT])
    found = compare(one, one)
    assert found["negatives"] == {"both": 2, "first_only": 0, "second_only": 0} and found["moves"] == []
    assert found["first"] == found["second"] == str(one)


def test_what_changed_is_counted_by_outcome(tmp_path):
    one = finished_run(tmp_path / "one", [POSITIVE, CHOSEN, CHOSEN, LEFT])
    other = finished_run(tmp_path / "other", [POSITIVE, DROPPED, CHOSEN, CHOSEN])
    found = compare(one, other)
    assert found["negatives"] == {"both": 1, "first_only": 1, "second_only": 1}
    assert found["moves"] == [
        {"first": LEFT, "second": CHOSEN, "candidates": 1},
        {"first": CHOSEN, "second": DROPPED, "candidates": 1},
    ]
    assert compare(other, one)["moves"][0] == {"first": DROPPED, "second": CHOSEN, "candidates": 1}


def test_a_candidate_that_one_run_does_not_have_was_not_looked_at(tmp_path):
    one = finished_run(tmp_path / "one", [POSITIVE, CHOSEN])
    other = finished_run(tmp_path / "other", [POSITIVE, CHOSEN, LEFT, CHOSEN])
    found = compare(one, other)
    assert found["negatives"] == {"both": 1, "first_only": 0, "second_only": 1}
    assert found["moves"] == [
        {"first": "not looked at", "second": LEFT, "candidates": 1},
        {"first": "not looked at", "second": CHOSEN, "candidates": 1},
    ]
    assert compare(other, one)["moves"][0]["second"] == "not looked at"


def test_the_most_frequent_moves_stand_first(tmp_path):
    one = finished_run(tmp_path / "one", [POSITIVE, CHOSEN, LEFT, LEFT])
    other = finished_run(tmp_path / "other", [POSITIVE, DROPPED, DROPPED, DROPPED])
    moves = compare(one, other)["moves"]
    assert [(move["first"], move["candidates"]) for move in moves] == [(LEFT, 2), (CHOSEN, 1)]


def test_runs_of_other_collections_are_not_compared(tmp_path):
    one = finished_run(tmp_path / "one", [POSITIVE])
    with pytest.raises(ConfigError, match="were mined from different collections"):
        compare(one, finished_run(tmp_path / "other", [POSITIVE], digest="1e", query="r"))
    with pytest.raises(DataError):
        compare(one, tmp_path / "nothing")


def test_people_see_a_table():
    shown = table({
        "first": "a", "second": "b", "negatives": {"both": 1234, "first_only": 0, "second_only": 2},
        "moves": [{"first": "dropped: surplus", "second": "negative: top", "candidates": 5}],
    })  # fmt: skip
    text = io.StringIO()
    Console(file=text, width=100).print(shown)
    assert all(part in text.getvalue() for part in ("a -> b", "1,234", "first only", "dropped: surplus"))


def test_queries_are_compared_whatever_the_parts_and_their_order(tmp_path):
    all_kept, moved = [POSITIVE, CHOSEN, CHOSEN, LEFT], [POSITIVE, DROPPED, CHOSEN, CHOSEN]
    parts = [[("q", all_kept), ("r", all_kept)], [("s", all_kept), ("t", all_kept)]]
    one = finished_parts(tmp_path / "one", parts)
    parts = [[("t", moved)], [("u", all_kept), ("r", all_kept), ("q", moved)]]
    other = finished_parts(tmp_path / "other", parts)
    found = compare(one, other)
    assert found["negatives"] == {"both": 4, "first_only": 4, "second_only": 4}
    assert [tuple(move.values()) for move in found["moves"]] == [
        (LEFT, CHOSEN, 2),
        (CHOSEN, DROPPED, 2),
        (CHOSEN, "not looked at", 2),
        ("not looked at", CHOSEN, 2),
        (LEFT, "not looked at", 1),
        ("not looked at", LEFT, 1),
        ("not looked at", POSITIVE, 1),
        (POSITIVE, "not looked at", 1),
    ]
