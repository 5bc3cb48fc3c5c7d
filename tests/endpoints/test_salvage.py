"""What can be read of a damaged file of answers."""

import sqlite3

import pytest

from hardneg.endpoints.answer_rows import COLUMNS, TABLE, checked
from hardneg.endpoints.salvage import salvaged

ROWS = [
    checked([f"{number:064x}", "m", f"answer {number} " + "é" * 200, "2026", number, 2])
    for number in range(200)
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "answers.sqlite"


def write(path, rows, page=None):
    file = sqlite3.connect(path)
    if page:
        file.execute(f"pragma page_size = {page}")
    file.execute(TABLE)
    file.executemany(f"insert into answers ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?)", rows)
    file.commit()
    file.close()
    return path


def damage(path, begin, end):
    content = bytearray(path.read_bytes())
    content[begin:end] = b"\xff" * (end - begin)
    path.write_bytes(content)


@pytest.mark.parametrize("page", [None, 1024, 8192])
def test_of_a_whole_file_every_row_is_read(path, page):
    assert set(salvaged(write(path, ROWS, page))) == set(ROWS)


def test_a_damaged_page_costs_its_own_rows_alone(path):
    write(path, ROWS)
    pages = path.stat().st_size // 4096
    damage(path, 4096 * (pages - 1), 4096 * pages)
    found = set(salvaged(path))
    assert len(ROWS) - 20 < len(found) < len(ROWS) and found < set(ROWS)


def test_a_page_is_read_from_both_ends(path):
    write(path, ROWS)
    damage(path, 3 * 4096 + 14, 3 * 4096 + 16)  # where the fourth row of a page of eight is
    assert len(set(salvaged(path)) & set(ROWS)) > len(ROWS) - 10


@pytest.mark.parametrize("end", [16, 100, 4096])
def test_a_damaged_beginning_costs_nothing(path, end):
    write(path, ROWS)
    damage(path, 0, end)
    assert set(salvaged(path)) == set(ROWS)


def test_the_root_of_the_table_may_be_damaged(path):
    write(path, ROWS)
    damage(path, 4096, 8192)
    found = set(salvaged(path))
    assert len(found) > 0.9 * len(ROWS) and found <= set(ROWS)


def test_what_is_no_answer_is_left_out(path):
    wrong = [
        ("k", "m", "a", "2026", 1, 1), ("g" * 64, "m", "a", "2026", 1, 1),
        ("1" * 64, "m", "a", "2026", -1, 1),
        ("2" * 64, "m", b"\xff", "2026", 1, 1), ("3" * 64, "m", "a", "2026", "many", 1),
    ]  # fmt: skip
    right = checked(["4" * 64, "m", "a", "2026", 0, 0])
    other = (*checked(["5" * 64, "m", "a", "2026", 0, 0])[:2], "b", *right[3:])
    assert set(salvaged(write(path, [*(checked_or_none(row) for row in wrong), right, other]))) == {right}


def checked_or_none(row):
    return *row, None


def test_rows_of_earlier_versions_have_no_checksum(path):
    file = sqlite3.connect(path)
    file.execute(TABLE.replace(", checksum text", ""))
    file.execute("insert into answers values (?, 'm', 'a', '2026', 1, 2)", ["a" * 64])
    file.commit()
    file.close()
    assert list(salvaged(path)) == [("a" * 64, "m", "a", "2026", 1, 2, None)]


@pytest.mark.parametrize("content", [b"", b"x", b"no database" * 1000])
def test_of_no_database_nothing_is_read_and_nothing_is_left_behind(content, path):
    path.write_bytes(content)
    assert list(salvaged(path)) == [] and [p.name for p in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == content
