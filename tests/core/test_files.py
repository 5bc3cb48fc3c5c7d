"""Files that are whole, tell of damage, and are worked on by one process at a time."""

import multiprocessing
import os
import time
from contextlib import contextmanager

import numpy as np
import pytest

from hardneg.core.errors import DataError
from hardneg.core.files import append_checksum, atomic, exclusive, has_valid_checksum, temp_memmap


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    (tmp_path / "a").write_text("before")
    with pytest.raises(RuntimeError), atomic(tmp_path / "a") as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "before"}


@pytest.mark.parametrize("content", [b"", b"a", b"ab" * 1_000_000])
def test_any_changed_bit_and_any_lost_byte_break_the_seal(content, tmp_path):
    path = tmp_path / "a"
    assert not has_valid_checksum(path)
    path.write_bytes(content)
    assert not has_valid_checksum(path)
    append_checksum(path)
    assert has_valid_checksum(path)
    whole = path.read_bytes()
    assert whole[: len(content)] == content
    for place in (0, len(content) // 2, len(content), len(whole) - 1):
        changed = bytearray(whole)
        changed[place] ^= 1
        path.write_bytes(changed)
        assert not has_valid_checksum(path)
    for end in (0, 31, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert not has_valid_checksum(path)
    path.write_bytes(whole + b"\0")
    assert not has_valid_checksum(path)


def _hold(folder, held, let_go):
    with exclusive(folder):
        held.set()
        let_go.wait(20)


def test_processes_take_turns_and_the_one_that_waits_is_told(tmp_path):
    events = []

    @contextmanager
    def waiting():
        events.append("begin")
        let_go.set()
        yield
        events.append("end")

    spawn = multiprocessing.get_context("spawn")
    held, let_go = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(tmp_path, held, let_go))
    other.start()
    assert held.wait(60)
    with exclusive(tmp_path, waiting):
        assert events == ["begin", "end"]
    other.join()
    with exclusive(tmp_path, waiting):
        assert len(events) == 2


def test_the_lock_falls_with_the_process_that_held_it(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    held, never = spawn.Event(), spawn.Event()
    other = spawn.Process(target=_hold, args=(tmp_path, held, never))
    other.start()
    assert held.wait(60)
    other.kill()
    other.join()
    begin = time.monotonic()
    with exclusive(tmp_path):
        assert time.monotonic() - begin < 5


def test_a_folder_that_cannot_be_written_to_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write to"), exclusive(tmp_path / "file" / "cache"):
        pass


def test_a_scratch_array_has_no_name(tmp_path):
    array = temp_memmap((3, 2), np.float32, tmp_path / "made")
    array[:] = 1
    assert array.sum() == 6 and array.dtype == np.float32
    assert list((tmp_path / "made").iterdir()) == []


def test_too_little_room_is_an_error_and_no_signal(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(DataError, match="cannot write to .*: No space left on device"):
        temp_memmap((10, 10), np.float32, tmp_path)
