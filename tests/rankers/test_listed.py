"""What a source lists as not relevant, as a ranker's lists."""

import numpy as np
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.rankers.listed import Listed
from hardneg.testing import collection

KNOWN = collection(
    {name: f"text of {name}" for name in "abcd"}, {"q": "what", "r": "who"},
    [("q", "a", 1), ("q", "d", 0), ("q", "b", 0), ("r", "c", 1)],
)  # fmt: skip
QUERIES = np.array([0, 1], np.int32)


@pytest.fixture
def opened(tmp_path):
    return Listed().open(KNOWN, Context(tmp_path))


def test_it_retrieves_them_in_the_source_s_order(opened):
    docs, scores = opened.search(QUERIES, 3)
    assert [KNOWN.documents.ids(row[row >= 0]) for row in docs] == [["d", "b"], []]
    assert scores[0, :2].tolist() == [1, 1] and np.isnan(scores[0, 2]) and np.isnan(scores[1]).all()


def test_a_depth_cuts_the_list(opened):
    docs, _ = opened.search(QUERIES[:1], 1)
    assert docs.tolist() == [[3]]


def test_all_else_has_no_score(opened):
    scores = opened.score(QUERIES, np.tile(np.arange(4, dtype=np.int32), (2, 1)))
    assert scores[0].tolist() == pytest.approx([np.nan, 1, np.nan, 1], nan_ok=True)
    assert np.isnan(scores[1]).all() and opened.facts["listed"] == 2


def test_its_name_is_what_the_ledger_has():
    assert RANKERS.make("listed:mined") == Listed(name="mined")
    assert (Listed().scored, Listed().reads_texts) == (False, False)
