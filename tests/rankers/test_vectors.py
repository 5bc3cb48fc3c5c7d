import pickle
import shutil

import numpy as np
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import DataError
from hardneg.engines.local import Local
from hardneg.rankers.vectors import Vectors
from hardneg.sources.builder import CollectionBuilder, LoadOptions

DOCUMENTS = np.array([[1, 0], [0, 2], [3, 3]], np.float32)
QUERIES = np.array([[1, 0], [0, 0.5]], np.float32)


@pytest.fixture
def collection():
    builder = CollectionBuilder("tiny", LoadOptions())
    for doc_id, text in [("a", "one"), ("b", "two"), ("b2", "two"), ("c", "three")]:
        builder.add_document(doc_id, text, where="test")
    for query_id in ("q1", "q2"):
        builder.add_query(query_id, query_id, where="test")
        builder.add_judgment(query_id, "a", 1, where="test")
    return builder.build()


@pytest.fixture
def opened(tmp_path, collection):
    def make(documents=DOCUMENTS, queries=QUERIES, document_ids=None, query_ids=None, **settings):
        for name, array in (("documents", documents), ("queries", queries)):
            if array is not None:
                np.save(tmp_path / f"{name}.npy", array)
        for name, ids in (("document", document_ids), ("query", query_ids)):
            if ids is not None:
                (tmp_path / f"{name}_ids.txt").write_text("\n".join(ids) + "\n")
        return Vectors(str(tmp_path), **{"similarity": "dot", **settings}).open(
            collection, Context(tmp_path / "cache")
        )

    return make


def rows(*numbers):
    return np.array(numbers, np.int32)


def test_dot_takes_vectors_as_they_are(opened):
    ranker = opened()
    docs, scores = ranker.search(rows(0, 1), 3)
    assert docs.tolist() == [[2, 0, 1], [2, 1, 0]]
    assert scores.tolist() == [[3, 1, 0], [1.5, 1, 0]]
    given = ranker.score(rows(1), np.array([[1, -1]], np.int32))
    assert given[0, 0] == 1 and np.isnan(given[0, 1])
    assert set(ranker.facts) == {"similarity", "documents.npy", "queries.npy"}


def test_cosine(opened):
    docs, scores = opened(similarity="cosine").search(rows(0, 1), 2)
    assert docs.tolist() == [[0, 2], [1, 2]]
    np.testing.assert_allclose(scores, [[1, 0.5**0.5]] * 2, rtol=1e-6)


def test_vectors_of_other_lengths_than_1_are_compared_by_cosine(opened):
    chosen, cosine = opened(similarity="auto"), opened(similarity="cosine")
    assert chosen.facts["similarity"] == "cosine" and chosen.facts["lengths"] == [0.5, 4.2426]
    np.testing.assert_array_equal(chosen.search(rows(0, 1), 3)[1], cosine.search(rows(0, 1), 3)[1])


def test_normalised_vectors_are_taken_as_they_are(opened):
    units = np.array([[1, 0], [0, 1], [0.6, 0.8]]).astype(np.float16)
    chosen = opened(units, units[:2], similarity="auto")
    assert chosen.facts["similarity"] == "dot" and "lengths" not in chosen.facts
    zero = np.array([[1, 0], [0, 0], [0, 1]], np.float32)
    assert opened(zero, units[:2], similarity="auto").facts["similarity"] == "dot"


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_floats(opened, kind):
    ranker = opened(DOCUMENTS.astype(kind), QUERIES.astype(kind))
    assert ranker.search(rows(0), 3)[1].tolist() == [[3, 1, 0]]


def test_ids_bring_vectors_into_the_collections_order(opened):
    # b2 is an exact copy of b and comes first; x and q9 are not in the collection.
    ranker = opened(
        np.array([[9, 9], [3, 3], [0, 2], [7, 7], [1, 0]], np.float32),
        np.array([[0, 0.5], [8, 8], [1, 0]], np.float32),
        ["x", "c", "b2", "b", "a"],
        ["q2", "q9", "q1"],
    )
    assert ranker.search(rows(0, 1), 3)[1].tolist() == [[3, 1, 0], [1.5, 1, 0]]
    assert "document_ids.txt" in ranker.facts


def nan_at(row):
    broken = DOCUMENTS.copy()
    broken[row, 1] = np.nan
    return broken


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"documents": None}, "cannot read .*documents.npy: No such file"),
        ({"queries": np.ones((2, 3))}, "documents.npy has 2 dimensions, queries.npy 3"),
        ({"documents": np.ones(3)}, r"documents.npy: found float64 \(3,\), expected"),
        ({"documents": np.ones((3, 2), int)}, "found int64"),
        ({"documents": np.empty((0, 2))}, r"found float64 \(0, 2\)"),
        ({"documents": np.array([["x", {}]], object)}, "cannot read .*documents.npy"),
        ({"documents": np.ones((4, 2))}, "4 vectors, the collection 3 documents; write their ids"),
        ({"queries": np.ones((1, 2))}, "1 vectors, the collection 2 queries; .*query_ids.txt"),
        ({"document_ids": ["a", "b"]}, "document_ids.txt has 2 ids, documents.npy 3 vectors"),
        ({"document_ids": ["a", "b", "a"]}, 'document_ids.txt:3: id "a" is given twice'),
        ({"document_ids": ["a", "b", "z"]}, 'document id "c" is missing, as are 1 of 3'),
        ({"documents": nan_at(1)}, "documents.npy: the vector in row 1, from 0, holds NaN"),
        (
            {"documents": nan_at(1), "document_ids": ["c", "b", "a"]},
            r'row 1, from 0, \(document id "b"\) holds NaN',
        ),
        ({"documents": DOCUMENTS * 0, "similarity": "cosine"}, "row 0, from 0, is zero, which has no cosine"),
    ],
)
def test_wrong_arrays_are_named(opened, given, problem):
    with pytest.raises(DataError, match=problem) as caught:
        opened(**given)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_array(opened, tmp_path):
    (tmp_path / "documents.npy").write_bytes(b"not numpy")
    with pytest.raises(DataError, match="cannot read .*documents.npy"):
        opened(documents=None)


def test_notation():
    assert RANKERS.make("vectors:some/folder") == Vectors("some/folder")


class Spreading(Local):
    spreads = True


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_other_processes_map_the_vectors_from_files(opened, tmp_path, collection, similarity):
    """The files given, where they are searched as they are; else those of the cache."""
    expected = opened(similarity=similarity).search(rows(0, 1), 3)
    context = Context(tmp_path / "cache", engine=Spreading())
    sent = pickle.dumps(Vectors(str(tmp_path), similarity=similarity).open(collection, context))
    assert len(list((tmp_path / "cache").glob("given/*.npy"))) == (2 if similarity == "cosine" else 0)
    for array, right in zip(pickle.loads(sent).search(rows(0, 1), 3), expected, strict=True):
        assert array.tobytes() == right.tobytes()
    shutil.rmtree(tmp_path / "cache", ignore_errors=True)
    (tmp_path / "documents.npy").unlink()
    with pytest.raises(DataError, match="cannot read vectors .* nodes of the cluster must share its disk"):
        pickle.loads(sent).search(rows(0, 1), 3)
