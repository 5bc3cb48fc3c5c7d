"""Runs of a source that brings scores: nothing is encoded, teachers are combined, scores are scaled."""

import json

import numpy as np
import pytest

import hardneg
from hardneg.core.errors import ConfigError

WORDS = "amber birch cedar delta ember fjord grove heath inlet knoll larch marsh".split()


def row(number):
    """A query with a positive and eleven candidates, whose order the teachers turn round."""
    candidates = [f"{word} {number}" for word in WORDS[1:]]
    return {
        "query": f"what is {number}",
        "pos": [f"{WORDS[0]} {number}"],
        "neg": candidates,
        "scores": [0.9, *np.linspace(0.8, 0.3, 11).round(2).tolist()],
        "scores_ce": [4.0, *np.linspace(-6, 3.0, 11).round(2).tolist()],
    }


ROWS = [row(number) for number in range(30)]
BOTH = ["given:scores", "given:scores_ce"]


def mined(*overrides, rankers=("given:scores",), recipe="distil", rows=ROWS, **changes):
    chosen = hardneg.Recipe.named(recipe, overrides, rankers=list(rankers), **changes)
    return hardneg.mine(hardneg.Collection.of(rows), chosen)


def kinds(run):
    return [warning["kind"] for warning in run.info["warnings"]]


def test_distil_draws_from_the_whole_range():
    run = mined("select.negatives=2")
    for example in run.training_set:
        high, low = (doc.score for doc in example.negatives)
        assert high >= 0.5 > low or high >= 0.55  # one of each half of eleven
    assert run.info["scores"] == {
        "ranker": "given", "scale": "raw", "low": pytest.approx(0.3, abs=0.15), "high": pytest.approx(0.9),
    }  # fmt: skip


@pytest.mark.parametrize(("how", "first"), [("mean", (0.9 + 4) / 2), ("min", 0.9)])
def test_teachers_become_one(how, first):
    run = mined(f"select.ensemble={how}", rankers=BOTH)
    table = run.candidates
    assert {f"score.{how}", f"positive.{how}", "score.given", "score.given_2"} <= {*table.column_names}
    assert run.scorer == how and next(iter(run.training_set)).positives[0].score == pytest.approx(first)
    again = run.select(hardneg.Recipe.named("naive", ["select.ensemble=min"], ranked_by=run.recipe))
    assert again.scorer == "min" and len(list(again.training_set)) == 30


def test_ranks_are_those_of_the_combined_scores():
    run = mined("select.ensemble=zscore", rankers=BOTH, draw="top", negatives=1)
    for example in run.training_set:
        table = run.candidates.filter(
            run.candidates["query_id"].to_numpy(zero_copy_only=False) == example.query_id
        ).to_pylist()
        best = max(
            (each for each in table if each["decision"] != "positive"), key=lambda r: r["score.zscore"]
        )
        assert example.negatives[0].doc_id == best["doc_id"]


def test_a_teacher_alone_is_no_ensemble():
    with pytest.raises(ConfigError, match="ensemble mean needs two teachers or more, found 1"):
        mined("select.ensemble=mean")


def test_scores_are_written_in_another_scale(tmp_path):
    run = mined("select.scores=z-scores").save(tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run/train.jsonl").read_text().splitlines()]
    assert np.mean(rows[0]["scores"]) == pytest.approx(0, abs=1e-6)
    assert np.std(rows[0]["scores"]) == pytest.approx(1, abs=1e-6)
    card = (tmp_path / "run/README.md").read_text()
    assert "Scores are those of `given`, as z-scores: mean 0 and deviation 1" in card
    assert min(run.candidates["score.given"].to_pylist()) == pytest.approx(0.3)


def test_scores_between_0_and_1_for_losses_of_margins_are_a_warning():
    assert kinds(mined()) == ["squeezed_scores"]
    assert "squeezed_scores" not in kinds(mined(rankers=["given:scores_ce"]))
    assert "squeezed_scores" in kinds(mined("select.scores=probabilities", rankers=["given:scores_ce"]))
    assert "squeezed_scores" not in kinds(mined("select.scores=logits"))
    assert "squeezed_scores" not in kinds(mined(format="pylate"))


def test_scores_that_no_ranker_reads_are_said():
    run = mined(rankers=["bm25"], recipe="naive")
    assert kinds(run) == ["unread_scores"]
    [warning] = run.info["warnings"]
    assert warning["text"].endswith("no ranker reads: --ranker given:scores, given:scores_ce")
    assert run.info["collection"]["scores"] == {"scores": 360, "scores_ce": 360}
    assert kinds(mined(recipe="naive")) == []


def test_a_scored_set_is_cleaned_with_nothing_encoded(tmp_path):
    rows = [{name: value for name, value in row(n).items() if name != "scores_ce"} for n in range(30)]
    rows[0]["scores"][3] = 0.95
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(each) + "\n" for each in rows))
    recipe = hardneg.Recipe.named("clean", rankers=["given:scores", "listed"], rules=["relative-margin"])
    hardneg.clean(path, tmp_path / "out", recipe)
    cleaned = [json.loads(line) for line in (tmp_path / "out/train.jsonl").read_text().splitlines()]
    assert "delta 0" not in cleaned[0]["neg"] and len(cleaned[0]["neg"]) == 10
    assert len(cleaned[0]["scores"]) == 11 and cleaned[1] == rows[1]


def test_what_is_read_alone_is_cleaned_into_another_format(tmp_path):
    data = [{"question": "q", "pos_doc": [{"id": "a", "score": 0.9}], "neg_doc": [{"id": "b", "score": 0.2}]}]
    (tmp_path / "c").mkdir()
    texts = [{"id": name, "text": f"text of {name}"} for name in "ab"]
    (tmp_path / "c/t.jsonl").write_text("".join(json.dumps(each) + "\n" for each in texts))
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"corpus": [{"path": "c"}], "data": data}))
    recipe = hardneg.Recipe.named("clean", rankers=["given:scores", "listed"])
    with pytest.raises(ConfigError, match=r"^t\.json: the layout nemo is read, and not written as it was"):
        hardneg.clean(path, tmp_path / "out", recipe)
