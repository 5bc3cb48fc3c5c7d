"""Each format's rows, written out by hand."""

import json

import pytest

from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Example
from hardneg.exporters.lines import number

from .tiny import EXAMPLES, NAN, Again, doc, rows

HEDGEHOG, FOURTH = "Ёж text 1", "two\nlines\u2028three"
QUERY = "что такое ёж?"


def write(given, tmp_path, examples=EXAMPLES, name=None):
    form = FORMATS.make(given)
    out = tmp_path / (name or f"train{form.suffix}")
    written = form.write(Again(examples), out)
    form.lint(out)
    return written


def written_rows(given, tmp_path, examples=EXAMPLES):
    return rows(write(given, tmp_path, examples).files[0])


def test_triplet(tmp_path):
    written = write("sentence-transformers-triplet", tmp_path)
    assert (written.rows, written.skipped, written.notes) == (7, 1, {"no_negatives": 1})
    assert rows(written.files[0]) == [
        {"anchor": QUERY, "positive": HEDGEHOG, "negative": "text 3"},
        {"anchor": QUERY, "positive": HEDGEHOG, "negative": FOURTH},
        {"anchor": QUERY, "positive": "text 2", "negative": "text 3"},
        {"anchor": QUERY, "positive": "text 2", "negative": FOURTH},
        {"anchor": "second", "positive": "text 5", "negative": "text 6"},
        {"anchor": "second", "positive": "text 5", "negative": "text 3"},
        {"anchor": "fourth", "positive": "text 8", "negative": HEDGEHOG},
    ]


def test_triplet_with_scores(tmp_path):
    written = write({"sentence-transformers-triplet": {"scores": True}}, tmp_path)
    assert written.notes == {"documents_without_score": 2, "no_negatives": 1, "no_positives": 1}
    assert [row["scores"] for row in rows(written.files[0])] == [
        [0.9, 0.7],
        [0.9, 0.6],
        [0.8, 0.7],
        [0.8, 0.6],
        [0.4, 0.3],
    ]


def test_n_tuple_drops_short_examples(tmp_path):
    written = write("sentence-transformers-n-tuple", tmp_path)
    assert (written.rows, written.skipped, written.notes) == (3, 2, {"no_negatives": 1, "short": 1})
    assert rows(written.files[0])[0] == {
        "anchor": QUERY,
        "positive": HEDGEHOG,
        "negative_1": "text 3",
        "negative_2": FOURTH,
    }


def test_n_tuple_repeats_negatives(tmp_path):
    form = {"sentence-transformers-n-tuple": {"short": "repeat", "negatives": 3, "scores": True}}
    written = write(form, tmp_path)
    assert written.notes["repeated_negatives"] == 2
    assert rows(written.files[0])[-1] == {
        "anchor": "fourth",
        "positive": "text 8",
        "negative_1": HEDGEHOG,
        "negative_2": HEDGEHOG,
        "negative_3": HEDGEHOG,
        "scores": [0.4, 0.3, 0.3, 0.3],
    }


def test_n_tuple_stops_at_short_examples(tmp_path):
    with pytest.raises(DataError, match='"q4" has 1 negatives, expected 2'):
        write({"sentence-transformers-n-tuple": {"short": "error"}}, tmp_path)


def test_n_tuple_takes_the_hardest(tmp_path):
    found = written_rows({"sentence-transformers-n-tuple": {"negatives": 1}}, tmp_path)
    assert [row["negative_1"] for row in found] == ["text 3", "text 3", "text 6", HEDGEHOG]


def test_labeled_pair(tmp_path):
    found = written_rows("sentence-transformers-labeled-pair", tmp_path)
    assert [(row["document"], row["label"]) for row in found] == [
        (HEDGEHOG, 1),
        ("text 2", 1),
        ("text 3", 0),
        (FOURTH, 0),
        ("text 5", 1),
        ("text 6", 0),
        ("text 3", 0),
        ("text 7", 1),
        ("text 8", 1),
        (HEDGEHOG, 0),
    ]
    assert list(found[0]) == ["anchor", "document", "label"]


def test_labeled_pair_with_scores(tmp_path):
    written = write({"sentence-transformers-labeled-pair": {"scores": True}}, tmp_path)
    assert written.notes == {"documents_without_score": 2}
    assert rows(written.files[0])[4] == {"anchor": "second", "document": "text 6", "score": 0.5}


