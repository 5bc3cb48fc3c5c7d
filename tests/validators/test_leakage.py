"""Queries and relevant documents of an evaluation set in what is mined."""

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs import ledger
from hardneg.testing import collection
from tests.validators.blocks import CONTEXT, LONG, OTHER, evidence_of, suspected


@pytest.fixture
def evaluation(write):
    """An evaluation set with two queries and their answers, and where it lies."""
    rows = [
        {"query": "What is amber?", "positive": LONG},
        {"query": "who sells amber in the town of Riga", "positive": OTHER},
    ]
    return write("evaluation.jsonl", rows)


TRAINING = {"same": "what is  amber?", "near": "who sells amber in the town of Riga?", "clean": "fjord"}


def trained():
    documents = {"a": LONG.upper(), "b": OTHER + " more", "c": "text of c", "d": "text of d"}
    return collection(
        documents, TRAINING, [("same", "c", 1), ("near", "d", 1), ("clean", "a", 1), ("clean", "b", 0)]
    )


def test_what_leaked_is_told_and_marked(evaluation):
    given = {"leakage": {"evaluation": str(evaluation), "split": "all"}}
    built = trained()
    validator, evidence = evidence_of(given, built)
    assert (
        evidence[:, 0].tolist() == [1, 1, 1] and (0.8 < evidence[:, 1]).all() and (evidence[:, 1] < 1).all()
    )
    assert not evidence[:, 2:].any() and not np.any(suspected(validator, evidence))
    opened = validator.open(built, {}, CONTEXT)
    assert opened.facts["queries"] == {
        "looked_at": 3, "exact": 1, "near": 1, "examples": [TRAINING["near"], TRAINING["same"]],
    }  # fmt: skip
    positives = opened.facts["positives"]
    assert (positives["looked_at"], positives["exact"], positives["near"]) == (3, 1, 0)
    assert opened.facts["dropped_queries"] == 0 and len(opened.refused) == 0


def test_another_text_of_the_same_shingles_is_near_and_not_exact(write):
    evaluation = write("evaluation.jsonl", [{"query": "fjord", "positive": "ab" * 10}])
    given = {"leakage": {"evaluation": str(evaluation), "split": "all"}}
    mined = collection({"p": "text", "n": "ab" * 12}, {"q": "amber"}, [("q", "p", 1)])
    _, evidence = evidence_of(given, mined)
    assert 0.99 < evidence[0, 1] < 1


def test_exact_and_near_queries_are_refused_on_demand(evaluation):
    given = {"leakage": {"evaluation": str(evaluation), "split": "all", "drop_queries": True}}
    mined = trained()
    validator, _ = evidence_of(given, mined)
    opened = validator.open(mined, {}, CONTEXT)
    assert mined.queries.ids(opened.refused) == ["same", "near"] and opened.facts["dropped_queries"] == 2


def test_leaked_queries_are_left_out_on_demand(evaluation, tmp_path):
    leakage = f"{{leakage: {{evaluation: {evaluation}, split: all, drop_queries: true}}}}"
    recipe = Recipe.named("naive", ["format=jsonl", f"validation.validators=[{leakage}]"], rankers=["bm25"])
    result = pipeline.mine(trained(), recipe, tmp_path / "run")
    asked = {row for block in ledger.iterate(tmp_path / "run") for row in block.table["query_id"].to_pylist()}
    assert asked == {"clean"}
    assert result.info["counts"]["queries"] == 1 and result.info["collection"]["queries"] == 3
    assert result.info["validation"]["validators"]["leakage"]["dropped_queries"] == 2


def test_an_evaluation_set_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        evidence_of({"leakage": str(tmp_path / "nothing")}, trained())
