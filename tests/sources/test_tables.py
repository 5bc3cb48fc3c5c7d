from __future__ import annotations

import csv
import gzip
import io
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardneg.core.errors import DataError
from hardneg.sources import load
from hardneg.sources.columns import one_of
from hardneg.sources.tables import id_of, is_table, optional_text, relevance_of, rows, text_of

FIELD = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\t\n\r"), min_size=1, max_size=30
).filter(str.strip)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


def as_csv(header, table, delimiter, quoting):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting).writerows([header, *table])
    return out.getvalue()


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.csv.zst"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(table=st.lists(st.tuples(TEXT, TEXT)))
def test_any_text_comes_back_from_csv(write, name, quoting, mark, table):
    path = write(name, mark + as_csv(["x", "y"], table, ",", quoting))

    given = [row for row in table if "".join(row).strip()]
    assert [(row["x"], row["y"]) for _, row in rows(path)] == given


@pytest.mark.parametrize("name", ["a.tsv", "a.tsv.zst"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(table=st.lists(st.tuples(FIELD, FIELD)))
def test_any_text_comes_back_from_a_tsv_file_as_it_stands(write, name, table):
    path = write(name, "".join(f"{x}\t{y}\n" for x, y in [("x", "y"), *table]))

    given = [row for row in table if "".join(row).strip()]
    assert [(row["x"], row["y"]) for _, row in rows(path)] == given


def test_quotes_of_a_tsv_file_are_text_and_merge_no_rows(write):
    table = 'query\tpositive\n"tall building\ta tall building\nlobby"\tan entrance\n"a ""b"""\tc\n'
    notes = Counter()
    read = [(row["query"], row["positive"]) for _, row in rows(write("a.tsv", table), notes=notes)]
    assert read == [('"tall building', "a tall building"), ('lobby"', "an entrance"), ('"a ""b"""', "c")]
    assert notes == {"fields_in_quotes": 1}


@pytest.mark.parametrize(
    ("separator", "note"),
    [(";", "columns_separated_by_semicolons"), ("\t", "columns_separated_by_tabs"), (",", None)],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_of_spreadsheets(write, separator, note, ending):
    table = [["question", "answer"], ["how; or, why", 'a "quoted" word'], ["None", ""], ["NA", "Sodium"]]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=ending).writerows(table)
    notes = Counter()
    read = [[row["question"], row["answer"]] for _, row in rows(write("a.csv", out.getvalue()), notes=notes)]
    assert read == table[1:] and notes == ({note: 1} if note else {})


def test_another_encoding_is_refused_with_the_command_that_converts(write):
    text = "question,answer\nкак сбросить пароль,Нажмите на ссылку под полем пароля.\n"
    with pytest.raises(
        DataError, match=r"a\.csv:2: the text is not UTF-8 .*iconv -f cp1251 -t UTF-8 FILE > NEW$"
    ):
        list(rows(write("a.csv", text.encode("cp1251"))))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "cp1251"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv.gz", "a.jsonl"])
def test_another_encoding_is_read_with_a_note_where_it_is_certain(write, name, encoding):
    answer = "Нажмите «забыли пароль» на странице входа и введите адрес почты"
    table = [{"query": f"как сбросить пароль номер {n}", "pos": f"{answer} {n}"} for n in range(30)]
    mark = "," if "csv" in name else "\t"
    lines = [mark.join(row.values()) for row in table]
    text = "\n".join(json.dumps(row, ensure_ascii=False) for row in table)
    text = text if "json" in name else "\n".join([mark.join(table[0]), *lines])
    path, notes = write(name, text.encode(encoding)), Counter()

    assert [row for _, row in rows(path, notes=notes)] == table
    assert notes[f"read_as_{encoding.replace('-', '_')}"] == 1


def test_files_are_told_by_their_first_bytes(tmp_path):
    pq.write_table(pa.table({"n": [1]}), tmp_path / "a.jsonl")
    (tmp_path / "b.csv").write_bytes(gzip.compress(b"n\n1\n"))
    (tmp_path / "c.parquet").write_bytes(b"n\n1\n")
    (tmp_path / "d.csv").write_bytes(b"PK\x03\x04...")

    assert [row for _, row in rows(tmp_path / "a.jsonl")] == [{"n": 1}]
    assert [row for _, row in rows(tmp_path / "b.csv")] == [{"n": "1"}]
    with pytest.raises(DataError, match=r"^c\.parquet: the name says Parquet, but the file does not begin"):
        list(rows(tmp_path / "c.parquet"))
    with pytest.raises(DataError, match=r"^d\.csv: it is a ZIP archive or an Excel workbook"):
        list(rows(tmp_path / "d.csv"))


@pytest.mark.parametrize("name", ["a.jsonl", "a.json.gz", "a.ndjson.zst"])
@pytest.mark.parametrize("ascii_only", [True, False])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(table=st.lists(st.dictionaries(TEXT, TEXT)))
def test_any_text_comes_back_from_json_lines(write, name, ascii_only, table):
    path = write(name, "\r\n".join(json.dumps(row, ensure_ascii=ascii_only) for row in table))

    assert [row for _, row in rows(path)] == table


def test_parquet_rows(tmp_path):
    table = {"text": ["ж", None], "neg": [["a"], []], "n": [1, 2]}
    pq.write_table(pa.table(table), tmp_path / "a.parquet")

    assert list(rows(tmp_path / "a.parquet")) == [
        ("a.parquet: row 1", {"text": "ж", "neg": ["a"], "n": 1}),
        ("a.parquet: row 2", {"text": None, "neg": [], "n": 2}),
    ]


def test_a_row_is_where_it_begins(write):
    path = write("a.csv", 'x,y\n1,"two\nlines"\n\n3,4\n')

    assert [where for where, _ in rows(path)] == ["a.csv:2", "a.csv:5"]


def test_fields_of_any_length(write):
    long = "x" * 500_000

    assert next(rows(write("a.csv", f"x,y\n{long},b\n")))[1]["x"] == long


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", '{"a": 1}\n{"a": 1', r"a\.jsonl:2: broken JSON: it ends too early, at character 8"),
        ("a.jsonl", "[" * 100_000 + "]" * 100_000, r"a\.jsonl:1: broken JSON: it is nested too deeply"),
        ("a.jsonl", '{"a": ' + "9" * 5000 + "}", r"a\.jsonl:1: broken JSON: a number has too many digits$"),
        (
            "a.jsonl",
            "3\n",
            r"a\.jsonl:1: each row needs a JSON object, or a list of query, .*, found a number$",
        ),
        ("a.json", "[[1]]", r"a\.json:1: each row needs a JSON object, .*, found a list$"),
        ("a.csv", "x,y\n1,2\n1\n", r"a\.csv:3: 1 column, but the header has 2: x, y$"),
        ("a.tsv", "x\ty\n1\t2\t3\n", r"a\.tsv:2: 3 columns, but the header has 2: x, y$"),
        ("a.csv", "x,x\n", r"a\.csv:1: the header names a column twice: x$"),
        ("a.csv", 'x,y\n1,2\n"bare" quote,3\n', r"a\.csv:3: a quoted field is not closed, or goes on"),
        ("a.csv", 'x,y\n"open,3\n4,5\n', r"a\.csv:2: a quoted field is not closed, or goes on"),
        ("a.parquet", "PAR1 no", r"a\.parquet: the Parquet file is damaged or cut off$"),
        ("a.xlsx", "", r".*a\.xlsx: the name should end with one of \.jsonl, .*, \.parquet"),
    ],
)
def test_what_is_broken_is_told_with_its_place(write, name, content, message):
    with pytest.raises(DataError, match=f"^{message}") as raised:
        list(rows(write(name, content)))
    assert "\n" not in str(raised.value)


