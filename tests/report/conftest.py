"""Runs that reports are made of."""

import pytest

from hardneg import Recipe, mine
from tests.report.runs import validated


@pytest.fixture
def run(beir, tmp_path):
    """A run of two rankers, bm25 twice with other settings, under the default rule."""
    rankers = ["bm25", {"bm25": {"k1": 0.4, "name": "flat"}}]
    recipe = Recipe.named("perc-pos", rankers=rankers, negatives=2, by="bm25")
    mine(str(beir), recipe, tmp_path / "runs" / "run")
    return tmp_path / "runs" / "run"


@pytest.fixture
def full(run):
    """The same after validation, audit and comparison."""
    return validated(run)
