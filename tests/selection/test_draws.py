"""Every draw: its order by hand, its probabilities by counting."""

import numpy as np
import pytest

from hardneg.core.components import DRAWS
from hardneg.core.errors import ConfigError
from hardneg.selection.draws.simans import SimAns
from hardneg.selection.draws.softmax import Softmax
from hardneg.selection.draws.top import Top
from hardneg.selection.draws.uniform import Uniform
from hardneg.testing import check_draw
from tests.selection.test_rules import block


def noise(shape, seed=0):
    return np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, shape).astype(np.float32)


def first_drawn(draw, scores, anchor, times=20_000):
    """How often each candidate is drawn first."""
    candidates = block([scores] * times, [anchor] * times)
    first = draw.priority(candidates, noise((times, len(scores)))).argmax(axis=1)
    return np.bincount(first, minlength=len(scores)) / times


def test_top_draws_by_rank():
    priority = Top().priority(block([[3.0, 2.0, 1.0]], [9.0]), noise((1, 3)))
    assert np.argsort(-priority[0]).tolist() == [0, 1, 2]


def test_top_draws_by_the_named_ranker():
    priority = Top(by="dense").priority(block([[1.0, 3.0, 2.0]], [9.0]), noise((1, 3)))
    assert np.argsort(-priority[0]).tolist() == [1, 2, 0]


def test_uniform_draws_all_alike():
    assert first_drawn(Uniform(), [3.0, 2.0, 1.0, 0.0], 9.0) == pytest.approx([0.25] * 4, abs=0.02)


def test_softmax_draws_in_proportion_to_exponentials():
    scores = np.array([1.0, 0.5, 0.0])
    expected = np.exp(scores / 0.5) / np.exp(scores / 0.5).sum()
    assert first_drawn(Softmax(temperature=0.5, always=0), scores, 9.0) == pytest.approx(expected, abs=0.02)


def test_softmax_always_takes_the_first_allowed():
    candidates = block([[0.9, 0.8, 0.1, 0.0]] * 50, [1.0] * 50).only(
        np.array([[False, True, True, True]] * 50)
    )
    priority = Softmax(temperature=100.0, always=1).priority(candidates, noise((50, 4)))
    assert np.isnan(priority[:, 0]).all()
    assert (np.nan_to_num(priority, nan=-np.inf).argmax(axis=1) == 1).all()


def test_simans_peaks_at_the_positive():
    scores = np.array([0.9, 0.6, 0.2])
    weights = np.exp(-20 * (scores - 0.6) ** 2)
    expected = weights / weights.sum()
    assert first_drawn(SimAns(a=20.0), scores, 0.6) == pytest.approx(expected, abs=0.02)


def test_simans_shifts_its_peak_by_b():
    scores = np.array([0.9, 0.6, 0.2])
    weights = np.exp(-20 * (scores - 0.6 + 0.4) ** 2)
    assert first_drawn(SimAns(a=20.0, b=-0.4), scores, 0.6) == pytest.approx(
        weights / weights.sum(), abs=0.02
    )


def test_simans_without_an_anchor_draws_nothing():
    assert np.isnan(SimAns().priority(block([[0.1]], [float("nan")]), noise((1, 1)))).all()


def test_a_temperature_of_zero_is_refused():
    with pytest.raises(ConfigError, match="greater than 0"):
        DRAWS.make({"softmax": {"temperature": 0}})


@pytest.mark.parametrize("name", DRAWS.names())
def test_every_draw_keeps_the_contract(name):
    draw = DRAWS.make(name)
    check_draw(draw)
    candidates = block([[0.9, 0.8, 0.1]], [0.9]).only(np.array([[True, False, True]]))
    priority = draw.priority(candidates, noise((1, 3)))
    assert np.isnan(priority[0, 1]) and np.isfinite(priority[0, [0, 2]]).all()
    assert DRAWS.make(DRAWS.describe(draw)) == draw
    assert "Source:" in (type(draw).__doc__ or "")
