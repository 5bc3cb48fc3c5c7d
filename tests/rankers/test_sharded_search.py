"""Searches divided over workers find what one search finds, whatever is lost between."""

import pickle
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.core.components import Context
from hardneg.core.errors import DataError
from hardneg.engines.local import Local
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.dense import DenseRanker
from hardneg.rankers.dense.remote_encoding import EncodedTexts
from hardneg.rankers.dense.store import SHARD, Vectors
from hardneg.rankers.inverted import postings
from hardneg.rankers.inverted.index import InvertedIndex, InvertedRanker, SparseRows
from hardneg.rankers.sharded_search import (
    ClusterContext,
    Search,
    SearchNotPrepared,
    ShardedRanker,
    ShardingPlan,
    prepare,
    sharded,
)

FILE = 40
DOCUMENTS, QUERIES = 230, 30


class Counting(Local):
    """Runs in this process, as if in another one: what opens the tool is pickled; counts the jobs."""

    jobs = ()

    def run(self, opener, jobs, stage):
        assert stage == "search"
        given = list(jobs)
        Counting.jobs = [(*documents, search.depth) for _, search, documents in given]
        yield from super().run(pickle.loads(pickle.dumps(opener)), given, stage)


@pytest.fixture
def numbers():
    draw = np.random.default_rng(5)
    documents = draw.integers(-3, 4, (DOCUMENTS, 8)).astype(np.float32)  # many equal scores
    return documents, draw.integers(-3, 4, (QUERIES, 8)).astype(np.float32)


@pytest.fixture
def encoded(tmp_path, numbers):
    shards = {}
    for kind, array in zip(("document", "query"), numbers, strict=True):
        shards[kind] = [tmp_path / f"{kind}-{begin}.npy" for begin in range(0, len(array), FILE)]
        for number, path in enumerate(shards[kind]):
            np.save(path, array[number * FILE : (number + 1) * FILE])
    prints = {"document": "d" * 64, "query": "q" * 64}
    return EncodedTexts({"model": "given"}, prints, shards, size=FILE)


def in_files(encoded, numbers, tmp_path):
    return DenseRanker(encoded.facts, encoded.vectors("document"), encoded.vectors("query"))


def in_memory(encoded, numbers, tmp_path):
    documents, queries = numbers
    chunks = [documents[begin : begin + FILE] for begin in range(0, len(documents), FILE)]
    return DenseRanker({}, Vectors(chunks, FILE), Vectors.of(queries))


def rows_of(array):
    rows, terms = np.nonzero(array)
    indptr = np.searchsorted(rows, np.arange(len(array) + 1))
    return SparseRows(indptr, terms.astype(np.int32), array[rows, terms])


def inverted(encoded, numbers, tmp_path):
    documents, queries = map(np.abs, numbers)
    return InvertedRanker(InvertedIndex.of(rows_of(documents), DOCUMENTS, 8), rows_of(queries), {})


def inverted_file(encoded, numbers, tmp_path):
    made = inverted(encoded, numbers, tmp_path)
    postings.write_index(tmp_path / "index.arrow", made.index)
    mapped = partial(postings.map_index, tmp_path / "index.arrow")
    return InvertedRanker(mapped(), rows_of(np.abs(numbers[1])), {}, mapped)


def with_negative_weights(encoded, numbers, tmp_path):
    documents, queries = numbers
    return InvertedRanker(InvertedIndex.of(rows_of(documents), DOCUMENTS, 8), rows_of(queries), {})


KINDS = [in_files, in_memory, inverted, inverted_file, with_negative_weights]


@pytest.fixture
def whole(request, encoded, numbers, tmp_path):
    return getattr(request, "param", in_files)(encoded, numbers, tmp_path)


@pytest.fixture
def context(tmp_path):
    plan = ShardingPlan(tmp_path / "lists", min_shards=2, max_ranges=10, shard=FILE)
    return ClusterContext(tmp_path, engine=Counting(), plan=plan)


@pytest.fixture
def ranker(whole, context):
    return sharded("name", whole, collection(), context)


