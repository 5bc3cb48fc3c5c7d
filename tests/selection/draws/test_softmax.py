"""Probabilities by softmax over the scores, the first always."""

import numpy as np
import pytest

from hardneg.core.components import DRAWS
from hardneg.core.errors import ConfigError
from hardneg.selection.draws.softmax import Softmax
from tests.selection.blocks import NAN, block, first_drawn, noise, order_of


def test_it_draws_in_proportion_to_exponentials():
    scores = np.array([1.0, 0.5, 0.0])
    expected = np.exp(scores / 0.5) / np.exp(scores / 0.5).sum()
    assert first_drawn(Softmax(temperature=0.5, always=0), scores, 9.0) == pytest.approx(expected, abs=0.02)


def test_two_of_a_ratio_of_three_to_one():
    # temperature 1, ln 3 apart: 75 % and 25 %
    drawn = first_drawn(Softmax(temperature=1.0, always=0), [np.log(3.0), 0.0], 9.0)
    assert drawn == pytest.approx([0.75, 0.25], abs=0.02)


def test_it_always_takes_the_first_allowed():
    candidates = block([[0.9, 0.8, 0.1, 0.0]] * 50, [1.0] * 50).only(
        np.array([[False, True, True, True]] * 50)
    )
    priority = Softmax(temperature=100.0, always=1).priority(candidates, noise((50, 4)))
    assert np.isnan(priority[:, 0]).all()
    assert (np.nan_to_num(priority, nan=-np.inf).argmax(axis=1) == 1).all()


def test_those_always_taken_come_in_the_order_of_their_scores():
    order = order_of(Softmax(temperature=100.0, always=3), block([[0.1, 0.9, NAN, 0.5]], [1.0]))
    assert order == [0, 1, 3]  # the pool's order
    order = order_of(Softmax(temperature=100.0, always=3, by="dense"), block([[0.1, 0.9, NAN, 0.5]], [1.0]))
    assert order == [1, 3, 0]


@pytest.mark.parametrize(
    ("given", "message"),
    [({"temperature": 0}, "greater than 0"), ({"always": -1}, "greater than or equal to 0")],
)
def test_what_is_no_temperature_or_number_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        DRAWS.make({"softmax": given})
