"""`hardneg generate` as a user meets it: what it prints, kill -9, mistakes."""

import json
import os
import signal
import subprocess
import sys

from tests.cli.test_cli import run
from tests.llm.generating.conftest import lines
from tests.llm.judging.test_command import COMMAND, until
from tests.llm.llm import reply


def options(served):
    return "--endpoint", served.url, "--model", "m"


def test_kill_9_and_the_same_command_ask_nothing_twice(beir, served, tmp_path):
    given = ("generate", beir, *options(served), "--out", tmp_path / "out", "--concurrency", "2")
    command = [sys.executable, "-c", COMMAND, *map(str, given)]
    served.delay = 0.15
    victim = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    until(lambda: len(served.requests) >= 6)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait(timeout=30)
    served.delay = 0.0
    assert json.loads((tmp_path / "out" / "generate.json").read_text())["finished"] is False
    run(*given, "--quiet")
    assert 22 <= len(served.requests) <= 22 + 2
    assert len(lines(tmp_path / "out" / "generated.jsonl")) == 66
    assert json.loads((tmp_path / "out" / "generate.json").read_text())["finished"] is True


def test_it_prints_a_table_or_the_summary_or_nothing(beir, served, tmp_path, capsys):
    given = ("generate", beir, *options(served), "--out", tmp_path / "out")
    run(*given, "--max-requests", 6)
    printed = capsys.readouterr()
    assert printed.out == ""
    for words in ("queries by m", "documents: asked", "queries: kept", "spent: requests", "--max-requests"):
        assert words in printed.err
    run(*given, "--json", "--queries", 1, "--kinds", "claim,question")
    shown = json.loads(capsys.readouterr().out)
    assert shown["written"] == 22 and shown["settings"]["kinds"] == ["claim", "question"]
    run(*given, "--quiet")
    assert capsys.readouterr() == ("", "")


def test_set_changes_the_request_or_how_the_source_is_read(beir, served, tmp_path):
    corpus = beir / "corpus.jsonl"
    corpus.write_text('{"_id": "empty", "text": ""}\n' + corpus.read_text(encoding="utf-8"), encoding="utf-8")
    given = ("--set", "load.empty_texts=skip", "--set", "response_format={type: json_object}", "--quiet")
    run("generate", beir, *options(served), "--out", tmp_path / "out", "--limit", 1, *given)
    assert served.requests[0]["response_format"] == {"type": "json_object"}
    assert not any("load" in name for name in served.requests[0])


def test_a_dry_run_needs_no_folder_and_asks_nothing(beir, served, capsys):
    run("generate", beir, *options(served), "--dry-run", "--negatives", 2)
    printed = capsys.readouterr()
    assert "exactly 2 strings" in printed.out and "queries: 7, cached: 0, requests: 7" in printed.err
    run("generate", beir, *options(served), "--dry-run", "--json")
    assert json.loads(capsys.readouterr().out)["requests"] == 22
    assert served.requests == []


def test_documents_without_an_answer_are_told_and_exit_with_2(beir, served, tmp_path, capsys):
    served.failures += [reply("out of order", 500)]
    given = ("generate", beir, *options(served), "--out", tmp_path / "out", "--quiet")
    run(*given, "--retries", 0, expect=2)
    assert "1 of 22 documents got no answer, the last one: HTTP 500: out of order" in capsys.readouterr().err
    run(*given)


def test_a_mistake_is_told_in_one_line(beir, served, tmp_path, capsys):
    out = ("--out", tmp_path / "out")
    for arguments, message in (
        ([beir, *options(served)], "--out is missing"),
        ([beir, "--endpoint", "localhost", "--model", "m", *out], "is no URL"),
        ([beir, *options(served), "--kinds", "poem", *out], "kinds"),
        ([beir, *options(served), "--split", "dev", *out], "there is no qrels/dev.tsv"),
        ([beir, *options(served), "--ranker", "bm52", *out], "bm52"),
        ([tmp_path / "none", *options(served), *out], "there is no file or folder"),
        ([beir, *options(served), "--out", beir], "holds other files (corpus.jsonl"),
    ):
        run("generate", *arguments, expect=2)
        shown = capsys.readouterr().err
        assert message in shown and shown.count("\n") == 1, shown
    assert served.requests == []
