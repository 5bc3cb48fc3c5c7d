"""Names that are markup, escapes of a terminal, no UTF-8, or no files: printed as they are, or one line."""

import json
import os
import subprocess
import sys
from itertools import product

import pytest

from tests.cli.test_cli import run
from tests.hostile import snapshot

MARKUP = "[/bold] [red]x[/] :smile: \\[a"


def hostile_folder(tmp_path, name, doc_id="d0"):
    """Writes a BEIR folder of this name whose first document has this id."""
    folder = tmp_path / name
    (folder / "qrels").mkdir(parents=True)
    docs = [{"_id": doc_id if n == 0 else f"d{n}", "text": f"amber birch n{n}"} for n in range(12)]
    (folder / "corpus.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
    (folder / "queries.jsonl").write_text(json.dumps({"_id": MARKUP, "text": "amber " + MARKUP}) + "\n")
    (folder / "qrels" / "train.tsv").write_text(f"{MARKUP}\t{doc_id}\t1\n")
    return folder


def test_markup_in_names_is_printed_as_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "200")
    name = "set [ [red]x[]:smile: [b]"
    folder, out = hostile_folder(tmp_path, name, MARKUP), tmp_path / "out [" / "]"
    run("mine", folder, "--out", out, "--recipe", "naive", "--ranker", "bm25")
    printed = capsys.readouterr().err
    assert f"naive on {name}" in printed and f"{out}/run.json" in printed
    run("export", out, "--format", "jsonl", "-o", tmp_path / "[" / "a.jsonl")
    run("diff", out, out)
    assert "/out [/] ->" in " ".join(capsys.readouterr().out.split())
    run("evaluate", folder, "--model", "bm25", "--split", "train")
    assert name in capsys.readouterr().err
    run("mine", tmp_path / "[" / "none [red]", "--out", out, expect=2)
    assert "none [red]" in capsys.readouterr().err


def test_tables_print_what_would_close_markup(capsys):
    from hardneg.cli.console import run_table
    from hardneg.cli.shared import print_tables

    info = {
        "recipe": {"name": "[/a]"},
        "collection": {"name": "[/b]\x1b[31m\x07", "notes": {"[/c]": 1}},
        "counts": {"dropped": {"[/d]": 2}},
        "short": {"[/e]": 3},
        "export": {"notes": {}},
        "seconds": {"[/f]": 4.0},
    }
    print_tables([run_table(info)], ["[/g]\x1b]0;title\x07\udcff"])
    printed = capsys.readouterr().err
    assert all(f"[/{letter}]" in printed for letter in "abcdefg")
    assert "\x1b" not in printed and "\\x1b]0;title\\x07\\udcff" in printed


def test_progress_of_a_name_that_is_markup():
    from hardneg.cli.progress import Bars

    with Bars() as bars, bars.task("rank [/bold]", 2, "q[/]") as task:
        task.advance()


def test_errors_show_no_control_characters(tmp_path, capsys):
    run("mine", tmp_path / "a\x1b[31m", "--out", tmp_path / "run", expect=2)
    assert "\\x1b[31m" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize("what", ["source", "out", "recipe", "folder"])
def test_paths_that_are_not_utf_8_are_refused_in_one_line(what, beir, tmp_path):
    odd = os.fsencode(tmp_path) + b"/odd\xff"
    os.mkdir(odd)
    source, out, recipe = os.fsencode(beir), os.fsencode(tmp_path / "run"), b"naive"
    if what == "source":
        os.rename(beir, odd + b"/beir")
        source = odd + b"/beir"
    elif what == "out":
        out = odd + b"/run"
    elif what == "recipe":
        recipe = odd + b"/a.yaml"
    else:
        out = b"run"
    command = [sys.executable, "-m", "hardneg", "mine", source, "--out", out, "--recipe", recipe]
    ended = subprocess.run(
        [*command, "--ranker", "bm25"],
        capture_output=True,
        timeout=120,
        check=False,
        cwd=odd if what == "folder" else None,
        env={**os.environ, "PYTHONPATH": os.path.abspath("src")},
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith(b"hardneg: ") and ended.stderr.count(b"\n") == 1
    assert "run" not in snapshot(tmp_path)


# What is no regular file


@pytest.fixture
def odd(tmp_path):
    """Returns a function that makes a path of a kind."""

    def makes(kind):
        path = tmp_path / f"odd-{kind}"
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "loop":
            path.symlink_to(path)
        elif kind == "folder":
            path.mkdir()
        else:
            return {"device": "/dev/zero", "nobody": "~nobody-at-all/a", "null": "a\0b", "root": "/"}[kind]
        return path

    return makes


KINDS = ["pipe", "loop", "folder", "device", "nobody", "null", "root"]
NO_FILE = ("nobody", "null")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    ("place", "kind"),
    [
        *product(["source", "corpus", "recipe", "run", "vectors", "verdicts"], KINDS),
        *product(["in-folder"], [kind for kind in KINDS if kind not in NO_FILE]),  # links point to files
    ],
)
def test_what_is_no_file_is_refused_in_one_line(kind, place, odd, beir, write, tmp_path, capsys):
    path, out = odd(kind), tmp_path / "out"
    pairs = write("pairs.jsonl", [{"query": "a", "positive": "b"}])
    named = f"{path}.yaml" if kind in NO_FILE else path
    if place == "recipe" and os.path.lexists(path) and kind not in ("device", "root"):
        named = tmp_path / "odd.yaml"
        os.rename(path, named)
        if kind == "loop":
            named.unlink()
            named.symlink_to(named)
    command = {
        "source": [path],
        "corpus": [pairs, "--corpus", path, "--split", "all"],
        "recipe": [beir, "--recipe", named],
        "run": [beir, "--ranker", f"run:{path}"],
        "vectors": [beir, "--ranker", f"vectors:{path}"],
        "verdicts": [beir, "--judgments", path],
        "in-folder": [beir],
    }[place]
    if place == "in-folder":
        (beir / "corpus.jsonl").unlink()
        (beir / "corpus.jsonl").symlink_to(path)
        (beir / "docs").symlink_to(path)
        for name, text in (("topics", "q\ta\n"), ("qrels.train", "q 0 d 1\n")):
            (beir / name).write_text(text)
        (beir / "qrels" / "train.tsv").unlink()
        (beir / "qrels").rmdir()
        (beir / "queries.jsonl").unlink()
    if "--ranker" not in command:
        command = [*command, "--ranker", "bm25"]
    run("mine", *command, "--out", out, expect=2)
    printed = capsys.readouterr().err.splitlines()
    assert printed[-1].startswith("hardneg: ") and sum("hardneg: " in line for line in printed) == 1
    assert len(printed) == 1 + sum(line.startswith("bm25 index") for line in printed)


@pytest.mark.parametrize("kind", ["loop", "nobody", "null", "root"])
def test_an_output_that_is_no_folder_is_refused_in_one_line(kind, odd, beir, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run("mine", beir, "--out", odd(kind), "--ranker", "bm25", expect=2 if kind != "nobody" else 0)
    assert kind == "nobody" or capsys.readouterr().err.count("\n") == 1
