"""Batches in the order of a file, and negatives drawn anew each epoch, in sentence-transformers' trainer."""

import pytest

import hardneg
from hardneg.loading import EpochNegatives, OrderedBatches, in_order
from tests import tiny

datasets = pytest.importorskip("datasets")


def document(name, weight=1.0):
    return {"doc_id": name, "title": "", "text": f"text {name}", "score": 0.5, "weight": weight}


def rows(*negatives, queries=2):
    return datasets.Dataset.from_list(
        [
            {
                "query_id": f"q{n}",
                "query": f"ask {n}",
                "positives": [document(f"p{n}")],
                "negatives": [document(name, weight) for name, weight in negatives],
            }
            for n in range(queries)
        ]
    )


def test_batches_are_shuffled_and_their_rows_are_not():
    batches = OrderedBatches(7, 2)
    assert len(batches) == 4 and sorted(batches) == [[0, 1], [2, 3], [4, 5], [6]]
    first = list(batches)
    assert first == list(batches)
    orders = set()
    for epoch in range(10):
        batches.set_epoch(epoch)
        orders.add(tuple(map(tuple, batches)))
    assert len(orders) > 3
    assert sorted(in_order(range(7), 2, drop_last=True, generator=None)) == [[0, 1], [2, 3], [4, 5]]


def test_each_epoch_draws_other_negatives_and_the_same_again():
    drawn = EpochNegatives(rows(*((f"d{n}", 1.0) for n in range(20)), queries=1), negatives=3)
    seen = []
    for epoch in (0, 1, 0):
        drawn.set_epoch(epoch)
        [row] = list(drawn.dataset)
        assert (row["anchor"], row["positive"]) == ("ask 0", "text p0")
        seen.append([row[f"negative_{place}"] for place in (1, 2, 3)])
        assert len(set(seen[-1])) == 3
    assert seen[0] == seen[2] != seen[1]


def test_documents_are_drawn_by_their_weight():
    """One of two, with weights 3 to 1: three quarters, give or take, in 400 draws."""
    drawn = EpochNegatives(rows(("often", 0.9), ("seldom", 0.3), queries=400), negatives=1)
    often = sum(row["negative_1"] == "text often" for row in drawn.dataset)
    assert 270 < often < 330
    never = EpochNegatives(rows(("always", 1.0), ("never", 0.0), queries=50), negatives=1)
    assert {row["negative_1"] for row in never.dataset} == {"text always"}


def test_rows_with_too_few_are_left_out():
    both = datasets.concatenate_datasets([rows(("a", 1.0), ("b", 1.0)), rows(("a", 1.0))])
    drawn = EpochNegatives(both, negatives=2)
    assert (len(drawn.dataset), drawn.left_out) == (2, 2)
    with pytest.raises(hardneg.DataError, match="no row has a positive and 3 negatives"):
        EpochNegatives(both, negatives=3)
    with pytest.raises(hardneg.ConfigError, match="has no column negatives; it must have the format jsonl"):
        EpochNegatives(both.remove_columns("negatives"))


def test_a_batch_with_a_row_that_has_too_few_is_left_out_whole():
    """Of the batches (0, 1), (2, 3) and (4,) the second lacks a negative in its first row."""
    many, few = rows(("a", 1.0), ("b", 1.0)), rows(("a", 1.0), queries=1)
    mixed = datasets.concatenate_datasets([many, few, many])
    drawn = EpochNegatives(mixed, negatives=2, batch_size=2)
    assert [row["anchor"] for row in drawn.dataset] == ["ask 0", "ask 1", "ask 1"] and drawn.left_out == 2
    with pytest.raises(hardneg.DataError, match="no batch has in each row a positive and 2 negatives"):
        EpochNegatives(mixed, negatives=2, batch_size=5)


def test_a_trainer_reads_batches_in_order_and_other_negatives_each_epoch(tmp_path):
    from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
    from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
    from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss

    words = ["red", "green", "blue", "black", "white", "grey", "brown", "pink"]
    pairs = [(f"what is {word}", f"{word} it is") for word in words]
    run = hardneg.mine(pairs, hardneg.Recipe.named("random", negatives=5))
    drawn = EpochNegatives(run.training_set.to_dataset("jsonl"), negatives=2)
    model = SentenceTransformer(str(tiny.bi_encoder(tmp_path)), device="cpu")
    collated = []

    class Recorded(MultipleNegativesRankingLoss):
        def forward(self, features, labels=None):
            collated.append([tuple(each["input_ids"].flatten().tolist()) for each in features])
            return super().forward(features, labels)

    arguments = Arguments(
        str(tmp_path / "out"), num_train_epochs=2, per_device_train_batch_size=4, batch_sampler=in_order,
        report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=True,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model, arguments, drawn.dataset, loss=Recorded(model), callbacks=[drawn.callback()]
    )
    trainer.train()
    assert len(collated) == 4 and all(len(columns) == 4 for columns in collated)
    anchors = [columns[0] for columns in collated]
    assert set(anchors[:2]) == set(anchors[2:]) and len(set(anchors)) == 2  # the same batches in both epochs
    by_batch = {}
    for columns in collated:
        by_batch.setdefault(columns[0], []).append(columns[2:])
    assert all(first != second for first, second in by_batch.values())
