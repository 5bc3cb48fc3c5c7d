import logging
from dataclasses import replace

import numpy as np
import pytest

from hardneg.core import hashing
from hardneg.core.components import Context
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.inverted import postings, tokenizer
from hardneg.rankers.inverted.index import InvertedIndex
from hardneg.rankers.inverted.postings import index_path, read_index, texts_digest, write_index
from tests.rankers.test_bm25 import collection, rows

TEXTS = ["поиск cat", "cat dog", "bird cow fish"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "bm25" / "index.arrow"


@pytest.fixture
def index():
    indptr, docs = np.array([0, 1, 3]), np.array([2, 0, 1], np.int32)
    return InvertedIndex(indptr, docs, np.array([0.5, 1, 2], np.float32), 3, ["cat", "собака"])


def kept(context):
    return list((context.cache / "bm25").glob("*.arrow"))


def test_an_index_comes_back_as_it_was(path, index, caplog):
    assert read_index(path, 3) is None
    write_index(path, index)
    found = read_index(path, 3)
    for name in ("indptr", "docs", "weights"):
        before, after = (getattr(each, name) for each in (index, found))
        np.testing.assert_array_equal(before, after)
        assert before.dtype == after.dtype
        assert not after.flags.owndata
    assert (found.n_docs, found.names) == (3, ["cat", "собака"])
    assert not caplog.records


def test_an_empty_index_comes_back(path):
    nothing = InvertedIndex(np.zeros(1, np.int64), np.empty(0, np.int32), np.empty(0, np.float32), 2)
    write_index(path, nothing)
    assert read_index(path, 2).indptr.tolist() == [0] and read_index(path, 3) is None


def test_the_file_depends_on_all_that_an_index_is_made_from(tmp_path):
    paths = {index_path(tmp_path, made) for made in ({"k1": 1, "b": 2}, {"k1": 1, "b": 3}, {"k1": 1})}
    assert len(paths) == 3
    assert index_path(tmp_path, {"b": 2, "k1": 1}) in paths


@pytest.mark.parametrize(
    "changed",
    [
        {"indptr": np.array([0, 4, 3])},
        {"indptr": np.array([1, 1, 3])},
        {"indptr": np.array([0, 1, 2])},
        {"indptr": np.array([0, 3])},
        {"indptr": np.array([0, 1, 3], np.int32)},
        {"docs": np.array([2, 0, 3], np.int32)},
        {"docs": np.array([-1, 0, 1], np.int32)},
        {"docs": np.array([2, 1, 0], np.int32)},
        {"weights": np.array([0.5, 1], np.float32)},
        {"n_docs": 4},
    ],
)
def test_arrays_that_do_not_fit_together_are_not_read(changed, path, index):
    write_index(path, replace(index, **changed))
    assert read_index(path, 3) is None


@pytest.mark.parametrize("place", [0.05, 0.3, 0.5, 0.8, 0.97])
def test_no_corrupt_byte_goes_unseen(path, index, place):
    write_index(path, index)
    whole = path.read_bytes()
    spot = int(place * len(whole))
    path.write_bytes(whole[:spot] + bytes([whole[spot] ^ 0xFF]) + whole[spot + 1 :])
    assert read_index(path, 3) is None


def test_the_second_ranker_reads_what_the_first_wrote(tmp_path, monkeypatch, caplog):
    context, tiny = Context(tmp_path / "cache"), collection(TEXTS, ["cats", "fish поиски"])
    first = Bm25().open(tiny, context)
    monkeypatch.setattr(postings, "build_index", None)  # building would fail
    again = Bm25().open(tiny, context)
    for found, expected in zip(again.search(rows(0, 1), 3), first.search(rows(0, 1), 3), strict=True):
        np.testing.assert_array_equal(found, expected)
    assert again.facts == first.facts
    assert len(kept(context)) == 1
    assert not caplog.records


def test_other_settings_and_texts_have_indexes_of_their_own(tmp_path):
    context = Context(tmp_path / "cache")
    Bm25().open(collection(TEXTS, ["cat"]), context)
    Bm25(name="words").open(collection(TEXTS, ["another query"]), context)
    assert len(kept(context)) == 1
    for other in (Bm25(k1=1), Bm25(b=0.5), Bm25(method="atire"), Bm25(language="none")):
        other.open(collection(TEXTS, ["cat"]), context)
    Bm25().open(collection([*TEXTS[:2], "bird cow"], ["cat"]), context)
    assert len(kept(context)) == 6
    assert texts_digest(collection(["a b"], ["q"]).documents) != texts_digest(
        collection(["a", "b"], ["q"]).documents
    )


@pytest.mark.parametrize("left", [b"", b"no arrow file", None])
def test_a_corrupt_index_is_rebuilt_with_a_warning(tmp_path, caplog, left):
    context, tiny = Context(tmp_path / "cache"), collection(TEXTS, ["cat"])
    expected = Bm25().open(tiny, context).search(rows(0), 3)[1]
    [path] = kept(context)
    path.write_bytes(path.read_bytes()[:-40] if left is None else left)
    with caplog.at_level(logging.WARNING):
        np.testing.assert_array_equal(Bm25().open(tiny, context).search(rows(0), 3)[1], expected)
    assert [record.getMessage() for record in caplog.records] == [f"{path} is corrupt; rebuilding it"]
    caplog.clear()
    Bm25().open(tiny, context)
    assert not caplog.records


def test_another_tokenizer_has_an_index_of_its_own_and_right_results(tmp_path, monkeypatch):
    """An index of other words would find nothing."""
    context, tiny = Context(tmp_path / "cache"), collection(TEXTS, ["dog"])
    expected = Bm25().open(tiny, context).search(rows(0), 3)[0]
    source, words = hashing._source, tokenizer.words
    monkeypatch.setattr(tokenizer, "words", lambda text: [word[::-1] for word in words(text)])
    changed = {tokenizer: "def words(text): ..."}
    monkeypatch.setattr(hashing, "_source", lambda code: changed.get(code) or source(code))
    hashing.code_digest.cache_clear()
    try:
        ranker = Bm25().open(tiny, context)
    finally:
        hashing.code_digest.cache_clear()
    assert ranker.search(rows(0), 3)[0].tolist() == expected.tolist() == [[1, -1, -1]]
    assert len(kept(context)) == 2


@pytest.mark.parametrize("package", ["unidata_version", "version"])
def test_other_libraries_have_indexes_of_their_own(tmp_path, monkeypatch, package):
    context, tiny = Context(tmp_path / "cache"), collection(TEXTS, ["dog"])
    Bm25().open(tiny, context)
    another = "99" if package == "unidata_version" else lambda name: "99"
    monkeypatch.setattr(f"hardneg.rankers.bm25.{package}", another)
    Bm25().open(tiny, context)
    assert len(kept(context)) == 2
