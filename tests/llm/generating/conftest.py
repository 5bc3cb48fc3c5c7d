"""A model that writes what its document says, and a BEIR folder half of whose documents are positives."""

import json
import re

import pytest

from hardneg.llm.generating import generate

DOCUMENT = re.compile(r"<document (\w+)>\n(.*)\n</document \1>", re.DOTALL)
QUERY = re.compile(r"<query (\w+)>\n(.*)\n</query \1>", re.DOTALL)


def asked(request):
    """Returns (field, count, document, query or None) of a request's prompt."""
    prompt = request["messages"][0]["content"]
    field = re.search(r'one field, "(\w+)"', prompt)[1]
    count = int(re.search(r"list of exactly (\d+) strings", prompt)[1])
    query = QUERY.search(prompt)
    return field, count, DOCUMENT.search(prompt)[2], query and query[2]


def echo(request):
    """Answers with texts made of the document: `n7 about birch 1`, `n7 about birch 2`..."""
    field, count, document, _ = asked(request)
    words = document.split()
    return answer(field, [f"{words[-1]} about {words[0]} {n}" for n in range(1, count + 1)])


def answer(field, texts):
    """Returns the answer that is asked for."""
    return json.dumps({field: texts}, ensure_ascii=False)


@pytest.fixture(autouse=True)
def echoed(served):
    served.answer = echo


@pytest.fixture
def written(beir, served, tmp_path):
    """Returns a function that lets the model write for the BEIR folder and gives the summary."""

    def call(source=beir, out=tmp_path / "out", **settings):
        return generate(source, out, served.url, **{"model": "m", **settings})

    return call


def lines(path):
    """Returns the rows of a JSON lines file."""
    return [json.loads(line) for line in path.open(encoding="utf-8")]
