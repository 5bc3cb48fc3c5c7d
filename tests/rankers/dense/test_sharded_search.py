"""Searches divided over workers find what one search finds, whatever is lost between."""

import numpy as np
import pytest

from hardneg.core.components import Context
from hardneg.core.errors import DataError
from hardneg.engines.local import Local
from hardneg.rankers.dense.remote_encoding import EncodedTexts
from hardneg.rankers.dense.sharded_search import Search, SearchNotPrepared, ShardedRanker, ShardingPlan
from hardneg.rankers.dense.store import Vectors
from hardneg.rankers.dense.topk import ExactSearch

SHARD = 40


class Counting(Local):
    """Runs in this process and counts the jobs."""

    jobs = ()

    def run(self, opener, jobs, stage):
        assert stage == "search"
        given = list(jobs)
        Counting.jobs = [(job.begin, job.end, job.search.depth) for job in given]
        yield from super().run(opener, given, stage)


@pytest.fixture
def vectors():
    draw = np.random.default_rng(5)
    documents = draw.integers(-3, 4, (230, 8)).astype(np.float32)  # many equal scores
    return documents, draw.integers(-3, 4, (30, 8)).astype(np.float32)


@pytest.fixture
def known(tmp_path, vectors):
    shards = {}
    for kind, array in zip(("document", "query"), vectors, strict=True):
        shards[kind] = [tmp_path / f"{kind}-{begin}.npy" for begin in range(0, len(array), SHARD)]
        for number, path in enumerate(shards[kind]):
            np.save(path, array[number * SHARD : (number + 1) * SHARD])
    return EncodedTexts({"model": "given"}, {"document": "d" * 64, "query": "q" * 64}, shards)


@pytest.fixture
def ranker(tmp_path, known):
    context = Context(tmp_path, engine=Counting())
    return ShardedRanker(
        known, "dense", context, ShardingPlan(tmp_path / "lists", min_shards=2, max_ranges=10)
    )


@pytest.mark.parametrize("depth", [1, 7, 100, 230])
def test_merged_lists_are_those_of_one_search(ranker, vectors, depth):
    rows = np.array([3, 29, 0, 11], np.int32)
    ranker.prepare([Search(rows, depth)])
    docs, scores = ranker.search(rows, depth)
    whole = ExactSearch(Vectors.of(vectors[0])).search(vectors[1][rows], depth)
    np.testing.assert_array_equal(docs, whole[0])
    np.testing.assert_array_equal(scores, whole[1])
    np.testing.assert_array_equal(ranker.score(rows, docs), scores)
    assert Counting.jobs == [(0, 2, depth), (2, 4, depth), (4, 6, depth)]


def test_what_was_not_prepared_is_asked_for(ranker):
    rows = np.arange(5, dtype=np.int32)
    ranker.prepare([Search(rows, 10)])
    for asked in (Search(rows, 20), Search(rows[::-1], 10)):
        with pytest.raises(SearchNotPrepared) as raised:
            ranker.search(asked.queries, asked.depth)
        assert raised.value.search is not None and raised.value.search.depth == asked.depth
    assert ranker.retrieves


@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:-9])])
def test_only_lists_that_are_lost_or_damaged_are_searched_again(ranker, tmp_path, harm):
    rows = np.arange(30, dtype=np.int32)
    ranker.prepare([Search(rows, 12)])
    found = ranker.search(rows, 12)
    [lost] = (tmp_path / "lists").rglob("*-12-2-4.npy")
    harm(lost)
    with pytest.raises(SearchNotPrepared):
        ranker.search(rows, 12)
    ranker.prepare([Search(rows, 12), Search(rows[:1], 5)])
    assert Counting.jobs == [(0, 2, 5), (2, 4, 12), (2, 4, 5), (4, 6, 5)]  # by shards, not by searches
    np.testing.assert_array_equal(ranker.search(rows, 12)[0], found[0])


def test_shards_that_are_not_there_are_told_of(tmp_path, known):
    (tmp_path / "document-40.npy").unlink()
    with pytest.raises(DataError, match="document-40.npy.*nodes of the cluster must share its disk"):
        ShardedRanker(known, "dense", Context(tmp_path), ShardingPlan(tmp_path))


def test_alike_is_the_dot_product_of_documents(ranker, vectors):
    documents = vectors[0]
    docs, others = np.array([0, 229], np.int32), np.array([[100, -1], [3, 229]], np.int32)
    expected = [
        [documents[0] @ documents[100], np.nan],
        [documents[229] @ documents[3], documents[229] @ documents[229]],
    ]
    np.testing.assert_array_equal(ranker.alike(docs, others), np.array(expected, np.float32))
