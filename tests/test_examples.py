"""The examples run as their first lines say, where their trainer is installed."""

import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from hardneg.training import TrainSettings
from hardneg.training.student import reopen
from tests import tiny
from tests.cli.test_cli import run

EXAMPLES = Path(__file__).parents[1] / "examples"


def python_with(package):
    """Returns a Python that has a package: this one, or that named in HARDNEG_PYTHON_package; else None."""
    if importlib.util.find_spec(package):
        return sys.executable
    return os.environ.get(f"HARDNEG_PYTHON_{package}")


def exported(beir, tmp_path, form):
    run("mine", beir, "--out", tmp_path / "run", "--ranker", "bm25", "--negatives", 4, "--quiet")
    run("export", tmp_path / "run", "--format", form, "-o", tmp_path / "train.jsonl")
    return str(tmp_path / "train.jsonl")


def test_plain_sentence_transformers_trains_on_a_run(beir, tmp_path):
    model = tiny.bi_encoder(tmp_path / "model")
    options = ["--ranker", "bm25", "--format", "sentence-transformers-triplet", "--quiet"]
    run("mine", beir, "--out", tmp_path / "run", *options)
    example = runpy.run_path(str(EXAMPLES / "with_sentence_transformers.py"))
    example["main"](str(tmp_path / "run" / "train.jsonl"), str(model), str(tmp_path / "out"))
    assert reopen("dense", tmp_path / "out", TrainSettings()).model.encode("amber").shape == (16,)


TRAINERS = {
    "FlagEmbedding": ("flagembedding", ("sh", EXAMPLES / "with_flagembedding.sh")),
    "pylate": ("pylate", (EXAMPLES / "with_pylate.py",)),
}


def trains(package, beir, tmp_path):
    """Checks that another trainer trains on what is exported."""
    form, command = TRAINERS[package]
    python = python_with(package)
    model = tiny.bert(tmp_path / "model", positions=512)
    data = exported(beir, tmp_path, form)
    done = subprocess.run(
        [*([] if command[0] == "sh" else [python]), *command, data, model, tmp_path / "out"],
        env={
            **os.environ,
            "PATH": f"{Path(python).parent}:{os.environ['PATH']}",
            "PYTHONPATH": "",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    weights = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert weights != (model / "model.safetensors").read_bytes()


@pytest.mark.parametrize("package", TRAINERS)
def test_a_trainer_trains_on_what_is_exported(package, beir, tmp_path):
    if not python_with(package):
        pytest.skip(f"{package} is not installed; HARDNEG_PYTHON_{package} may name a Python that has it")
    trains(package, beir, tmp_path)


def test_every_example_is_listed():
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for path in EXAMPLES.glob("with_*"):
        assert f"({path.name})" in listed