def test_labeled_list(tmp_path):
    assert written_rows("sentence-transformers-labeled-list", tmp_path) == [
        {"anchor": QUERY, "documents": [HEDGEHOG, "text 2", "text 3", FOURTH], "labels": [1, 1, 0, 0]},
        {"anchor": "second", "documents": ["text 5", "text 6", "text 3"], "labels": [1, 0, 0]},
        {"anchor": "fourth", "documents": ["text 8", HEDGEHOG], "labels": [1, 0]},
    ]


def test_labeled_list_with_scores(tmp_path):
    found = written_rows({"sentence-transformers-labeled-list": {"scores": True}}, tmp_path)
    assert [row["scores"] for row in found] == [[0.9, 0.8, 0.7, 0.6], [0.4, 0.3]]


def test_flagembedding(tmp_path):
    assert written_rows("flagembedding", tmp_path)[:2] == [
        {
            "query": QUERY,
            "pos": [HEDGEHOG, "text 2"],
            "neg": ["text 3", FOURTH],
            "pos_scores": [0.9, 0.8],
            "neg_scores": [0.7, 0.6],
        },
        {
            "query": "second",
            "pos": ["text 5"],
            "neg": ["text 6", "text 3"],
            "pos_scores": [None],
            "neg_scores": [0.5, None],
        },
    ]


def test_flagembedding_options(tmp_path):
    form = {"flagembedding": {"scores": "omit", "prompt": "Find:", "type": "symmetric_class"}}
    assert written_rows(form, tmp_path)[-1] == {
        "query": "fourth",
        "pos": ["text 8"],
        "neg": [HEDGEHOG],
        "prompt": "Find:",
        "type": "symmetric_class",
    }


def test_flagembedding_for_distillation(tmp_path):
    found = written_rows({"flagembedding": {"scores": "require"}}, tmp_path)
    assert [row["query"] for row in found] == [QUERY, "fourth"]


def test_tevatron(tmp_path):
    found = written_rows("tevatron", tmp_path)
    assert found[2] == {
        "query_id": "q4",
        "query": "fourth",
        "positive_passages": [{"docid": "d8", "title": "", "text": "text 8", "score": 0.4}],
        "negative_passages": [{"docid": "d1", "title": "Ёж", "text": "text 1", "score": 0.3}],
    }
    assert found[1]["positive_passages"][0]["score"] is None


def test_tevatron_v2(tmp_path):
    written = write("tevatron-v2", tmp_path)
    assert [path.name for path in written.files] == ["train.jsonl", "train.corpus.jsonl"]
    assert rows(written.files[0])[2] == {
        "query_id": "q4",
        "query_text": "fourth",
        "positive_document_ids": ["d8"],
        "negative_document_ids": ["d1"],
    }
    corpus = rows(written.files[1])
    assert [row["docid"] for row in corpus] == ["d1", "d2", "d3", "d4", "d5", "d6", "d8"]
    assert corpus[0] == {"docid": "d1", "text": HEDGEHOG}


def test_ms_swift(tmp_path):
    written = write("ms-swift", tmp_path)
    assert written.rows == 4
    assert rows(written.files[0])[1] == {
        "messages": [{"role": "user", "content": QUERY}],
        "positive_messages": [[{"role": "assistant", "content": "text 2"}]],
        "negative_messages": [
            [{"role": "assistant", "content": "text 3"}],
            [{"role": "assistant", "content": FOURTH}],
        ],
    }


def test_ms_swift_options(tmp_path):
    form = {"ms-swift": {"split_positives": False, "system": "Judge."}}
    first = written_rows(form, tmp_path)[0]
    assert first["messages"][0] == {"role": "system", "content": "Judge."}
    assert [len(first["positive_messages"]), len(first["negative_messages"])] == [2, 2]


def test_nemo(tmp_path):
    written = write({"nemo": {"query_instruction": "Find:"}}, tmp_path)
    assert [path.name for path in written.files] == ["train.json", "train.corpus"]
    read = json.loads(written.files[0].read_text(encoding="utf-8"))
    assert read["corpus"] == [{"path": "train.corpus"}]
    assert len(read["data"]) == written.rows == 3
    assert read["data"][1] == {
        "question_id": "q2",
        "question": "second",
        "corpus_id": "train",
        "pos_doc": [{"id": "d5"}],
        "neg_doc": [{"id": "d6", "score": 0.5}, {"id": "d3"}],
    }
    metadata = json.loads((written.files[1] / "merlin_metadata.json").read_text(encoding="utf-8"))
    assert metadata == {"class": "TextQADataset", "corpus_id": "train", "query_instruction": "Find:"}
    corpus = rows(written.files[1] / "train.parquet")
    assert corpus[0] == {"id": "d1", "text": HEDGEHOG}
    assert len(corpus) == 7


