"""Progress bars, and lines in logs."""

import time
from types import SimpleNamespace

import pytest

from hardneg.cli import progress
from hardneg.cli.progress import Bars, Lines, _Bar, _Stage


@pytest.mark.parametrize(
    ("speed", "expected"),
    [(1_234.5, ["1,234 documents/s"]), (1.0, ["1 documents/s"]), (0.05, ["20 s each"]), (None, [])],
)
def test_the_rate_beside_a_bar_is_never_zero(speed, expected):
    rates = []
    bars = SimpleNamespace(
        advance=lambda number, steps: None,
        tasks=[SimpleNamespace(speed=speed)],
        update=lambda number, rate: rates.append(rate),
    )
    _Bar(bars, 0, "documents").advance(3)
    assert rates == expected


def test_a_stage_that_comes_again_goes_on_in_its_bar():
    with Bars() as bars:
        for _ in range(2):
            with bars.task("score pairs", 4, "pairs") as task:
                task.advance(4)
        with bars.task("calibrate", None, "queries"):
            pass
        stages = [(task.description, task.completed, task.total) for task in bars._bars.tasks]
    assert stages == [("score pairs", 8, 8), ("calibrate", 1, 1)]


@pytest.mark.parametrize(
    ("total", "done", "expected"),
    [
        (40_000, 8_000, "encode: 8,000 of 40,000 texts (20%), 100 texts/s, 5.3 min left"),
        (10, 1, "encode: 1 of 10 texts (10%), 80 s each, 12.0 min left"),
        (10, 0, "encode: 80.0 s so far"),
        (None, 3, "encode: 80.0 s so far"),
    ],
)
def test_a_line_has_the_rate_and_the_time_left(monkeypatch, total, done, expected):
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    stage = _Stage("encode", total, "texts")
    stage.advance(done)
    now[0] += 80
    assert stage.line() == expected
    assert stage.line(done=True) == f"encode: {f'{done:,} texts in ' if done else ''}80.0 s"


def test_lines_are_printed_while_a_stage_runs_and_when_it_ends(capsys, monkeypatch):
    monkeypatch.setattr(progress, "_WORTH", 0.05)
    with Lines(seconds=0.01) as lines, lines.task("calibrate", None, "queries"):
        time.sleep(0.1)
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) > 1 and all(line.endswith("so far") for line in shown[:-1])
    assert shown[-1] == "calibrate: 0.1 s"
    with Lines() as lines, lines.task("export", None, "rows"):
        pass
    assert capsys.readouterr().err == ""


def test_a_stage_that_fails_has_no_last_line(capsys):
    with pytest.raises(ValueError, match="x"), Lines() as lines, lines.task("calibrate", None, "queries"):
        raise ValueError("x")
    assert capsys.readouterr().err == ""
