"""The reasons of a run: what each is called and means, and whether it implies doubt."""

import json
from dataclasses import dataclass

import numpy as np
import pytest

from hardneg import ConfigError, Recipe
from hardneg.core.components import DRAWS, RULES, VALIDATORS
from hardneg.selection.draws.top import Top
from hardneg.selection.reasons import FIXED, describe_reasons
from hardneg.selection.rules.max_score import MaxScore
from hardneg.selection.selector import Selector
from hardneg.selection.settings import SelectSettings
from hardneg.testing import collection


@dataclass(frozen=True)
class Undocumented:
    def keep(self, candidates):
        return candidates.docs >= 0


def min_length(candidates, *, characters: int = 20):
    """Keeps long texts.

    And says more.
    """
    return candidates.documents.lengths >= characters


def test_all_reasons_of_a_selector_are_described():
    settings = SelectSettings(rules=(MaxScore(0.7), min_length, Undocumented()), draw="simans")
    known = collection({"a": "alpha"}, {"q": "what"}, [("q", "a", 1)])
    described = describe_reasons(settings.rules, settings.draw)
    assert set(described) == set(Selector(known, settings, 1).reasons)
    doubted = {reason for reason, facts in described.items() if facts["implies_doubt"]}
    assert doubted == {
        "attenuated",
        "partly_relevant",
        "judged_relevant", "query_text", "duplicate_of_positive", "relabelled", "noisy_positive", "max_score",
    }  # fmt: skip
    assert described["max_score"]["label"] == {"en": "score too high", "ru": "оценка слишком высока"}
    assert described["min_length"] == {
        "implies_doubt": False, "label": "min length", "meaning": "Keeps long texts.",
    }  # fmt: skip
    assert described["undocumented"] == {"implies_doubt": False, "label": "undocumented", "meaning": ""}
    assert json.loads(json.dumps(described)) == described


@pytest.mark.parametrize("reason", FIXED)
def test_the_fixed_reasons_are_described_in_both_languages(reason):
    facts = describe_reasons((), Top())[reason]
    assert all(facts[part][language] for part in ("label", "meaning") for language in ("en", "ru"))


@pytest.mark.parametrize("registry", [RULES, DRAWS, VALIDATORS], ids=lambda registry: registry.kind)
def test_what_comes_with_hardneg_is_described_in_both_languages(registry):
    for name in registry.names():
        made = registry.get(name)
        if not made.__module__.startswith("hardneg."):
            continue
        assert all(part[language] for part in (made.label, made.meaning) for language in ("en", "ru")), name


@pytest.mark.parametrize("name", ["surplus", "judged_relevant", "top"])
def test_a_rule_cannot_have_the_name_of_another_reason(name):
    def rule(candidates):
        return np.ones(candidates.shape, bool)

    rule.__name__ = name
    with pytest.raises(ConfigError, match=f'a rule cannot be called "{name}".*rename it') as caught:
        Recipe.named("naive", rules=[rule])
    assert "\n" not in str(caught.value)


def test_a_draw_cannot_have_the_name_of_another_reason():
    def surplus(candidates, noise):
        return noise

    with pytest.raises(ConfigError, match='a draw cannot be called "surplus".*rename it'):
        Recipe.named("naive", draw=surplus)
