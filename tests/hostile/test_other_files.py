"""Directories that hold files of other programs: every command that writes leaves them as they were."""

import json
import os
import subprocess
import sys

import pytest

from tests import tiny
from tests.cli.test_cli import run
from tests.hostile import snapshot

OTHERS = {
    ".session.tmp": "unsaved work",
    ".train.jsonl.0a1b2c3d.tmp": "not ours",
    "project/sub/.draft.tmp": "a draft",
    "project/train/weights.bin": "weights",
    "train.csv": "a,b\n1,2\n",
    "train/model.bin": "a model",
    "notes.txt": "notes",
}


@pytest.fixture
def home(tmp_path):
    """A user's folder."""
    folder = tmp_path / "home"
    for name, text in OTHERS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def mined(beir, tmp_path):
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "sampled", "--ranker", "bm25", "--quiet")
    return tmp_path / "run"


@pytest.fixture
def triplets(write):
    return write("triplets.jsonl", [{"query": "q", "pos": ["amber birch"], "neg": ["cedar delta", "fjord"]}])


def commands(beir, mined, triplets, model):
    """Returns the command lines that write a directory, but for `--out`."""
    sampled = ["--recipe", "sampled", "--ranker", "bm25"]
    student = ["--student", model, "--steps", 1]
    endpoint = ["--endpoint", "http://127.0.0.1:9/v1", "--model", "m"]
    return {
        "mine": ["mine", beir, *sampled],
        "select": ["select", mined, "--recipe", "sampled"],
        "clean": ["clean", triplets, "--ranker", "bm25"],
        "demo": ["demo", "--ranker", "bm25"],
        "train": ["train", mined, *student],
        "rounds": ["train", mined, *student, "--rounds", 2],
        "compare": ["compare", beir, "--recipes", "sampled,naive", "--student", model],
        "generate": ["generate", beir, *endpoint],
        "evaluate": ["evaluate", beir, "--split", "train", "--model", "bm25"],
        "mix": ["mix", mined, "--batch-size", 1],
    }


def student(name, folder):
    return tiny.bi_encoder(folder) if name in ("train", "rounds", "compare") else "none"


DEAD = 2**22 + 1
"""A process that is not running: a number that Linux gives to none."""

NAMES = ("mine", "select", "clean", "demo", "train", "rounds", "compare", "generate", "evaluate", "mix")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "stored", [{}, {"run.json": "{}"}, {"train.json": "[1]"}, {"shared.json": "1"}, {"mix.json": "{}"}]
)
def test_a_directory_with_other_files_is_refused_and_stays_as_it_was(
    name, stored, home, beir, mined, triplets, tmp_path, capsys
):
    for file, text in stored.items():
        (home / file).write_text(text)
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq6\td6\t1\n")
    command = commands(beir, mined, triplets, student(name, tmp_path))[name]
    before = snapshot(home)
    run(*command, "--out", home, expect=2)
    assert snapshot(home) == before
    assert str(home) in capsys.readouterr().err


@pytest.mark.parametrize("name", ["mine", "select", "clean", "demo", "evaluate", "mix"])
def test_an_empty_out_leaves_the_working_directory_as_it_was(
    name, home, beir, mined, triplets, tmp_path, monkeypatch
):
    command = commands(beir, mined, triplets, "none")[name]
    monkeypatch.chdir(home)
    before = snapshot(home)
    run(*command, "--out", "", expect=2)
    assert snapshot(home) == before


def test_a_directory_of_hidden_files_keeps_them(beir, tmp_path):
    out = tmp_path / "out"
    (out / ".git").mkdir(parents=True)
    (out / ".git" / ".index.tmp").write_text("index")
    (out / ".session.tmp").write_text("unsaved work")
    before = snapshot(out)
    for _ in range(2):
        run("mine", beir, "--out", out, "--recipe", "sampled", "--ranker", "bm25")
    after = snapshot(out)
    assert {name: after[name] for name in before} == before and "run.json" in after


