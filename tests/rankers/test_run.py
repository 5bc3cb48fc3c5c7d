import gzip

import numpy as np
import pytest
import zstandard

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.rankers.run import Run
from hardneg.sources.builder import CollectionBuilder, LoadOptions


@pytest.fixture
def collection():
    builder = CollectionBuilder("tiny", LoadOptions())
    for doc_id, text in [("a", "one"), ("b", "two"), ("b2", "two"), ("c", "three"), ("d", "four")]:
        builder.add_document(doc_id, text, where="test")
    for query_id in ("q1", "q2"):
        builder.add_query(query_id, query_id, where="test")
        builder.add_judgment(query_id, "a", 1, where="test")
    return builder.build()


@pytest.fixture
def opened(tmp_path, collection):
    def make(text, name="run.txt", **settings):
        data = text.encode() if isinstance(text, str) else text
        (tmp_path / name).write_bytes(data)
        return Run(str(tmp_path / name), **settings).open(collection, Context(tmp_path / "cache"))

    return make


def rows(*numbers):
    return np.array(numbers, np.int32)


TEXT = "q1 Q0 c 2 0.5 me\nq1\tQ0\ta\t1\t0.5\tme\n\nq1 Q0 d 3 9 me\n"


def test_scores_decide_then_given_ranks_and_a_query_without_lines_has_no_candidates(opened):
    ranker = opened(TEXT)
    docs, scores = ranker.search(rows(1, 0), 4)
    assert docs.tolist() == [[-1, -1, -1, -1], [3, 0, 2, -1]]
    np.testing.assert_array_equal(scores[1], np.array([9, 0.5, 0.5, np.nan], np.float32))
    assert ranker.search(rows(0), 1)[0].tolist() == [[3]]
    assert ranker.facts["file"] == "run.txt" and len(ranker.facts["sha256"]) == 64


def test_ties_in_score_and_rank_go_by_the_corpus(opened):
    assert opened("q1 Q0 d 1 1 x\nq1 Q0 a 1 1 x\n").search(rows(0), 2)[0].tolist() == [[0, 3]]


def test_scores_of_given_documents(opened):
    given = opened(TEXT).score(rows(0, 1), np.array([[0, 1, 3, -1], [0, 1, 2, 3]], np.int32))
    np.testing.assert_array_equal(given, np.array([[0.5, np.nan, 9, np.nan], [np.nan] * 4], np.float32))


def test_of_two_copies_of_a_document_the_best_score_stands(opened):
    ranker = opened("q1 Q0 b 1 1 x\nq1 Q0 b2 2 3 x\nq1 Q0 a 3 2 x\n")
    docs, scores = ranker.search(rows(0), 3)
    assert docs.tolist() == [[1, 0, -1]]
    assert scores[0, :2].tolist() == [3, 2]


@pytest.mark.parametrize(
    ("name", "pack"), [("run.gz", gzip.compress), ("run.zst", zstandard.ZstdCompressor().compress)]
)
def test_packed_files(opened, name, pack):
    assert opened(pack(TEXT.encode()), name).search(rows(0), 1)[0].tolist() == [[3]]


def test_a_run_of_which_nothing_is_known_finds_nothing(opened):
    ranker = opened("q9 Q0 a 1 0.5 me", unknown_ids="skip")
    assert ranker.search(rows(0), 2)[0].tolist() == [[-1, -1]]
    assert np.isnan(ranker.score(rows(0), np.array([[0]], np.int32))).all()


def test_an_empty_run_is_told(opened):
    with pytest.raises(DataError, match=r"run\.txt: it is empty; a run has lines of "):
        opened("\n")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("q1 Q0 a 1 0.5", "5 columns found, 6 expected"),
        ("q1 Q0 a 1 high x", 'score "high" is not a number'),
        ("q1 Q0 a first 1 x", 'rank "first"'),
        ("q1 Q0 a 1 nan x", 'score "nan" is not a finite'),
        ("q1 Q0 a 1 1e39 x", "finite 32-bit"),
        ("q1 Q0 d 2 1 x", 'document "d" is listed twice for query "q1"'),
        ("q9 Q0 a 1 1 x", 'query id "q9" is not in the collection'),
        ("q1 Q0 z 1 1 x", 'document id "z" is not in the collection'),
    ],
)
def test_wrong_lines_are_named(opened, line, problem):
    with pytest.raises(DataError, match=problem) as caught:
        opened(f"q1 Q0 d 1 1 x\n\n{line}\n")
    assert "run.txt:3: " in str(caught.value)


def test_unknown_ids_can_be_skipped(opened):
    ranker = opened("q9 Q0 a 1 1 x\nq1 Q0 z 1 1 x\nq1 Q0 a 1 1 x\n", unknown_ids="skip")
    assert ranker.search(rows(0), 2)[0].tolist() == [[0, -1]]
    assert ranker.facts["skipped_lines"] == 2


def test_unreadable_files(opened, collection, tmp_path):
    context = Context(tmp_path)
    with pytest.raises(DataError, match="cannot read .*none.txt: No such file"):
        Run(str(tmp_path / "none.txt")).open(collection, context)
    for name, data, problem in [
        ("x.gz", b"plain", "broken"),
        ("x.zst", b"plain", "broken"),
        ("x.txt", b"\xff\xfe", "not UTF-8"),
        ("cut.gz", gzip.compress(b"q" * 99)[:-9], "cut off"),
        ("cut.zst", zstandard.ZstdCompressor().compress(TEXT.encode())[:-9], "cut off"),
    ]:
        with pytest.raises(DataError, match=rf"{name}:.* {problem}"):
            opened(data, name)


def test_notation():
    assert RANKERS.make("run:some/file.txt") == Run("some/file.txt")
    with pytest.raises(ConfigError, match='setting "file" is missing'):
        RANKERS.make("run")


def test_distances_are_refused_or_turned(opened):
    text = "q1 Q0 a 1 0.1 x\nq1 Q0 c 2 0.4 x\nq1 Q0 d 3 0.9 x\nq2 Q0 d 1 0.2 x\nq2 Q0 a 2 0.3 x\n"
    with pytest.raises(
        DataError, match=r"run\.txt: the scores rise with the rank \(3 of 3 times\), as distances "
    ):
        opened(text)

    docs, scores = opened(text, scores="distance").search(rows(0, 1), 3)

    assert docs.tolist() == [[0, 2, 3], [3, 0, -1]]
    np.testing.assert_array_equal(scores[0], -np.array([0.1, 0.4, 0.9], np.float32))


def test_scores_that_rise_now_and_then_are_of_a_later_ranker(opened):
    lines = ["q1 Q0 a 1 0.1 x", "q1 Q0 c 2 0.4 x", "q1 Q0 d 3 0.3 x"]

    assert opened("\n".join(lines)).search(rows(0), 3)[0].tolist() == [[2, 3, 0]]
