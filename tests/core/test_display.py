"""Texts of others on a terminal: control characters shown, not obeyed; lines of a bounded length."""

import pytest

from hardneg.core.display import counted, counts, message, printable, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"), ("\x00\x1f\x7f\x9f", "\\x00\\x1f\\x7f\\x9f"), ("\r", "\\x0d"),
        ("\u2028\u202e\u2066\u2069", "\\u2028\\u202e\\u2066\\u2069"), ("\ud800", "\\ud800"),
        ("a\n\tb", "a\n\tb"), (" ~\xa0¡", " ~\xa0¡"),
        ("Ёж 日本 نیم\u200cفاصله 👩\u200d🔬", "Ёж 日本 نیم\u200cفاصله 👩\u200d🔬"),
    ],
)  # fmt: skip
def test_what_a_terminal_obeys_is_escaped_and_the_rest_is_left(text, shown):
    assert visible(text) == shown


def test_a_line_has_single_spaces_and_no_end():
    assert printable(" a\r\n\tb  c\x07 ") == "a b c\\x07"
    assert (printable("abcd", 4), printable("abcde", 4), printable("", 0)) == ("abcd", "abcd...", "")


def test_an_endless_word_of_a_message_is_cut_in_its_middle():
    assert message("x" * 319) == "x" * 319
    assert message("x" * 320) == f"{'x' * 120}...{'x' * 120}"
    assert message(f'no "{"x" * 200}{"y" * 200}" in it') == f'no "{"x" * 119}...{"y" * 119}" in it'


def test_an_endless_message_is_cut_in_its_middle():
    assert message("ab " * 100, 20) == "ab ab ab a ... b ab ab ab"
    assert message("ab ab", 5) == "ab ab"


@pytest.mark.parametrize(
    ("number", "unit", "said"),
    [
        (1, "query", "1 query"),
        (0, "query", "0 queries"),
        (1, "value", "1 value"),
        (2000, "value", "2,000 values"),
    ],
)
def test_a_number_with_its_unit(number, unit, said):
    assert counted(number, unit) == said


def test_counts_begin_with_the_greatest_and_leave_out_nothing_but_zeros():
    assert counts({"too_short": 1, "nothing": 0, "boilerplate": 1500}) == "boilerplate 1,500, too short 1"
    assert counts({}) == ""
