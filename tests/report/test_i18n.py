"""The two languages say the same."""

import re

import pytest

from hardneg import ConfigError
from hardneg.core.components import DRAWS, RULES
from hardneg.core.exclusions import EXCLUSIONS
from hardneg.report.i18n import LANGUAGES, Words

EN, RU = (Words(language) for language in LANGUAGES)


def test_both_languages_have_the_same_texts_with_the_same_places():
    assert set(EN.all) == set(RU.all)
    for key, text in EN.all.items():
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", RU.all[key])), key


def test_russian_is_russian():
    same = {key for key, text in EN.all.items() if text == RU.all[key]}
    assert same <= set()


@pytest.mark.parametrize("words", [EN, RU], ids=LANGUAGES)
def test_every_reason_has_a_name_and_a_meaning(words):
    components = [name.replace("-", "_") for name in (*RULES.names(), *DRAWS.names())]
    for reason in (*EXCLUSIONS, *components, "surplus", "max_uses", "no_score", "no_anchor_score"):
        assert f"reason.{reason}" in words.all and words.why(reason)
    assert words.reason("some_new_rule") == "some new rule"


def test_numbers_are_written_as_the_language_does():
    assert (EN.number(12345), RU.number(12345)) == ("12,345", "12\u202f345")
    assert (EN.decimal(0.12345), RU.decimal(0.12345), EN.decimal(None)) == ("0.123", "0,123", "–")
    assert [EN.percent(share) for share in (0, 0.0004, 0.0123, 0.03, 0.4567)] == [
        "0\u202f%", "0.04\u202f%", "1.2\u202f%", "3\u202f%", "46\u202f%",
    ]  # fmt: skip


def test_another_language_is_refused():
    with pytest.raises(ConfigError, match="Known: en, ru"):
        Words("de")
