"""Cells that stand for a list, an object or nothing: read as JSON, or refused with the row."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load
from hardneg.sources.cells import Cells, check_text, decoded

LISTS = ["['a', 'b']", "['a' 'b']", "[u'a', ]", "array(['a'], dtype=object)", "[['a']]", "[\n 'a'\n]"]
TEXTS = ["[deleted]", "[1] says so", "[[Amber]]", "a ['b']", "(a)", "Nan", "none", "0.5", "{x} is", "[a, b]"]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ('["a", "b"]', ["a", "b"]),
        ("[]", []),
        ("[0.5, 1]", [0.5, 1]),
        ("null", None),
        ("5", "5"),
        ('"a"', '"a"'),
    ]
    + [(text, text) for text in ["['a']", "[deleted]", "[0.5, nan]", '{"a": 1}', "[" * 9999 + "]"]],
)
def test_cells_that_are_lists_or_null_in_json_are_read_so(cell, value):
    assert decoded(Cells(x=cell), "line 1") == {"x": value}
    assert decoded({"x": cell}, "line 1") == {"x": cell}


def test_a_cell_of_very_many_values_is_refused():
    with pytest.raises(DataError, match=r"^line 1: the row has more than 1,000,000 values$"):
        decoded(Cells(x=f"[{'1,' * 1_000_001}1]"), "line 1")


@pytest.mark.parametrize("text", LISTS)
def test_lists_that_are_no_json_are_refused(text):
    for row, typed in ((Cells(x=text), False), ({"x": text}, True)):
        with pytest.raises(
            DataError, match='^line 1: "x" is .*, which stands for a list; write it in JSON'
        ) as caught:
            check_text(row, "x", text, "line 1", typed=typed)
        assert "\n" not in str(caught.value)
    check_text({"x": text}, "x", text, "line 1")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        *(
            (text, "nothing; leave the cell empty")
            for text in ("nan", " NaN ", "None", "NULL", "<NA>", "#N/A")
        ),
        *((text, "an object; give its text alone") for text in ('{"a": 1}', "{'a': 1}", "{}")),
        *((text, "a list; ") for text in ("[]", "[1, 2.5]", "[1 2]")),
    ],
)
def test_what_only_cells_may_not_hold(text, what):
    with pytest.raises(DataError, match=f"which stands for {what}"):
        check_text(Cells(x=text), "x", text, "line 1")
    check_text({"x": text}, "x", text, "line 1", typed=True)


def test_long_cells_cost_no_more_than_their_length():
    text = "['a'" + " " * 1_000_000
    for end in ("x", ", x", "'", "] x"):
        check_text(Cells(x=text + end), "x", text + end, "line 1")


@pytest.mark.parametrize("text", TEXTS)
def test_texts_are_texts(text):
    check_text(Cells(x=text), "x", text, "line 1", typed=True)


@pytest.mark.parametrize("name", ["p.csv", "p.tsv"])
def test_lists_in_cells_are_lists(write, contents, name):
    quoted = ('""', '"') if name == "p.csv" else ('"', "")
    header = "query,positive,neg,labels,neg_scores,tags"
    row = ["a", '["one","two"]', '["three"]', "[1,0]", "[0.5]", "['x']"]
    cells = [f"{quoted[1]}{cell.replace(chr(34), quoted[0])}{quoted[1]}" for cell in row]
    split = (lambda cells: ",".join(cells)) if name == "p.csv" else (lambda cells: "\t".join(cells))
    path = write(name, f"{split(header.split(','))}\n{split(cells)}\n")
    wanted = {("q1", "d1", 1), ("q1", "d2", 0), ("q1", "d3", 0)}
    assert contents(load(str(path)))["judgments"] == wanted


@pytest.mark.parametrize(
    ("columns", "cells", "message"),
    [
        (
            "query,positive",
            "a,nan",
            r'"positive" is \'nan\', which stands for nothing; leave the cell empty; if',
        ),
        ("query,positive", "None,b", '"query" is .*JSON lines$'),
        ("query,positive,neg", "a,b,None", '"neg" is '),
        ("query,positive,doc_id", "a,b,nan", '"doc_id" is '),
        ("query,positive,query_id", "a,b,nan", '"query_id" is '),
        ("query,positive", "a,null", "there are no documents"),
        ("query,positive", "a,[]", "there are no documents"),
        ("query,positive", '"[""q""]",b', '"query" is a list; a string is needed'),
        ("query,positive", '"[""a""]","[1,2]"', '"positive" holds a number'),
        ("query,positive", 'a,"[1,2]"', '"positive" holds a number; strings are needed'),
        (
            "query,positive,labels",
            'a,"[""b"",""c""]",[1 0]',
            r"\"labels\" is a text, '\[1 0\]'; a list in JSON is",
        ),
    ],
)
def test_rows_whose_cells_stand_for_something_else_are_refused(write, columns, cells, message):
    with pytest.raises(DataError, match=rf"^p(\.csv:2)?: {message}"):
        load(str(write("p.csv", f"{columns}\n{cells}\n")))


@pytest.mark.parametrize(
    ("column", "cell"), [("text", "nan"), ("title", "None"), ("text", "['a']"), ("id", "nan")]
)
def test_documents_in_cells_are_looked_at_too(write, column, cell):
    row = {"id": "x", "title": "t", "text": "one"} | {column: cell}
    corpus = write("c.csv", f"{','.join(row)}\n{','.join(row.values())}\n")
    with pytest.raises(DataError, match=rf'^c\.csv:2: "{column}" is '):
        load(str(write("p.jsonl", [{"query": "a", "positive": "b"}])), LoadOptions(corpus=str(corpus)))


def test_typed_texts_like_these_are_read_and_counted(write, contents):
    rows = [
        {"query": "a", "positive": "nan"},
        {"query": "b", "positive": ["['x']"]},
        {"query": "c", "pos": "[]"},
    ]
    built = load(str(write("p.jsonl", rows)))
    assert set(contents(built)["documents"].values()) == {"nan", "['x']", "[]"}
    assert built.notes == {"texts_like_nan": 1}
    with pytest.raises(
        DataError, match=r'^p\.jsonl:1: "positive" is .*; if it is the text, put it into a list$'
    ):
        load(str(write("p.jsonl", [{"query": "b", "positive": "['x']"}])))


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_spreadsheet_with_a_row_that_has_no_answer(write, contents, mark, ending):
    rows = ["question,answer", "how to reset,Click on it.", "None,", "NA,Sodium is the element Na.", ""]
    path = write("faq.csv", ending.join(rows).replace(",", mark))
    built = load(str(path))
    assert contents(built) == {
        "documents": {"d1": "Click on it.", "d2": "Sodium is the element Na."},
        "queries": {"q1": "how to reset", "q2": "NA"},
        "judgments": {("q1", "d1", 1), ("q2", "d2", 1)},
    }
    assert built.notes["skipped_empty_positives"] == 1
    with pytest.raises(DataError, match=r'^faq\.csv:3: "answer" is missing or empty; each row needs a pos'):
        load(str(path), LoadOptions(strict=True))
    write("faq.csv", ending.join([*rows[:2], "None,Not known."]).replace(",", mark))
    with pytest.raises(DataError, match=r"^faq\.csv:3: \"question\" is 'None', which stands for nothing;"):
        load(str(path))
