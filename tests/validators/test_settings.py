"""The settings of validation: names of columns, and what is refused."""

import pytest
from pydantic import ValidationError

from hardneg.validators.settings import ValidateSettings


def test_names_are_those_of_the_ledgers_columns():
    settings = ValidateSettings(
        validators=["near-duplicate", "agreement", "near-duplicate:0.5", "near-duplicate:0.4"]
    )
    assert settings.names == ("near_duplicate", "agreement", "near_duplicate_2", "near_duplicate_3")


def test_by_default_nothing_is_validated():
    settings = ValidateSettings()
    assert settings.validators == () and settings.names == ()
    assert settings.calibrate is False and settings.relabel_above is None and settings.weights


def test_validators_are_written_down_in_full():
    settings = ValidateSettings(validators=["agreement:-0.5"])
    assert settings.model_dump(mode="json")["validators"] == [{"agreement": {"bound": -0.5}}]


@pytest.mark.parametrize("given", [
    {"sample": 0}, {"relabel_above": 1.1}, {"relabel_above": -0.1}, {"validator": []},
])  # fmt: skip
def test_what_is_unknown_or_no_probability_is_refused(given):
    with pytest.raises(ValidationError, match=next(iter(given))):
        ValidateSettings(**given)
