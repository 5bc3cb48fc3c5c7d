"""What counts as the same text."""

import hashlib

import pytest

from hardneg.core.records import folded, full_text, id_key, text_key


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("What IS  it", "what is it"), (" a\n\tb\u00a0c ", "a b c"), ("ﬁeld ①", "field 1"),
        ("STRASSE", "straße"), ("Ё", "ё"), ("e\u0301", "é"), ("ｆｕｌｌ", "full"), ("", " \n"),
    ],
)  # fmt: skip
def test_case_spacing_and_unicode_form_do_not_count(text, same):
    assert folded(text) == folded(same) and text_key(text) == text_key(same)


@pytest.mark.parametrize(("text", "other"), [("a b", "ab"), ("a.", "a"), ("é", "e"), ("ё", "е")])
def test_all_else_counts(text, other):
    assert text_key(text) != text_key(other)


def test_keys_are_of_64_bits_and_the_same_in_every_process():
    expected = int.from_bytes(hashlib.blake2b(b"q1", digest_size=8).digest(), "little")
    assert id_key("q1") == text_key("Q1") == expected < 2**64
    assert id_key("Q1") != id_key("q1"), "ids are what they are"


def test_half_a_character_has_a_key_too():
    assert id_key("\ud800") == id_key("?")


def test_a_ranker_reads_the_title_a_space_and_the_text():
    assert full_text("Title", "text") == "Title text"
    assert full_text("Title", "") == "Title"
    assert full_text("", " text ") == " text ", "a text without a title stays as it is"
