"""Whole runs on a small collection: what is written, that it resumes, and that nothing starves silently."""

import json
from functools import partial

import pyarrow.parquet as pq
import pytest

import hardneg
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import NullProgress
from hardneg.mining import miner as blocks
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs import ledger
from hardneg.sources import load

select = partial(hardneg.select, report=False)


def recipe(*overrides, name="naive", rankers=("bm25",), **flags):
    return Recipe.named(name, ["format=jsonl", *overrides], rankers=list(rankers), **flags)


def rows(folder):
    return [row for path in ledger.parts(folder) for row in pq.read_table(path).to_pylist()]


def content(folder):
    """All bytes that must be the same however a run was interrupted."""
    files = [*folder.glob("train*"), *folder.glob("ledger/*")]
    return {path.name: path.read_bytes() for path in files}


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(blocks, "BLOCK", 2)


class Stops(NullProgress):
    """Interrupts the run after some blocks."""

    def __init__(self, after):
        self.left = after

    def task(self, name, total, unit):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return None

    def advance(self, steps=1):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


def test_a_run_directory_holds_all_that_is_promised(beir, tmp_path):
    result = pipeline.mine(str(beir), recipe(negatives=3), tmp_path / "run")
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert run == result.info
    assert run["finished"] and run["seed"] == 42 and run["recipe"]["select"]["negatives"] == 3
    assert run["counts"]["queries"] == 7 and run["counts"]["positives"] == 8
    assert run["collection"]["documents"] == 30
    assert (tmp_path / "run" / "README.md").read_text(encoding="utf-8").startswith("---")
    examples = [json.loads(line) for line in (tmp_path / "run" / "train.jsonl").open(encoding="utf-8")]
    assert [example["query_id"] for example in examples] == [f"q{n}" for n in range(7)]
    written = rows(tmp_path / "run")
    assert list(written[0]) == [
        "query_id", "doc_id", "rank", "score.bm25", "positive.bm25",
        "decision", "reason", "p_false_negative",
        "noise.too_short", "noise.boilerplate", "p_noisy", "weight", "copies",
    ]  # fmt: skip
    by_reason = run["counts"]["dropped"]
    assert len(written) == run["counts"]["candidates"]
    assert sum(by_reason.values()) + run["counts"]["negatives"] + run["counts"]["positives"] == len(written)


def test_negatives_are_the_best_ranked_that_are_not_positive(beir, tmp_path):
    result = pipeline.mine(str(beir), recipe(negatives=2), tmp_path / "run")
    for example in result.training_set:
        own = [row for row in rows(tmp_path / "run") if row["query_id"] == example.query_id]
        ranked = [row["doc_id"] for row in own if row["rank"] and row["decision"] != "positive"]
        assert [negative.doc_id for negative in example.negatives] == ranked[:2]
    assert [d.doc_id for d in next(iter(result.training_set)).positives] == ["d7", "d0"]


