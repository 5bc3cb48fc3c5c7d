"""InfoNCE with a weight for each negative."""

import pytest

from tests.training.losses.grids import loss, softmax_loss


def test_infonce_counts_each_negative_by_its_weight():
    found = loss("infonce", [[1.0, 0.5, 0.2]], weight=[[1, 0.25, 1]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, 0.25), (0.2, 1)))


def test_infonce_does_not_see_what_has_no_weight():
    assert loss("infonce", [[1.0, 9.0, 0.2]], weight=[[1, 0, 1]]) == pytest.approx(
        softmax_loss(1.0, (0.2, 1))
    )
    assert loss("infonce", [[1.0, 9.0]], weight=[[1, 0]]) == pytest.approx(0)


def test_infonce_divides_by_the_student_s_temperature_unless_told():
    assert loss("infonce", [[1.0, 0.5]], temperature=0.5) == pytest.approx(softmax_loss(2.0, (1.0, 1)))
    assert loss("infonce:0.25", [[1.0, 0.5]], temperature=0.5) == pytest.approx(softmax_loss(4.0, (2.0, 1)))


def test_infonce_may_leave_out_the_documents_of_other_queries():
    options = {"target": [0, 1], "own": [[False, False, True, False], [False, False, False, True]]}
    scores = [[1.0, 5.0, 0.5, 5.0], [5.0, 1.0, 5.0, 0.5]]
    assert loss({"infonce": {"in_batch": False}}, scores, **options) == pytest.approx(
        softmax_loss(1.0, (0.5, 1))
    )
    assert loss("infonce", scores, **options) == pytest.approx(softmax_loss(1.0, (5, 1), (5, 1), (0.5, 1)))


def test_two_equal_scores_are_a_coin_toss_and_the_loss_is_the_mean_over_queries():
    assert loss("infonce", [[1.0, 1.0]]) == pytest.approx(0.6931, abs=1e-4)  # ln 2
    # ln 2 and ln (1 + 1/3)
    found = loss("infonce", [[1.0, 1.0], [1.0986123, 0.0]], target=[0, 0])
    assert found == pytest.approx((0.693147 + 0.287682) / 2, abs=1e-5)