def test_a_lock_of_another_program_is_refused(beir, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    (out / ".lock").write_text("pid 1")
    run("mine", beir, "--out", out, "--recipe", "sampled", "--ranker", "bm25", expect=2)
    assert snapshot(out) == {".lock": b"pid 1"} and "another program" in capsys.readouterr().err


def test_a_repeated_mine_removes_its_own_training_set_alone(beir, mined, tmp_path):
    run("export", mined, "--format", "flagembedding", "-o", mined / "train.bge.jsonl")
    (mined / "train.notes.txt").write_text("mine")
    (mined / "training-model").mkdir()
    (mined / "training-model" / "model.bin").write_text("weights")
    kept = snapshot(mined)
    again = ["mine", beir, "--out", mined, "--recipe", "sampled", "--ranker", "bm25"]
    run(*again, "--format", "sentence-transformers-triplet")
    after = snapshot(mined)
    for name in ("train.bge.jsonl", "train.notes.txt", "training-model", "training-model/model.bin"):
        assert after[name] == kept[name]
    files = json.loads(after["run.json"])["export"]["files"]
    assert files and "train.jsonl" not in set(after) - set(files)


def test_a_forged_list_of_files_removes_nothing_outside_the_run(beir, mined, tmp_path):
    from hardneg.runs.directory import RunFolder

    (tmp_path / "train.txt").write_text("notes")
    (mined / "judgments.jsonl").write_text("")
    (mined / "train.d").mkdir()
    folder = RunFolder(mined)
    info = folder.read()
    info["export"]["files"] += ["../train.txt", str(tmp_path / "train.txt"), "judgments.jsonl", "train.d"]
    folder.write(info)
    run("mine", beir, "--out", mined, "--recipe", "sampled", "--ranker", "bm25")
    assert (tmp_path / "train.txt").exists() and (mined / "judgments.jsonl").exists()
    assert (mined / "train.d").is_dir()


# Symbolic links and pipes


@pytest.mark.parametrize("name", [".lock", "judgments.jsonl"])
def test_a_link_in_a_run_leads_no_writing_outside(name, beir, mined, served, tmp_path, capsys):
    outside = tmp_path / "outside"
    outside.write_text('{"line": 1}\nunfinished')
    (mined / name).symlink_to(outside)
    run("mine", beir, "--out", mined, "--recipe", "sampled", "--ranker", "bm25", expect=2 * (name == ".lock"))
    run("judge", mined, "--endpoint", served.url, "--model", "m", "--limit", 2, expect=2 * (name != ".lock"))
    assert outside.read_text() == '{"line": 1}\nunfinished'
    assert "symbolic link" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["ledger", ".hardneg-searches"])
def test_a_linked_folder_in_a_run_is_refused(name, beir, tmp_path, capsys):
    outside, out = tmp_path / "outside", tmp_path / "run"
    outside.mkdir()
    (outside / "part-00000.parquet").write_text("not ours")
    before = snapshot(outside)
    out.mkdir()
    (out / name).symlink_to(outside)
    run("mine", beir, "--out", out, "--recipe", "sampled", "--ranker", "bm25", expect=2)
    assert snapshot(outside) == before and capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("name", NAMES)
def test_links_in_a_circle_are_refused(name, beir, mined, triplets, tmp_path, capsys):
    (tmp_path / "out").symlink_to(tmp_path / "out")
    command = commands(beir, mined, triplets, student(name, tmp_path))[name]
    (beir / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq6\td6\t1\n")
    run(*command, "--out", tmp_path / "out", expect=2)
    assert str(tmp_path / "out") in capsys.readouterr().err.splitlines()[-1]


def test_a_copy_of_a_run_holds_nothing_that_links_lead_to(beir, mined, tmp_path):
    import hardneg

    (tmp_path / "secret").write_text("secret")
    (mined / "train.secret").symlink_to(tmp_path / "secret")
    hardneg.open_run(mined).save(tmp_path / "copy")
    assert "train.secret" not in snapshot(tmp_path / "copy")


PIPES = (
    ".lock",
    ".hardneg-searches",
    "judgments.jsonl",
    "train.jsonl",
    "run.json",
    "ledger/part-00000.parquet",
)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", PIPES)
def test_a_named_pipe_in_a_run_does_not_hang(name, beir, mined):
    (mined / name).unlink(missing_ok=True)
    os.mkfifo(mined / name)
    again = ["mine", beir, "--out", mined, "--recipe", "sampled", "--ranker", "bm25"]
    command = again if name in PIPES[:2] else ["audit", mined]
    ended = subprocess.run([sys.executable, "-m", "hardneg", *map(str, command)], timeout=120, check=False)
    assert ended.returncode == 2


# Exports


def test_export_says_what_it_replaces_and_removes_what_a_killed_one_left(mined, tmp_path, capsys):
    out = tmp_path / "exported" / "train.jsonl"
    run("export", mined, "--format", "jsonl", "-o", out)
    assert "replaced" not in capsys.readouterr().err
    (out.parent / f".train.jsonl.{DEAD:x}-0a1b2c3d.hardneg.tmp").write_text("unfinished")
    (out.parent / ".train.jsonl.0a1b2c3d.tmp").write_text("another program's")
    run("export", mined, "--format", "jsonl", "-o", out)
    assert "replaced: train.jsonl" in capsys.readouterr().err
    assert sorted(snapshot(out.parent)) == [".train.jsonl.0a1b2c3d.tmp", "train.jsonl"]


@pytest.mark.parametrize("name", ["run.json", "ledger/part-00000.parquet", "train.jsonl", "README.md"])
def test_no_file_of_the_run_itself_is_replaced(name, mined, capsys):
    before = snapshot(mined)
    for command in (["export", mined, "--format", "jsonl"], ["report", mined], ["report", mined, mined]):
        run(*command, "-o", mined / "ledger" / ".." / name, expect=2)
        assert "a file of the run itself" in capsys.readouterr().err
    assert snapshot(mined) == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_no_pipe_and_no_device_is_replaced(mined, tmp_path, capsys):
    os.mkfifo(tmp_path / "pipe")
    for command in (["export", mined, "--format", "jsonl"], ["report", mined]):
        for out in (tmp_path / "pipe", "", "/", tmp_path):
            run(*command, "-o", out, expect=2)
            assert "cannot write" in capsys.readouterr().err
    assert (tmp_path / "pipe").is_fifo()
