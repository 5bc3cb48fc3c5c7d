"""Torch modules that score a batch with the student and return its loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from sentence_transformers.util import batch_to_device
from torch.utils.checkpoint import checkpoint

from hardneg.core.components import Loss
from hardneg.training.scored_batch import ScoredBatch
from hardneg.training.student import Student
from hardneg.training.train_settings import TrainSettings

Batch = Mapping[str, Any]


def loss_of(student: Student, settings: TrainSettings) -> torch.nn.Module:
    """Returns the module that a trainer calls with (batch, labels)."""
    if student.kind == "cross-encoder":
        return PairLoss(student.model, settings.loss, settings.mini_batch)
    return VectorLoss(student, settings)


class VectorLoss(torch.nn.Module):
    """The loss of students that make vectors.

    With `mini_batch` texts are encoded piece by piece and each piece again when its gradient is needed, so
    that memory holds the vectors of the batch but the activations of one piece (GradCache, Gao et al., arXiv
    2101.06983). With `dimensions` the loss is computed on vectors cut to each of them as well and averaged
    (Matryoshka, Kusupati et al., arXiv 2205.13147). The density of sparse vectors adds to the loss (FLOPS,
    Paria et al., arXiv 2004.05665; SPLADE, arXiv 2107.05720).
    """

    def __init__(self, student: Student, settings: TrainSettings) -> None:
        super().__init__()
        self.model = student.model
        self._student = student
        self._settings = settings

    def forward(self, batch: Batch, labels: Any = None, **_: Any) -> torch.Tensor:
        """Returns the loss of a collated batch."""
        prompts = self._student.prompts
        queries = self._embedded(batch["queries"], prompts.query, "query")
        documents = self._embedded(batch["documents"], prompts.document, "document")
        cuts = sorted({*self._settings.dimensions, queries.shape[1]}, reverse=True)
        losses = [self._loss(queries[:, :cut], documents[:, :cut], batch) for cut in cuts]
        total = torch.stack(losses).mean()
        if self._student.kind == "sparse":
            total = total + self._settings.query_flops * _flops(queries)
            total = total + self._settings.document_flops * _flops(documents)
        return total

    def _loss(self, queries: torch.Tensor, documents: torch.Tensor, batch: Batch) -> torch.Tensor:
        if self._student.cosine:
            queries, documents = (torch.nn.functional.normalize(v, dim=1) for v in (queries, documents))
        loss: torch.Tensor = self._settings.loss(
            ScoredBatch.of(queries @ documents.T, batch, self._student.temperature)
        )
        return loss

    def _embedded(self, texts: Sequence[str], prompt: str, task: str) -> torch.Tensor:
        def embed(piece: Sequence[str]) -> torch.Tensor:
            features = self.model.preprocess(list(piece), prompt=prompt or None, task=task)
            outputs = self.model(batch_to_device(features, self.model.device))
            vectors: torch.Tensor = outputs["sentence_embedding"]
            return vectors.float()

        return in_pieces(embed, texts, self._settings.mini_batch)


class PairLoss(torch.nn.Module):
    """The loss of cross-encoders: each query with its own positive and negatives.

    With the loss `infonce` it is localized contrastive estimation (Gao, Dai and Callan, arXiv 2101.08751).
    """

    def __init__(self, model: Any, loss: Loss, mini_batch: int | None) -> None:
        super().__init__()
        self.model = model
        self._loss = loss
        self._mini_batch = mini_batch

    def forward(self, batch: Batch, labels: Any = None, **_: Any) -> torch.Tensor:
        """Returns the loss of a collated batch."""
        own = batch["own"].clone()
        own[torch.arange(len(own)), batch["target"]] = True
        rows, columns = own.nonzero(as_tuple=True)
        queries, documents = batch["queries"], batch["documents"]
        pairs = [(queries[q], documents[d]) for q, d in zip(rows.tolist(), columns.tolist(), strict=True)]
        pair_scores = in_pieces(self._score, pairs, self._mini_batch)
        scores = pair_scores.new_zeros(own.shape).index_put((rows, columns), pair_scores)
        loss: torch.Tensor = self._loss(ScoredBatch.of(scores, batch, 1.0).only_own())
        return loss

    def _score(self, pairs: Sequence[tuple[str, str]]) -> torch.Tensor:
        features = batch_to_device(self.model.preprocess(list(pairs)), self.model.device)
        scores: torch.Tensor = self.model(features)["scores"]
        return scores.float().view(-1)


def in_pieces(
    compute: Callable[[Sequence[Any]], torch.Tensor], items: Sequence[Any], size: int | None
) -> torch.Tensor:
    """Returns `compute(items)`, computed in pieces whose activations are not kept."""
    if size is None or len(items) <= size:
        return compute(items)
    pieces = (items[begin : begin + size] for begin in range(0, len(items), size))
    return torch.cat([checkpoint(compute, piece, use_reentrant=False) for piece in pieces])


def _flops(vectors: torch.Tensor) -> torch.Tensor:
    """Returns the sum over dimensions of the squared mean activation."""
    return (vectors.abs().mean(dim=0) ** 2).sum()
