"""run.json and calibration.json: checked when they are read, plain when they are written."""

import json

import pytest

from hardneg.core.errors import DataError
from hardneg.runs import directory
from hardneg.runs.directory import RunFolder


def test_numbers_that_json_has_no_word_for_are_null(tmp_path):
    folder = RunFolder(tmp_path)
    stored = folder.write({"rankers": {"static": {"max_length": float("inf"), "scale": float("nan")}}})
    assert stored["rankers"] == {"static": {"max_length": None, "scale": None}}
    text = (tmp_path / "run.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail)["rankers"] == stored["rankers"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"fingerprint": 1}', '{"x": NaN}', "[" * 100_000])
def test_what_is_no_run_json_is_refused(text, tmp_path):
    (tmp_path / "run.json").write_text(text)
    with pytest.raises(DataError, match=r"run\.json is damaged: .*; delete .* and mine again"):
        RunFolder(tmp_path).read()


def test_a_changed_value_does_not_fit_the_checksum(tmp_path):
    RunFolder(tmp_path).write({"seed": 42})
    path = tmp_path / "run.json"
    path.write_text(path.read_text().replace("42", "43"))
    with pytest.raises(DataError, match="its checksum does not fit"):
        RunFolder(tmp_path).read()


def test_a_missing_or_damaged_calibration_is_none(tmp_path):
    assert RunFolder(tmp_path).read_calibration() is None
    (tmp_path / "calibration.json").write_text('{"kind": ')
    assert RunFolder(tmp_path).read_calibration() is None


def test_an_empty_setting_is_named_where_runs_differ():
    assert directory._settings({"a": "", "b": 1}, {"a": "x", "b": 1}) == " (a: nothing stored, x asked for)"
