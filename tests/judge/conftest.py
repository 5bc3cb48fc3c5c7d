"""A served model, a mined run, and no waiting."""

import re

import pytest

from hardneg import verdicts
from hardneg.judge import client, judge
from tests.judge.llm import serving
from tests.test_cli import run


@pytest.fixture(autouse=True)
def no_key_and_short_waits(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(client, "backoff", lambda attempt, key: 0.01)


@pytest.fixture
def served():
    with serving() as (llm, url):
        llm.grade = lambda query, document, model: f"Grade: {number(document) % 4}"
        llm.url = url
        yield llm


@pytest.fixture
def mined(beir, tmp_path):
    """A run with 14 negatives, two a query."""
    run(
        "mine",
        beir,
        "--out",
        tmp_path / "run",
        "--recipe",
        "naive",
        "--ranker",
        "bm25",
        "--negatives",
        2,
        "--quiet",
    )
    return tmp_path / "run"


@pytest.fixture
def judged(mined, served):
    """Returns a function that judges the run and gives the summary."""

    def call(**settings):
        return judge(mined, served.url, **{"model": "m", **settings})

    return call


def number(document):
    """Returns the number that each document of the collection ends with."""
    return int(re.search(r"n(\d+)", document)[1])


def said(folder):
    """Returns [(query_id, doc_id, verdict, judge)] of a run's verdicts, in order, as they stand."""
    return [one[:4] for one in verdicts.read(folder / verdicts.FILE)]
