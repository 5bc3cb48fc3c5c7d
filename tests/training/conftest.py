"""A small run to learn from, and tiny students."""

import pytest

from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.testing import collection
from hardneg.training import TrainSettings
from tests import tiny

WORDS = "amber birch cedar delta ember fjord grove heath inlet knoll larch marsh".split()


def texts(n):
    return " ".join(WORDS[(n * step + step) % 12] for step in (1, 3, 7)) + f" n{n}"


@pytest.fixture(scope="session")
def words():
    """24 queries and 40 documents; query n asks for document n."""
    documents = {f"d{n}": texts(n) for n in range(40)}
    queries = {f"q{n}": f"{WORDS[n % 12]} {WORDS[(3 * n + 3) % 12]} q{n}" for n in range(24)}
    return collection(documents, queries, [(f"q{n}", f"d{n}", 1) for n in range(24)])


@pytest.fixture(scope="session")
def mined(words, tmp_path_factory):
    """A run over them with two negatives a query."""
    recipe = Recipe.named("naive", ["rank.rankers=[bm25]", "rank.depth=10", "format=jsonl"], negatives=2)
    return pipeline.mine(words, recipe, tmp_path_factory.mktemp("mined") / "run").folder


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A tiny bi-encoder."""
    return str(tiny.bi_encoder(tmp_path_factory.mktemp("model")))


@pytest.fixture
def settings(models):
    """Quick settings of a static student."""
    return TrainSettings(student=f"static:{models}", batch_size=4, epochs=2, checks=2, dev_queries=5)
