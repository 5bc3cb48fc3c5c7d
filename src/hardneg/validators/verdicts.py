"""Verdicts of people and language models on single pairs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core import verdicts
from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.errors import ConfigError
from hardneg.core.files import digest_file, user_path
from hardneg.core.records import BoolArray, Candidates, Collection, FloatArray
from hardneg.validators._common import Rankers, empty_evidence


@validator("verdicts")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Verdicts(Validator):
    """Reads verdicts that `hardneg review` and `hardneg judge` wrote.

    The evidence is the share of a pair's judges who find it relevant. It stands above all other evidence.

    Attributes:
        file: A `judgments.jsonl`.
    """

    file: str
    kind = "note"
    weight = 0.0
    judges = True
    shorthand = "file"
    label = {"en": "Verdicts", "ru": "Вердикты"}
    meaning = {
        "en": "Candidates that people or language models judged relevant.",
        "ru": "Кандидаты, которых люди или языковые модели признали релевантными.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator.

        Raises:
            ConfigError: The file is not there.
            DataError: A line of it is broken.
        """
        path = user_path(self.file)
        if not path.is_file():
            raise ConfigError(f"there are no verdicts at {path}; hardneg review and hardneg judge write them")
        return _Verdicts(collection, path)

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what most judges find relevant."""
        return np.nan_to_num(evidence, nan=0.0) > 0.5


class _Verdicts:
    def __init__(self, collection: Collection, path: Path) -> None:
        relevance = verdicts.relevance(verdicts.read(path))
        queries = collection.queries.rows([query for query, _ in relevance])
        docs = collection.documents.rows([doc for _, doc in relevance])
        known = (queries >= 0) & (docs >= 0)
        self.facts: dict[str, Any] = {
            "verdicts": digest_file(path),
            "pairs": len(relevance),
            "unknown_pairs": int((~known).sum()),
        }
        self._shares: dict[int, dict[int, float]] = {}
        shares = np.array(list(relevance.values()), np.float64)[known]
        for query, doc, share in zip(queries[known], docs[known], shares, strict=True):
            self._shares.setdefault(int(query), {})[int(doc)] = float(share)
        self.queries: list[int] = sorted(self._shares)
        """The rows of the queries with verdicts: calibration learns from them too."""

    def evidence(self, candidates: Candidates) -> FloatArray:
        evidence = empty_evidence(candidates)
        for row, query in enumerate(candidates.queries):
            for doc, share in self._shares.get(int(query), {}).items():
                evidence[row, candidates.docs[row] == doc] = share
        return evidence
