"""Every loader, on whatever is in the files."""

import csv
import io
import json
import re
from collections import Counter
from contextlib import suppress

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hardneg.core.errors import HardnegError
from hardneg.sources import LoadOptions, load
from hardneg.sources.cells import NOTHING
from hardneg.sources.layouts import LAYOUTS
from hardneg.sources.training import without_negatives
from tests.fuzz import IDS, JSON, TEXTS, fuzzed, mangled

ALL = LoadOptions(split="all")


def judged(collection):
    """Returns {(query, document, relevance)} by text."""
    judgments = collection.judgments
    queries, docs = collection.queries.texts(judgments.query), collection.documents.texts(judgments.doc)
    return set(zip(queries, docs, judgments.relevance.tolist(), strict=True))


def or_refused(source, options=ALL):
    """Loads a source, or finds it refused in one line; anything else is a bug."""
    try:
        return load(str(source), options)
    except HardnegError as error:
        assert str(error)
        return None


def lines(rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


# What was there is what is read

TRIPLES = st.lists(st.tuples(TEXTS, TEXTS, TEXTS), min_size=1, max_size=6)


def table_of(triples):
    """Returns the rows of pairs with one negative each, and what they say."""
    said = {}
    for query, positive, negative in triples:
        said[query.strip(), negative.strip()] = max(0, said.get((query.strip(), negative.strip()), 0))
        said[query.strip(), positive.strip()] = 1
    rows = [dict(zip(("query", "positive", "negative"), triple, strict=True)) for triple in triples]
    return rows, {(*pair, relevance) for pair, relevance in said.items()}


def written(path, rows):
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_bytes(lines(rows))
    elif path.suffix == ".tsv":
        table = [list(rows[0]), *(list(row.values()) for row in rows)]
        path.write_bytes("".join("\t".join(fields) + "\n" for fields in table).encode())
    else:
        out = io.StringIO(newline="")
        table = csv.DictWriter(out, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
        path.write_bytes(out.getvalue().encode())
    return path


def _stands_for_another(text):
    bare = text.strip()
    return bare in NOTHING or bare[:1] in ("[", "{") or bare.startswith("array(")


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".parquet"])
@fuzzed
@given(triples=TRIPLES)
def test_pairs_are_read_as_they_were_written(suffix, triples, tmp_path):
    if suffix == ".tsv":  # which has no way to write them
        triples = [tuple(re.sub(r"[\t\r\n]", "_", text) for text in texts) for texts in triples]
    assume(not any(_stands_for_another(text) for texts in triples for text in texts))
    rows, said = table_of(triples)
    assert judged(load(str(written(tmp_path / f"pairs{suffix}", rows)), ALL)) == said


@fuzzed
@given(data=st.data(), doc_ids=st.lists(IDS, min_size=1, max_size=5, unique=True), query_id=IDS)
def test_a_beir_folder_is_read_as_it_was_written(data, doc_ids, query_id, tmp_path):
    texts = data.draw(st.lists(TEXTS, min_size=len(doc_ids), max_size=len(doc_ids), unique_by=str.strip))
    relevance = data.draw(st.lists(st.integers(0, 3), min_size=len(doc_ids), max_size=len(doc_ids)))
    relevance[0] = 1
    (tmp_path / "qrels").mkdir(exist_ok=True)
    documents = [{"_id": name, "text": text} for name, text in zip(doc_ids, texts, strict=True)]
    (tmp_path / "corpus.jsonl").write_bytes(lines(documents))
    (tmp_path / "queries.jsonl").write_bytes(lines([{"_id": query_id, "text": "a query"}]))
    rows = [f"{query_id}\t{name}\t{r}\n" for name, r in zip(doc_ids, relevance, strict=True)]
    (tmp_path / "qrels" / "train.tsv").write_bytes("".join(rows).encode())

    collection = load(str(tmp_path))

    assert collection.documents.ids(range(len(doc_ids))) == doc_ids
    assert collection.documents.texts(range(len(doc_ids))) == [text.strip() for text in texts]
    assert collection.queries.ids([0]) == [query_id]
    assert [collection.documents.ids([doc])[0] for doc in collection.judgments.doc] == doc_ids
    assert collection.judgments.relevance.tolist() == relevance
    assert set(collection.notes) <= {"ids_with_control_characters", "texts_like_nan"}


# What is broken is refused

