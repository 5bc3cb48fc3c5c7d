"""The page on which people find their files: what stands on it is tried as it stands."""

import json
import re

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load, load_with_or_without_queries
from tests.pages import page
from tests.sources.test_real_layouts import judged

FINDER = page("sources.md").partition("## Find your file")[2].partition("## Files")[0]
ROWS = re.findall(r"^\| `([\[{].*?)` \| (.*?) \| (.*?) ?\|$", FINDER, re.MULTILINE)
TEXTS = [{"docid": "a", "text": "p"}, {"docid": "b", "text": "n"}]
MORE = {
    "classes": [
        {"text": "p", "label": "sports"},
        {"text": "u", "label": "arts"},
        {"text": "v", "label": "arts"},
    ],
    "sts": [{"sentence1": "u", "sentence2": "v", "score": 0.5}],
}
"""Further rows of sources that make nothing of one."""
CONTEXT = "a long text of the document"


def options(cell, folder):
    """Returns the options in a cell of the table."""
    columns = re.findall(r"--column (\w+=\w+)", cell)
    corpus = str(folder / "documents.jsonl") if "--corpus" in cell else None
    settings = {name: float(value) for name, value in re.findall(r"--set load\.(\w+)=(\d+)", cell)}
    return LoadOptions(columns=columns, corpus=corpus, **settings)


def test_the_page_has_rows_to_try():
    assert len(ROWS) == 25 and sum(said.startswith("refused") for _, said, _ in ROWS) == 2


@pytest.mark.parametrize(("row", "said", "add"), ROWS, ids=[row for row, _, _ in ROWS])
def test_a_row_is_read_as_the_page_says(write, tmp_path, row, said, add):
    path = write("train.jsonl", row + "\n")
    write("documents.jsonl", TEXTS)
    if "`train.documents.jsonl`" in said:
        write("train.documents.jsonl", TEXTS)
        write("train.queries.jsonl", [{"query_id": "1", "text": "q"}])
    if said.startswith("documents without queries"):
        built = load_with_or_without_queries(str(path))
        assert len(built.documents) == 1 and len(built.queries) == 0
    elif scheme := re.search(r"SOURCE is `(\w+):FILE`", said):
        path = write("rows.jsonl", [json.loads(row), *MORE[scheme[1]]])
        found = judged(load(f"{scheme[1]}:{path}", options(add, tmp_path)))
        assert found["s" if "sentence1" in row else "t"] == {"t" if "sentence1" in row else "p": 1}
    elif said.startswith("refused"):
        with pytest.raises(DataError):
            load(str(path), options(add, tmp_path))
    else:
        positive = CONTEXT if CONTEXT in row else "p"
        found = judged(load(str(path), options(add, tmp_path)))
        negatives = {"n": 0} if re.search(r'"n"|"b"', row) else {}
        assert found == {"q": {positive: 1, **negatives}}


@pytest.mark.parametrize("header", ["question,answer", "question;answer", "question\tanswer", "Вопрос;Ответ"])
def test_cells_are_read_as_the_page_says(write, tmp_path, header):
    mark = re.search(r"[,;\t]", header)[0]
    assert header in FINDER or mark in ";\t"
    add = FINDER if header.startswith("В") else ""
    columns = re.findall(r"--column (\w+=[А-я]\w+)", add)
    path = write("faq.csv", f"{header}\nq{mark}p\n")
    assert judged(load(str(path), LoadOptions(columns=columns))) == {"q": {"p": 1}}