def test_pylate(tmp_path):
    written = write({"pylate": {"short": "repeat"}}, tmp_path)
    train, queries, documents = map(rows, written.files)
    assert train == [
        {"query_id": "q1", "document_ids": ["d1", "d3", "d4"], "scores": [0.9, 0.7, 0.6]},
        {"query_id": "q1", "document_ids": ["d2", "d3", "d4"], "scores": [0.8, 0.7, 0.6]},
        {"query_id": "q4", "document_ids": ["d8", "d1", "d1"], "scores": [0.4, 0.3, 0.3]},
    ]
    assert queries == [{"query_id": "q1", "text": QUERY}, {"query_id": "q4", "text": "fourth"}]
    assert [row["document_id"] for row in documents] == ["d1", "d2", "d3", "d4", "d8"]
    assert [path.name for path in written.files[1:]] == ["train.queries.jsonl", "train.documents.jsonl"]


def test_trec(tmp_path):
    written = write("trec", tmp_path)
    run, qrels, negatives = (path.read_text().splitlines() for path in written.files)
    assert run == [
        "q1 Q0 d1 1 0.9 hardneg",
        "q1 Q0 d2 2 0.8 hardneg",
        "q1 Q0 d3 3 0.7 hardneg",
        "q1 Q0 d4 4 0.6 hardneg",
        "q2 Q0 d6 1 0.5 hardneg",
        "q3 Q0 d7 1 0.9 hardneg",
        "q4 Q0 d8 1 0.4 hardneg",
        "q4 Q0 d1 2 0.3 hardneg",
    ]
    assert qrels == ["q1 0 d1 1", "q1 0 d2 1", "q2 0 d5 1", "q3 0 d7 1", "q4 0 d8 1"]
    assert negatives[:2] == ["query_id\tdoc_id\tscore\tweight", "q1\td3\t0.7\t0.5"]
    assert negatives[4] == "q2\td3\t\t1.0"
    assert [path.name for path in written.files] == ["train.trec", "train.qrels", "train.negatives.tsv"]
    assert written.notes == {"documents_without_score": 2}


def test_trec_names_the_id_it_cannot_carry(tmp_path):
    spaced = doc(1, 0.5)._replace(doc_id="a b")
    with pytest.raises(DataError, match="document id 'a b'"):
        write("trec", tmp_path, [Example("q", "query", [spaced], [])])
    with pytest.raises(DataError, match="query id ''"):
        write("trec", tmp_path, [Example("", "query", [doc(1, 0.5)], [])])
    with pytest.raises(ConfigError, match="one word"):
        FORMATS.make({"trec": {"tag": "my run"}})


def test_trec_skips_a_query_without_any_score(tmp_path):
    both = [EXAMPLES[0], Example("q", "query", [doc(1, NAN)], [doc(2, NAN)])]
    written = write("trec", tmp_path, both)
    assert (written.skipped, written.notes) == (1, {"no_scores": 1})


@pytest.mark.parametrize("name", ["jsonl", "parquet"])
def test_full_records(name, tmp_path):
    found = written_rows(name, tmp_path)
    assert len(found) == 4
    assert found[0]["positives"][0] == {"doc_id": "d1", "title": "Ёж", "text": "text 1", "score": 0.9}
    third = {"doc_id": "d3", "title": "", "text": "text 3", "score": 0.7, "weight": 0.5}
    assert found[0]["negatives"][0] == third
    assert found[1]["positives"][0]["score"] is None
    assert found[2]["negatives"] == []


def test_numbers_are_as_short_as_their_float32():
    assert number(0.30000001192092896) == 0.3
    assert [number(value) for value in (float("nan"), float("inf"), float("-inf"))] == [None] * 3
    assert number(-12.5) == -12.5


def test_text_stays_readable(tmp_path):
    assert "Ёж" in write("jsonl", tmp_path).files[0].read_text(encoding="utf-8")


def test_many_rows_stream_into_parquet(tmp_path):
    many = [Example(f"q{n}", "query", [doc(1, 0.5)], [doc(2, 0.25)]) for n in range(5000)]
    written = write("sentence-transformers-triplet", tmp_path, many, "train.parquet")
    assert written.rows == len(rows(written.files[0])) == 5000
