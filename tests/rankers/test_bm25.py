import bm25s
import numpy as np
import pyarrow as pa
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import ConfigError
from hardneg.core.records import Queries
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.inverted.postings import Postings
from hardneg.rankers.inverted.tokenizer import Vocabulary, stemmer
from hardneg.sources.builder import CollectionBuilder, LoadOptions


def collection(documents, queries):
    builder = CollectionBuilder("tiny", LoadOptions())
    for number, text in enumerate(documents):
        builder.add_document(f"d{number}", text, where="test")
    for number, text in enumerate(queries):
        builder.add_query(f"q{number}", text, where="test")
        builder.add_judgment(f"q{number}", "d0", 1, where="test")
    return builder.build()


def rows(*numbers):
    return np.array(numbers, np.int32)


@pytest.fixture
def context(tmp_path):
    return Context(tmp_path / "cache")


def test_scores_by_hand(context):
    # Three documents of 1, 2 and 3 words, 2 on average; "cat" is in two: idf = ln(1 + 1.5 / 2.5).
    tiny = collection(["cat", "cat dog", "bird cow fish"], ["cat"])
    docs, scores = Bm25(k1=1.0, b=0.5).open(tiny, context).search(rows(0), 3)
    idf = np.log(1.6)
    assert docs.tolist() == [[0, 1, -1]]
    np.testing.assert_allclose(scores[0, :2], [idf / (0.75 + 1), idf / (1 + 1)], rtol=1e-6)
    assert np.isnan(scores[0, 2])


def test_equal_scores_rank_in_the_corpus_order_and_unshared_words_score_zero(context):
    ranker = Bm25().open(collection(["x y", "cat a", "cat b", "cat c"], ["cats", "unheard"]), context)
    docs, scores = ranker.search(rows(0, 1), 4)
    assert docs.tolist() == [[1, 2, 3, -1], [-1, -1, -1, -1]]
    given = ranker.score(rows(0, 1), np.array([[3, 0, -1], [1, 2, 3]], np.int32))
    np.testing.assert_array_equal(given, np.array([[scores[0, 2], 0, np.nan], [0, 0, 0]], np.float32))


@pytest.mark.parametrize("method", ["lucene", "robertson", "atire"])
def test_agrees_with_bm25s_and_scores_as_it_searches(context, method):
    draw = np.random.default_rng(0)
    texts = [" ".join(f"w{n}" for n in draw.zipf(1.5, draw.integers(1, 30)) % 50) for _ in range(300)]
    tiny = collection(texts, [f"w{n} w{n + 3} w{n} w1" for n in range(20)])
    ranker = Bm25(language="none", method=method).open(tiny, context)
    everything = np.tile(np.arange(len(tiny.documents), dtype=np.int32), (20, 1))
    given = ranker.score(np.arange(20, dtype=np.int32), everything)

    vocabulary = Vocabulary(stemmer({}))
    own = bm25s.BM25(method=method)
    tokens = [vocabulary.encode(text) for text in tiny.documents.texts(everything[0])]
    own.index((tokens, {str(n): n for n in range(vocabulary.size)}), show_progress=False)
    for row, text in enumerate(tiny.queries.texts(np.arange(20))):
        np.testing.assert_allclose(
            given[row], own.get_scores(vocabulary.encode_known(text)), rtol=1e-5, atol=1e-6
        )

    docs, scores = ranker.search(np.arange(20, dtype=np.int32), 300)
    np.testing.assert_array_equal(scores, ranker.score(np.arange(20, dtype=np.int32), docs))
    np.testing.assert_array_equal((docs >= 0).sum(axis=1), (given > 0).sum(axis=1))


