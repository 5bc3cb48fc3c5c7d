"""A run to review, and its server."""

import threading

import pytest

from hardneg import Recipe, mine
from hardneg.review import open_server


@pytest.fixture
def run(beir, tmp_path):
    recipe = Recipe.named("naive", rankers=["bm25"], negatives=3)
    mine(str(beir), recipe, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def server(run, collection):
    with open_server(run, collection, judge="anna", port=0) as opened:
        thread = threading.Thread(target=opened.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield opened
        opened.shutdown()
        thread.join()
