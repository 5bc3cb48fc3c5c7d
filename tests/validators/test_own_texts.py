"""The validators that look at texts, ids and judgments, and need no model."""

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.testing import collection
from tests.validators.blocks import evidence_of, suspected, titled

LONG = " ".join(f"word{number}" for number in range(60))
NEAR = LONG.replace("word30 ", "")
OTHER = " ".join(f"term{number}" for number in range(60))


def test_near_duplicates_of_a_positive_and_of_the_query_are_found():
    documents = {"p": LONG, "copy": NEAR, "other": OTHER, "asked": "WHAT is  the colour of amber then"}
    built = collection(documents, {"q": "what is the colour of amber then?"}, [("q", "p", 1)])
    validator, evidence = evidence_of("near-duplicate", built)
    assert evidence[0, 1] > 0.9 and evidence[0, 2] < 0.2 and evidence[0, 3] > 0.8
    assert evidence[0, 0] < 0.2  # the positive itself is compared with other positives, and there is none
    assert suspected(validator, evidence) == [[False, True, False, True]]


def test_a_near_duplicate_among_the_positives_is_hidden_in_turn():
    built = collection({"p": LONG, "r": NEAR, "s": OTHER}, {"q": "amber"}, [("q", d, 1) for d in "prs"])
    _, evidence = evidence_of("near-duplicate", built)
    assert evidence[0, 0] == evidence[0, 1] > 0.9 and evidence[0, 2] < 0.2


RUSSIAN = "Ёжик пошёл в лес за грибами", "ёжик  ПОШЁЛ в лес за грибами!"
CHINESE = "琥珀是一种有机矿物化石树脂", "琥珀是一种有机矿物化石树脂。"


@pytest.mark.parametrize("texts", [RUSSIAN, CHINESE], ids=["ru", "zh"])
def test_near_duplicates_are_found_in_any_script(texts):
    built = collection({"p": texts[0], "n": texts[1], "o": OTHER}, {"q": "amber"}, [("q", "p", 1)])
    _, evidence = evidence_of({"near-duplicate": {"shingle": 3}}, built)
    assert evidence[0, 1] > 0.6 and evidence[0, 2] == 0


CHUNKS = {
    "a#1": ("Amber", "one"), "a#2": ("", "two"), "b#1": ("", "three"), "x": ("amber ", "four"),
    "c-1": ("", "five"), "c-2": ("", "six"),
}  # fmt: skip


def test_chunks_of_a_positives_source_are_flagged_by_id_and_title():
    built = titled(CHUNKS, {"q": "amber"}, [("q", "a#1", 1), ("q", "c-1", 1)])
    validator, evidence = evidence_of("same-source", built)
    assert evidence.tolist() == [[0, 1, 0, 1, 0, 0]]
    assert suspected(validator, evidence) == [[False, True, False, True, False, False]]
    _, evidence = evidence_of({"same-source": {"titles": False, "separators": ["-"]}}, built)
    assert evidence.tolist() == [[0, 0, 0, 0, 0, 1]]
    _, evidence = evidence_of({"same-source": {"separators": []}}, built)
    assert evidence.tolist() == [[0, 0, 0, 1, 0, 0]]


def test_two_positives_of_one_source_vouch_for_each_other():
    built = titled(CHUNKS, {"q": "amber"}, [("q", "a#1", 1), ("q", "a#2", 1)])
    _, evidence = evidence_of({"same-source": {"titles": False}}, built)
    assert evidence.tolist() == [[1, 1, 0, 0, 0, 0]]


DOCS = {name: f"text of {name}" for name in "abcdef"}


def test_positives_of_nearly_the_same_query_are_found():
    queries = {
        "q": "what is the colour of amber stones",
        "r": "what is the colour of amber stone",
        "s": "fjord",
    }
    built = collection(DOCS, queries, [("q", "a", 1), ("r", "b", 1), ("s", "c", 1)])
    validator, evidence = evidence_of("sibling-positives", built)
    assert evidence[0, 1] == evidence[1, 0] > 0.8
    assert evidence[0, [0, 2, 3]].tolist() == [0, 0, 0] and not evidence[2].any()
    assert suspected(validator, evidence)[0] == [False, True, False, False, False, False]


