"""Batches in a Parquet file, with the weight of each document as a negative for each query."""

from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

import hardneg
from hardneg.mixing.batch_file import _weights
from hardneg.training.rows import Row
from tests.mixing.test_mixture import lines
from tests.pages import blocks, page


def batches(folder):
    return pq.read_table(folder / "batches.parquet").to_pylist()


@pytest.mark.parametrize("kind", ["one", "all"])
def test_a_row_is_a_batch_of_the_training_set_in_its_order(runs, tmp_path, kind):
    settings = {"batches": kind, "batch_size": 3, "near_copy": 1, "masks": True}
    info = hardneg.mix(runs, tmp_path / "out", settings, report=False)
    found, rows = batches(tmp_path / "out"), lines(tmp_path / "out")
    assert info["batches"]["masks"] == "batches.parquet" and len(found) == info["batches"]["count"]
    assert [batch["batch"] for batch in found] == list(range(len(found)))
    assert [query for batch in found for query in batch["queries"]] == [row["query"] for row in rows]
    assert [name for batch in found for name in batch["query_ids"]] == [row["query_id"] for row in rows]
    for number, batch in enumerate(found):
        assert len(set(batch["documents"])) == len(batch["documents"]) == len(batch["doc_ids"])
        for place, row in enumerate(rows[3 * number : 3 * number + 3]):
            own = [batch["documents"][each] for each in batch["negatives"][place]]
            assert own == [document["text"] for document in row["negatives"]]
            assert batch["documents"][batch["positives"][place]] == row["positives"][0]["text"]


def test_only_a_querys_own_positive_is_masked_where_nothing_is_suspected(runs, tmp_path):
    hardneg.mix(runs, tmp_path / "out", {"batch_size": 3, "near_copy": 1, "masks": True}, report=False)
    for batch in batches(tmp_path / "out"):
        weights = np.array(batch["weights"])
        expected = np.ones((3, len(batch["documents"])))
        expected[np.arange(3), batch["positives"]] = 0
        assert np.array_equal(weights, expected) and batch["loss_weights"] == [1, 1, 1]


def test_weights_are_those_of_the_ledger_and_other_parts_weigh_one():
    """Two rows of a part that suspects the pair of its first query and a document of its second."""
    rows = [Row(0, 0, [1, 2], [1.0, 0.5], [0.9, 0.1, 0.1]), Row(1, 3, [1], [1.0], [0.9, 0.1])]
    known = {(0, 0): 0.0, (0, 2): 0.5, (0, 3): 0.25, (1, 3): 0.0}
    of_first = SimpleNamespace(
        rows=rows,
        weights=lambda queries, docs: np.array(
            [[known.get((query, doc), 1.0) for doc in docs] for query in queries], np.float32
        ),
    )
    other = SimpleNamespace(rows=[Row(0, 9, [8], [1.0], [0.9, 0.1])], weights=lambda queries, docs: [[0, 1]])
    own = [[0, 1, 2], [3, 1], [4, 5]]  # places of positive and negatives among 6 documents
    found = _weights([of_first, other], [(0, 0), (0, 1), (1, 0)], own, 6)
    assert found.tolist() == [[0, 1, 0.5, 0.25, 1, 1], [1, 1, 1, 0, 1, 1], [1, 1, 1, 1, 0, 1]]


def test_the_file_is_the_same_bytes_again_and_is_not_written_unasked(runs, tmp_path):
    for name, masks in (("a", True), ("b", True), ("c", False)):
        hardneg.mix(runs, tmp_path / name, {"batch_size": 2, "masks": masks}, report=False)
    one, other = ((tmp_path / name / "batches.parquet").read_bytes() for name in "ab")
    assert one == other and not (tmp_path / "c" / "batches.parquet").exists()


def test_plain_torch_trains_on_it_as_the_page_shows(runs, tmp_path, monkeypatch):
    """A model of one vector a word; the loss becomes smaller."""
    torch = pytest.importorskip("torch")
    hardneg.mix(runs, tmp_path / "mixed", {"batch_size": 3, "masks": True, "near_copy": 1}, report=False)
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    words = torch.nn.EmbeddingBag(997, 16)

    def encode(texts):
        rows = [torch.tensor([sum(map(ord, word)) % 997 for word in text.split()]) for text in texts]
        return torch.nn.functional.normalize(torch.cat([words(row[None]) for row in rows]))

    [code] = [each for each in blocks(page("mixing.md"), "py3") if "batches.parquet" in each]
    optimizer, losses = torch.optim.SGD(words.parameters(), lr=1.0), []
    for _ in range(8):
        names = {"encode": encode}
        exec(code, names)
        losses.append(float(names["loss"].mean().detach()))
        optimizer.step()
        optimizer.zero_grad()
    assert np.isfinite(losses).all() and losses[-1] < losses[0]
    assert torch.isinf(names["scores"].detach()).sum() == 0  # nothing but positives is masked, and they count
