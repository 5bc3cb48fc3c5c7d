"""The two languages say the same."""

import re

import pytest

from hardneg import ConfigError
from hardneg.calibration.calibration import calibrate, not_estimated
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


def test_reasons_why_something_is_not_known_are_translated():
    unrelated = "no ranker scores documents that it does not find"
    assert RU.why(unrelated) == "ни один ранжировщик не оценивает документы, которых не нашёл"
    assert RU.why("17 retrieved positives are too few, 20 are needed") == (
        "найденных релевантных слишком мало: 17, нужно 20"
    )
    assert RU.why("46 positives are too few, 50 are needed") == "релевантных слишком мало: 46, нужно 50"
    assert EN.why(unrelated) == unrelated and RU.why("something of a plugin") == "something of a plugin"


def test_the_reasons_of_the_sources_are_those_that_are_translated():
    known = [calibrate([], []).facts["why"], not_estimated("the labels are complete").facts["why"]]
    assert all(RU.why(reason) != reason for reason in known)