def collection(digest="c"):
    return SimpleNamespace(documents=range(DOCUMENTS), digest=digest)


def rows(*numbers):
    return np.array(numbers, np.int32)


@pytest.mark.parametrize("whole", KINDS, indirect=True)
@pytest.mark.parametrize("depth", [1, 7, 100, DOCUMENTS])
def test_merged_lists_are_those_of_one_search(ranker, whole, depth):
    asked = rows(3, 29, 0, 11)
    prepare([ranker], [Search(asked, depth)])
    docs, scores = ranker.search(asked, depth)
    expected = whole.search(asked, depth)
    assert docs.tobytes() == expected[0].tobytes()
    assert scores.tobytes() == expected[1].tobytes()
    np.testing.assert_array_equal(ranker.score(asked, docs), scores)
    assert Counting.jobs == [(0, 80, depth), (80, 160, depth), (160, 230, depth)]


@pytest.mark.parametrize("whole", KINDS, indirect=True)
def test_a_part_finds_its_best_documents_that_reach_the_floor(whole):
    asked, none = rows(*range(QUERIES)), np.full(QUERIES, -np.inf, np.float32)
    part = whole.part(80, 160, 0)
    docs, scores = part.search(asked, 100, none)
    assert docs[docs >= 0].min() >= 80 and docs.max() < 160
    floors = scores[:, 10]
    found, given = part.search(asked, 100, floors)
    reached = scores >= floors[:, None]
    for row in range(QUERIES):
        count = int(reached[row].sum())
        assert found[row, :count].tolist() == docs[row, :count].tolist()
        assert given[row, :count].tolist() == scores[row, :count].tolist()
    np.testing.assert_array_equal(found < 0, np.isnan(given))


def test_what_was_not_prepared_is_asked_for(ranker):
    asked = rows(*range(5))
    prepare([ranker], [Search(asked, 10)])
    for other in (Search(asked, 20), Search(asked[::-1], 10)):
        with pytest.raises(SearchNotPrepared) as raised:
            ranker.search(other.queries, other.depth)
        assert raised.value.search is not None and raised.value.search.depth == other.depth
    assert ranker.retrieves


@pytest.mark.parametrize("whole", [in_files, inverted], indirect=True)
@pytest.mark.parametrize("lost", ["0-80", "80-160"])
@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_bytes(p.read_bytes()[:-9])])
def test_only_lists_that_are_lost_or_damaged_are_searched_again(ranker, tmp_path, lost, harm):
    """Also the list of the first range, by which those of the others were shortened."""
    asked = rows(*range(QUERIES))
    prepare([ranker], [Search(asked, 12)])
    found = ranker.search(asked, 12)
    [path] = (tmp_path / "lists").rglob(f"*-12-{lost}.npy")
    harm(path)
    with pytest.raises(SearchNotPrepared):
        ranker.search(asked, 12)
    prepare([ranker], [Search(asked, 12), Search(asked[:1], 5)])
    again, other = tuple(map(int, lost.split("-"))), [(0, 80), (80, 160), (160, 230)]
    expected = [
        (*documents, depth) for documents in other for depth in ([12, 5] if documents == again else [5])
    ]
    assert Counting.jobs == expected  # by documents, not by searches
    for one, two in zip(ranker.search(asked, 12), found, strict=True):
        assert one.tobytes() == two.tobytes()


def test_other_rankers_and_collections_have_lists_of_their_own(whole, context, tmp_path):
    for name, digest in (("one", "c"), ("two", "c"), ("one", "d"), ("one", "c")):
        prepare([sharded(name, whole, collection(digest), context)], [Search(rows(1), 3)])
    assert len(list((tmp_path / "lists").iterdir())) == 3


