"""The student's margins against the teacher's."""

import pytest

from tests.training.losses.grids import NAN, loss


def test_margin_mse_compares_margins_by_weight():
    # student margins .5 and .8, teacher's .3 and .2, weights 1 and .5
    found = loss("margin-mse", [[1.0, 0.5, 0.2]], teacher=[[0.9, 0.6, 0.7]], weight=[[1, 1, 0.5]])
    assert found == pytest.approx((0.2**2 + 0.5 * 0.6**2) / 1.5)


def test_margin_mse_scales_the_teacher_and_passes_over_what_it_did_not_score():
    found = loss("margin-mse:2", [[1.0, 0.5, 0.2]], teacher=[[0.9, 0.6, NAN]])
    assert found == pytest.approx((0.5 - 0.6) ** 2, rel=1e-5)
    assert loss("margin-mse", [[1.0, 0.5]]) == 0


def test_documents_of_other_queries_do_not_count():
    own = [[False, True, False]]
    found = loss("margin-mse", [[1.0, 0.5, 0.0]], own=own, teacher=[[1.0, 0.75, 9.0]])
    assert found == pytest.approx((0.5 - 0.25) ** 2)


def test_a_positive_without_a_score_has_no_margins():
    assert loss("margin-mse", [[1.0, 0.5]], teacher=[[NAN, 0.5]]) == 0
