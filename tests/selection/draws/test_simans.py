"""Probabilities that peak near the positive's score."""

import numpy as np
import pytest

from hardneg.core.components import DRAWS
from hardneg.core.errors import ConfigError
from hardneg.selection.draws.simans import SimAns
from tests.selection.blocks import NAN, block, first_drawn, order_of

SCORES = np.array([0.9, 0.6, 0.2])


def test_it_peaks_at_the_positive():
    weights = np.exp(-20 * (SCORES - 0.6) ** 2)
    assert first_drawn(SimAns(a=20.0), SCORES, 0.6) == pytest.approx(weights / weights.sum(), abs=0.02)


def test_it_shifts_its_peak_by_b():
    weights = np.exp(-20 * (SCORES - 0.6 + 0.4) ** 2)
    expected = weights / weights.sum()
    assert first_drawn(SimAns(a=20.0, b=-0.4), SCORES, 0.6) == pytest.approx(expected, abs=0.02)


def test_it_is_as_far_above_as_below():
    # both 1 from the positive: exp(-0) to exp(-ln 2) to exp(-ln 2)
    drawn = first_drawn(SimAns(a=float(np.log(2))), [1.0, 2.0, 0.0], 1.0)
    assert drawn == pytest.approx([0.5, 0.25, 0.25], abs=0.02)


def test_without_a_score_or_an_anchor_nothing_is_drawn():
    assert order_of(SimAns(), block([[0.1]], [NAN])) == []
    assert order_of(SimAns(), block([[NAN, 0.1]], [0.5])) == [1]


def test_a_sharpness_of_zero_is_refused():
    with pytest.raises(ConfigError, match="greater than 0"):
        DRAWS.make({"simans": {"a": 0}})
