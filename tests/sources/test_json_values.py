from __future__ import annotations

import json
from collections import Counter

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.json_values import json_values

ROWS = [{"query": 'a "[{,', "pos": ["one", "tw]o"]}, {"query": "b\\", "pos": []}]


def values(write, text, name="a.json"):
    return list(json_values(write(name, text), name, Counter()))


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(map(json.dumps, ROWS)),
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        f"\n [\n{json.dumps(ROWS[0])}\n,\n{json.dumps(ROWS[1])}\n]\n\n",
        "\n".join(json.dumps(row, indent=4) for row in ROWS),
        ",\n".join(json.dumps(row, indent="\t") for row in ROWS),
    ],
)
def test_objects_come_one_by_one(write, text):
    assert [value for _, value in values(write, text)] == ROWS


def test_the_place_is_the_line_where_an_object_begins(write):
    assert values(write, '[\n{"a":\n1}, {"a": 2},\n{\n"a": 3}]\n') == [
        ("a.json:2", {"a": 1}),
        ("a.json:3", {"a": 2}),
        ("a.json:4", {"a": 3}),
    ]
    assert values(write, "[]") == values(write, "") == values(write, "\n[ ]\n") == []


@pytest.mark.parametrize("orient", ["columns", "index", "records", "split", "table"])
@pytest.mark.parametrize("indent", [None, 2])
def test_what_pandas_writes(write, orient, indent):
    pandas = pytest.importorskip("pandas")
    table = [{"query": "a", "positive": "one"}, {"query": "b", "positive": "two"}]

    text = pandas.DataFrame(table).to_json(orient=orient, indent=indent)

    wanted = [{**row, "index": n} for n, row in enumerate(table)] if orient == "table" else table
    assert [value for _, value in values(write, text)] == wanted


def test_objects_of_objects_are_no_frame(write):
    row = {"positive": {"id": "a"}, "negative": {"id": "b"}}
    assert values(write, json.dumps(row)) == [("a.json:1", row)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"a": 1},\n{"a": 2}', "a.json:2: broken JSON: a bracket is not closed; is the file cut off?"),
        ('[{"a": 1},\n{"a": \n', "a.json:2: broken JSON: a bracket is not closed; is the file cut off?"),
        ('[{"a": 1} x\n]', "a.json:1: broken JSON: 'x' where an object is needed"),
        ("[\n1,\n2]", "a.json:2: broken JSON: '1' where an object is needed"),
        ('["a"]', "a.json:1: broken JSON: '\"a\"' where an object is needed"),
        ('[{"a": 1}]]', "a.json:1: broken JSON: ']' where an object is needed"),
        ('[{"a": 1}]\n{"a": 2}', "a.json:2: broken JSON: '{' where an object is needed"),
        ('[\n{"a": 1,}]', "a.json:2: broken JSON: "),
        ('{"a": 1\n{"a": 2}', "a.json:1: broken JSON: a bracket is not closed; is the file cut off?"),
        ('{"a": "1\n{"a": 2}', "a.json:1: broken JSON: "),
        ('{"a":\n1}\n}', "a.json:3: broken JSON: '}' where an object is needed"),
    ],
)
def test_what_is_broken_is_told_with_its_place(write, text, message):
    with pytest.raises(DataError) as raised:
        values(write, text)
    assert str(raised.value).startswith(message)


def test_an_object_over_several_lines_has_a_limit(write, monkeypatch):
    monkeypatch.setattr("hardneg.sources.json_values.LONGEST", 30)
    with pytest.raises(DataError, match=r"^a\.json:2: broken JSON: the value is longer than 30 characters"):
        values(write, '[\n{"a": "' + "x" * 20 + '",\n"b": "' + "x" * 20 + '"\n}]')


def test_a_large_array_is_read_in_linear_time(write):
    rows = [{"query": f"q{n}", "positive": "text " * 20} for n in range(5_000)]
    assert [value for _, value in values(write, json.dumps(rows, indent=1))] == rows


@pytest.mark.parametrize(
    "text", ['["a", "b"]\n["c, d", "[e"]\n', '[["a", "b"], ["c, d", "[e"]]', '[["a", "b"],\n["c, d", "[e"]]']
)
def test_lists_of_texts_are_values_a_line_each_or_in_one_array(write, text):
    assert [value for _, value in values(write, text)] == [["a", "b"], ["c, d", "[e"]]
