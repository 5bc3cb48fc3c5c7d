"""Strict loading: whatever would be skipped or merged is an error."""

import json

import pytest

from hardneg.core.errors import DataError
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.sources import LoadOptions, load
from tests.cli.test_cli import run

STRICT = LoadOptions(strict=True)


@pytest.fixture
def merging(beir):
    """A collection with two copies of a document and one judgment too many."""
    corpus = beir / "corpus.jsonl"
    first = json.loads(corpus.read_text(encoding="utf-8").splitlines()[0])
    with corpus.open("a", encoding="utf-8") as opened:
        opened.writelines(json.dumps({**first, "_id": name}) + "\n" for name in ("copy1", "copy2"))
    with (beir / "qrels" / "train.tsv").open("a", encoding="utf-8") as opened:
        opened.write("q0\td0\t2\n")
    return beir


def test_a_clean_source_passes(beir):
    assert load(str(beir), STRICT).digest == load(str(beir)).digest


def test_what_was_merged_is_named_and_counted(merging):
    assert load(str(merging)).notes == {"merged_duplicate_documents": 2, "conflicting_judgments": 1}
    with pytest.raises(
        DataError, match="^beir: merged duplicate documents: 2, conflicting judgments: 1; fix the source"
    ):
        load(str(merging), STRICT)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"query": "a", "positive": "b", "negative": " "}], "skipped empty negatives: 1"),
        (
            [{"query": "a", "positive": "b"}, {"query": "c", "positive": ""}],
            r'^pairs\.jsonl:2: "positive" is missing or empty; each row needs a positive, or pass --set ',
        ),
        (
            [{"query": "a", "positive": ["b"]}, {"query": "c", "positive": []}],
            r'^pairs\.jsonl:2: "positive" is missing or empty; ',
        ),
    ],
)
def test_what_a_pairs_file_leaves_out_is_named(write, rows, message):
    path = write("pairs.jsonl", rows)
    assert load(str(path), LoadOptions(empty_texts="skip")).notes
    with pytest.raises(DataError, match=message):
        load(str(path), LoadOptions(empty_texts="skip", strict=True))


@pytest.mark.parametrize("how", [["--strict"], ["--set", "load.strict=true"]])
def test_the_command_ends_with_two(merging, tmp_path, capsys, how):
    run("mine", merging, "--out", tmp_path / "run", "--ranker", "bm25", *how, expect=2)
    assert "conflicting judgments: 1" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_every_command_that_loads_may_be_strict(merging, tmp_path, capsys):
    run("evaluate", merging, "--model", "bm25", "--split", "train", "--strict", expect=2)
    run("audit", merging, "--recipe", "naive", "--strict", expect=2)
    pairs = tmp_path / "pairs.jsonl"
    pairs.write_text('{"query": "a", "positive": "b", "negative_1": " "}\n', encoding="utf-8")
    run("clean", pairs, "--out", tmp_path / "clean", "--strict", expect=2)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all("fix the source" in line for line in lines)


def test_a_run_is_the_same_run_with_and_without_it(beir, tmp_path):
    def mined(*overrides):
        chosen = Recipe.named("naive", overrides, rankers=["bm25"])
        return pipeline.mine(str(beir), chosen, tmp_path / "run").info

    first = mined()
    assert mined("load.strict=true")["fingerprint"] == first["fingerprint"]
