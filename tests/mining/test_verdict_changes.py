"""What verdicts that relabel change: counts and examples."""

import json

import hardneg
from hardneg.testing import FakeRanker, collection

KNOWN = collection(
    {"a": "alpha", "b": "beta", "c": "gamma", "copy": "BETA", "d": "delta", "e": "epsilon"},
    {"q": "what is alpha"},
    [("q", "a", 1)],
)
SCORES = [[0.9, 0.8, 0.7, 0.6, 0.5, 0.4]]


def relabelled(tmp_path, *said, negatives=3):
    recipe = hardneg.Recipe.named("naive", rankers=[FakeRanker(SCORES)], negatives=negatives)
    run = hardneg.mine(KNOWN, recipe)
    lines = [{"query_id": "q", "doc_id": doc, "verdict": v, "judge": "m", "grade": g} for doc, v, g in said]
    path = tmp_path / "judgments.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    validators = [{"verdicts": {"file": str(path), "relabel": True}}]
    again = hardneg.Recipe.named(
        "naive", rankers=[FakeRanker(SCORES)], negatives=negatives, validators=validators
    )
    return hardneg.select(run, again)


def test_positives_copies_and_what_answers_in_part(tmp_path):
    """b becomes a positive, its copy that of a positive, c is left out; d and e take their places."""
    run = relabelled(tmp_path, ("b", "relevant", 3), ("c", "partial", 2), ("e", "not_relevant", 1))
    reasons = {row["doc_id"]: (row["decision"], row["reason"]) for row in run.candidates.to_pylist()}
    assert reasons == {
        "a": ("positive", "judged_relevant"),
        "b": ("positive", "relabelled"),
        "c": ("dropped", "partly_relevant"),
        "copy": ("dropped", "duplicate_of_positive"),
        "d": ("negative", "top"),
        "e": ("negative", "top"),
    }
    [example] = run.training_set
    assert [(doc.doc_id, doc.grade) for doc in example.positives] == [("a", None), ("b", 3.0)]
    assert [(doc.doc_id, doc.grade) for doc in example.negatives] == [("d", None), ("e", 1.0)]
    verdicts = run.info["verdicts"]
    assert (verdicts["relabelled"], verdicts["partly_relevant"]) == (1, 1)
    assert (verdicts["negatives_without"], verdicts["removed"], verdicts["added"]) == (3, 3, 2)
    assert [(row["doc_id"], row["was"], row["became"], row["grade"]) for row in run.info["relabelled"]] == [
        ("b", "negative", "positive", 3.0),
        ("c", "negative", "dropped", 2.0),
        ("e", "dropped", "negative", 1.0),
    ]
    assert run.info["relabelled"][0]["document"] == "beta"


def test_judges_of_two_minds_leave_it_out(tmp_path):
    path = tmp_path / "judgments.jsonl"
    run = relabelled(tmp_path, ("b", "relevant", 3))
    path.write_text(
        path.read_text() + '{"query_id": "q", "doc_id": "b", "verdict": "not_relevant", "judge": "ann"}\n'
    )
    again = hardneg.select(run, run.recipe)
    reasons = {row["doc_id"]: row["reason"] for row in again.candidates.to_pylist()}
    assert reasons["b"] == "partly_relevant"


def test_verdicts_without_relabelling_have_no_examples(tmp_path):
    run = relabelled(tmp_path, ("b", "unsure", None))
    assert "verdicts" not in run.info and "relabelled" not in run.info