BEIR = {
    "corpus.jsonl": b'{"_id": "d1", "title": "t", "text": "one"}\n{"_id": "d2", "text": "two"}\n',
    "queries.jsonl": b'{"_id": "q1", "text": "what"}\n',
    "qrels/train.tsv": b"query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\td2\t0\n",
}
TREC = {
    "docs.sgml": b"<DOC>\n<DOCNO>d1</DOCNO>\n<TITLE>t</TITLE>\n<TEXT>one &amp; all</TEXT>\n</DOC>\n",
    "topics.sgml": b"<top>\n<num> Number: q1\n<title> what\n</top>\n",
    "qrels.txt": b"q1 0 d1 1\n",
}
TSV = {"docs.tsv": b"d1\tone\nd2\ttitle\ttwo\n", "queries.tsv": b"q1\twhat\n", "qrels.txt": b"q1 0 d1 1\n"}


def folder_of(files, tmp_path):
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    return tmp_path


@pytest.mark.parametrize("files", [BEIR, TREC, TSV], ids=["beir", "trec", "trec-tsv"])
@fuzzed
@given(data=st.data())
def test_a_broken_folder_is_read_or_refused(files, data, tmp_path):
    broken = data.draw(st.sampled_from(sorted(files)))
    or_refused(folder_of({**files, broken: data.draw(mangled(files[broken]))}, tmp_path))


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".tsv", ".json"])
@fuzzed
@given(data=st.data())
def test_broken_pairs_are_read_or_refused(suffix, data, tmp_path):
    whole = written(tmp_path / f"pairs{suffix.replace('json', 'jsonl')[:6]}", table_of([("q", "p", "n")])[0])
    path = tmp_path / f"pairs{suffix}"
    path.write_bytes(data.draw(mangled(whole.read_bytes())))
    or_refused(path)


@fuzzed
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), end=st.none() | st.integers(0, 10**6))
def test_broken_parquet_is_read_or_refused(place, bit, end, tmp_path):
    path = written(tmp_path / "pairs.parquet", table_of([("q", "p", "n"), ("q2", "p2", "n2")])[0])
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content[: None if end is None else end % len(content)])
    or_refused(path)


COLUMNS = sorted({column for layout in LAYOUTS.values() for column in (*layout.columns, *layout.optional)})
PLAIN = ["query", "positive", "neg", "negative_1", "query_id", "doc_id", "score", "split", "anchor", "label"]
PLAIN += ["labels", "scores", "neg_scores", "images"]


@fuzzed
@given(rows=st.lists(st.dictionaries(st.sampled_from(PLAIN), JSON), min_size=1, max_size=3))
def test_rows_of_any_values_are_read_or_refused(rows, tmp_path):
    (tmp_path / "a.jsonl").write_bytes(lines(rows))
    or_refused(tmp_path / "a.jsonl")
    with suppress(HardnegError):
        list(without_negatives(tmp_path / "a.jsonl", _Everything(), ALL, Counter()))


class _Everything:
    def __contains__(self, pair):
        return True


DOC = st.fixed_dictionaries({}, optional={"doc_id": JSON, "docid": JSON, "title": JSON, "text": JSON})
SAID = st.fixed_dictionaries({}, optional={"role": st.just("user") | JSON, "content": JSON})
VALUE = JSON | st.lists(DOC, max_size=2) | st.lists(SAID, max_size=2) | st.lists(st.lists(SAID, max_size=2))


@pytest.mark.parametrize("name", sorted(LAYOUTS))
@fuzzed
@given(data=st.data())
def test_training_sets_of_any_values_are_read_or_refused(name, data, tmp_path):
    columns = st.fixed_dictionaries(
        {column: VALUE for column in (*LAYOUTS[name].columns, *LAYOUTS[name].optional)}
    )
    rows = data.draw(st.lists(columns, min_size=1, max_size=2))
    (tmp_path / "a.jsonl").write_bytes(lines(rows))
    for beside, key in (("corpus", "docid"), ("queries", "query_id"), ("documents", "document_id")):
        (tmp_path / f"a.{beside}.jsonl").write_bytes(lines([{key: "1", "text": "one"}]))
    or_refused(tmp_path / "a.jsonl")
    with suppress(HardnegError):
        list(without_negatives(tmp_path / "a.jsonl", _Everything(), ALL, Counter()))


@pytest.mark.parametrize("name", ["\0", "a" * 5000, "ir:../../x", "/dev/null", "/", "a\ud800b"])
def test_what_is_no_source_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert or_refused(name) is None