def test_is_table(tmp_path):
    names = ["a.jsonl", "a.CSV.gz", "a.parquet", "a.txt", "a.gz", "jsonl"]

    assert [is_table(tmp_path / name) for name in names] == [True, True, True, False, False, False]


@pytest.mark.parametrize(
    ("value", "relevance"),
    [(2, 2), ("2", 2), (" -1\r", -1), (1.0, 1), ("1.0", 1), ("1.", 1), ("+3", 3), (True, 1), (False, 0)],
)
def test_a_relevance_is_a_whole_number(value, relevance):
    assert relevance_of(value, "f:1") == relevance


@pytest.mark.parametrize(
    "value", [0.5, "0.5", "high", "", None, [1], "1_0", "٣", float("nan"), 1e20, "9" * 5000]
)
def test_any_other_relevance_is_told(value):
    with pytest.raises(DataError, match=r"^f:1: the relevance is .*; a whole number is needed$"):
        relevance_of(value, "f:1")


def test_texts_are_strings():
    assert text_of({"a": "x"}, "a", "f:1", "") == "x"
    with pytest.raises(DataError, match=r'^f:1: "a" is missing; needs it$'):
        text_of({"a": None}, "a", "f:1", "needs it")
    with pytest.raises(DataError, match=r'^f:1: "a" is a list; a string is needed$'):
        text_of({"a": ["x"]}, "a", "f:1", "")


