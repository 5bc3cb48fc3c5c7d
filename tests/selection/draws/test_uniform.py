"""All alike."""

import numpy as np
import pytest

from hardneg.selection.draws.uniform import Uniform
from tests.selection.blocks import NAN, block, first_drawn, order_of


def test_it_draws_all_alike():
    assert first_drawn(Uniform(), [3.0, 2.0, 1.0, 0.0], 9.0) == pytest.approx([0.25] * 4, abs=0.02)


def test_the_noise_alone_is_the_order():
    given = np.array([[0.25, 0.75, 0.5]], np.float32)
    assert Uniform().priority(block([[3.0, 2.0, 1.0]], [9.0]), given).tolist() == [[0.25, 0.75, 0.5]]


def test_what_has_no_rank_is_never_drawn():
    assert order_of(Uniform(by="dense"), block([[NAN, 3.0, NAN]], [9.0])) == [1]
    assert order_of(Uniform(), block([[3.0, 2.0]], [9.0]).only(np.array([[True, False]]))) == [0]
