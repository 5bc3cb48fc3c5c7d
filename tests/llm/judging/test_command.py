"""`hardneg judge` as a user meets it: what it prints, kill -9, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time

from hardneg.core import verdicts
from tests.cli.test_cli import run
from tests.llm.judging.conftest import said
from tests.llm.llm import reply

COMMAND = """
import signal, sys
from hardneg import cli
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.argv = ["hardneg", *sys.argv[1:]]
cli.main()
"""


def command(mined, served, *options):
    given = ("judge", str(mined), "--endpoint", served.url, "--model", "m", "--concurrency", "2", *options)
    return [sys.executable, "-c", COMMAND, *given]


def until(condition):
    deadline = time.monotonic() + 60
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def interrupted(mined, served, how):
    """Starts judging slowly, stops it with a signal after five requests, and returns what it planned."""
    served.delay = 0.15
    victim = subprocess.Popen(command(mined, served), stderr=subprocess.PIPE, text=True)
    until(lambda: len(served.requests) >= 5)
    os.kill(victim.pid, how)
    planned = victim.communicate(timeout=30)[1]
    served.delay = 0.0
    return victim.returncode, planned


def test_kill_9_and_the_same_command_give_the_same_verdicts(mined, served):
    interrupted(mined, served, signal.SIGKILL)
    asked, written = len(served.requests), said(mined)
    assert 0 < len(written) < 14
    subprocess.run(command(mined, served, "--quiet"), check=True)
    assert len(served.requests) <= 14 + 2 and asked < 14
    resumed = said(mined)
    assert resumed[: len(written)] == written and len(resumed) == 14
    (mined / verdicts.FILE).unlink()
    subprocess.run(command(mined, served, "--quiet", "--max-requests", "0"), check=True)
    assert said(mined) == resumed


def test_ctrl_c_ends_at_once_and_the_same_command_goes_on(mined, served):
    code, planned = interrupted(mined, served, signal.SIGINT)
    assert code == 130 and "the same command goes on" in planned and "Traceback" not in planned
    assert 0 < len(said(mined)) < 14
    assert json.loads((mined / "judge" / "summary.json").read_text(encoding="utf-8"))["left"] > 0
    subprocess.run(command(mined, served, "--quiet"), check=True)
    assert len(said(mined)) == 14


def options(served):
    return "--endpoint", served.url, "--model", "m"


def test_it_prints_a_table_or_the_summary_or_nothing(mined, served, capsys):
    run("judge", mined, *options(served), "--max-requests", 3)
    printed = capsys.readouterr()
    assert printed.out == ""
    for words in ("judged by m", "verdict: relevant", "spent: requests", "--max-requests", "pairs: left"):
        assert words in printed.err
    run("judge", mined, *options(served), "--json", "--also", "dropped")
    assert json.loads(capsys.readouterr().out)["judged"] == 14
    run("judge", mined, *options(served), "--quiet")
    assert capsys.readouterr() == ("", "")


def test_pairs_without_an_answer_are_told_and_exit_with_2(mined, served, capsys):
    served.failures += [reply("out of order", 500)]
    run("judge", mined, *options(served), "--retries", 0, "--quiet", expect=2)
    planned = capsys.readouterr().err
    assert "1 of 14 pairs got no answer, the last one: HTTP 500: out of order; the same command" in planned
    assert planned.count("\n") == 1
    run("judge", mined, *options(served), "--quiet")


def test_a_mistake_is_told_in_one_line(mined, beir, served, capsys):
    for arguments, message in (
        (["judge", beir, *options(served)], "is no run directory"),
        (["judge", mined, "--endpoint", "localhost", "--model", "m"], "is no URL"),
        (["judge", mined, *options(served), "--prompt", "russian"], 'unknown prompt "russian"'),
        (["judge", mined, *options(served), "--key-env", "NO_SUCH_KEY"], "NO_SUCH_KEY is not set"),
        (["judge", mined, *options(served), "--set", "max_tokens"], "KEY=VALUE"),
        (["judge", mined, *options(served), "--pairs", "none.jsonl"], "none.jsonl"),
    ):
        run(*arguments, expect=2)
        planned = capsys.readouterr().err
        assert message in planned and planned.count("\n") == 1
    assert served.requests == []


def test_a_dry_run_shows_pairs_tokens_and_cost_and_asks_nothing(mined, served, capsys):
    options = ("judge", mined, "--endpoint", served.url, "--model", "m", "--dry-run")
    run(*options, "--json", "--price", 2)
    planned = json.loads(capsys.readouterr().out)
    assert (planned["pairs"], planned["cached"], planned["requests"]) == (14, 0, 14)
    assert planned["most_tokens"] > 14 * 512 and "amber" in planned["prompt"]
    assert planned["most_cost"] == round(planned["most_tokens"] * 2 / 1_000_000, 4)
    assert not served.requests and not (mined / verdicts.FILE).exists() and not (mined / "judge").exists()
    run("judge", mined, "--endpoint", served.url, "--model", "m", "--limit", 4, "--quiet")
    run(*options)
    shown = capsys.readouterr().err
    assert "pairs: 14, cached: 4, requests: 10, most tokens: " in shown and "cost" not in shown
