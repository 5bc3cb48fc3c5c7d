"""The traps that trainers are known to fall into, each set by hand."""

import json

import pytest

from hardneg.core.components import FORMATS
from hardneg.core.errors import DataError

from .tiny import EXAMPLES, Again, rows

FLAG = {"query": "q", "pos": ["a"], "neg": ["b"]}
TUPLE = {"anchor": "q", "positive": "a", "negative_1": "b", "negative_2": "c"}
PAIR = {"anchor": "q", "document": "a", "label": 1}
LIST = {"anchor": "q", "documents": ["a", "b"], "labels": [1, 0]}
PASSAGE = {"docid": "1", "title": "", "text": "a"}
TEVATRON = {
    "query_id": "1",
    "query": "q",
    "positive_passages": [PASSAGE],
    "negative_passages": [{**PASSAGE, "text": "b"}],
}
SWIFT = {
    "messages": [{"role": "user", "content": "q"}],
    "positive_messages": [[{"role": "assistant", "content": "a"}]],
    "negative_messages": [[{"role": "assistant", "content": "b"}]],
}
FULL = {
    "query_id": "1",
    "query": "q",
    "positives": [{"doc_id": "1", "title": "", "text": "a", "score": 1.0}],
    "negatives": [{"doc_id": "2", "title": "", "text": "b", "score": None, "weight": 1.0}],
}
TRIPLET = {"anchor": "q", "positive": "a", "negative": "b"}

TRAPS = [
    ("flagembedding", FLAG, {"neg": []}, '"neg" is an empty list'),
    ("flagembedding", FLAG, {"pos": []}, '"pos" is an empty list'),
    ("flagembedding", FLAG, {"pos": "a"}, '"pos" is a text, expected a list'),
    ("flagembedding", FLAG, {"neg": ["b", " "]}, r'"neg"\[1\] is an empty text'),
    ("flagembedding", FLAG, {"neg": ["b", None]}, r'"neg"\[1\] is null'),
    ("flagembedding", FLAG, {"neg": ["a"]}, "'a' is both a positive and a negative"),
    ("flagembedding", FLAG, {"query": ""}, '"query" is an empty text'),
    ("sentence-transformers-triplet", TRIPLET, {"negative": ""}, '"negative" is an empty text'),
    ("sentence-transformers-triplet", TRIPLET, {"negative": "a"}, "both a positive and a negative"),
    ("sentence-transformers-n-tuple", TUPLE, {"negative_2": None}, '"negative_2" is missing'),
    ("sentence-transformers-n-tuple", TUPLE, {"negative_2": "a"}, "both a positive and a negative"),
    ("sentence-transformers-labeled-pair", PAIR, {"label": 2}, '"label" is 2, expected 0 or 1'),
    ("sentence-transformers-labeled-pair", PAIR, {"label": 0}, "the same document has label 1 further up"),
    ("sentence-transformers-labeled-list", LIST, {"labels": [1]}, '"labels" has 1 value, expected 2'),
    ("sentence-transformers-labeled-list", LIST, {"labels": [1, 1]}, "expected both 0 and 1"),
    ("sentence-transformers-labeled-list", LIST, {"documents": ["a", "a"]}, "both a positive and a negative"),
    ("tevatron", TEVATRON, {"negative_passages": []}, '"negative_passages" is an empty list'),
    ("tevatron", TEVATRON, {"negative_passages": [{"docid": "1", "text": "b"}]}, 'has no "title"'),
    ("tevatron", TEVATRON, {"negative_passages": [PASSAGE]}, "both a positive and a negative"),
    ("tevatron", TEVATRON, {"positive_passages": [{**PASSAGE, "text": ""}]}, "is an empty text"),
    ("tevatron", TEVATRON, {"positive_passages": [{**PASSAGE, "score": "high"}]}, "expected a number"),
    ("ms-swift", SWIFT, {"messages": []}, '"messages" is an empty list'),
    ("ms-swift", SWIFT, {"negative_messages": [["b"]]}, "a message with a role"),
    ("ms-swift", SWIFT, {"negative_messages": ["b"]}, "a list of messages is expected"),
    ("ms-swift", SWIFT, {"negative_messages": SWIFT["positive_messages"]}, "both a positive and a negative"),
    ("jsonl", FULL, {"positives": []}, '"positives" is an empty list'),
    ("jsonl", FULL, {"negatives": [{**FULL["negatives"][0], "weight": 2}]}, "expected a number and 0 to 1"),
    ("jsonl", FULL, {"negatives": ["b"]}, "expected an object"),
    ("jsonl", FULL, {"negatives": FULL["positives"]}, "both a positive and a negative"),
]


