"""Batches of queries that were mined from the same documents."""

import json

import numpy as np
import pytest
from scipy import sparse

import hardneg
from hardneg.mixing.clusters import candidate_vectors, likeness, near_order
from tests.mixing.test_mixture import documents, lines

TOPICS = {
    "amber": "resin fossil baltic",
    "elk": "antler forest moose",
    "sail": "mast harbour wind",
    "bread": "oven flour yeast",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Six queries of each of four topics; BM25 finds four short documents of it before its positives."""
    folder = tmp_path_factory.mktemp("clusters")
    longer = "in more words than are asked for, so that it ranks later"
    rows = [
        {"query": f"{topic} {words} {n}", "positive": f"{topic} {words} answer{n} {longer}"}
        for topic, words in TOPICS.items()
        for n in range(6)
    ]
    notes = [{"text": f"{topic} {words} note{n}"} for topic, words in TOPICS.items() for n in range(4)]
    (folder / "notes.jsonl").write_text("".join(json.dumps(note) + "\n" for note in notes), encoding="utf-8")
    (folder / "topics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    recipe = hardneg.Recipe.build(
        {
            "name": "b",
            "rank": {"rankers": ["bm25"], "depth": 6, "max_depth": None},
            "select": {"negatives": 2, "rules": []},
            "load": {"split": "all", "corpus": str(folder / "notes.jsonl")},
            "format": "jsonl",
        }
    )
    return hardneg.mine(str(folder / "topics.jsonl"), recipe, folder / "run", report=False)


def test_queries_are_near_where_their_candidates_are_the_same(run):
    vectors = candidate_vectors(run)
    cosines = (vectors @ vectors.T).toarray()
    topic = np.repeat(np.arange(4), 6)
    same = topic[:, None] == topic[None, :]
    assert np.allclose(np.diag(cosines), 1, atol=1e-6)
    assert cosines[same].min() > 0.9 and cosines[~same].max() < 0.1


def test_batches_are_of_one_topic_and_no_row_holds_a_positive_of_another(run, tmp_path):
    settings = {"batches": "clustered", "batch_size": 2, "near_copy": 1}
    info = hardneg.mix([run], tmp_path / "out", settings, report=False)
    rows = lines(tmp_path / "out")
    assert info["rows"] == len(rows) >= 20
    pairs = [rows[begin : begin + 2] for begin in range(0, len(rows), 2)]
    of_topic = [len({row["query"].split()[0] for row in pair}) == 1 for pair in pairs]
    assert np.mean(of_topic) > 0.8
    for one, other in pairs:
        assert not {d["text"] for d in one["positives"]} & documents(other)
        assert not {d["text"] for d in other["positives"]} & documents(one)
    own = info["parts"][0]["likeness"]
    assert own["in_batch"] > 0.7 > 0.3 > own["at_random"]
    # the topics do not follow each other as the clusters did
    order = [pair[0]["query"].split()[0] for pair in pairs]
    assert sum(a != b for a, b in zip(order, order[1:], strict=False)) > 4


def test_the_same_seed_is_the_same_bytes_and_another_is_another_order(run, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        settings = {"batches": "clustered", "batch_size": 2, "near_copy": 1, "seed": seed}
        hardneg.mix([run], tmp_path / name, settings, report=False)
    one, same, other = ((tmp_path / name / "train.jsonl").read_bytes() for name in "abc")
    assert one == same != other


def test_a_part_of_which_few_rows_are_wanted_gives_rows_of_all_clusters(run, tmp_path):
    """Eight of 24 rows, two of a batch: not the first two topics alone."""
    settings = {"batches": "clustered", "batch_size": 2, "size": 8, "near_copy": 1, "seed": 3}
    hardneg.mix([run], tmp_path / "out", settings, report=False)
    assert len({row["query"].split()[0] for row in lines(tmp_path / "out")}) >= 3


def test_halves_have_whole_batches_and_all_rows_once():
    random = np.random.default_rng(0)
    groups = np.repeat(np.arange(5), 4)
    matrix = sparse.csr_array(np.eye(5, dtype=np.float32)[groups])
    order = near_order(matrix, np.arange(20), 4, random)
    assert sorted(order.tolist()) == list(range(20))
    batches = order.reshape(5, 4)
    assert sum(len(set(groups[batch])) == 1 for batch in batches) >= 3
    assert near_order(matrix, np.arange(3), 4, random).size == 3
    assert near_order(matrix, np.empty(0, np.int64), 4, random).size == 0


def test_likeness_is_the_mean_cosine_of_pairs():
    """Two pairs of equal rows: 1 in a batch; of all 6 pairs 2 are equal."""
    matrix = sparse.csr_array(np.eye(2, dtype=np.float32)[[0, 0, 1, 1]])
    assert likeness(matrix, [[0, 1], [2, 3]]) == pytest.approx((1, 1 / 3))
    assert likeness(matrix, [[0, 2], [1, 3]]) == pytest.approx((0, 1 / 3))
    assert likeness(matrix[[0]], [[0]]) == (0, 0)
