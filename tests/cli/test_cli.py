"""The command line as a user meets it: what it prints, what it writes, how it ends."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from hardneg import cli
from hardneg.runs import ledger
from tests.mining.test_pipeline import content

WRITING_REPORTS = ("demo", "mine", "select", "clean", "audit")


def run(*arguments, expect=0, report=False):
    """Runs one command in this process, by default without a report, and returns its exit code."""
    writes_report = bool(arguments) and arguments[0] in WRITING_REPORTS
    left_out = ["--no-report"] if writes_report and not report else []
    try:
        sys.argv = ["hardneg", *map(str, arguments), *left_out]
        cli.main()
        code = 0
    except SystemExit as stop:
        code = stop.code or 0
    assert code == expect
    return code


@pytest.fixture
def mined(beir, tmp_path):
    run("mine", beir, "--out", tmp_path / "run", "--ranker", "bm25", "--negatives", 2, "--quiet")
    return tmp_path / "run"


def test_mine_writes_a_run_and_prints_a_summary(beir, tmp_path, capsys):
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", "bm25")
    printed = capsys.readouterr()
    assert printed.out == ""
    for word in ("naive on beir", "queries", "negatives", "surplus", "seconds", "train.jsonl"):
        assert word in printed.err


def test_quiet_prints_nothing_and_json_prints_the_run(beir, tmp_path, capsys):
    run("mine", beir, "--out", tmp_path / "a", "--ranker", "bm25", "--quiet")
    assert capsys.readouterr() == ("", "")
    run("mine", beir, "--out", tmp_path / "b", "--ranker", "bm25", "--json", "--seed", 7)
    assert json.loads(capsys.readouterr().out)["seed"] == 7


def test_select_decides_again(mined, tmp_path, capsys):
    run("select", mined, "--recipe", "naive", "--out", tmp_path / "again", "--negatives", 1, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["counts"]["negatives"] == 7
    assert [ranker for ranker in printed["rankers"]] == ["bm25"]


def test_a_run_can_be_without_a_report(beir, tmp_path, capsys):
    run("mine", beir, "--out", tmp_path / "a", "--ranker", "bm25")
    assert not (tmp_path / "a" / "report.html").exists() and "report.html" not in capsys.readouterr().err
    run("mine", beir, "--out", tmp_path / "b", "--ranker", "bm25", report=True)
    assert (tmp_path / "b" / "report.html").is_file() and "report.html" in capsys.readouterr().err


def test_export_writes_another_format(mined, tmp_path, capsys):
    run("export", mined, "--format", "flagembedding", "-o", tmp_path / "bge.jsonl", "--json")
    printed = json.loads(capsys.readouterr().out)
    lines = [json.loads(line) for line in (tmp_path / "bge.jsonl").open(encoding="utf-8")]
    assert printed["rows"] == len(lines) and {"query", "pos", "neg"} <= set(lines[0])


def test_diff_counts_what_changed(mined, tmp_path, capsys):
    run("select", mined, "--recipe", "naive", "--out", tmp_path / "again", "--negatives", 1, "--quiet")
    run("diff", mined, tmp_path / "again", "--json")
    printed = json.loads(capsys.readouterr().out)
    first = sum(block.counts()["negatives"] for block in ledger.iterate(mined))
    assert printed["negatives"]["both"] + printed["negatives"]["first_only"] == first
    run("diff", mined, tmp_path / "again")
    assert "first only" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine", "no-such-folder", "--out", "{out}"], 'there is no file or folder "no-such-folder"'),
        (["mine", "{beir}", "--out", "{out}", "--recipe", "naiv"], 'did you mean "naive"?'),
        (["mine", "{beir}", "--out", "{out}", "--ranker", "bm52"], 'did you mean "bm25"?'),
        (["mine", "{beir}", "--out", "{out}", "--ranker", "run:none.trec"], "none.trec"),
        (["mine", "{beir}", "--out", "{out}", "--ranker", "vectors:none"], "none"),
        (
            ["mine", "{beir}", "--out", "{out}", "--ranker", "dense:./none"],
            "model folder ./none does not exist",
        ),
        (["mine", "{beir}", "--out", "{out}", "--split", "dev"], "splits found: train"),
        (["mine", "{beir}", "--out", "{out}", "--format", "flag"], 'did you mean "flagembedding"?'),
        (["mine", "{beir}", "--out", "{out}", "--set", "select.negatives"], "KEY=VALUE"),
        (["mine", "{beir}"], "--out"),
        (["mine", "{beir}", "--out", "/proc/none"], "cannot write"),
        (["dig"], 'unknown command "dig"'),
        (["validate", "{beir}"], 'did you mean "clean"?'),
        (["export", "{beir}", "--format", "jsonl", "-o", "{out}"], "is no run directory"),
        (["audit", "{beir}", "--sample", "3"], "is no run directory, into which --sample writes"),
        (["diff", "{beir}", "{beir}"], "is no run directory"),
        (["select", "{beir}", "--recipe", "naive", "--out", "{out}"], "is no run directory"),
    ],
)
def test_an_error_is_one_line_and_exits_with_2(beir, tmp_path, capsys, arguments, message):
    places = {"beir": beir, "out": tmp_path / "out"}
    run(*(argument.format(**places) for argument in arguments), expect=2)
    printed = capsys.readouterr().err
    assert message in printed
    assert printed.startswith("hardneg: ") and printed.count("\n") == 1


def test_an_error_of_data_names_file_and_line(beir, tmp_path, capsys):
    corpus = beir / "corpus.jsonl"
    lines = corpus.read_text(encoding="utf-8").splitlines()
    for number, line, message in (
        (17, "{broken", "corpus.jsonl:17"),
        (3, '{"_id": "x"}', 'corpus.jsonl:3: "text" is missing'),
        (4, '{"_id": "d3", "text": []}', "corpus.jsonl:4"),
    ):
        changed = [*lines[: number - 1], line, *lines[number:]]
        corpus.write_text("\n".join(changed), encoding="utf-8")
        run("mine", beir, "--out", tmp_path / "out", "--ranker", "bm25", expect=2)
        assert message in capsys.readouterr().err


def test_a_full_disk_is_an_error_of_one_line(beir, tmp_path, capsys, monkeypatch):
    def full(*_, **options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ledger.pq, "write_table", full)
    run("mine", beir, "--out", tmp_path / "out", "--ranker", "bm25", expect=2)
    assert "No space left on device" in capsys.readouterr().err


def test_help_and_version(capsys):
    run("--version")
    assert capsys.readouterr().out.strip()
    run()
    assert "Commands" in capsys.readouterr().out


SLOW = """
import signal, sys, time
from hardneg import cli
from hardneg.mining import miner as blocks
signal.signal(signal.SIGINT, signal.default_int_handler)
blocks.BLOCK = 1
decide = blocks.Miner.block
blocks.Miner.block = lambda self, number: (time.sleep(0.15), decide(self, number))[1]
sys.argv = ["hardneg", *sys.argv[1:]]
cli.main()
"""


def test_kill_9_and_the_same_command_give_the_same_bytes(beir, tmp_path, monkeypatch):
    def command(out):
        return [
            sys.executable,
            "-c",
            SLOW,
            "mine",
            str(beir),
            "--out",
            str(out),
            "--ranker",
            "bm25",
            "--quiet",
        ]

    subprocess.run(command(tmp_path / "whole"), check=True)
    victim = subprocess.Popen(command(tmp_path / "run"))
    deadline = time.monotonic() + 60
    while not ledger.part_path(tmp_path / "run", 2).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert not ledger.part_path(tmp_path / "run", 6).exists()
    kept = ledger.part_path(tmp_path / "run", 0).stat().st_mtime_ns
    subprocess.run(command(tmp_path / "run"), check=True)
    assert content(tmp_path / "run") == content(tmp_path / "whole")
    assert ledger.part_path(tmp_path / "run", 0).stat().st_mtime_ns == kept


def test_ctrl_c_leaves_a_run_that_resumes(beir, tmp_path):
    command = [
        sys.executable,
        "-c",
        SLOW,
        "mine",
        str(beir),
        "--out",
        str(tmp_path / "run"),
        "--ranker",
        "bm25",
    ]
    victim = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not ledger.part_path(tmp_path / "run", 1).exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    victim.send_signal(signal.SIGINT)
    printed = victim.communicate()[1]
    assert victim.returncode == 130 and "the same command goes on" in printed and "Traceback" not in printed
    subprocess.run(command, check=True, capture_output=True)
    assert json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))["finished"]


def test_queries_lost_over_the_limit_end_with_exit_1_and_are_said_first(beir, tmp_path, capsys):
    flags = ["--recipe", "naive", "--ranker", "bm25", "--max-score", "-1"]
    run("mine", beir, "--out", tmp_path / "a", *flags, "--max-lost-queries", 0.5, expect=1)
    printed = capsys.readouterr().err
    assert "warning: the training set is empty: none of 7 queries has a negative" in printed
    assert printed.index("warning:") < printed.index("naive on beir")
    assert printed.endswith("7 of 7 queries are left without a negative, over the limit of 0.5\n")
    run("mine", beir, "--out", tmp_path / "a", *flags)
    again = ["select", tmp_path / "a", "--recipe", "naive", "--out", tmp_path / "b", "--quiet"]
    run(*again, "--max-lost-queries", 0)
    assert capsys.readouterr().out == ""


def test_common_thresholds_have_flags(beir, tmp_path):
    flags = ["--ranker", "bm25", "--perc-pos", 0.9, "--margin-pos", 0.2, "--max-positives", 1]
    run("mine", beir, "--out", tmp_path / "run", *flags, "--quiet")
    select = json.loads((tmp_path / "run" / "run.json").read_text())["recipe"]["select"]
    rules = {name: options for rule in select["rules"] for name, options in rule.items()}
    assert rules["relative-margin"]["margin"] == 0.1 and rules["absolute-margin"]["margin"] == 0.2
    assert list(rules)[0] == "false-negative-rate" and select["max_positives"] == 1
    lines = (tmp_path / "run" / "train.jsonl").read_text().splitlines()
    pairs = {(row["anchor"], row["positive"]) for row in map(json.loads, lines)}
    assert len(pairs) == len({anchor for anchor, _ in pairs})
    again = [
        "select",
        tmp_path / "run",
        "--recipe",
        "perc-pos",
        "--out",
        tmp_path / "again",
        "--perc-pos",
        0.8,
    ]
    run(*again, "--quiet")
    select = json.loads((tmp_path / "again" / "run.json").read_text())["recipe"]["select"]
    assert select["rules"] == [{"relative-margin": {"margin": 0.2, "by": None}}]