def put(path, *lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def fails(given, path, message):
    with pytest.raises(DataError, match=message):
        FORMATS.make(given).lint(path)


@pytest.mark.parametrize(("name", "good", "wrong", "message"), TRAPS)
def test_trap(name, good, wrong, message, tmp_path):
    path = put(tmp_path / "train.jsonl", good)
    FORMATS.make(name).lint(path)
    put(path, good, {**good, **wrong})
    fails(name, path, f"train.jsonl:2: .*{message}")


def test_scores_must_be_as_many_as_documents(tmp_path):
    line = {**FLAG, "pos_scores": [1.0], "neg_scores": [0.5, 0.4]}
    fails(
        "flagembedding", put(tmp_path / "t.jsonl", line), 't.jsonl:1: "neg_scores" has 2 values, expected 1'
    )


def test_distillation_needs_every_score(tmp_path):
    path = put(tmp_path / "t.jsonl", {**FLAG, "pos_scores": [None], "neg_scores": [0.5]})
    FORMATS.make("flagembedding").lint(path)
    required = {"flagembedding": {"scores": "require"}}
    fails(required, path, '"pos_scores" holds null, expected a number')
    fails(required, put(path, FLAG), '"pos_scores" is missing')


def test_flagembedding_passes_over_other_names(tmp_path):
    fails("flagembedding", put(tmp_path / "train.txt", FLAG), "passes over files")


def test_columns_in_the_wrong_order(tmp_path):
    turned = dict(reversed(TRIPLET.items()))
    fails(
        "sentence-transformers-triplet", put(tmp_path / "t.jsonl", turned), "anchor, positive, negative exp"
    )


def test_extra_columns_would_be_fed_to_the_model(tmp_path):
    path = put(tmp_path / "t.jsonl", {**TRIPLET, "query_id": "1"})
    fails("sentence-transformers-triplet", path, "query_id found")


def test_rows_of_different_width(tmp_path):
    narrow = {key: TUPLE[key] for key in ("anchor", "positive", "negative_1")}
    fails("sentence-transformers-n-tuple", put(tmp_path / "t.jsonl", TUPLE, narrow), "t.jsonl:2: columns")


def test_no_negatives_in_a_tuple(tmp_path):
    path = put(tmp_path / "t.jsonl", {"anchor": "q", "positive": "a"})
    fails("sentence-transformers-n-tuple", path, "t.jsonl:1: columns anchor, positive found")


@pytest.mark.parametrize(
    ("line", "message"), [("{", "not JSON"), ('{"a": NaN}', "NaN"), ("[]", "JSON object")]
)
def test_lines_that_are_no_json_objects(line, message, tmp_path):
    (tmp_path / "t.jsonl").write_text(line + "\n")
    fails("flagembedding", tmp_path / "t.jsonl", f"t.jsonl:1: .*{message}")


def test_a_file_that_is_not_there(tmp_path):
    fails("flagembedding", tmp_path / "t.jsonl", "cannot read .*t.jsonl")
    fails("sentence-transformers-triplet", tmp_path / "t.parquet", "cannot read .*t.parquet")
    fails("trec", tmp_path / "t.trec", "cannot read .*t.qrels")
    fails("nemo", tmp_path / "t.json", "cannot read .*merlin_metadata.json")


def test_values_only_after_the_first_ten_megabytes(tmp_path):
    empty = {**FLAG, "query": "q" * 1_100_000, "pos_scores": [None], "neg_scores": [None]}
    scored = {**FLAG, "pos_scores": [None], "neg_scores": [0.5]}
    fails("flagembedding", put(tmp_path / "t.jsonl", *[empty] * 10, scored), 't.jsonl:11: "neg_scores" has')
    FORMATS.make("flagembedding").lint(put(tmp_path / "t.jsonl", scored, *[empty] * 10, scored))


def written(name, tmp_path):
    form = FORMATS.make(name)
    out = tmp_path / f"train{form.suffix}"
    form.write(Again(EXAMPLES), out)
    return out


@pytest.mark.parametrize(
    ("name", "beside", "key", "message"),
    [
        ("tevatron-v2", "corpus", "docid", "'d8' is not in train.corpus.jsonl"),
        ("pylate", "queries", "query_id", "'q1' is not in train.queries.jsonl"),
        ("pylate", "documents", "document_id", "'d4' is not in train.documents.jsonl"),
    ],
)
def test_ids_that_the_files_beside_do_not_have(name, beside, key, message, tmp_path):
    out = written(name, tmp_path)
    path = tmp_path / f"train.{beside}.jsonl"
    kept = rows(path)
    put(path, *kept[:-1], {**kept[-1], key: "other"})
    fails(name, out, message)
    put(path, *kept, kept[0])
    fails(name, out, "comes twice")
    put(path, {**kept[0], "text": ""})
    fails(name, out, "empty text")


def test_ids_that_datasets_would_read_as_dates(tmp_path):
    out = written("tevatron-v2", tmp_path)
    put(tmp_path / "train.corpus.jsonl", {"docid": "2020-01-01", "text": "a"})
    fails("tevatron-v2", out, "looks like a date")


def test_pylate_rows_of_different_length(tmp_path):
    out = written("pylate", tmp_path)
    first = rows(out)[0]
    put(out, first, {**first, "document_ids": first["document_ids"][:2]})
    fails("pylate", out, '2: "document_ids" has 2 ids, the lines above have 3')
    put(out, first, {**first, "scores": [0.5, None, 0.5]})
    fails("pylate", out, '2: "scores" holds null')


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"neg_doc": []}, '"neg_doc" is an empty list'),
        ({"pos_doc": []}, '"pos_doc" is an empty list'),
        ({"neg_doc": ["d99"]}, "'d99' is not in train.corpus"),
        ({"neg_doc": [{"id": "d8"}]}, "'d8' is both"),
        ({"corpus_id": "other"}, "unknown corpus_id 'other'"),
        ({"question": ""}, '"question" is an empty text'),
    ],
)
def test_nemo_traps(change, message, tmp_path):
    out = written("nemo", tmp_path)
    read = json.loads(out.read_text(encoding="utf-8"))
    read["data"][2].update(change)
    out.write_text(json.dumps(read))
    fails("nemo", out, rf"train.json: data\[2\]: {message}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("q1 Q0 d1 1 0.9", "train.trec:1: 5 columns found, 6 expected"),
        ("q1 Q0 d1 2 0.9 t", "train.trec:1: rank 2 is out of order"),
        ("q1 Q0 d1 1 0.9 t\nq1 Q0 d2 2 1.5 t", "train.trec:2: score 1.5 is above"),
        ("q1 Q0 d1 1 nan t", "not a finite number"),
        ("q1 Q0 d1 one 0.9 t", "expected numbers"),
        ("q9 Q0 d1 1 0.9 t", 'query "q9" has no positive'),
        ("", "there is no row"),
    ],
)
def test_trec_traps(line, message, tmp_path):
    out = written("trec", tmp_path)
    out.write_text(line + "\n" * bool(line))
    fails("trec", out, message)


def test_trec_negatives_that_are_positives(tmp_path):
    out = written("trec", tmp_path)
    (tmp_path / "train.negatives.tsv").write_text("query_id\tdoc_id\tscore\tweight\nq1\td1\t\t1.0\n")
    fails("trec", out, 'train.negatives.tsv:2: "d1" is both')
