"""Audits of real runs over a collection that is made on the spot: clusters of documents, some labelled."""

import json

import numpy as np
import pytest

from hardneg import auditing
from hardneg.core import verdicts
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.verdicts import Judged, Verdict
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.rankers import vectors
from hardneg.runs.finished import open_run
from hardneg.testing import collection
from tests.cli.test_cli import run as command

QUERIES, RELEVANT, OTHERS = 30, 6, 300
RULE = "suspected-false-negative"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(collection, recipe, truth): of six relevant documents a query three are labelled."""
    random = np.random.default_rng(5)
    folder = tmp_path_factory.mktemp("vectors")
    topics = random.normal(size=(QUERIES, 16))
    docs = np.concatenate([
        np.repeat(topics, RELEVANT, axis=0) + 0.5 * random.normal(size=(QUERIES * RELEVANT, 16)),
        random.normal(size=(OTHERS, 16)),
    ]).astype(np.float32)  # fmt: skip
    np.save(folder / "documents.npy", docs)
    np.save(folder / "queries.npy", (topics + 0.3 * random.normal(size=topics.shape)).astype(np.float32))
    texts = {f"d{n}": f"document number {n}" for n in range(len(docs))}
    judged = [(f"q{q}", f"d{q * RELEVANT + n}", 1) for q in range(QUERIES) for n in range(3)]
    mined = collection(texts, {f"q{q}": f"query number {q}" for q in range(QUERIES)}, judged)
    truth = {(f"q{q}", f"d{q * RELEVANT + n}") for q in range(QUERIES) for n in range(3, RELEVANT)}
    ranker = vectors.Vectors(str(folder), similarity="cosine")
    recipe = {
        "name": "audited",
        "rank": {"rankers": [ranker], "order": "scorer", "depth": 40},
        "validation": {"validators": ["similar-to-positive"], "calibrate": True},
        "select": {"rules": [{RULE: {"maximum": 0.2}}]},
        "format": "jsonl",
    }
    return mined, recipe, truth


@pytest.fixture
def mined(made, tmp_path):
    pipeline.mine(made[0], Recipe.build(made[1]), tmp_path / "run")
    return tmp_path / "run"


def test_probabilities_tell_relevant_documents_from_others(made, mined):
    import pyarrow.parquet as pq

    table = pq.read_table(mined / "ledger").to_pylist()
    known = [(row["p_false_negative"], (row["query_id"], row["doc_id"]) in made[2]) for row in table]
    relevant = [p for p, is_relevant in known if is_relevant and p is not None]
    others = [p for p, is_relevant in known if not is_relevant and p is not None]
    assert np.mean(relevant) > 0.35 and np.mean(others) < 0.05
    assert all(row["p_false_negative"] is None for row in table if row["decision"] == "positive")
    assert {row["weight"] for row in table if row["decision"] == "negative"} != {1.0}


def test_an_audit_gives_rate_hardness_groups_and_curve(made, mined):
    summary = auditing.audit(mined, collection=made[0], target=0.02)
    assert (
        summary["method"] == "hidden_positives" and summary["low"] <= summary["rate"] <= summary["high"] < 0.5
    )
    assert summary["estimates"]["calibrated"]["rate"] < 0.1
    learned = json.loads((mined / "calibration.json").read_text(encoding="utf-8"))["facts"]
    assert summary["discrimination"] == {name: learned[name] for name in ("auc", "auc_first_20")}
    assert 0.5 < summary["discrimination"]["auc_first_20"] < 1
    assert set(summary["by"]) == {"ranker", "rank", "language"}
    assert summary["by"]["ranker"]["vectors"]["count"] == 120
    languages = summary["by"]["language"]
    assert sum(found["count"] for found in languages.values()) == 120
    assert all(found["count"] >= 20 for name, found in languages.items() if name != "other")
    rates = [point["rate"] for point in summary["trade_off"]]
    hardness = [point["hardness"] for point in summary["trade_off"]]
    assert rates == sorted(rates) and hardness == sorted(hardness)
    assert summary["target"]["reached"]["rate"] <= 0.02
    written = json.loads((mined / "audit.json").read_text(encoding="utf-8"))
    assert written.pop("checksum") and written == summary


def test_a_naive_run_has_more_false_negatives(made, mined, tmp_path):
    naive = {**made[1], "select": {}}
    pipeline.mine(made[0], Recipe.build(naive), tmp_path / "naive")
    rates = [auditing.audit(run, collection=made[0])["rate"] for run in (tmp_path / "naive", mined)]
    assert rates[0] > 0.25 > rates[1]


def test_a_judged_sample_comes_first(made, mined):
    assert auditing.draw_sample(mined, 50, collection=made[0]) == 50
    for line in (mined / "audit_sample.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pair = (row["query_id"], row["doc_id"])
        verdict = Verdict.RELEVANT if pair in made[2] else Verdict.NOT_RELEVANT
        verdicts.append(mined / verdicts.FILE, Judged(*pair, verdict, "anna"))
    summary = auditing.audit(mined, collection=made[0])
    assert summary["method"] == "judged_sample" and summary["judged"] == 50
    assert summary["low"] <= summary["rate"] <= summary["high"]


def test_verdicts_decide_again(made, mined, tmp_path):
    first = next(iter(open_run(mined, collection=made[0]).training_set))
    negative = first.negatives[0].doc_id
    path = tmp_path / "verdicts.jsonl"
    verdicts.append(path, Judged(first.query_id, negative, Verdict.RELEVANT, "anna"))
    recipe = Recipe.build({**made[1], "validation": {
        "validators": ["similar-to-positive", {"verdicts": {"file": str(path)}}],
        "calibrate": True, "relabel_above": 0.9}})  # fmt: skip
    result = pipeline.select(open_run(mined, collection=made[0]), recipe, tmp_path / "again")
    again = next(iter(result.training_set))
    assert negative in [positive.doc_id for positive in again.positives]
    assert negative not in [one.doc_id for one in again.negatives]


def test_what_cannot_be_estimated_is_said(beir, tmp_path):
    pipeline.mine(str(beir), Recipe.named("naive", rankers=["bm25"]), tmp_path / "run")
    with pytest.raises(
        DataError, match="no false-negative rate can be estimated.*7 retrieved positives are too few"
    ):
        auditing.audit(tmp_path / "run")
    with pytest.raises(ConfigError, match='unknown method "magic"'):
        auditing.audit(tmp_path / "run", method="magic")
    with pytest.raises(ConfigError, match="1 negative or more"):
        auditing.draw_sample(tmp_path / "run", 0)


def test_a_rate_over_the_limit_exits_with_1(beir, tmp_path, monkeypatch, capsys):
    summary = {
        "rate": 0.2,
        "target": None,
        **dict.fromkeys(("estimates", "hardness", "by", "discrimination"), {}),
    }
    summary["trade_off"] = []
    monkeypatch.setattr(auditing, "audit", lambda folder, **options: summary)
    command("mine", beir, "--out", tmp_path / "run", "--ranker", "bm25", "--quiet")
    command("audit", tmp_path / "run", "--max-fnr", 0.1, "--quiet", expect=1)
    command("audit", tmp_path / "run", "--max-fnr", 0.3, "--json")
    assert json.loads(capsys.readouterr().out)["rate"] == 0.2