def test_positives_of_a_query_that_shares_positives_are_found():
    # q has a, b; r has a, c; s has a, b, d. Leaving c out, q and r share one of two; leaving d out,
    # q and s have the same positives.
    judgments = [("q", d, 1) for d in "ab"] + [("r", d, 1) for d in "ac"] + [("s", d, 1) for d in "abd"]
    built = collection(DOCS, {"q": "amber", "r": "fjord", "s": "grove"}, [*judgments, ("q", "e", 0)])
    _, evidence = evidence_of("sibling-positives", built)
    assert evidence[0, 2] == 0.5 and evidence[0, 3] == 1 and evidence[0, 4] == 0
    # q's own a, hidden, is a positive of r, which then shares nothing, and of s, which shares b of b and d.
    assert evidence[0, 0] == 0.5


def test_a_lone_shared_positive_does_not_vouch_for_itself():
    built = collection(DOCS, {"q": "amber", "r": "fjord"}, [("q", "a", 1), ("r", "a", 1), ("r", "b", 1)])
    _, evidence = evidence_of("sibling-positives", built)
    assert evidence[0, :2].tolist() == [0, 1]
    assert evidence[1, :2].tolist() == [0, 0]


def test_a_document_that_answers_everything_makes_no_siblings(monkeypatch):
    monkeypatch.setattr("hardneg.validators.sibling_positives._MAX_QUERIES", 1)
    built = collection(DOCS, {"q": "amber", "r": "fjord"}, [("q", "a", 1), ("r", "a", 1), ("r", "b", 1)])
    _, evidence = evidence_of("sibling-positives", built)
    assert not evidence.any()


@pytest.fixture
def evaluation(write):
    """An evaluation set with two queries and their answers, and where it lies."""
    rows = [
        {"query": "What is amber?", "positive": LONG},
        {"query": "who sells amber in the town of Riga", "positive": OTHER},
    ]
    return write("evaluation.jsonl", rows)


@pytest.fixture
def write(tmp_path):
    import json

    def written(name, rows):
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return path

    return written


TRAINING = {"same": "what is  amber?", "near": "who sells amber in the town of Riga?", "clean": "fjord"}


def trained():
    documents = {"a": LONG.upper(), "b": OTHER + " more", "c": "text of c", "d": "text of d"}
    return collection(documents, TRAINING, [("same", "c", 1), ("near", "d", 1), ("clean", "a", 1)])


def test_what_leaked_is_told_and_marked(evaluation):
    given = {"leakage": {"evaluation": str(evaluation), "split": "all"}}
    built = trained()
    validator, evidence = evidence_of(given, built)
    assert (
        evidence[:, 0].tolist() == [1, 1, 1] and (0.8 < evidence[:, 1]).all() and (evidence[:, 1] < 1).all()
    )
    assert not evidence[:, 2:].any() and not np.any(suspected(validator, evidence))
    from tests.validators.blocks import CONTEXT

    opened = validator.open(built, {}, CONTEXT)
    assert opened.facts["queries"] == {
        "looked_at": 3, "exact": 1, "near": 1, "examples": [TRAINING["near"], TRAINING["same"]],
    }  # fmt: skip
    positives = opened.facts["positives"]
    assert (positives["looked_at"], positives["exact"], positives["near"]) == (3, 1, 0)
    assert opened.facts["dropped_queries"] == 0 and len(opened.refused) == 0


def test_leaked_queries_are_left_out_on_demand(evaluation, tmp_path):
    from hardneg.mining import pipeline
    from hardneg.mining.recipe import Recipe
    from hardneg.runs import ledger

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
