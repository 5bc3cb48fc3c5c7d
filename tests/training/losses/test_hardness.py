"""InfoNCE with higher weights for hard negatives."""

import numpy as np
import pytest
import torch

from hardneg.core.components import LOSSES
from tests.training.losses.grids import grid, loss, softmax_loss


def test_hardness_raises_hard_negatives_and_keeps_the_mean_at_one():
    factors = np.exp([2 * 0.5, 2 * 0.1])
    factors = factors / factors.mean()
    found = loss("hardness:2", [[1.0, 0.5, 0.1]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, factors[0]), (0.1, factors[1])))


def test_hardness_of_zero_is_infonce():
    scores, weight = [[1.0, 0.5, 0.1]], [[1, 0.5, 0]]
    assert loss("hardness:0", scores, weight=weight) == pytest.approx(loss("infonce", scores, weight=weight))


def test_no_gradient_flows_through_the_factors():
    given = torch.tensor([[1.0, 0.5, 0.1]], dtype=torch.float64, requires_grad=True)
    LOSSES.make("hardness:2")(grid(given)).backward()
    factors = np.exp([2 * 0.5, 2 * 0.1])
    factors = factors / factors.mean()
    parts = np.exp([1.0, 0.5, 0.1]) * [1, *factors]
    assert given.grad[0].tolist() == pytest.approx((parts / parts.sum() - [1, 0, 0]).tolist())


def test_negatives_of_one_score_count_as_they_are():
    found = loss("hardness:5", [[1.0, 0.5, 0.5]], weight=[[1, 1, 0.5]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, 1), (0.5, 0.5)))


def test_what_has_no_weight_is_not_among_the_mean_and_without_negatives_nothing_is_paid():
    # 9 is no negative: the factors of the other two have the mean 1 alone
    found = loss("hardness:2", [[1.0, 9.0, 0.5, 0.5]], weight=[[1, 0, 1, 1]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, 1), (0.5, 1)))
    assert loss("hardness:2", [[1.0, 9.0]], weight=[[1, 0]]) == pytest.approx(0)
