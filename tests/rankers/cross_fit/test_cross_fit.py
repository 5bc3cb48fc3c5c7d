"""A cross-encoder trained on the collection: no query is scored by a model that knows its labels."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS, Context
from hardneg.core.errors import ConfigError
from hardneg.core.progress import NullProgress
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.cross_fit import CrossFit, CrossFittedScorer, fitting
from hardneg.rankers.cross_fit.fitting import FitSettings, fitted
from hardneg.rankers.cross_fit.training_pairs import TrainingPairs, training_pairs
from hardneg.rankers.dense.models import load_model
from hardneg.testing import FakeRanker, collection
from tests import tiny
from tests.cli.test_cli import run

COUNT = 66


def answered(count=COUNT):
    """Returns a collection in which the query's word stands twice in its positive, and once in two others."""
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(count)]
    documents = {f"p{n}": f"{word} {word}" for n, word in enumerate(words)}
    documents |= {f"o{n}": f"{word} xx {words[n - 1]}" for n, word in enumerate(words)}
    queries = {f"q{n}": word for n, word in enumerate(words)}
    return collection(documents, queries, [(f"q{n}", f"p{n}", 1) for n in range(count)])


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return str(tiny.cross_encoder(tmp_path_factory.mktemp("base")))


def rankers(known, tmp_path):
    return {"bm25": Bm25().open(known, Context(tmp_path))}


def test_pairs_are_positives_and_what_is_found_beside_them(tmp_path):
    known = answered()
    pairs = training_pairs(known, rankers(known, tmp_path), NullProgress())
    assert (pairs.queries[:-1] <= pairs.queries[1:]).all()
    positive = known.judgments.relevant.has(pairs.queries, pairs.docs[:, None])[:, 0]
    assert (positive == (pairs.labels == 1)).all() and positive.sum() == COUNT
    names = known.documents.ids(pairs.docs[pairs.queries == 5])
    assert names[0] == "p5" and {"o5", "o6"} <= set(names), "all that BM25 finds, and any other"
    again = training_pairs(known, rankers(known, tmp_path), NullProgress())
    assert (again.docs == pairs.docs).all()
    assert set(pairs.of(np.array([3, 5], np.int32)).queries.tolist()) == {3, 5}


def test_blocks_have_a_row_for_each_query():
    pairs = TrainingPairs(*map(np.array, ([2, 2, 7], [10, 11, 12], [1.0, 0.0, 1.0])))
    [(queries, docs, labels)] = pairs.blocks(8)
    assert queries.tolist() == [2, 7] and docs.tolist() == [[10, 11], [12, -1]]
    assert labels[0].tolist() == [1, 0] and labels[1, 0] == 1 and np.isnan(labels[1, 1])


def test_each_query_is_scored_by_the_model_of_its_fold_and_the_auc_is_out_of_fold():
    known = collection({"a": "x", "b": "y", "c": "z"}, {"q": "1", "r": "2"}, [("q", "a", 1), ("r", "b", 1)])
    folds = [FakeRanker([[3, 2, 1], [9, 9, 9]]), FakeRanker([[7, 7, 7], [5, 5, 8]])]
    opened = [fold.open(known, None) for fold in folds]
    for number, one in enumerate(opened):
        one.facts = {"weights": str(number), "max_length": 8}
    pairs = TrainingPairs(
        np.array([0, 0, 1, 1, 1], np.int32),
        np.array([0, 1, 1, 0, 2], np.int32),
        np.array([1, 0, 1, 0, 0], np.float32),
    )
    fold_of = np.array([0, 1], np.int32)
    scorer = CrossFittedScorer(CrossFit(CrossEncoder("m"), folds=2), known, fold_of, opened, pairs)
    found = scorer.score(np.array([1, 0], np.int32), np.array([[2, 0], [0, 2]], np.int32))
    assert found.tolist() == [[8, 5], [3, 1]]
    assert scorer.facts["trained"]["auc"] == (1 + (0.5 + 0) / 2) / 2  # b ties with a, and c is above it
    assert scorer.facts["weights"] == ["0", "1"] and scorer.facts["model"] == "m"


