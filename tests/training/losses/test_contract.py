"""What every loss keeps: its gradient is that of finite differences, and a better student pays less."""

import numpy as np
import pytest
import torch

from hardneg.core.components import LOSSES
from tests.training.losses.grids import NAN, grid, loss


@pytest.mark.parametrize("name", LOSSES.names())
def test_the_gradient_is_that_of_finite_differences(name):
    rng = np.random.default_rng(0)
    own = np.zeros((3, 7), bool)
    own[[0, 0, 1, 2], [3, 4, 5, 6]] = True
    weight = np.ones((3, 7))
    weight[0, 4], weight[1, 2], weight[2, 0] = 0.3, 0, 0.5
    teacher = np.where(own | np.eye(3, 7, dtype=bool), rng.random((3, 7)), NAN)
    known = {
        "target": [0, 1, 2],
        "own": own,
        "weight": weight,
        "teacher": teacher,
        "guide": rng.random((3, 7)),
    }
    scores = torch.tensor(rng.random((3, 7)), requires_grad=True)
    made = LOSSES.make({name: {"strength": 0}} if name == "hardness" else name)
    assert torch.autograd.gradcheck(lambda given: made(grid(given, temperature=0.3, **known)), scores)


@pytest.mark.parametrize("name", LOSSES.names())
def test_a_better_student_pays_less(name):
    teacher = [[0.9, 0.5, 0.2]]
    good, bad = ([[0.9, 0.5, 0.2]], [[0.2, 0.5, 0.9]])
    assert loss(name, good, teacher=teacher, guide=teacher) < loss(name, bad, teacher=teacher, guide=teacher)


@pytest.mark.parametrize("name", LOSSES.names())
def test_queries_count_by_the_weight_of_their_positive(name):
    """Three to one: the mean is three quarters of the first query's loss and one of the second's."""
    scores, teacher = [[0.9, 0.5, 0.2], [0.3, 0.5, 0.8]], [[0.9, 0.5, 0.2], [0.9, 0.5, 0.2]]
    options = {"teacher": teacher, "guide": teacher, "target": [0, 0]}
    alone = [loss(name, scores, **options, loss_weight=weight) for weight in ([1.0, 0.0], [0.0, 1.0])]
    together = loss(name, scores, **options, loss_weight=[0.75, 0.25])
    assert alone[0] < alone[1] and together == pytest.approx(0.75 * alone[0] + 0.25 * alone[1])
    assert loss(name, scores, **options, loss_weight=[0.5, 0.5]) == pytest.approx(
        loss(name, scores, **options)
    )