@pytest.mark.parametrize("method", ["lucene", "robertson", "atire"])
@pytest.mark.parametrize("in_memory", [0, 1_000_000])
def test_the_index_is_that_of_bm25s_to_the_bit(tmp_path, monkeypatch, method, in_memory):
    monkeypatch.setattr("hardneg.rankers.inverted.postings._IN_MEMORY", in_memory)
    draw = np.random.default_rng(1)
    documents = [(draw.zipf(1.5, size) % 40).tolist() for size in draw.integers(0, 30, 200)]
    documents[0] = list(range(40))
    theirs = bm25s.BM25(k1=0.9, b=0.4, method=method).build_index_from_ids(
        range(40), documents, show_progress=False
    )
    postings = Postings(tmp_path)
    for begin in range(0, 200, 64):
        postings.add(documents[begin : begin + 64])
    ours = postings.index(method, 0.9, 0.4)
    np.testing.assert_array_equal(ours.indptr, theirs["indptr"])
    np.testing.assert_array_equal(ours.docs, theirs["indices"])
    np.testing.assert_array_equal(ours.weights, theirs["data"])
    assert isinstance(ours.docs, np.memmap) == (in_memory == 0)
    assert list(tmp_path.iterdir()) == []


def test_mixed_scripts_find_their_own(context):
    texts = ["Поисковые системы", "search engines", "信息检索系统", "ระบบค้นหาข้อมูล"]
    ranker = Bm25().open(
        collection(texts, ["поисковая система", "searching engine", "检索", "ค้นหา"]), context
    )
    assert ranker.search(rows(0, 1, 2, 3), 1)[0][:, 0].tolist() == [0, 1, 2, 3]


def test_facts(context):
    texts = [
        "This is an ordinary sentence of the English language, long enough to be known for one.",
        "Это обычное русское предложение, достаточно длинное, чтобы узнать язык.",
    ]
    facts = Bm25().open(collection(texts, ["long"]), context).facts
    assert facts["detected"] == {"cyrillic": "ru", "latin": "en"}
    assert (facts["stemmers"]["cyrillic"], facts["stemmers"]["latin"]) == ("russian", "english")
    assert (facts["k1"], facts["b"], facts["language"]) == (1.5, 0.75, "auto")
    assert facts["vocabulary"] > 20


def test_a_corpus_without_words_finds_nothing(context):
    ranker = Bm25().open(collection(["...", "!!!"], ["word"]), context)
    assert ranker.search(rows(0), 2)[0].tolist() == [[-1, -1]]
    assert ranker.score(rows(0), np.array([[0, -1]], np.int32))[0, 0] == 0


def test_no_queries(context):
    tiny = collection(["cat"], ["cat"])
    empty = Queries(
        pa.table({"query_id": pa.array([], "string"), "text": pa.array([], "string")}), np.empty(0)
    )
    ranker = Bm25().open(type(tiny)("empty", tiny.documents, empty, tiny.judgments), context)
    assert ranker.search(rows(), 2)[0].shape == (0, 2)


@pytest.mark.parametrize("spec", ["bm25:russian", "bm25:ru", {"bm25": {"language": "RU"}}])
def test_notations_of_a_language(spec):
    assert RANKERS.make(spec) == Bm25(language="ru")


@pytest.mark.parametrize("language", ["zh", "chinese", "th"])
def test_a_language_in_a_script_without_stemmers_leaves_the_other_scripts_their_own(context, language):
    texts = ["信息检索系统 engines", "ระบบค้นหาข้อมูล", "cats"]
    ranker = Bm25(language=language).open(collection(texts, ["检索", "ค้นหา", "cat"]), context)
    assert ranker.search(rows(0, 1, 2), 1)[0][:, 0].tolist() == [0, 1, 2]
    assert ranker.facts["stemmers"]["latin"] == "english"


def test_a_language_in_latin_script_without_a_stemmer_is_not_stemmed(context):
    ranker = Bm25(language="vi").open(collection(["thing", "things"], ["thing"]), context)
    assert ranker.search(rows(0), 2)[0].tolist() == [[0, -1]]
    assert "latin" not in ranker.facts["stemmers"]


def test_unknown_language_and_method():
    with pytest.raises(ConfigError, match='did you mean "russian"'):
        RANKERS.make("bm25:rusian")
    with pytest.raises(ConfigError, match="method"):
        RANKERS.make({"bm25": {"method": "bm26"}})
    with pytest.raises(ConfigError, match="b: "):
        RANKERS.make({"bm25": {"b": 2}})
