from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

CORPUS = [
    {"_id": "d1", "title": "Title", "text": "one"},
    {"_id": 2, "text": "two", "metadata": {}, "title": None},
]
QUERIES = [{"_id": "q1", "text": "first"}, {"_id": "q2", "text": "second"}]
QRELS = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq1\t2\t0\n"
OPTIONS = LoadOptions(split="test")


@pytest.fixture
def folder(write, tmp_path):
    write("set/corpus.jsonl", CORPUS)
    write("set/queries.jsonl", QUERIES)
    write("set/qrels/test.tsv", QRELS)
    return tmp_path / "set"


def fails(folder, message, options=OPTIONS):
    with pytest.raises(DataError, match=message) as raised:
        load(str(folder), options)
    assert "\n" not in str(raised.value)


def test_a_small_folder(folder, contents):
    built = load(str(folder), OPTIONS)

    assert built.name == "set"
    assert contents(built) == {
        "documents": {"d1": "Title one", "2": "two"},
        "queries": {"q1": "first"},
        "judgments": {("q1", "d1", 1), ("q1", "2", 0)},
    }


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [True, False])
def test_files_may_be_packed_and_without_a_header(folder, write, suffix, mark, ending, header):
    plain = load(str(folder), OPTIONS)
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv"):
        path = folder / name
        text = path.read_text() if header or "qrels" not in name else QRELS.partition("\n")[2]
        write(f"set/{name}{suffix}", mark + text.replace("\n", ending))
        path.unlink()

    assert load(str(folder), OPTIONS).digest == plain.digest


def test_a_missing_split_lists_those_found(folder, write):
    write("set/qrels/dev.tsv.gz", QRELS)

    fails(
        folder,
        r"set: there is no qrels/train\.tsv; splits found: dev, test; choose one .*--split$",
        LoadOptions(),
    )


def test_no_judgments_at_all(folder):
    (folder / "qrels" / "test.tsv").unlink()
    (folder / "qrels").rmdir()

    fails(folder, r"there is no qrels/test\.tsv; splits found: none; found: corpus.jsonl, queries.jsonl$")


def test_two_variants_of_a_file(folder, write):
    write("set/corpus.jsonl.gz", CORPUS)

    fails(folder, r"set: corpus\.jsonl and corpus\.jsonl\.gz are both there; keep one$")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "corpus.jsonl",
            [*CORPUS, {"_id": "d3"}],
            r'corpus\.jsonl:3: "text" is missing; each line needs "_id" and',
        ),
        (
            "corpus.jsonl",
            [{"text": "x"}],
            r'corpus\.jsonl:1: "_id" is missing; each line needs "_id" and "text"$',
        ),
        (
            "corpus.jsonl",
            [{"_id": "d", "text": 3}],
            r'corpus\.jsonl:1: "text" is a number; a string is needed$',
        ),
        ("corpus.jsonl", [{"_id": [], "text": "x"}], r'corpus\.jsonl:1: "_id" is a list; an id is a string'),
        ("corpus.jsonl", [{"_id": "d", "title": 1, "text": ""}], r'corpus\.jsonl:1: "title" is a number'),
        (
            "corpus.jsonl",
            [*CORPUS, {"_id": "d3", "text": " "}],
            r'corpus\.jsonl:3: document "d3" has no text; .*skip',
        ),
        (
            "corpus.jsonl",
            [*CORPUS, {"_id": "2", "text": "x"}],
            r'corpus\.jsonl:3: document id "2" is given twice',
        ),
        (
            "queries.jsonl",
            [{"_id": "q1"}],
            r'queries\.jsonl:1: "text" is missing; each line needs "_id" and "text"$',
        ),
        ("queries.jsonl", '{"_id": "q1", "text": "x"}\n{', r"queries\.jsonl:2: broken JSON: "),
        (
            "qrels/test.tsv",
            "q1\td1\n",
            r"qrels/test\.tsv:1: 2 columns; query-id, corpus-id and score, separated by t",
        ),
        ("qrels/test.tsv", QRELS + "q1 0 d1 1\n", r"qrels/test\.tsv:4: 1 column; "),
        (
            "qrels/test.tsv",
            QRELS + "q1\td1\t0.5\n",
            r"qrels/test\.tsv:4: the relevance is '0\.5'; a whole number",
        ),
        (
            "qrels/test.tsv",
            "q1\td1\thigh\n",
            r"qrels/test\.tsv:1: the relevance is 'high'; a whole number is needed$",
        ),
        (
            "qrels/test.tsv",
            QRELS + QRELS,
            r"qrels/test\.tsv:4: the relevance is 'score'; a whole number is needed$",
        ),
        (
            "qrels/test.tsv",
            QRELS + "q1\td9\t1\n",
            r'qrels/test\.tsv:4: document id "d9" is not in the corpus; fix',
        ),
        (
            "qrels/test.tsv",
            QRELS + "q9\td1\t1\n",
            r'qrels/test\.tsv:4: query id "q9" is not in the queries; fix',
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(folder, write, name, content, message):
    write(f"set/{name}", content)

    fails(folder, f"^{message}", LoadOptions(split="test", empty_texts="error"))


def test_whole_relevances_may_be_written_with_a_point(folder, write):
    write("set/qrels/test.tsv", QRELS + "q2\td1\t2.0\n")

    assert load(str(folder), OPTIONS).judgments.relevance.tolist() == [1, 0, 2]


@pytest.mark.parametrize("kind", ["jsonl", "json.gz", "parquet"])
def test_judgments_as_a_table(folder, write, contents, kind):
    judged = [
        {"corpus-id": "d1", "query-id": "q1", "score": 1},
        {"corpus-id": "2", "query-id": "q1", "score": 0},
    ]
    if kind == "parquet":
        for place, row in enumerate(judged):
            pq.write_table(
                pa.Table.from_pylist([row]), folder / "qrels" / f"dev-0000{place}-of-00002.parquet"
            )
    else:
        write(f"set/qrels/dev.{kind}", judged)

    assert contents(load(str(folder), LoadOptions(split="dev")))["judgments"] == {
        ("q1", "d1", 1),
        ("q1", "2", 0),
    }
    fails(folder, r"there is no qrels/train\.tsv; splits found: dev, test; choose one", LoadOptions())


def test_two_tables_of_judgments(folder, write):
    write("set/qrels/dev.jsonl", [])
    write("set/qrels/dev.json", [])

    fails(folder, r"qrels/dev\.tsv; dev\.json, dev\.jsonl are all there; keep one$", LoadOptions(split="dev"))


def test_what_is_there_in_place_of_judgments(folder, write):
    (folder / "qrels" / "test.tsv").rename(folder / "qrels" / "test.txt")

    fails(folder, r"splits found: none; in qrels: test\.txt$")