def test_a_model_is_trained_once_and_again_where_it_is_damaged(base, tmp_path, monkeypatch):
    known, trained = answered(), []
    fit = fitting._fit
    monkeypatch.setattr(fitting, "_fit", lambda *given: trained.append(1) or fit(*given))
    pairs = training_pairs(known, rankers(known, tmp_path), NullProgress())
    given = CrossEncoder(base, max_length=16), FitSettings(1, 1e-3), known, pairs, Context(tmp_path), "train"
    folder = fitted(*given)
    assert fitted(*given) == folder and trained == [1]
    before, after = (load_model("CrossEncoder", str(path), device="cpu") for path in (base, folder))
    assert not np.allclose(before.predict([("aa", "aa aa")]), after.predict([("aa", "aa aa")]), atol=1e-4)
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[:-1])
    assert fitted(*given) == folder and len(trained) == 2
    assert (folder / "model.safetensors").read_bytes() == weights, "the same weights each time"
    fitted(*given[:3], pairs.of(np.arange(9, dtype=np.int32)), *given[4:])
    assert len(trained) == 3, "other labels give another model"


def test_training_learns_what_the_labels_say(base, tmp_path):
    known = answered()
    pairs = training_pairs(known, rankers(known, tmp_path), NullProgress())
    model = load_model("CrossEncoder", base, device="cpu", num_labels=1)
    rows = np.arange(len(pairs.queries))
    before = fitting._losses(model, known, pairs, rows, 1.0).item()
    task = SimpleNamespace(advance=lambda: None)
    fitting._fit(model, FitSettings(6, 5e-3), known, pairs, task)
    assert fitting._losses(model, known, pairs, rows, 1.0).item() < 0.9 * before


def test_too_few_labels_are_one_line(base, beir, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    validator = f"validation.validators=[{{cross-encoder: {{train: true, model: {base}}}}}]"
    more = ("--recipe", "naive", "--ranker", "bm25", "--set", validator, "--quiet")
    run("mine", beir, "--out", tmp_path / "run", *more, expect=2)
    assert capsys.readouterr().err == (
        "hardneg: validation.validators.cross-encoder.train needs 60 queries with a positive, found 7; name "
        "a trained model instead, as in cross-encoder:MODEL\n"
    )


def test_a_default_model_must_be_trained_and_has_no_prompt():
    with pytest.raises(ConfigError, match="train one on the collection's labels"):
        VALIDATORS.make("cross-encoder").check_installed()
    with pytest.raises(ConfigError, match="has no prompt"):
        VALIDATORS.make({"cross-encoder": {"train": True, "prompt": "p"}}).check_installed()


def test_a_run_trains_its_own_and_reports_the_auc(base, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    known = answered()
    rows = [
        {
            "query": known.queries.texts([n])[0],
            "positive": known.documents.texts(known.judgments.positives(n))[0],
        }
        for n in range(COUNT)
    ]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    validator = f"validation.validators=[{{cross-encoder: {{train: true, folds: 2, model: {base}}}}}]"
    more = ("--recipe", "naive", "--ranker", "bm25", "--set", validator, "--set", "validation.calibrate=true")
    for folder in ("run", "again"):
        run("mine", tmp_path / "pairs.jsonl", "--out", tmp_path / folder, *more)
    printed = capsys.readouterr().err
    infos = [json.loads((tmp_path / name / "run.json").read_text()) for name in ("run", "again")]
    trained = infos[0]["validation"]["validators"]["cross_encoder"]["trained"]
    assert infos[0]["fingerprint"] == infos[1]["fingerprint"]
    assert trained["queries"] == COUNT and trained["folds"] == 2 and 0 <= trained["auc"] <= 1
    assert f"{COUNT} queries in 2 folds" in printed and "trained on" in printed
    assert len(list((tmp_path / "cache" / "trained").glob("*/whole.json"))) == 2
