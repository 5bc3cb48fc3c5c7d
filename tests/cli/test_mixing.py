"""`hardneg mix` as a user meets it: what it prints and writes, from runs and from a file."""

import json

import pytest

from tests.cli.test_cli import run
from tests.mixing.conftest import COLOURS, FRUITS, run_of


@pytest.fixture
def runs(tmp_path):
    return [run_of(COLOURS, tmp_path / "a-run", "colours"), run_of(FRUITS, tmp_path / "b-run", "fruits")]


def test_the_table_shows_each_run_and_the_line_where_the_batches_are(runs, tmp_path, capsys):
    run(
        "mix", *runs, "--out", tmp_path / "out", "--batch-size", 2, "--near-copy", 1, "--set", "parts.0.cap=4"
    )
    printed = capsys.readouterr().err
    assert "colours" in printed and "5 over the cap" in printed and "33.3%" in printed
    assert f"6 batches of 2 rows in {tmp_path / 'out' / 'train.jsonl'}" in printed.replace("\n", "")
    assert len((tmp_path / "out" / "train.jsonl").read_text(encoding="utf-8").splitlines()) == 12


def test_a_format_that_loses_the_batches_is_printed(runs, tmp_path, capsys):
    pairs = "sentence-transformers-labeled-pair"
    run("mix", *runs, "--out", tmp_path / "out", "--batch-size", 1, "--format", pairs, "--near-copy", 1)
    assert "the batches are lost in it" in capsys.readouterr().err


def test_a_file_in_place_of_runs_and_options_over_it(runs, tmp_path, capsys):
    file = tmp_path / "mixture.yaml"
    file.write_text("parts: [{run: a-run}, {run: b-run}]\nbatch_size: 1\nnear_copy: 1\n", encoding="utf-8")
    run("mix", file, "--out", tmp_path / "out", "--size", 10, "--json")
    info = json.loads(capsys.readouterr().out)
    assert (info["rows"], info["settings"]["batch_size"]) == (10, 1)
    stored = json.loads((tmp_path / "out" / "mix.json").read_text(encoding="utf-8"))
    assert stored["parts"] == info["parts"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--batch-size", 0], "--batch-size"),
        (["--format", "nope"], 'unknown format "nope"'),
        (["--set", "parts.7.cap=1"], "parts.7"),
        (["--holdout", "nowhere"], "nowhere"),
    ],
)
def test_bad_input_is_one_line(runs, tmp_path, capsys, options, message):
    run("mix", *runs, "--out", tmp_path / "out", *options, expect=2)
    printed = capsys.readouterr().err.strip().splitlines()
    assert message in printed[-1] and not any("Traceback" in line for line in printed)
