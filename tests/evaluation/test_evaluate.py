"""Systems from rankers, models and files, measured over one collection."""

import json
from dataclasses import replace

import numpy as np
import pytest

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import SAME_CLASS, Neutral
from hardneg.evaluation import evaluate, systems
from hardneg.evaluation.measures import Measure, parse
from hardneg.evaluation.systems import distinct, model_kind, ranker_of, read_run, run_model, search, write_run
from hardneg.testing import FakeRanker, collection
from tests import tiny
from tests.cli.test_cli import run

DOCUMENTS = {"a": "amber", "b": "birch", "c": "cedar"}
QUERIES = {"q1": "one", "q2": "two", "q3": "three"}
JUDGMENTS = [("q1", "a", 1), ("q2", "b", 1), ("q3", "c", 0)]
SMALL = collection(DOCUMENTS, QUERIES, JUDGMENTS)
MRR = Measure("MRR")


def found(*runs, **options):
    return evaluate(SMALL, runs, [MRR], **options)


def test_queries_without_results_count_as_zero_and_are_reported():
    ranker = FakeRanker([[1, 2, 3], [np.nan] * 3, [1, 2, 3]])
    [system] = found(search("fake", ranker, SMALL, 3)).systems
    assert system.values[MRR].tolist() == [pytest.approx(1 / 3), 0, 0]
    assert system.without_results == ("q2",)
    assert system.intervals[MRR].mean == pytest.approx(1 / 9)


@pytest.mark.parametrize("pooled", [False, True])
def test_documents_that_are_neutral_are_left_out_of_a_ranking_and_positives_are_not(pooled, tmp_path):
    classes = np.array([5, 6, -1], np.int32), np.array([5, 6, 5], np.int32)
    none = np.empty(0, np.int32)
    known = replace(SMALL, neutral=Neutral(*classes, none, none, SAME_CLASS))
    scores = [[1, 2, 3], [1, 2, 3], [1, 2, 3]]
    pool = FakeRanker(scores) if pooled else None
    found = search("fake", FakeRanker(scores, retrieves=not pooled), known, 2, pool)
    assert found.scores == {"q1": {"b": 2, "a": 1}, "q2": {"c": 3, "b": 2}, "q3": {"c": 3, "b": 2}}
    write_run(search("fake", FakeRanker(scores), SMALL, 3), tmp_path / "run.trec")
    assert set(read_run("file", tmp_path / "run.trec", known).scores["q1"]) == {"a", "b"}


def test_a_reranker_scores_what_the_pool_finds():
    pool = FakeRanker([[3, 2, np.nan], [3, 2, 1], [1, 2, 3]])
    reranker = FakeRanker([[1, 2, 9], [1, 2, 9], [1, 2, 9]], retrieves=False)
    ranked = search("fake", reranker, SMALL, 2, pool)
    assert ranked.scores["q1"] == {"a": 1, "b": 2}
    assert set(ranked.scores["q3"]) == {"b", "c"}


def test_a_written_run_is_read_as_it_was(tmp_path):
    ranked = search("fake", FakeRanker([[0.1, 0.2, 0.3]] * 3), SMALL, 3)
    write_run(ranked, tmp_path / "fake.trec")
    again = read_run("again", tmp_path / "fake.trec", SMALL)
    assert again.scores == ranked.scores
    assert found(ranked, again).comparisons[MRR]["again"].difference.mean == 0


def test_a_run_file_may_name_what_the_collection_does_not_have(tmp_path):
    (tmp_path / "run").write_text("q1 Q0 z 1 9 t\nq1 Q0 a 2 8 t\nq9 Q0 a 1 1 t\n", encoding="utf-8")
    given = read_run("file", tmp_path / "run", SMALL)
    assert given.unjudged_queries == 1
    assert found(given).systems[0].values[MRR].tolist() == [0.5, 0, 0]  # the unknown holds rank 1


def test_copies_of_a_document_count_once(tmp_path):
    twins = collection({"a": "amber", "b": "amber", "c": "cedar"}, QUERIES, JUDGMENTS)
    (tmp_path / "run").write_text("q1 Q0 b 1 9 t\nq1 Q0 a 2 8 t\n", encoding="utf-8")
    given = read_run("file", tmp_path / "run", twins)
    assert given.scores["q1"] == {"a": 9} and given.copies == 1


def test_ids_with_spaces_cannot_be_written(tmp_path):
    spaced = collection({"a b": "amber"}, {"q1": "one"}, [("q1", "a b", 1)])
    with pytest.raises(DataError, match="white space"):
        write_run(search("fake", FakeRanker([[1]]), spaced, 1), tmp_path / "run")


