"""One query against a few documents, and the losses that a person can compute of it."""

import math

import torch

from hardneg.core.components import LOSSES
from hardneg.training.scored_batch import ScoredBatch

NAN = float("nan")


def grid(
    scores, *, target=(0,), own=None, weight=None, teacher=None, guide=None, temperature=1.0, loss_weight=None
):
    """One query with its positive in column 0 unless given otherwise; all else its own negatives."""
    scores = torch.as_tensor(scores, dtype=torch.float64)
    target = torch.as_tensor(target)
    positive = torch.nn.functional.one_hot(target, scores.shape[1]).bool()
    own = ~positive if own is None else torch.as_tensor(own)
    weight = torch.ones_like(scores) if weight is None else torch.as_tensor(weight, dtype=torch.float64)
    teacher = torch.full_like(scores, NAN) if teacher is None else torch.as_tensor(teacher).double()
    guide = None if guide is None else torch.as_tensor(guide, dtype=torch.float64)
    loss_weight = None if loss_weight is None else torch.as_tensor(loss_weight, dtype=torch.float64)
    return ScoredBatch(scores, target, own, weight, teacher, guide, temperature, loss_weight)


def loss(name, *arguments, **options):
    return float(LOSSES.make(name)(grid(*arguments, **options)))


def softmax_loss(positive, *negatives):
    """-log of the positive's share, negatives as (score, weight)."""
    total = math.exp(positive) + sum(weight * math.exp(score) for score, weight in negatives)
    return -math.log(math.exp(positive) / total)
