"""Where memory, address space or open files are limited, the report may fail and the run may not."""

import json
import logging
import resource
import subprocess
import sys

import pytest

from hardneg.core.errors import DataError
from hardneg.report.figures import vega
from tests.cli.test_cli import run

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
