"""Overlap of the training set with an evaluation set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.errors import require
from hardneg.core.records import (
    BoolArray,
    Candidates,
    Collection,
    Documents,
    FloatArray,
    IntArray,
    KeyArray,
    Queries,
)
from hardneg.core.shingles import Signature, Signatures, signatures, similar_pairs
from hardneg.sources import LoadOptions, load
from hardneg.validators._common import Rankers, empty_evidence

_EXAMPLES = 5
_MAX_NEAR = 0.9999
"""The most for a near copy: 1 is for the same text."""


@validator("leakage")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Leakage(Validator):
    """Finds queries and relevant documents of an evaluation set in what is mined, exact and near.

    The evidence is 1 for a candidate with the text of a document that is relevant in the evaluation set, the
    similarity (Jaccard, of character shingles, estimated by MinHash) for a near copy, 0 for others. It says
    nothing of false negatives, and no candidate is suspicious for it. What was found of the training queries
    and their positives is recorded in run.json.

    Attributes:
        evaluation: The evaluation set, a source as `hardneg mine` takes it.
        split: Its split.
        bound: The least similarity of a near copy.
        drop_queries: Whether training queries that are in the evaluation set, exact or near, are not mined.
        shingle: Characters in a shingle.
    """

    evaluation: str
    split: str = "test"
    bound: float = Field(default=0.8, ge=0, le=1)
    drop_queries: bool = False
    shingle: int = Field(default=5, ge=1)
    kind = "note"
    weight = 0.0
    finds = "leakage"
    label = {"en": "Leakage", "ru": "Утечки"}
    meaning = {
        "en": "Candidates that are relevant in the evaluation set, with the same or nearly the same text.",
        "ru": "Кандидаты, которые релевантны в тестовой выборке: с тем же или почти с тем же текстом.",
    }
    shorthand = "evaluation"

    def check_installed(self) -> None:
        """Checks that what makes the signatures is installed."""
        require("rensa", "dedup")

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator, the evaluation set loaded and compared.

        Raises:
            DataError: The evaluation set cannot be read.
            MissingExtra: rensa is not installed.
        """
        evaluation = load(self.evaluation, LoadOptions(split=self.split))
        return _Leakage(collection, evaluation, self)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns nothing: what has leaked is no likelier to be relevant."""
        return np.zeros(evidence.shape, bool)


class _Leakage:
    """Compares with one evaluation set."""

    def __init__(self, collection: Collection, evaluation: Collection, settings: Leakage) -> None:
        self._keys = collection.documents.keys
        self._signatures = Signatures(collection.documents.texts, settings.shingle)
        self._index = _TextIndex(evaluation.documents, _positives(evaluation), settings)
        all_queries = np.arange(len(evaluation.queries), dtype=np.int32)
        mined = collection.judgments.queries_with_positives
        signed = signatures(collection.queries.texts(mined), settings.shingle)
        query_index = _TextIndex(evaluation.queries, all_queries, settings)
        queries = query_index.similarity(collection.queries.keys[mined], signed)
        positives = _positives(collection)
        documents = self._similarity(positives)
        self.refused: IntArray = mined[queries > 0] if settings.drop_queries else mined[:0]
        """The rows of the queries that are not to be mined."""
        self.facts: dict[str, Any] = {
            "evaluation": Path(settings.evaluation).name,
            "digest": evaluation.digest,
            "queries": _overlap(queries, mined, collection.queries.texts),
            "positives": _overlap(documents, positives, collection.documents.texts),
            "dropped_queries": len(self.refused),
        }

    def evidence(self, candidates: Candidates) -> FloatArray:
        evidence = empty_evidence(candidates)
        present = candidates.docs >= 0
        docs, places = np.unique(candidates.docs[present], return_inverse=True)
        evidence[present] = self._similarity(docs)[places.ravel()]
        return evidence

    def _similarity(self, docs: IntArray) -> FloatArray:
        return self._index.similarity(self._keys[docs], self._signatures.of(docs))


class _TextIndex:
    """Texts of the evaluation set, to find equal and similar ones."""

    def __init__(self, texts: Documents | Queries, rows: IntArray, settings: Leakage) -> None:
        self._keys = texts.keys[rows]
        self._signed = signatures(texts.texts(rows), settings.shingle)
        self._bound = settings.bound

    def similarity(self, keys: KeyArray, signed: Signature) -> FloatArray:
        """Returns (n,) float32: 1 for an equal text, the similarity of a near copy, 0 for others."""
        best = np.zeros(len(keys), np.float32)
        pairs = similar_pairs(signed, self._signed, self._bound)
        np.maximum.at(best, pairs.left, np.minimum(pairs.similarity, np.float32(_MAX_NEAR)))
        best[np.isin(keys, self._keys)] = 1
        return best


def _positives(collection: Collection) -> IntArray:
    judgments = collection.judgments
    return np.unique(judgments.doc[judgments.relevance >= judgments.min_relevance]).astype(np.int32)


def _overlap(similarity: FloatArray, rows: IntArray, texts: Any) -> dict[str, Any]:
    """Returns how many of these rows are in the evaluation set, with examples of near copies first."""
    near: npt.NDArray[np.bool_] = (similarity > 0) & (similarity < 1)
    shown = np.concatenate([rows[near][:_EXAMPLES], rows[similarity == 1][:_EXAMPLES]])[:_EXAMPLES]
    return {
        "looked_at": len(rows),
        "exact": int((similarity == 1).sum()),
        "near": int(near.sum()),
        "examples": [text[:200] for text in texts(shown)],
    }
