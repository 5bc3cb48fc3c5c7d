"""Examples from the rows of a ledger."""

import math

import pyarrow as pa
import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Scored
from hardneg.runs.ledger import Block, MemoryLedger
from hardneg.runs.training_set import TrainingSet
from hardneg.testing import collection

KNOWN = collection(
    {name: f"text of {name}" for name in "abcde"}, {"q": "what", "r": "who"},
    [("q", "a", 1), ("q", "b", 2), ("r", "e", 1)],
)  # fmt: skip


def ledger(**changes):
    """q has the positives b and a, the negative c twice and d dropped; r has the positive e alone."""
    columns = {
        "query_id": ["q", "q", "q", "q", "r"], "doc_id": ["b", "a", "c", "d", "e"],
        "decision": ["positive", "positive", "negative", "dropped", "positive"],
        "reason": ["judged_relevant", "judged_relevant", "top", "surplus", "judged_relevant"],
        "score.bm25": pa.array([4.0, 3.0, 2.0, 1.0, None], pa.float32()),
        "weight": pa.array([None, None, 0.75, None, None], pa.float32()), "copies": [0, 0, 2, 0, 0],
        **changes,
    }  # fmt: skip
    made = MemoryLedger()
    made.write(
        0, Block(pa.table({name: values for name, values in columns.items() if values is not None}), {})
    )
    return made


def examples(most=None, **changes):
    return list(TrainingSet(ledger(**changes), KNOWN, "bm25", most))


def ids(documents):
    return [document.doc_id for document in documents]


def test_an_example_is_a_query_with_its_positives_and_negatives():
    one, other = examples()
    assert (one.query_id, one.query) == ("q", "what")
    assert sorted(ids(one.positives)) == ["a", "b"] and {p.weight for p in one.positives} == {1.0}
    assert one.negatives == [Scored("c", "", "text of c", 2.0, 0.75)] * 2
    assert ids(other.positives) == ["e"] and other.negatives == [] and math.isnan(other.positives[0].score)


def test_it_can_be_read_again():
    made = TrainingSet(ledger(), KNOWN, "bm25")
    assert [example.query_id for example in made] == [example.query_id for example in made] == ["q", "r"]


def test_the_most_relevant_positives_are_kept():
    assert ids(examples(1)[0].positives) == ["b"]


def test_what_is_relabelled_stands_after_the_judged():
    changed = examples(
        decision=["positive", "positive", "positive", "dropped", "positive"],
        reason=["judged_relevant", "judged_relevant", "relabelled", "surplus", "judged_relevant"],
        copies=[0] * 5,
    )
    assert ids(changed[0].positives)[2:] == ["c"] and len(changed[0].positives) == 3


PAIRS = {
    "query_id": ["q"] * 4, "positive_id": list("aabb"), "doc_id": list("acbd"),
    "decision": ["positive", "negative"] * 2, "reason": ["judged_relevant", "top"] * 2,
    "score.bm25": [3.0, 2.0, 4.0, 1.0], "weight": [None, 1.0] * 2, "copies": [0, 1] * 2,
}  # fmt: skip


def test_of_pairs_every_positive_has_an_example():
    found = [(ids(example.positives), ids(example.negatives)) for example in examples(**PAIRS)]
    assert found == [(["a"], ["c"]), (["b"], ["d"])]
    assert [ids(example.positives) for example in examples(2, **PAIRS)] == [["a"], ["b"]]
    assert [ids(example.positives) for example in examples(1, **PAIRS)] == [["b"]], "the more relevant"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weight": None}, "has no column weight"),
        ({"score.bm25": None}, r"has no column score\.bm25"),
        ({"query_id": ["q", "q", "q", "q", "z"]}, "names a query that is not in the collection"),
        ({"doc_id": ["b", "a", "z", "d", "e"]}, "names a document that is not in the collection"),
        ({"doc_id": ["b", "c", "c", "d", "e"]}, "lacks a"),
    ],
)
def test_a_ledger_that_does_not_fit_is_told(changes, message):
    with pytest.raises(DataError, match=message):
        examples(**changes)


def test_it_is_a_table_of_a_format():
    made = TrainingSet(ledger(), KNOWN, "bm25")
    table = made.to_arrow()
    assert table["query_id"].to_pylist() == ["q", "r"]
    assert [[n["doc_id"] for n in row] for row in table["negatives"].to_pylist()] == [["c", "c"], []]
    assert made.to_arrow("sentence-transformers-triplet").num_rows > 0
    with pytest.raises(ConfigError, match="has no table of rows"):
        made.to_arrow("trec")


def test_a_notebook_shows_the_first_examples_as_texts():
    shown = TrainingSet(ledger(), KNOWN, "bm25")._repr_html_()
    assert "2.00 text of c | 2.00 text of c" in shown and shown.count("<tr>") == 3
