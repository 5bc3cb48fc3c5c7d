"""The examples run as their first lines say."""

import runpy
from pathlib import Path

from hardneg.train import TrainSettings
from hardneg.train.student import reopen
from tests import tiny
from tests.test_cli import run

EXAMPLES = Path(__file__).parents[1] / "examples"


def test_plain_sentence_transformers_trains_on_a_run(beir, tmp_path):
    model = tiny.bi_encoder(tmp_path / "model")
    options = ["--ranker", "bm25", "--format", "sentence-transformers-triplet", "--quiet"]
    run("mine", beir, "--out", tmp_path / "run", *options)
    example = runpy.run_path(str(EXAMPLES / "with_sentence_transformers.py"))
    example["main"](str(tmp_path / "run" / "train.jsonl"), str(model), str(tmp_path / "out"))
    assert reopen("dense", tmp_path / "out", TrainSettings()).model.encode("amber").shape == (16,)


def test_every_example_is_listed():
    told = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("with_*"):
        assert f"({path.name})" in told
