"""Rows of answers: what is whole, and what is not."""

import pytest

from hardneg.endpoints.answer_rows import as_text, checked, is_answer

ROW = ["a" * 64, "m", "Grade: 2", "2026", 3, 4]


def test_a_row_is_as_it_was_stored():
    assert is_answer(checked(ROW)) and is_answer((*ROW, None))
    assert checked(ROW)[:-1] == tuple(ROW) and len(checked(ROW)[-1]) == 32


@pytest.mark.parametrize("place", range(6))
def test_every_column_counts(place):
    changed = list(checked(ROW))
    changed[place] = {0: "b" * 64, 4: 5, 5: 5}.get(place, "other")
    assert not is_answer(tuple(changed))


@pytest.mark.parametrize(("place", "value"), [(0, "k"), (0, None), (2, None), (4, -1), (5, "4"), (6, "")])
def test_what_is_no_answer(place, value):
    changed = [*ROW, None]
    changed[place] = value
    assert not is_answer(tuple(changed))


def test_texts_that_are_no_utf_8_are_none():
    assert as_text("é".encode()) == "é" and as_text(b"\xff") is None
