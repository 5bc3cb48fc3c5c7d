"""The student's distribution against the teacher's."""

import numpy as np
import pytest

from tests.training.losses.grids import NAN, loss


def test_kl_is_the_divergence_of_the_softmaxes():
    taught = np.exp(np.array([0.9, 0.6]) / 0.1)
    learned = np.exp([1.0, 0.5])
    taught, learned = taught / taught.sum(), learned / learned.sum()
    expected = (taught * np.log(taught / learned)).sum()
    found = loss("kl:0.1", [[1.0, 0.5, 7.0, 8.0]], teacher=[[0.9, 0.6, NAN, 0.5]], weight=[[1, 1, 1, 0]])
    assert found == pytest.approx(expected)


def test_kl_is_nought_for_a_student_that_scores_as_the_teacher_does():
    assert loss({"kl": {"teacher_temperature": 1}}, [[1.0, 0.5]], teacher=[[1.0, 0.5]]) == pytest.approx(
        0, abs=1e-12
    )
    assert loss("kl", [[1.0, 0.5]]) == 0
    assert loss("kl", [[1.0, 0.5]], teacher=[[NAN, 0.5]]) == 0


def test_half_and_half_against_three_to_one():
    # teacher 1/2, 1/2; student 3/4, 1/4: ln(2/3) / 2 + ln 2 / 2
    found = loss({"kl": {"teacher_temperature": 1}}, [[np.log(3), 0.0]], teacher=[[0.7, 0.7]])
    assert found == pytest.approx((np.log(2 / 3) + np.log(2)) / 2)


def test_documents_of_other_queries_do_not_count():
    own, teacher = [[False, True, False]], [[1.0, 0.5, 9.0]]
    found = loss({"kl": {"teacher_temperature": 1}}, [[1.0, 0.5, 9.0]], own=own, teacher=teacher)
    assert found == pytest.approx(0, abs=1e-12)


def test_queries_of_which_the_teacher_scored_too_little_leave_the_mean_alone():
    scores = [[np.log(3), 0.0, 0.0], [np.log(3), 0.0, 0.0], [5.0, 0.0, 9.0], [5.0, 0.0, 9.0]]
    teacher = [[0.7, 0.7, NAN], [0.7, 0.7, NAN], [NAN, 0.7, 0.7], [0.7, NAN, NAN]]
    found = loss({"kl": {"teacher_temperature": 1}}, scores, target=[0, 0, 0, 0], teacher=teacher)
    assert found == pytest.approx((np.log(2 / 3) + np.log(2)) / 2)
