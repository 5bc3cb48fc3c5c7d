"""Files of the cache: built once, checked when they are read, rebuilt where they are corrupt."""

import numpy as np
import pytest

from hardneg.core.progress import NullProgress
from hardneg.rankers.cache_files import build_or_load, checked_file, read_array, write_array

NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_an_array_is_read_as_it_was_written_and_mapped(tmp_path):
    write_array(tmp_path / "a", NUMBERS.T)
    found = read_array(tmp_path / "a")
    assert isinstance(found, np.memmap) and found.dtype == np.float32 and (found == NUMBERS.T).all()


@pytest.mark.parametrize("change", ["missing", "empty", "changed", "shorter"])
def test_a_missing_or_corrupt_file_is_none(change, tmp_path):
    path = tmp_path / "a"
    write_array(path, NUMBERS)
    content = bytearray(path.read_bytes())
    if change == "missing":
        path.unlink()
    elif change == "changed":
        content[130] ^= 1
        path.write_bytes(content)
    else:
        path.write_bytes(content[:-1] if change == "shorter" else b"")
    assert read_array(path) is None


def test_what_is_whole_but_no_array_is_none(tmp_path):
    with checked_file(tmp_path / "a") as temporary:
        temporary.write_bytes(b"no array at all")
    assert read_array(tmp_path / "a") is None


def test_objects_are_never_unpickled(tmp_path):
    with checked_file(tmp_path / "a") as temporary, temporary.open("wb") as file:
        np.save(file, np.array([{}], object), allow_pickle=True)
    assert read_array(tmp_path / "a") is None


def test_a_file_that_fails_half_way_leaves_nothing(tmp_path):
    with pytest.raises(KeyError), checked_file(tmp_path / "a") as temporary:
        temporary.write_bytes(b"half")
        raise KeyError
    assert list(tmp_path.iterdir()) == []


class Built:
    """Counts how often an array is built."""

    def __init__(self, folder):
        self.path, self.count = folder / "cache" / "a", 0

    def build(self):
        self.count += 1
        return NUMBERS

    def load(self, read=read_array, write=write_array):
        self.path.parent.mkdir(exist_ok=True)
        return build_or_load(self.path, read, self.build, write, NullProgress(), "files")


def test_it_is_built_once(tmp_path, caplog):
    built = Built(tmp_path)
    assert all((built.load() == NUMBERS).all() for _ in range(2)) and built.count == 1
    assert isinstance(built.load(), np.memmap) and not caplog.text


def test_a_corrupt_file_is_said_and_rebuilt(tmp_path, caplog):
    built = Built(tmp_path)
    built.load()
    built.path.write_bytes(b"damage")
    assert (built.load() == NUMBERS).all() and built.count == 2
    assert f"{built.path} is corrupt; rebuilding it" in caplog.text and read_array(built.path) is not None


def test_what_cannot_be_read_again_is_what_was_built(tmp_path):
    assert Built(tmp_path).load(read=lambda path: None) is NUMBERS
