"""A batch as losses read it: the scores of every query with every document of the batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

Tensor = Any


@dataclass(frozen=True)
class ScoredBatch:
    """Queries by documents; the documents are the positives, then the negatives, of all queries.

    Attributes:
        scores: (n_queries, n_docs) float32, the student's similarity.
        target: (n_queries,) int64, the column of each query's positive.
        own: (n_queries, n_docs) bool, the negatives that were mined for the query.
        weight: (n_queries, n_docs) float32, 0 to 1: the probability that the document is no positive of
            the query; 0 for its known positives, 1 for its target. A document that is in the batch
            several times shares its weight among its columns.
        teacher: (n_queries, n_docs) float32, the teacher's scores, NaN where there is none.
        guide: (n_queries, n_docs) float32, the guide's scores; None without a guide.
        temperature: Divisor of the scores, for losses that set none.
        loss_weight: (n_queries,) float32, 0 to 1: how much each query counts; None for all alike.
    """

    scores: Tensor
    target: Tensor
    own: Tensor
    weight: Tensor
    teacher: Tensor
    guide: Tensor | None = None
    temperature: float = 1.0
    loss_weight: Tensor | None = None

    @classmethod
    def of(cls, scores: Tensor, batch: Mapping[str, Tensor], temperature: float) -> ScoredBatch:
        """Returns a collated batch with the student's scores."""
        fields = {name: batch[name] for name in ("target", "own", "weight", "teacher")}
        optional = {name: batch.get(name) for name in ("guide", "loss_weight")}
        return cls(scores.float(), **fields, **optional, temperature=temperature)

    @property
    def positive(self) -> Tensor:
        """(n_queries, n_docs) bool, the target's column of each query."""
        import torch

        return torch.nn.functional.one_hot(self.target, self.scores.shape[1]).bool()

    def of_target(self, values: Tensor) -> Tensor:
        """Returns (n_queries, 1): the values in the targets' columns."""
        return values.gather(1, self.target[:, None])

    def only_own(self) -> ScoredBatch:
        """Returns the batch without the documents of other queries."""
        return self.weighted(self.own | self.positive)

    def weighted(self, factor: Tensor) -> ScoredBatch:
        """Returns the batch, the weights of all but the targets multiplied by a factor."""
        import torch

        weight = self.weight * factor.to(self.weight.dtype)
        return replace(self, weight=torch.where(self.positive, self.weight, weight))

    def mean(self, losses: Tensor, rows: Tensor | None = None) -> Tensor:
        """Returns the mean of queries' losses, (n,), by their `loss_weight`; of some rows alone if given."""
        if self.loss_weight is None:
            return losses.mean()
        weight = self.loss_weight if rows is None else self.loss_weight[rows]
        return (weight * losses).sum() / weight.sum().clamp(min=1e-9)

    def cross_entropy(self, temperature: float | None) -> Tensor:
        """Returns the mean of -log(e(target) / sum(weight * e)), e = exp(score / temperature)."""
        import torch

        logits = self.scores / (temperature or self.temperature)
        usable = self.weight > 0
        weighted = logits + torch.where(usable, self.weight, 1.0).log()
        weighted = weighted.masked_fill(~usable, float("-inf"))
        return self.mean(torch.nn.functional.cross_entropy(weighted, self.target, reduction="none"))
