"""Where memory, address space or open files are limited, the report may fail and the run may not."""

import errno
import json
import logging
import resource
import subprocess
import sys

import pytest

from hardneg.core.errors import DataError
from hardneg.report.figures import vega
from tests.cli.test_cli import run
from tests.hostile import snapshot

GB = 2**30


@pytest.mark.parametrize(("kind", "limit"), [("RLIMIT_AS", 3 * GB), ("RLIMIT_NOFILE", 12)])
def test_a_run_is_finished_though_its_report_cannot_be_written(kind, limit, beir, tmp_path):
    out = tmp_path / "run"
    command = [sys.executable, "-m", "hardneg", "mine", beir, "--out", out, "--recipe", "sampled", "--quiet"]
    ended = subprocess.run(
        [*map(str, command), "--ranker", "bm25"],
        preexec_fn=lambda: resource.setrlimit(getattr(resource, kind), (limit, limit)),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads((out / "run.json").read_text(encoding="utf-8"))["finished"]
    assert (out / "report.html").exists() or "complete but for report.html" in ended.stderr


def limited(limit, *command, kind=resource.RLIMIT_AS):
    """Returns the exit code of a command under a limit, and what it said."""
    ended = subprocess.run(
        [sys.executable, "-m", "hardneg", *map(str, command)],
        preexec_fn=lambda: resource.setrlimit(kind, (limit, limit)),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("limit", [GB // 2, GB])
def test_too_little_address_space_is_said_at_once(limit, tmp_path):
    code, said = limited(limit, "audit", tmp_path)
    assert code == 2 and said.count("\n") == 1 and "GiB (ulimit -v), 2 GiB are needed" in said


READ = """
import resource, sys
import pyarrow.compute, pyarrow.parquet
from pathlib import Path
from hardneg.core.errors import DataError
from hardneg.runs import ledger
folder = Path(sys.argv[1])
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + int(sys.argv[2]),) * 2)
try:
    for path in ledger.parts(folder):
        ledger.read_part(path)
    print("read")
except (DataError, MemoryError) as error:
    print(str(error) or "memory")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the size of a process is read from /proc")
def test_a_whole_ledger_is_never_called_damaged(beir, tmp_path):
    """Where a thread or memory cannot be had, pyarrow says neither that nor anything, and waits."""
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "sampled", "--ranker", "bm25")
    before = snapshot(tmp_path / "run")
    said = []
    for more in (0, 2**20, 2**22, 2**24, 2**26, 3 * 2**26, 2**32):
        ended = subprocess.run(
            [sys.executable, "-c", READ, tmp_path / "run", str(more)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        said.append(ended.stdout.strip() or ended.stderr.strip())
    assert snapshot(tmp_path / "run") == before
    assert said[-1] == "read" and said[0] != "read", said
    assert not any("damaged" in line or "Traceback" in line for line in said), said


def test_too_few_open_files_are_no_damage(beir, tmp_path, monkeypatch, capsys):
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "sampled", "--ranker", "bm25")
    before = snapshot(tmp_path / "run")

    def fails(path):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("hardneg.core.state_files.read_regular", fails)
    capsys.readouterr()
    run("audit", tmp_path / "run", expect=2)
    said = capsys.readouterr().err
    assert said == f"hardneg: cannot read {tmp_path / 'run' / 'run.json'}: too many files are open\n"
    assert snapshot(tmp_path / "run") == before


def test_the_next_figure_is_drawn_by_a_new_process(beir, tmp_path, caplog):
    vega.draw({"data": {"values": [{"x": 1}]}, "mark": "bar"}, "5.20", ".svg")
    vega._process().kill()
    with caplog.at_level(logging.WARNING, "hardneg.report"):
        run("mine", beir, "--out", tmp_path / "run", "--recipe", "sampled", "--ranker", "bm25", report=True)
    assert "complete but for report.html: the process that draws figures ended" in caplog.text
    assert not (tmp_path / "run" / "report.html").exists()
    run("report", tmp_path / "run")
    assert (tmp_path / "run" / "report.html").exists()


def test_a_chart_that_is_refused_is_one_error():
    with pytest.raises(DataError, match="cannot draw a figure"):
        vega.draw({"mark": 7}, "5.20", ".svg")
