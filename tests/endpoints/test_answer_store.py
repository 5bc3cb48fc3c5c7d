"""Answers on disk: the first of a key stays, and damage costs as little as can be."""

import sqlite3
import stat

import pytest

from hardneg.core.errors import DataError
from hardneg.endpoints.answer_rows import TABLE
from hardneg.endpoints.answer_store import FILE, AnswerStore
from hardneg.endpoints.client import Answer

KEY, OTHER = "a" * 64, "b" * 64
FIRST = Answer("Grade: 2 \u2028 é", "2026", 3, 4)


def test_the_first_answer_stays_and_outlives_the_process(tmp_path):
    store = AnswerStore(tmp_path / "new")
    assert store.get(KEY) is None
    assert store.put(KEY, "m", FIRST) == FIRST
    assert store.put(KEY, "m", Answer("other")) == FIRST
    assert AnswerStore(tmp_path / "new").get(KEY) == FIRST and not store.was_damaged


def test_two_stores_of_one_folder_share_their_answers(tmp_path):
    one, other = AnswerStore(tmp_path), AnswerStore(tmp_path)
    one.put(KEY, "m", FIRST)
    assert other.get(KEY) == FIRST and other.put(KEY, "m", Answer("late")) == FIRST


def test_a_closed_store_opens_again(tmp_path):
    store = AnswerStore(tmp_path)
    store.put(KEY, "m", FIRST)
    store.close()
    store.close()
    assert store.get(KEY) == FIRST


def test_its_owner_alone_can_read_it(tmp_path):
    store = AnswerStore(tmp_path / "new")
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700
    store.path.chmod(0o644)
    assert stat.S_IMODE(AnswerStore(tmp_path / "new").path.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", [b"", b"no database" * 100])
def test_what_is_no_database_is_set_aside(content, tmp_path, caplog):
    (tmp_path / FILE).write_bytes(content)
    store = AnswerStore(tmp_path)
    assert store.was_damaged and store.get(KEY) is None and "0 answers were saved" in caplog.text
    [aside] = tmp_path.glob("answers-*.damaged.sqlite")
    assert aside.read_bytes() == content and store.put(KEY, "m", FIRST) == FIRST


def test_answers_are_saved_from_a_damaged_file(tmp_path, caplog):
    store = AnswerStore(tmp_path)
    store.put(KEY, "m", FIRST)
    store.close()
    content = bytearray(store.path.read_bytes())
    content[:100] = b"\xff" * 100
    store.path.write_bytes(content)
    again = AnswerStore(tmp_path)
    assert again.get(KEY) == FIRST and again.was_damaged and "1 answers were saved" in caplog.text


def test_a_damaged_answer_is_none_and_is_replaced(tmp_path):
    store = AnswerStore(tmp_path)
    store.put(KEY, "m", FIRST)
    with sqlite3.connect(store.path) as file:
        file.execute("update answers set answer = cast(x'ff' as text)")
    assert store.get(KEY) is None
    assert store.put(KEY, "m", Answer("new", "2026")) == Answer("new", "2026") == store.get(KEY)


@pytest.mark.parametrize("column", ["answer", "model", "time"])
def test_one_changed_character_of_an_answer_is_seen_and_costs_no_other(column, tmp_path, caplog):
    store = AnswerStore(tmp_path)
    for key in (KEY, OTHER):
        store.put(key, "model", FIRST)
    with sqlite3.connect(store.path) as file:
        file.execute(f"update answers set {column} = replace({column}, '2', '3') where key = ?", [KEY])
        file.execute(f"update answers set {column} = replace({column}, 'm', 'n') where key = ?", [KEY])
    assert store.get(KEY) is None and store.get(KEY) is None and store.get(OTHER) == FIRST
    assert caplog.text.count("an answer in it is damaged") == 1
    assert store.has_lost(KEY) and not store.has_lost(OTHER) and not store.has_lost("c" * 64)
    assert store.put(KEY, "model", Answer("new", "2026")) == Answer("new", "2026") == store.get(KEY)


def test_a_store_of_an_earlier_version_is_read_and_written(tmp_path, caplog):
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute(TABLE.replace(", checksum text", ""))
        file.execute("insert into answers values (?, 'm', 'a', '2026', 1, 2)", [KEY])
    file.close()
    store = AnswerStore(tmp_path)
    assert store.get(KEY) == Answer("a", "2026", 1, 2) and store.put(OTHER, "m", FIRST) == FIRST
    assert AnswerStore(tmp_path).get(OTHER) == FIRST and not store.was_damaged and not caplog.text


def test_a_store_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / FILE).mkdir()
    with pytest.raises(DataError, match=r"cannot use .*answers\.sqlite"):
        AnswerStore(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot use"):
        AnswerStore(tmp_path / "file")
