"""State files: what is read is what was written, or an error that says what to do."""

import errno
import json

import pytest

from hardneg.core.errors import DataError
from hardneg.core.state_files import fingerprint, parse_state, read_state, write_state


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.json"


def test_it_comes_back_with_its_checksum(path):
    written = write_state(path, {"a": 1, "b": float("nan"), "checksum": "old"})
    assert written == {"a": 1, "b": None, "checksum": fingerprint({"a": 1, "b": None})}
    assert parse_state(path) == read_state(path, "") == written


def test_one_changed_digit_is_seen(path):
    write_state(path, {"a": 1})
    path.write_text(path.read_text().replace('"a": 1', '"a": 2'))
    with pytest.raises(DataError, match=r"state.json is damaged: its checksum does not fit; delete it$"):
        read_state(path, "delete it")


def test_one_without_a_checksum_is_read(path):
    path.write_text('{"a": 1}')
    assert read_state(path, "") == {"a": 1}


@pytest.mark.parametrize(
    "content", ["", "[1]", "nul", "[" * 99999, '{"a": NaN}', '{"a": "\\ud800"}', b"\xff", "9" * 5000]
)
def test_what_is_no_object_is_refused(content, path):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match="is damaged: .*; delete it"):
        read_state(path, "delete it")


def test_a_missing_one_is_no_damage(path):
    with pytest.raises(FileNotFoundError):
        read_state(path, "delete it")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.ENOMEM, errno.EIO])
def test_what_the_system_does_not_let_be_read_is_not_called_damaged(number, path, monkeypatch):
    write_state(path, {"a": 1})

    def fails(*_, **__):
        raise OSError(number, "why")

    monkeypatch.setattr("hardneg.core.state_files.read_regular", fails)
    with pytest.raises(DataError, match=r"^cannot read .*state.json: ") as error:
        read_state(path, "delete it")
    assert "delete" not in str(error.value)
    monkeypatch.undo()
    assert json.loads(path.read_text())["a"] == 1
