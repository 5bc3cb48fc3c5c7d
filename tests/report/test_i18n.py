"""The two languages say the same."""

import re

import pytest

from hardneg import ConfigError
from hardneg.report.i18n import LANGUAGES, Locale, cut

EN, RU = (Locale(language) for language in LANGUAGES)


def test_both_languages_have_the_same_texts_with_the_same_places():
    assert set(EN.texts) == set(RU.texts)
    for key, text in EN.texts.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", RU.texts[key])), key


def test_russian_is_russian():
    same = {key for key, text in EN.texts.items() if text == RU.texts[key]}
    assert same == set()


def test_numbers_are_written_as_the_language_does():
    assert (EN.number(12345), RU.number(12345)) == ("12,345", "12\u202f345")
    assert (EN.decimal(0.12345), RU.decimal(0.12345), EN.decimal(None)) == ("0.123", "0,123", "–")
    assert [EN.percent(share) for share in (0, 0.0004, 0.0123, 0.03, 0.4567)] == [
        "0\u202f%", "0.04\u202f%", "1.2\u202f%", "3\u202f%", "46\u202f%",
    ]  # fmt: skip


def test_another_language_is_refused():
    with pytest.raises(ConfigError, match="Known: en, ru"):
        Locale("de")


@pytest.mark.parametrize(
    ("text", "length", "shown"),
    [
        ("amber and fir", 13, "amber and fir"), ("amber and fir", 12, "amber and …"),
        ("amber and", 6, "amber …"),
        ("ambergris", 5, "amber …"), ("amber", 0, "…"), ("   amber", 3, "…"), ("", 0, ""),
    ],
)  # fmt: skip
def test_a_long_text_is_cut_between_words(text, length, shown):
    assert cut(text, length) == shown
