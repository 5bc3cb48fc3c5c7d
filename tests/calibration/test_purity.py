"""By what verdicts multiply all probabilities."""

from itertools import pairwise

import numpy as np
import pytest

from hardneg.calibration.purity import HIGHEST, scaled, scales


def scale_of(relevant, judged, probability):
    shares = (np.arange(judged) < relevant).astype(np.float32)
    return scales(np.full(judged, probability), shares)


def test_many_verdicts_give_the_ratio_of_what_is_relevant_to_what_was_expected():
    mean, high = scale_of(80, 400, 0.1)  # a fifth where a tenth was expected
    assert mean == pytest.approx(2, abs=0.15) and mean < high < 2.4
    assert scale_of(0, 400, 0.1)[0] < 0.05


def test_without_verdicts_a_purity_in_the_middle_is_as_good_as_any():
    mean, high = scales(np.empty(0), np.empty(0, np.float32))
    assert high == pytest.approx(HIGHEST, rel=0.02) and mean == pytest.approx(1, abs=0.01)


def test_a_handful_of_verdicts_moves_probabilities_by_what_it_is_worth():
    found = [scale_of(3, judged, 0.03)[0] for judged in (18, 19, 20, 21, 22)]
    assert all(0 < one - next_ < 0.15 for one, next_ in pairwise(found))  # no step at any number
    assert scale_of(0, 20, 0.03)[0] == pytest.approx(1, abs=0.5)  # 0.6 were expected
    assert scale_of(15, 100, 1e-4)[0] > 500  # however wrong the model is


def test_pairs_of_which_the_model_is_sure_show_nothing():
    sure = scales(np.array([0.99] * 3), np.ones(3, np.float32))[0]
    assert sure == pytest.approx(scales(np.array([0.99] * 30), np.ones(30, np.float32))[0], rel=0.6)


def test_scaled_probabilities_are_at_most_99_per_cent():
    assert scaled(np.array([0.01, 0.4, 0.99, np.nan]), 3.0).tolist() == pytest.approx(
        [0.03, 0.99, 0.99, np.nan], nan_ok=True
    )
