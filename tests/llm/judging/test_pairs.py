"""Which pairs are judged, and in what order."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg import testing
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.verdicts import texts_digest
from hardneg.llm.judging.pairs import doubtful_negatives, doubtful_positives, read_pairs, with_texts
from hardneg.runs.ledger import part_path, write_checksum

NAN = None


@pytest.fixture
def ledger(tmp_path):
    """Returns a function that writes one part: (doc_id, decision, reason, p, score, anchor) a row."""
    (tmp_path / "ledger").mkdir()

    def write(rows, number=0, without=()):
        names = ("doc_id", "decision", "reason", "p_false_negative", "score.a", "positive.a")
        columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
        for name in names[3:]:
            columns[name] = pa.array(columns[name], pa.float32())
        columns["query_id"] = ["q"] * len(rows)
        kept = {name: column for name, column in columns.items() if name not in without}
        pq.write_table(pa.table(kept), part_path(tmp_path, number))
        write_checksum(part_path(tmp_path, number))
        return tmp_path

    return write


def docs(folder, also=False, limit=10):
    return " ".join(
        doc
        for _, doc in doubtful_negatives(folder, "a", {"suspected_false_negative"} if also else set(), limit)
    )


def test_the_likeliest_come_first_then_those_close_to_the_anchor(ledger):
    ledger(
        [
            ("far", "negative", "top", NAN, 1.0, 10.0),
            ("likely", "negative", "top", 0.7, 1.0, 10.0),
            ("near", "negative", "top", NAN, 9.0, 10.0),
            ("positive", "positive", "judged_relevant", 0.9, 9.0, 10.0),
            ("unscored", "negative", "top", NAN, NAN, 10.0),
        ]
    )
    folder = ledger(
        [
            ("below-zero", "negative", "top", NAN, -3.0, -2.0),
            ("suspect", "dropped", "suspected_false_negative", 0.8, 9.0, 10.0),
            ("surplus", "dropped", "surplus", 0.8, 9.0, 10.0),
            ("unlikely", "negative", "top", 0.1, 99.0, 10.0),
        ],
        number=1,
    )
    assert docs(folder) == "likely unlikely near below-zero far unscored"
    assert docs(folder, also=True, limit=3) == "suspect likely unlikely"


def test_a_pair_of_several_positives_is_judged_once_and_ties_keep_their_order(ledger):
    rows = [(doc, "negative", "top", 0.5, 1.0, 2.0) for doc in ("b", "a", "b", "c")]
    assert docs(ledger(rows), limit=2) == "b a"
    assert docs(ledger(rows)) == "b a c"


def test_a_ledger_without_probabilities_or_scores_keeps_its_order(ledger):
    rows = [(doc, "negative", "top", NAN, score, 2.0) for doc, score in (("x", 1.0), ("y", 3.0))]
    assert docs(ledger(rows, without=("p_false_negative",))) == "y x"
    assert docs(ledger(rows, without=("p_false_negative", "score.a", "positive.a"))) == "x y"


def test_positives_that_are_most_probably_wrong_come_first(ledger):
    rows = [("d", "negative", "top", 0.5, 1.0, 2.0)]
    folder = ledger(rows)
    table = pa.table(
        {
            "query_id": ["q1", "q2", "q2", "q3", "q3"],
            "doc_id": ["right", "wrong", "other", "doubtful", "doubtful"],
            "decision": ["positive", "positive", "negative", "positive", "positive"],
            "reason": ["judged_relevant"] * 5,
            "p_noisy": pa.array([0.01, 0.9, None, 0.4, 0.4], pa.float32()),
        }
    )
    with pytest.raises(ConfigError, match="were not examined; mine with --set positives.estimate=true"):
        doubtful_positives(folder, 10)
    pq.write_table(table, part_path(folder, 0))
    write_checksum(part_path(folder, 0))
    assert doubtful_positives(folder, 10) == [("q2", "wrong"), ("q3", "doubtful"), ("q1", "right")]
    assert doubtful_positives(folder, 1) == [("q2", "wrong")]


def test_a_file_names_pairs(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_text('{"query_id": "q", "doc_id": "d", "p": 1}\n\n' * 2, encoding="utf-8")
    assert read_pairs(file) == [("q", "d")]
    for line, message in (("{", "broken JSON"), ("[]", "each line needs"), ('{"query_id": 1}', "each line")):
        file.write_text(f"{line}\n", encoding="utf-8")
        with pytest.raises(DataError, match=rf"pairs\.jsonl:1: {message}"):
            read_pairs(file)


def test_texts_are_looked_up_and_long_ones_shortened():
    small = testing.collection({"d": "one two", "e": "x" * 30}, {"q": "what"}, [("q", "d", 1)])
    pairs = with_texts([("q", "d"), ("q", "e")], small, 10)
    assert pairs[0] == ("q", "d", "what", "one two", False, texts_digest("what", "one two"))
    assert pairs[1].document == "x" * 10 + " (shortened)" and pairs[1].shortened
    with pytest.raises(DataError, match='no document "z"'):
        with_texts([("q", "z")], small, 10)