def test_the_baseline_may_be_named():
    runs = [search(name, FakeRanker([[1, 2, 3]] * 3), SMALL, 3) for name in ("x", "y", "z")]
    assert set(found(*runs, baseline="y").comparisons[MRR]) == {"x", "z"}
    with pytest.raises(ConfigError, match='unknown baseline "w"'):
        found(*runs, baseline="w")


def test_names_are_made_distinct():
    assert distinct(["bm25", "bm25", "x", "bm25_2"]) == ["bm25", "bm25_2", "x", "bm25_2_2"]


# Models


def test_a_model_s_configuration_tells_its_kind(tmp_path):
    bi, cross = tiny.bi_encoder(tmp_path / "bi"), tiny.cross_encoder(tmp_path / "cross")
    assert (model_kind(str(bi)), model_kind(str(cross)), model_kind("none")) == (
        "dense",
        "cross-encoder",
        None,
    )
    assert ranker_of(str(cross), max_length=9).max_length == 9
    assert type(ranker_of("bm25:none")).__name__ == "Bm25"


def test_a_cross_encoder_needs_a_pool_that_retrieves(tmp_path):
    model, context = str(tiny.cross_encoder(tmp_path / "cross")), Context(tmp_path / "cache")
    words = collection({"a": "amber", "b": "birch"}, {"q1": "amber birch"}, [("q1", "a", 1)])
    ranked = run_model(model, words, context, 10, pool_depth=1)
    assert len(ranked.scores["q1"]) == 1 and ranked.facts["pool"] == "bm25"
    with pytest.raises(ConfigError, match="retrieves nothing"):
        run_model(model, words, context, 10, pool=f"cross-encoder:{model}")


# The command


def test_the_command_writes_all_and_the_same_run_scores_the_same(beir, tmp_path, capsys):
    out = tmp_path / "out"
    run("evaluate", beir, "--split", "train", "--model", "bm25", "--out", out, "--quiet")
    run(
        "evaluate", beir, "--split", "train", "--model", "bm25", "--run", out / "runs" / "bm25.trec", "--json"
    )
    printed = json.loads(capsys.readouterr().out)
    means = [system["means"] for system in printed["systems"]]
    assert means[0] == means[1] and printed["baseline"] == "bm25"
    lines = (out / "per_query.tsv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "system\tquery_id\tmeasure\tvalue" and len(lines) == 1 + 7 * len(means[0])
    values = [float(line.split("\t")[3]) for line in lines[1:] if "\tnDCG@10\t" in line]
    assert np.mean(values) == pytest.approx(means[0]["nDCG@10"]["mean"])


def test_the_command_prints_tables_and_what_to_know(beir, capsys):
    run("evaluate", beir, "--split", "train", "--model", "bm25", "--model", "bm25:none", "--measure", "MAP")
    printed = capsys.readouterr().err
    for word in ("beir: 7 queries", "MAP", "p Holm", "bm25:none"):
        assert word in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--model MODEL or --run FILE"),
        (["--model", "bm25", "--measure", "none@3"], "unknown measure"),
        (["--model", "bm25", "--set", "rank.depth=3"], "only load.KEY=VALUE"),
        (["--model", "bm25", "--set", "load.foo=3"], 'unknown setting "foo"'),
        (["--run", "none.trec"], "none.trec"),
        (["--model", "bm25", "--split", "dev"], "splits found: train"),
        (["--model", "bm25", "--baseline", "dense"], 'unknown baseline "dense". Known: bm25'),
        (["--model", "bm25", "--seed", "-1"], "--seed"),
        (["--model", "dense:"], "no model is named; write dense:MODEL"),
        (["--model", "bm25", "--min-relevance", "9"], "no query has a positive"),
        (["--model", "bm25", "--out", __file__], "File exists"),
    ],
)
def test_a_mistake_is_told(beir, capsys, arguments, message):
    run("evaluate", beir, "--split", "train", *arguments, expect=2)
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("mistake", [["--run", "none.trec"], ["--baseline", "b"], ["--out", __file__]])
def test_a_mistake_is_told_before_anything_is_searched(beir, monkeypatch, mistake):
    searched = []
    monkeypatch.setattr(systems, "run_model", lambda *arguments, **_: searched.append(arguments))
    run("evaluate", beir, "--split", "train", "--model", "bm25", *mistake, expect=2)
    assert not searched


def test_measures_are_those_asked():
    [system] = evaluate(
        SMALL, [search("x", FakeRanker([[3, 2, 1]] * 3), SMALL, 3)], parse(["P@1", "hit@2"])
    ).systems
    assert {str(measure): own.tolist() for measure, own in system.values.items()} == {
        "P@1": [1, 0, 0],
        "hit@2": [1, 1, 0],
    }