def test_all_rankers_are_searched_by_the_same_workers(encoded, numbers, context, tmp_path):
    made = [in_files(encoded, numbers, tmp_path), inverted(encoded, numbers, tmp_path)]
    both = [sharded(name, each, collection(), context) for name, each in zip("ab", made, strict=True)]
    asked = rows(4, 5)
    prepare([*both, SimpleNamespace(search=None)], [Search(asked, 9)])
    assert len(Counting.jobs) == 6
    for each, whole in zip(both, made, strict=True):
        np.testing.assert_array_equal(each.search(asked, 9)[0], whole.search(asked, 9)[0])
    Counting.jobs = ()
    prepare([SimpleNamespace(search=None)], [Search(asked, 9)])
    assert Counting.jobs == ()


def test_files_that_are_not_there_are_an_error_in_one_line(ranker, tmp_path):
    (tmp_path / "document-40.npy").unlink()
    with pytest.raises(DataError, match=r"document-40.npy.*nodes of the cluster must share its disk"):
        prepare([ranker], [Search(rows(1), 3)])


@pytest.mark.parametrize("whole", [inverted_file], indirect=True)
@pytest.mark.parametrize("harm", [lambda p: p.unlink(), lambda p: p.write_bytes(b"no index")])
def test_an_index_that_is_not_there_is_an_error_in_one_line(ranker, tmp_path, harm):
    harm(tmp_path / "index.arrow")
    with pytest.raises(DataError, match=r"cannot read the index .*nodes of the cluster must share its disk"):
        prepare([ranker], [Search(rows(1), 3)])


def test_what_is_in_files_is_sent_by_their_names(whole, tmp_path):
    assert len(pickle.dumps(whole)) < 2_000
    big = DenseRanker(
        {}, Vectors.of(np.zeros((1_000, 8), np.float32)), Vectors.of(np.zeros((1, 8), np.float32))
    )
    assert len(pickle.dumps(big)) > 32_000


def test_the_index_of_bm25_is_sent_by_its_name(tmp_path):
    from tests.rankers.test_bm25 import collection as texts

    known = texts([f"word{n} some other words" for n in range(2_000)], ["word7", "some"])
    opened = Bm25().open(known, Context(tmp_path))
    sent = pickle.dumps(opened)
    assert len(sent) < 2_000
    for one, two in zip(pickle.loads(sent).search(rows(0, 1), 5), opened.search(rows(0, 1), 5), strict=True):
        np.testing.assert_array_equal(one, two)


def test_rankers_without_parts_and_contexts_without_a_plan_are_left_alone(whole, context, tmp_path):
    other = SimpleNamespace(retrieves=True, facts={}, search=None, score=None)
    assert sharded("other", other, collection(), context) is other
    assert sharded("whole", whole, collection(), Context(tmp_path)) is whole
    assert sharded("whole", whole, collection(), ClusterContext(tmp_path)) is whole
    assert isinstance(sharded("whole", whole, collection(), context), ShardedRanker)


@pytest.mark.parametrize("whole", [in_files, inverted], indirect=True)
def test_all_but_the_search_is_that_of_the_ranker_itself(ranker, whole, numbers):
    assert ranker.facts is whole.facts
    assert hasattr(ranker, "alike") == hasattr(whole, "alike")
    if hasattr(whole, "alike"):
        docs, others = rows(0, 229), np.array([[100, -1], [3, 229]], np.int32)
        np.testing.assert_array_equal(ranker.alike(docs, others), whole.alike(docs, others))
        assert ranker.alike(docs, others)[0, 0] == numbers[0][0] @ numbers[0][100]


@pytest.mark.parametrize(
    ("n_docs", "expected"),
    [
        (1, [(0, 1)]),
        (40, [(0, 40)]),
        (81, [(0, 80), (80, 81)]),
        (1_000, [(0, 360), (360, 720), (720, 1_000)]),  # 25 shards in 3 ranges: 9 in each
    ],
)
def test_ranges_are_whole_shards(tmp_path, n_docs, expected):
    assert ShardingPlan(tmp_path, min_shards=2, max_ranges=3, shard=40).ranges(n_docs) == expected


def test_no_file_of_vectors_is_divided(tmp_path):
    from hardneg.rankers.embed import _SHARD

    assert ShardingPlan(tmp_path).shard % SHARD == ShardingPlan(tmp_path).shard % _SHARD == 0
