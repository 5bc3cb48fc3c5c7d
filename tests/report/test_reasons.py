"""Reasons have names in both languages, those of unknown rules too."""

import json

import pytest

from hardneg.core.components import DRAWS, RULES, Rule
from hardneg.report import write_report
from hardneg.report.i18n import LANGUAGES, Locale
from hardneg.report.reasons import Reasons
from hardneg.runs.directory import RunFolder

BY_LANGUAGE = {"en": "too short", "ru": "слишком короткий"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_component_has_a_name_and_a_meaning(language):
    reasons = Reasons(Locale(language), {})
    for name in (*RULES.names(), *DRAWS.names()):
        reason = name.replace("-", "_")
        assert reasons.label(reason) and reasons.meaning(reason)


def test_reasons_of_short_queries_are_in_both_languages():
    texts = [Reasons(Locale(language), {}).label("corpus_exhausted") for language in LANGUAGES]
    assert texts == ["the whole corpus was searched", "просмотрен весь корпус"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_run_json_comes_first(language):
    described = {"surplus": {"label": BY_LANGUAGE, "meaning": "One text for all."}, "top": {"label": ""}}
    reasons = Reasons(Locale(language), {"reasons": described})
    assert reasons.label("surplus") == BY_LANGUAGE[language]
    assert reasons.meaning("surplus") == "One text for all."
    assert reasons.label("some_new_rule") == "some new rule" and reasons.meaning("some_new_rule") == ""


def test_the_docstring_of_a_component_is_its_meaning(monkeypatch):
    class Short(Rule):
        """Keeps long candidates.

        More of it.
        """

    monkeypatch.setitem(RULES._classes, "min-length", Short)
    assert Reasons(Locale(), {}).meaning("min_length") == "Keeps long candidates."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("described", [False, True])
def test_a_run_with_an_unknown_rule_has_a_page(run, collection, tmp_path, language, described):
    content = json.loads((run / "run.json").read_text(encoding="utf-8"))
    content["recipe"]["select"]["rules"].append({"min-length": {"characters": 20}})
    content["counts"]["dropped"]["min_length"] = 5
    if described:
        content["reasons"] = {"min_length": {"implies_doubt": False, "label": BY_LANGUAGE, "meaning": ""}}
    RunFolder(run).write(content)
    html = write_report(run, collection, tmp_path / "r.html", language=language).read_text(encoding="utf-8")
    assert (BY_LANGUAGE[language] if described else "min length") in html
    assert "min-length (characters 20)" in html
