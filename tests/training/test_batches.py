"""What is known of pairs, the rows of a run, batches without relatives, and what a batch tells a loss."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hardneg.core.errors import ConfigError
from hardneg.core.records import SAME_CLASS, Neutral
from hardneg.runs import ledger
from hardneg.runs.ledger import Block
from hardneg.testing import FakeRanker, collection
from hardneg.training import TrainSettings, rows
from hardneg.training.batches import Batches, Collate
from hardneg.training.rows import PairWeights, Row

NOBODY = np.empty(0, np.uint64)
NAN = float("nan")
REASONS = {"judged_relevant": False, "relative_margin": True, "surplus": False, "min-length": False}

RUN = {
    "fingerprint": "0" * 64,
    "source": None,
    "collection": {
        "name": "small",
        "documents": 4,
        "queries": 1,
        "queries_without_positives": 0,
        "judgments": 1,
        "digest": "0" * 64,
        "notes": {},
    },
    "recipe": {
        "name": "perc-pos",
        "description": "",
        "seed": 0,
        "load": {},
        "rank": {"rankers": [{"dense": {}}]},
        "validation": {},
        "select": {"by": "dense", "rules": [], "draw": {"top": {}}, "negatives": 1},
        "format": {"jsonl": {}},
    },
    "rankers": {"dense": {}},
    "validation": {"validators": {}},
    "finished": True,
    "counts": {"queries": 1, "candidates": 4, "positives": 1, "negatives": 1, "dropped": {}},
    "short": {},
    "seconds": {},
}


def small(**queries):
    documents = {name: f"text {name}" for name in "abcdef"}
    judged = [(query, doc, 1) for query, docs in queries.items() for doc in docs]
    return collection(documents, {query: f"ask {query}" for query in queries}, judged)


def part(folder, **changes):
    """Writes a ledger of one query: a positive, b negative, c dropped by a rule, d surplus."""
    import pyarrow as pa

    table = {
        "query_id": ["q"] * 4,
        "doc_id": list("abcd"),
        "score.dense": pa.array([0.9, 0.5, 0.89, 0.4], pa.float32()),
        "positive.dense": pa.array([0.9] * 4, pa.float32()),
        "decision": ["positive", "negative", "dropped", "dropped"],
        "reason": ["judged_relevant", "top", "relative_margin", "surplus"],
        "p_false_negative": pa.array([None, 0.3, None, 0.2], pa.float32()),
        "weight": pa.array([None, 0.7, None, None], pa.float32()),
        "copies": pa.array([0, 2, 0, 0], pa.int16()),
        **changes,
    }
    ledger.FolderLedger(folder).write(0, Block(pa.table(table)))
    texts = {"label": "", "meaning": ""}
    reasons = {name: {"implies_doubt": doubt, **texts} for name, doubt in REASONS.items()}
    run = {**RUN, "reasons": reasons}
    (folder / "run.json").write_text(json.dumps(run), encoding="utf-8")
    return folder


# Weights of pairs


def test_a_pair_s_weight_is_what_judgments_and_the_ledger_say(tmp_path):
    given, docs = small(q="a", r="b"), np.arange(6, dtype=np.int32)
    known = PairWeights.of_run(part(tmp_path), given, "known").weight(np.array([0, 1], np.int32), docs)
    assert known[0].tolist() == pytest.approx([0, 0.7, 1, 1, 1, 1])
    assert known[1].tolist() == [1, 0, 1, 1, 1, 1]
    suspected = PairWeights.of_run(tmp_path, given, "suspected").weight(np.array([0], np.int32), docs)
    assert suspected[0].tolist() == pytest.approx([0, 0.7, 0, 0.8, 1, 1])


@pytest.mark.parametrize(("implies_doubt", "weight"), [(False, 1), (True, 0)])
def test_a_rule_of_another_package_says_whether_its_drops_stay_negatives(tmp_path, implies_doubt, weight):
    part(tmp_path, reason=["judged_relevant", "top", "min-length", "surplus"])
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    run["reasons"]["min-length"]["implies_doubt"] = implies_doubt
    (tmp_path / "run.json").write_text(json.dumps(run), encoding="utf-8")
    weights = PairWeights.of_run(tmp_path, small(q="a"), TrainSettings().mask)
    assert weights.weight(np.array([0]), np.array([2]))[0].tolist() == [weight]


def test_queries_of_the_same_text_share_what_is_known():
    given = collection({"a": "one", "b": "two"}, {"q": "ask", "r": "ASK"}, [("q", "a", 1), ("r", "b", 1)])
    weight = PairWeights(given).weight(np.array([0, 1], np.int32), np.array([0, 1], np.int32))
    assert (weight == 0).all()


def test_columns_that_an_old_ledger_lacks_change_nothing(tmp_path):
    import pyarrow.parquet as pq

    part(tmp_path)
    path = ledger.part_path(tmp_path, 0)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["p_false_negative"]), path)
    ledger.write_checksum(path)
    weight = PairWeights.of_run(tmp_path, small(q="a"), "suspected").weight(np.array([0]), np.arange(4))
    assert weight[0].tolist() == pytest.approx([0, 0.7, 0, 1])


# Rows


def test_rows_carry_negatives_weights_and_scores(tmp_path):
    [row] = rows.read(part(tmp_path), small(q="a"), "dense", None, NOBODY)
    assert row[:3] == (0, 0, [1, 1])
    assert row.weights == pytest.approx([0.7, 0.7]) and row.scores == pytest.approx([0.9, 0.5, 0.5])


def test_a_row_may_have_fewer_negatives_or_none(tmp_path):
    part(tmp_path)
    assert rows.read(tmp_path, small(q="a"), "dense", 1, NOBODY)[0].negatives == [1]
    [row] = rows.read(tmp_path, small(q="a"), "dense", 0, NOBODY)
    assert row.negatives == [] and row.scores == pytest.approx([0.9])


def test_every_positive_has_a_row_of_its_own(tmp_path):
    found = rows.read(part(tmp_path), small(q="ae"), "dense", None, NOBODY)
    assert [row.positive for row in found] == [0, 4]
    assert np.isnan(found[1].scores[0])


def test_an_unknown_teacher_is_told(tmp_path):
    with pytest.raises(ConfigError, match='no ranker "bm25"; it has dense'):
        rows.read(part(tmp_path), small(q="a"), "bm25", None, NOBODY)


def test_a_row_counts_by_the_weight_of_its_positive(tmp_path):
    import pyarrow as pa

    given = small(q="a")
    (plain,) = rows.read(part(tmp_path / "plain"), given, "dense", None, NOBODY)
    weights = pa.array([0.25, 0.7, None, None], pa.float32())
    (weighted,) = rows.read(part(tmp_path / "weighted", weight=weights), given, "dense", None, NOBODY)
    assert (plain.loss_weight, weighted.loss_weight) == (1.0, 0.25)
    assert weighted.weights == plain.weights
    batch = Collate(given, PairWeights(given))(rows.arrow_table([weighted]).to_pylist())
    assert batch["loss_weight"].tolist() == [0.25]


def test_queries_held_back_have_no_rows(mined, words):
    held = words.queries.keys[[3, 5]]
    found = rows.read(mined, words, "bm25", None, held)
    assert {row.query for row in found} == set(range(24)) - {3, 5}
    assert rows.counts(found)["queries"] == 22


# Batches


def row(query, positive, *negatives):
    return Row(query, positive, list(negatives), [1.0] * len(negatives), [NAN] * (1 + len(negatives)))


def test_relatives_are_never_in_one_batch():
    given = small(q="ab", r="b", s="c", t="d")
    related = [row(0, 0), row(0, 1), row(1, 1), row(2, 2), row(3, 3)]
    for seed in range(20):
        for batch in Batches(related, given, PairWeights(given), 4, seed):
            queries = [related[n].query for n in batch]
            assert len(set(queries)) == len(queries)
            assert not {0, 1} <= set(queries)  # b is a positive of both


def test_rows_of_one_class_share_a_batch_and_their_pairs_weigh_nothing():
    none = np.empty(0, np.int32)
    classes = np.array([0, 0, 1], np.int32), np.array([0, 0, 1, 1], np.int32)
    given = replace(small(q="a", r="b", s="c"), neutral=Neutral(*classes, none, none, SAME_CLASS))
    weights = PairWeights(given)
    found = weights.weight(np.arange(3, dtype=np.int32), np.arange(4, dtype=np.int32))
    assert found.tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [1, 1, 0, 0]]
    related = [row(0, 0), row(1, 1), row(2, 2)]
    assert [sorted(batch) for batch in Batches(related, given, weights, 4, seed=1)] == [[0, 1, 2]]
    batch = Collate(given, weights)([each._asdict() for each in related])
    assert batch["weight"].tolist() == [[1, 0, 1], [0, 1, 1], [1, 1, 1]]


def test_all_rows_are_in_an_epoch_and_epochs_differ(mined, words):
    learned = rows.read(mined, words, "bm25", None, NOBODY)
    batches = Batches(learned, words, PairWeights(words), 4, seed=1)
    first = list(batches)
    assert len(first) == len(batches) == 6 and sorted(sum(first, [])) == list(range(24))
    assert first == list(batches)
    batches.set_epoch(1)
    assert first != list(batches)


# Collating


def test_a_batch_tells_whose_negative_a_document_is_and_how_sure():
    given = small(q="a", r="b", s="f")
    learned = [Row(0, 0, [2, 3], [0.5, 1.0], [0.9, 0.4, NAN], 0.25), Row(1, 1, [0], [1.0], [0.8, 0.3])]
    collated = Collate(given, PairWeights(given))([each._asdict() for each in learned])
    assert collated["loss_weight"].tolist() == [0.25, 1.0]
    assert collated["queries"] == ["ask q", "ask r"]
    assert collated["documents"] == [f"text {name}" for name in "abcda"]
    assert collated["target"].tolist() == [0, 1]
    assert collated["own"].tolist() == [[False, False, True, True, False], [False, False, False, False, True]]
    # a is q's positive: 0 wherever it comes from; for r it is there twice: a half each
    assert collated["weight"][0].tolist() == [1, 1, 0.5, 1, 0]
    assert collated["weight"][1].tolist() == [0.5, 1, 1, 1, 0.5]
    teacher = collated["teacher"].numpy()
    assert teacher[0, [0, 2]] == pytest.approx([0.9, 0.4]) and teacher[1, [1, 4]] == pytest.approx([0.8, 0.3])
    assert np.isnan(teacher).sum() == 10 - 4 and "guide" not in collated


def test_a_guide_scores_every_pair_of_the_batch():
    given, scores = small(q="a", r="b"), np.arange(12).reshape(2, 6)
    made = Collate(given, PairWeights(given), FakeRanker(scores))
    collated = made(
        [dict(zip(Row._fields, row(1, 1, 5), strict=True)), dict(zip(Row._fields, row(0, 0), strict=True))]
    )
    assert collated["guide"].tolist() == [[7, 6, 11], [1, 0, 5]]
