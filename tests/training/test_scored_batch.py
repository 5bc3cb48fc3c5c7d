"""A batch as losses read it."""

import math

import pytest
import torch

from hardneg.training.scored_batch import ScoredBatch
from tests.training.losses.grids import grid


def test_it_is_the_collated_batch_with_the_student_s_scores():
    collated = {
        "target": torch.tensor([1]), "own": torch.tensor([[True, False]]), "weight": torch.ones(1, 2),
        "teacher": torch.zeros(1, 2), "queries": ["q"],
    }  # fmt: skip
    found = ScoredBatch.of(torch.tensor([[0.5, 1.0]], dtype=torch.float64), collated, 0.05)
    assert found.scores.dtype == torch.float32 and found.scores.tolist() == [[0.5, 1.0]]
    assert (found.guide, found.temperature) == (None, 0.05)
    guided = ScoredBatch.of(found.scores, {**collated, "guide": torch.ones(1, 2)}, 0.05)
    assert guided.guide.tolist() == [[1, 1]]


def test_the_target_s_column_is_the_positive():
    batch = grid([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], target=[0, 2])
    assert batch.positive.tolist() == [[True, False, False], [False, False, True]]
    assert batch.of_target(batch.scores).tolist() == [[1], [6]]


def test_a_factor_changes_the_weights_of_all_but_the_targets():
    batch = grid([[1.0, 2.0, 3.0]], weight=[[1, 0.5, 1]])
    assert batch.weighted(torch.tensor([[0, 0.5, 1]])).weight.tolist() == [[1, 0.25, 1]]
    assert batch.weighted(torch.tensor([[False, False, True]])).weight.tolist() == [[1, 0, 1]]


def test_without_the_documents_of_other_queries():
    batch = grid([[1.0, 2.0, 3.0]], own=[[False, False, True]])
    assert batch.only_own().weight.tolist() == [[1, 0, 1]]


def test_the_cross_entropy_by_hand():
    # 3 / (3 + 1 / 2 * 2) = 3 / 4
    batch = grid([[math.log(3), math.log(2), 9.0]], weight=[[1, 0.5, 0]])
    assert float(batch.cross_entropy(None)) == pytest.approx(math.log(4 / 3))
    # at a temperature of 1/2 scores count twice: 9 / (9 + 1 / 2 * 4) = 9 / 11
    assert float(batch.cross_entropy(0.5)) == pytest.approx(math.log(11 / 9))


def test_the_batch_s_temperature_stands_in_for_none():
    batch = grid([[math.log(3), math.log(2)]], temperature=0.5)
    assert float(batch.cross_entropy(None)) == pytest.approx(math.log(13 / 9))
    assert float(batch.cross_entropy(1.0)) == pytest.approx(math.log(5 / 3))
