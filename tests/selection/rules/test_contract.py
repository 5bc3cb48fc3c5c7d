"""What every rule keeps, and how wrong settings are refused."""

import numpy as np
import pytest

from hardneg.core.components import RULES
from hardneg.core.errors import ConfigError
from hardneg.testing import check_rule
from tests.selection.blocks import NAN, block


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"max-score": {}}, '"maximum" is missing'),
        ({"max-score": {"maximum": "much"}}, "valid number"),
        ({"absolute-margin": {"margins": 1}}, 'unknown setting "margins"'),
        ("windw", 'did you mean "window"'),
        ({"window": {}, "max-score": {}}, "{name: {setting: value}}"),
    ],
)
def test_wrong_settings_are_told_in_one_line(given, message):
    with pytest.raises(ConfigError, match=message.replace("{", r"\{")) as caught:
        RULES.make(given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", RULES.names())
def test_every_rule_keeps_the_contract(name):
    settings = {"maximum": 0.5} if name == "max-score" else {"minimum": 0.5} if name == "min-score" else {}
    rule = RULES.make({name: settings})
    check_rule(rule)
    candidates = block([[0.9, NAN, 0.1], [0.5, 0.5, NAN]], [0.9, NAN])
    keep = rule.keep(candidates)
    assert rule.reads == "rank" or not keep[np.isnan(candidates.score())].any()
    assert rule.reads in ("rank", "score", "anchor", "probability")
    assert RULES.make(RULES.describe(rule)) == rule
    assert "Source:" in (type(rule).__doc__ or "")