def test_ids_are_strings_or_whole_numbers():
    assert id_of({"a": "x"}, "a", "f:1", "") == "x"
    assert id_of({"a": 7}, "a", "f:1", "") == "7"
    with pytest.raises(DataError, match=r'^f:1: "a" is missing; needs it$'):
        id_of({}, "a", "f:1", "needs it")
    for value, kind in ((True, "a boolean"), (1.5, "a number"), ({}, "an object")):
        with pytest.raises(DataError, match=rf'^f:1: "a" is {kind}; an id is a string or a whole number$'):
            id_of({"a": value}, "a", "f:1", "")


def test_optional_texts_are_empty_without_a_value():
    assert [optional_text(row, "a", "f:1") for row in ({}, {"a": None}, {"a": "x"})] == ["", "", "x"]
    with pytest.raises(DataError, match=r'^f:1: "a" is a number; a string is needed$'):
        optional_text({"a": 1}, "a", "f:1")


def test_one_of_several_columns():
    assert one_of(["Query", "x"], ("query", "anchor"), "query", "f:1") == "Query"
    assert one_of(["x"], ("query", "anchor"), "query", "f:1") is None
    with pytest.raises(DataError) as raised:
        one_of(["query", "x", "Anchor"], ("query", "anchor"), "query", "f:1")
    assert str(raised.value) == (
        "f:1: query and Anchor could each be the query; choose one with --column query=query. "
        "Columns found: query, x, Anchor; accepted for it: query, anchor"
    )


@pytest.mark.parametrize(
    ("name", "content", "counts"),
    [
        ("a.csv", 'query,positive\n"a\nb",c\nd,e\n', {"lines": 4, "rows": 2}),
        ("a.tsv", 'query\tpositive\n"a\tb\nc"\td\n', {"lines": 3, "rows": 2}),
        ("a.json", '[{"query": "a",\n"positive": "b"},\n["c", "d"]]', {"lines": 3, "rows": 2}),
    ],
)
def test_lines_and_rows_are_counted(write, name, content, counts):
    assert load(str(write(name, content))).files == {name: counts}


def test_lists_are_a_query_its_positive_and_negatives(write):
    read = [row for _, row in rows(write("a.jsonl", '["q", "p"]\n["r", "s", "t", "u"]\n'))]
    assert read == [
        {"query": "q", "positive": "p"},
        {"query": "r", "positive": "s", "negative_1": "t", "negative_2": "u"},
    ]


@pytest.mark.parametrize(("line", "read"), [("c;d;;", True), ("c;d;;e", False), ("c;d;", True), ("c", False)])
def test_columns_at_the_end_without_a_name_or_a_value_are_none(write, line, read):
    path = write("a.csv", f"query;positive;;\n;;;\na;b;;\n{line}\n ;;;\n\n")
    if read:
        assert [list(row) for _, row in rows(path)] == [["query", "positive"]] * 2
    else:
        with pytest.raises(
            DataError, match=r"^a\.csv:4: \d columns?, but the header has 2: query, positive$"
        ):
            list(rows(path))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_file_without_a_header_is_told_what_it_lacks(write, name):
    mark = "," if name == "a.csv" else "\t"
    path = write(name, f"what is amber{mark}a resin\nwhat is jet{mark}wood\n")
    with pytest.raises(
        DataError, match=r"; if these are no names of columns, put a line of names before them$"
    ):
        load(str(path))
