"""Scores of pairs on disk: each found again, whatever other processes do and whatever is damaged."""

import logging

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.rankers.pairs import store
from hardneg.rankers.pairs.store import PairMemory, PairStore
from hardneg.rankers.text_index import text_digests

FRAME = store._HEADER.size


def add(scores, *pairs):
    """Adds pairs as (query, document, score)."""
    queries, documents, values = zip(*pairs, strict=True)
    scores.add(text_digests(queries), text_digests(documents), np.array(values, np.float32))


def known(scores, *pairs):
    """Returns the scores of (query, document), None where none is kept."""
    queries, documents = zip(*pairs, strict=True)
    found = scores.known(text_digests(queries), text_digests(documents)).tolist()
    return [None if np.isnan(value) else value for value in found]


@pytest.fixture(params=["disk", "memory"])
def scores(request, tmp_path):
    return PairStore(tmp_path, "f" * 64) if request.param == "disk" else PairMemory()


def test_what_was_added_is_known_and_nothing_else(scores):
    assert known(scores, ("q", "a")) == [None]
    add(scores, ("q", "a", 1.0), ("r", "a", 2.0), ("q", "b", 3.0))
    add(scores, ("q", "c", 4.0))
    assert known(scores, ("q", "b"), ("q", "c"), ("r", "b"), ("r", "a"), ("a", "q")) == [3, 4, None, 2, None]
    assert scores.known(text_digests([]), text_digests([])).shape == (0,)


def test_digests_are_of_the_texts_alone():
    assert text_digests(["one", "two", "one"]).tolist()[0] == text_digests(["one"]).tolist()[0]
    assert text_digests(["one"]) != text_digests(["one "]) and text_digests(["ё"]).dtype == "S16"


def test_another_process_sees_what_was_appended_before_and_meanwhile(tmp_path):
    first, second = PairStore(tmp_path, "f" * 64), PairStore(tmp_path, "f" * 64)
    add(first, ("q", "a", 1.0))
    add(second, ("q", "b", 2.0))
    for scores in (first, second, PairStore(tmp_path, "f" * 64)):
        assert known(scores, ("q", "a"), ("q", "b")) == [1, 2]
    add(first, ("q", "c", 3.0))
    assert known(second, ("q", "c")) == [3]
    assert len(list(tmp_path.glob("pairs/*/*.pairs"))) == 2, "one for each that appends"


def test_scores_of_another_model_are_not_read(tmp_path):
    add(PairStore(tmp_path, "f" * 64), ("q", "a", 1.0))
    assert known(PairStore(tmp_path, "e" * 64), ("q", "a")) == [None]


def test_queries_of_many_frames_are_found_in_all_of_them(tmp_path):
    scores = PairStore(tmp_path, "f" * 64)
    for number in range(40):
        add(scores, ("q", f"d{number}", float(number)), (f"q{number}", "d", -1.0))
        assert known(scores, ("q", f"d{number // 2}")) == [number // 2]
    assert known(scores, *(("q", f"d{n}") for n in range(41))) == [*range(40), None]
    assert len(scores._runs) < 8, "runs are merged"


@pytest.mark.parametrize("left", [3, FRAME, FRAME + 35, -1])
def test_what_a_killed_process_has_not_finished_is_scored_again_in_silence(left, tmp_path, caplog):
    scores = PairStore(tmp_path, "f" * 64)
    add(scores, ("q", "a", 1.0))
    whole = FRAME + 36
    add(scores, ("q", "b", 2.0))
    [path] = tmp_path.glob("pairs/*/*.pairs")
    content = path.read_bytes()
    path.write_bytes(content[: whole + left] if left > 0 else content[:left])
    again = PairStore(tmp_path, "f" * 64)
    assert known(again, ("q", "a"), ("q", "b")) == [1, None] and not caplog.records
    add(again, ("q", "b", 2.5))
    assert known(PairStore(tmp_path, "f" * 64), ("q", "a"), ("q", "b")) == [1, 2.5]


@pytest.mark.parametrize(("place", "left"), [(FRAME + 33, [None, 2]), (10, [None, 2]), (2, [None, None])])
def test_a_damaged_frame_is_ignored_and_logged_once(place, left, tmp_path, caplog):
    scores = PairStore(tmp_path, "f" * 64)
    add(scores, ("q", "a", 1.0))
    add(scores, ("q", "b", 2.0))
    [path] = tmp_path.glob("pairs/*/*.pairs")
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    if place == 10:  # the number of records
        content[place] ^= 1
        content[FRAME - 1] ^= 1  # the checksum
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        again = PairStore(tmp_path, "f" * 64)
        assert [known(again, ("q", "a"), ("q", "b")) for _ in range(2)] == [left] * 2
    assert [record.message for record in caplog.records] == [
        f"{path} is damaged; the pairs that it has lost are scored again"
    ]


def test_a_file_that_is_removed_meanwhile_is_scored_again(tmp_path):
    scores = PairStore(tmp_path, "f" * 64)
    add(scores, ("q", "a", 1.0))
    assert known(scores, ("q", "a")) == [1]
    next(tmp_path.glob("pairs/*/*.pairs")).unlink()
    assert known(scores, ("q", "a")) == [None]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "pairs").write_text("a file")
    with pytest.raises(DataError, match="^cannot write to .*pairs"):
        add(PairStore(tmp_path, "f" * 64), ("q", "a", 1.0))


def test_memory_forgets_all_where_there_would_be_too_many(monkeypatch):
    monkeypatch.setattr(store, "_MOST_IN_MEMORY", 2)
    scores = PairMemory()
    add(scores, ("q", "a", 1.0), ("q", "b", 2.0))
    assert known(scores, ("q", "a")) == [1]
    add(scores, ("q", "c", 3.0))
    assert known(scores, ("q", "a"), ("q", "c")) == [None, 3]
