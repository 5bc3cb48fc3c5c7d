"""The highest ranked first."""

from dataclasses import replace

import numpy as np

from hardneg.selection.draws.top import Top
from tests.selection.blocks import NAN, block, order_of


def test_it_draws_by_rank():
    assert order_of(Top(), block([[3.0, 1.0, 2.0]], [9.0])) == [0, 1, 2]


def test_it_draws_by_the_named_ranker_equal_scores_in_their_order():
    assert order_of(Top(by="dense"), block([[1.0, 3.0, 2.0]], [9.0])) == [1, 2, 0]
    assert order_of(Top(by="dense"), block([[1.0, 3.0, 3.0]], [9.0])) == [1, 2, 0]


def test_what_has_no_rank_is_never_drawn():
    assert order_of(Top(by="dense"), block([[NAN, 3.0, NAN]], [9.0])) == [1]
    assert order_of(Top(), replace(block([[3.0, 2.0]], [9.0]), ranks=np.array([[0, 1]], np.int32))) == [1]
