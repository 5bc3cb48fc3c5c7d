"""A mined run, and a served model that judges it."""

import re

import pytest

from hardneg.core import verdicts
from hardneg.llm.judging import judge
from tests.cli.test_cli import run


@pytest.fixture(autouse=True)
def graded_by_number(served):
    served.grade = lambda query, document, model: f"Grade: {number(document) % 4}"


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
