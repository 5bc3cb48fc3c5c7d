"""The settings of selection: what is refused, and how they are written down."""

import pytest
from pydantic import ValidationError

from hardneg.selection.draws.softmax import Softmax
from hardneg.selection.draws.top import Top
from hardneg.selection.rules.max_score import MaxScore
from hardneg.selection.settings import SelectSettings


def test_by_default_four_of_the_hardest_are_taken_without_rules():
    settings = SelectSettings()
    assert (settings.negatives, settings.rules, settings.draw) == (4, (), Top())
    assert (settings.anchor, settings.ensemble, settings.distinct) == ("weakest", "none", True)
    assert settings.max_uses is None and settings.max_positives is None


def test_rules_and_draw_are_named_and_written_down_in_full():
    settings = SelectSettings(rules=["max-score:0.7"], draw={"softmax": {"always": 2}})
    assert settings.rules == (MaxScore(0.7),) and settings.draw == Softmax(always=2)
    written = settings.model_dump(mode="json")
    assert written["rules"] == [{"max-score": {"maximum": 0.7, "by": None}}]
    assert written["draw"] == {"softmax": {"temperature": 0.05, "always": 2, "by": None}}
    assert SelectSettings.model_validate(written) == settings


@pytest.mark.parametrize("given", [
    {"negatives": 0}, {"max_uses": 0}, {"max_positives": 0}, {"anchor": "strongest"}, {"ensemble": "all"},
    {"negative": 4},
])  # fmt: skip
def test_what_selects_nothing_or_is_unknown_is_refused(given):
    with pytest.raises(ValidationError, match=next(iter(given))):
        SelectSettings(**given)
    assert SelectSettings(negatives=1, max_uses=1, max_positives=1).negatives == 1


def surplus(candidates):
    return candidates.docs >= 0


def top(candidates):
    return candidates.docs >= 0


@pytest.mark.parametrize("rule", [surplus, top])
def test_a_rule_cannot_have_the_name_of_another_reason(rule):
    with pytest.raises(ValidationError, match=f'a rule cannot be called "{rule.__name__}"'):
        SelectSettings(rules=[rule])


def test_a_rule_may_have_the_name_of_a_draw_that_does_not_draw():
    assert len(SelectSettings(rules=[top], draw="uniform").rules) == 1


def test_a_draw_cannot_have_the_name_of_another_reason():
    def max_uses(candidates, noise):
        return noise

    with pytest.raises(ValidationError, match='a draw cannot be called "max_uses"'):
        SelectSettings(draw=max_uses)