@pytest.mark.parametrize("after", [1, 2, 3])
@pytest.mark.parametrize("options", [(), ("select.max_uses=1",), ("select.draw=uniform",)])
def test_an_interrupted_run_ends_as_if_it_had_not_been(beir, tmp_path, small_blocks, after, options):
    chosen = recipe(*options, "rank.depth=3", negatives=2)
    pipeline.mine(str(beir), chosen, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        pipeline.mine(str(beir), chosen, tmp_path / "run", progress=Stops(after + 1))
    result = pipeline.mine(str(beir), chosen, tmp_path / "run")
    assert result.info["resumed"] is True
    assert content(tmp_path / "run") == content(tmp_path / "whole")
    assert all(path.suffix == ".sha256" for path in (tmp_path / "run").rglob(".*"))


def test_a_finished_run_may_be_called_again(beir, tmp_path):
    first = pipeline.mine(str(beir), recipe(), tmp_path / "run")
    before = content(tmp_path / "run")
    second = pipeline.mine(str(beir), recipe(), tmp_path / "run")
    assert content(tmp_path / "run") == before
    assert second.info["counts"] == first.info["counts"]


def test_a_directory_of_another_run_is_left_alone(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    before = content(tmp_path / "run")
    with pytest.raises(ConfigError, match=r"differs in recipe \(select.negatives: 4 stored, 9 asked for\)"):
        pipeline.mine(str(beir), recipe(negatives=9), tmp_path / "run")
    assert content(tmp_path / "run") == before


def test_a_directory_of_other_files_is_left_alone(beir, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="holds other files"):
        pipeline.mine(str(beir), recipe(), tmp_path / "run")


def test_two_processes_do_not_write_one_directory(beir, tmp_path):
    from hardneg.runs.directory import RunFolder

    with (
        RunFolder(tmp_path / "run").opened(),
        pytest.raises(ConfigError, match="another process"),
    ):
        pipeline.mine(str(beir), recipe(), tmp_path / "run")


def test_what_killed_processes_were_writing_is_swept_away(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    torn = tmp_path / "run" / "ledger" / ".part-00001.parquet.1f-5def5488.hardneg.tmp"
    torn.touch()
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    assert not torn.exists()


def test_short_queries_are_looked_at_deeper(beir, tmp_path):
    shallow = pipeline.mine(str(beir), recipe("rank.depth=1", negatives=3), tmp_path / "shallow")
    deep = pipeline.mine(str(beir), recipe("rank.depth=30", negatives=3), tmp_path / "deep")
    assert [e.negatives for e in shallow.training_set] == [e.negatives for e in deep.training_set]
    assert shallow.info["counts"]["candidates"] < deep.info["counts"]["candidates"]


def test_what_stays_short_is_counted_with_its_reason(beir, tmp_path):
    everything = pipeline.mine(str(beir), recipe(negatives=30), tmp_path / "a")
    assert everything.info["short"] == {"corpus_exhausted": 7}
    limited = pipeline.mine(
        str(beir), recipe("rank.depth=2", "rank.max_depth=2", negatives=9), tmp_path / "b"
    )
    assert limited.info["short"] == {"depth_limit": 7}
    window = "select.rules=[{window: {last: 2}}]"
    ruled = pipeline.mine(str(beir), recipe(window, "rank.depth=2", negatives=9), tmp_path / "c")
    assert ruled.info["short"] == {"rules_exhausted": 7}


@pytest.mark.parametrize("option", ["select.anchor=weakest", "select.anchor=pair", "select.max_uses=1"])
def test_deciding_again_equals_mining_anew(beir, tmp_path, small_blocks, option):
    ranking = ("rank.depth=30",)
    pipeline.mine(str(beir), recipe(*ranking), tmp_path / "first")
    strict = recipe(*ranking, option, "select.rules=[{relative-margin: 0.3}]", negatives=5)
    pipeline.mine(str(beir), strict, tmp_path / "mined")
    known = json.loads((tmp_path / "first" / "run.json").read_text(encoding="utf-8"))
    again = Recipe.build({**strict.settings(), "rank": known["recipe"]["rank"]})
    result = select(tmp_path / "first", again, tmp_path / "selected")
    assert rows(tmp_path / "selected") == rows(tmp_path / "mined")
    assert result.info["selected_from"]["run"].endswith("first")


def test_pairs_have_an_example_each(beir, tmp_path):
    result = pipeline.mine(str(beir), recipe("select.anchor=pair"), tmp_path / "run")
    examples = [(e.query_id, [p.doc_id for p in e.positives]) for e in result.training_set]
    assert examples[:2] == [("q0", ["d7"]), ("q0", ["d0"])] and len(examples) == 8


def test_a_changed_source_is_not_decided_on_again(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    corpus = beir / "corpus.jsonl"
    corpus.write_text(corpus.read_text(encoding="utf-8").replace("n29", "changed"), encoding="utf-8")
    with pytest.raises(DataError, match="has changed since"):
        select(tmp_path / "run", recipe(), tmp_path / "again")


def test_a_run_is_not_decided_on_again_in_its_own_directory(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    with pytest.raises(ConfigError, match="choose another --out"):
        select(tmp_path / "run", recipe(), tmp_path / "run")


def test_a_runs_own_training_set_is_not_overwritten(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    with pytest.raises(ConfigError, match="a file of the run itself"):
        hardneg.export(tmp_path / "run", recipe().format, tmp_path / "run" / "train.jsonl")


def test_another_format_replaces_the_training_set_and_keeps_the_ledger(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    before = ledger.part_path(tmp_path / "run", 0).stat().st_mtime_ns
    pipeline.mine(str(beir), recipe("format=parquet"), tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").glob("train*")] == ["train.parquet"]
    assert ledger.part_path(tmp_path / "run", 0).stat().st_mtime_ns == before


def test_a_query_without_any_negative_ends_in_a_finished_run(beir, tmp_path):
    nothing = recipe("select.rules=[{max-score: -1}]", "format=sentence-transformers-triplet")
    result = pipeline.mine(str(beir), nothing, tmp_path / "run")
    assert result.info["finished"] and result.info["export"]["rows"] == 0
    assert result.info["short"] == {"corpus_exhausted": 7}


def test_a_collection_in_memory_is_given_again(beir, tmp_path):
    collection = load(str(beir))
    pipeline.mine(collection, recipe(), tmp_path / "run")
    with pytest.raises(DataError, match="give it as collection="):
        select(tmp_path / "run", recipe(), tmp_path / "no")
    again = select(tmp_path / "run", recipe(), tmp_path / "again", collection=collection)
    assert rows(tmp_path / "again") == rows(tmp_path / "run")
    assert again.info["source"] is None


def test_an_unfinished_run_is_not_exported(beir, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        pipeline.mine(str(beir), recipe(), tmp_path / "run", progress=Stops(2))
    with pytest.raises(DataError, match="is not finished"):
        hardneg.export(tmp_path / "run", recipe().format, tmp_path / "out.jsonl")


def test_a_damaged_part_is_made_again(beir, tmp_path):
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    before = content(tmp_path / "run")
    part = ledger.part_path(tmp_path / "run", 0)
    part.write_bytes(part.read_bytes()[:100])
    pipeline.mine(str(beir), recipe(), tmp_path / "run")
    assert content(tmp_path / "run") == before


def test_a_run_ends_with_its_report(beir, tmp_path):
    hardneg.mine(str(beir), Recipe.named("naive", rankers=["bm25"]), tmp_path / "run")
    assert "What stands out" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")


AMBER, JET = "Amber is fossilized tree resin.", "Jet is a gemstone from decayed wood."


@pytest.mark.parametrize("given", [{}, {"doc_id": "D1"}])
@pytest.mark.parametrize("name", ["naive", "perc-pos", "default"])
def test_the_positive_s_own_text_under_a_title_is_no_negative(name, given):
    corpus = {"D1": {"title": "Amber", "text": AMBER}, "D2": {"title": "Jet", "text": JET}}
    pairs = [{"query": "what is amber resin", "positive": AMBER} | given]
    collection = hardneg.Collection.of(pairs, corpus=corpus)
    assert collection.documents.ids(range(2)) == ["D1", "D2"] and len(collection.documents) == 2
    [example] = hardneg.mine(collection, recipe(name=name)).training_set
    assert [doc.doc_id for doc in example.positives] == ["D1"]
    assert "D1" not in [doc.doc_id for doc in example.negatives]


@pytest.mark.parametrize("name", ["naive", "default"])
@pytest.mark.parametrize("title", ["", "Resins"])
def test_a_copy_of_the_positive_in_the_corpus_is_no_negative_under_any_title(name, title):
    corpus = {
        "a": {"title": "Amber", "text": AMBER},
        "b": {"title": title, "text": AMBER},
        "c": {"text": JET},
    }
    collection = hardneg.Collection.of({"q": "amber"}, corpus=corpus, judgments={"q": {"a": 1}})
    run = hardneg.mine(collection, recipe(name=name))
    decided = {row["doc_id"]: row["reason"] for row in run.candidates.to_pylist()}
    assert decided["b"] == "duplicate_of_positive"


def test_a_listed_copy_of_the_positive_is_no_negative():
    row = {"query": "what is amber", "positive": AMBER, "negatives": [AMBER.upper(), JET]}
    [example] = hardneg.mine(hardneg.Collection.of([row]), recipe()).training_set
    assert [doc.text for doc in example.negatives] == [JET]
