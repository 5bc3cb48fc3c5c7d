"""Every loss against a case computed by hand, and its gradient against finite differences."""

import math

import numpy as np
import pytest
import torch

from hardneg.core.components import LOSSES
from hardneg.core.errors import ConfigError
from hardneg.training.scored_batch import ScoredBatch

NAN = float("nan")


def grid(scores, *, target=(0,), own=None, weight=None, teacher=None, guide=None, temperature=1.0):
    """One query with its positive in column 0 unless told otherwise; all else its own negatives."""
    scores = torch.as_tensor(scores, dtype=torch.float64)
    target = torch.as_tensor(target)
    positive = torch.nn.functional.one_hot(target, scores.shape[1]).bool()
    own = ~positive if own is None else torch.as_tensor(own)
    weight = torch.ones_like(scores) if weight is None else torch.as_tensor(weight, dtype=torch.float64)
    teacher = torch.full_like(scores, NAN) if teacher is None else torch.as_tensor(teacher).double()
    guide = None if guide is None else torch.as_tensor(guide, dtype=torch.float64)
    return ScoredBatch(scores, target, own, weight, teacher, guide, temperature)


def loss(name, *arguments, **options):
    return float(LOSSES.make(name)(grid(*arguments, **options)))


def softmax_loss(positive, *negatives):
    """-log of the positive's share, negatives as (score, weight)."""
    total = math.exp(positive) + sum(weight * math.exp(score) for score, weight in negatives)
    return -math.log(math.exp(positive) / total)


# InfoNCE


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


# GISTEmbed


def test_gist_masks_what_the_guide_finds_as_relevant_as_the_positive():
    scores, guide = [[1.0, 3.0, 0.5, 0.2]], [[0.8, 0.81, 0.79, 0.3]]
    assert loss("gist", scores, guide=guide) == pytest.approx(softmax_loss(1.0, (0.5, 1), (0.2, 1)))


@pytest.mark.parametrize(
    ("kind", "margin", "kept"),
    [
        ("absolute", 0.05, [0.7, 0.3]),
        ("absolute", 0.15, [0.3]),
        ("relative", 0.2, [0.3]),
        ("relative", 0.1, [0.7, 0.3]),
    ],
)
def test_gist_margins_hold_for_every_negative_column(kind, margin, kept):
    # the guide gives the positive .8: kept up to .75, .65, .64 and .72
    guide = [[0.8, 0.79, 0.7, 0.3]]
    found = loss({"gist": {"margin": margin, "kind": kind}}, guide, guide=guide)
    assert found == pytest.approx(softmax_loss(0.8, *((score, 1) for score in kept)))


def test_gist_s_relative_margin_is_safe_for_a_negative_positive():
    # -1 - |-1| * .5 = -1.5
    found = loss({"gist": {"margin": 0.5, "kind": "relative"}}, [[0.0, 0.0, 0.0]], guide=[[-1, -1.2, -2]])
    assert found == pytest.approx(softmax_loss(0.0, (0.0, 1)))


def test_gist_without_a_guide_reads_the_teacher_and_keeps_what_it_does_not_know():
    found = loss("gist", [[1.0, 3.0, 0.5]], teacher=[[0.8, 0.9, NAN]])
    assert found == pytest.approx(softmax_loss(1.0, (0.5, 1)))
    with pytest.raises(ConfigError, match="needs scores"):
        loss("gist", [[1.0, 0.5]])


# Hardness


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


# Distillation


def test_margin_mse_compares_margins_by_weight():
    # student margins .5 and .8, teacher's .3 and .2, weights 1 and .5
    found = loss("margin-mse", [[1.0, 0.5, 0.2]], teacher=[[0.9, 0.6, 0.7]], weight=[[1, 1, 0.5]])
    assert found == pytest.approx((0.2**2 + 0.5 * 0.6**2) / 1.5)


def test_margin_mse_scales_the_teacher_and_passes_over_what_it_did_not_score():
    found = loss("margin-mse:2", [[1.0, 0.5, 0.2]], teacher=[[0.9, 0.6, NAN]])
    assert found == pytest.approx((0.5 - 0.6) ** 2, rel=1e-5)
    assert loss("margin-mse", [[1.0, 0.5]]) == 0


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


# All


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
