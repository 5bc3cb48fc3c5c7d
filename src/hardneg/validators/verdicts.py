"""Verdicts of people and language models on single pairs."""

from __future__ import annotations

from collections.abc import Mapping
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
from hardneg.core.verdicts import Judged, texts_digests
from hardneg.validators._common import Rankers, empty_evidence


@validator("verdicts")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Verdicts(Validator):
    """Reads verdicts that `hardneg review` and `hardneg judge` wrote.

    Verdicts on texts that have changed since do not count.

    The evidence is the share of a pair's judges who find it relevant. It stands above all other evidence.

    Attributes:
        file: A `judgments.jsonl`.
        relabel: Whether what more than half of the judges find relevant becomes a positive, and what fewer
            find relevant, or some in part, is left out; otherwise verdicts make probabilities, on which
            rules act.
    """

    file: str
    relabel: bool = False
    kind = "note"
    weight = 0.0
    judges = True
    shorthand = "file"
    label = {"en": "Verdicts", "ru": "Вердикты"}
    meaning = {
        "en": "Candidates that people or language models judged relevant.",
        "ru": "Кандидаты, которых люди или языковые модели признали релевантными.",
    }

    @property
    def relabels(self) -> bool:
        """Whether verdicts relabel."""
        return self.relabel

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
        written = verdicts.read(path)
        read = _of_present_texts(written, collection)
        relevance = verdicts.relevance(read)
        self._shares = _by_row(collection, relevance)
        self._grades = _by_row(collection, verdicts.mean_grades(read))
        known = sum(map(len, self._shares.values()))
        self.facts: dict[str, Any] = {
            "verdicts": digest_file(path),
            "pairs": len(relevance),
            "unknown_pairs": len(relevance) - known,
            **({"changed_texts": len(written) - len(read)} if len(read) < len(written) else {}),
        }
        self.queries: list[int] = sorted(self._shares)
        """The rows of the queries with verdicts: calibration learns from them too."""

    def evidence(self, candidates: Candidates) -> FloatArray:
        return _spread(self._shares, candidates)

    def grades(self, candidates: Candidates) -> FloatArray:
        """Returns (n_queries, depth) float32: the mean grade of the judges, 0 to 3, NaN without one."""
        return _spread(self._grades, candidates)


def _of_present_texts(written: list[Judged], collection: Collection) -> list[Judged]:
    """Returns the verdicts that were not given on other texts than the collection's."""
    present = texts_digests(collection, [judged.pair for judged in written])
    both = zip(written, present, strict=True)
    return [judged for judged, digest in both if None in (judged.texts, digest) or judged.texts == digest]


def _by_row(collection: Collection, values: Mapping[tuple[str, str], float]) -> dict[int, dict[int, float]]:
    """Returns values of (query_id, doc_id) by the rows of both; what the collection lacks is left out."""
    queries = collection.queries.rows([query for query, _ in values])
    docs = collection.documents.rows([doc for _, doc in values])
    found: dict[int, dict[int, float]] = {}
    for query, doc, value in zip(queries.tolist(), docs.tolist(), values.values(), strict=True):
        if query >= 0 and doc >= 0:
            found.setdefault(query, {})[doc] = value
    return found


def _spread(values: Mapping[int, Mapping[int, float]], candidates: Candidates) -> FloatArray:
    spread = empty_evidence(candidates)
    for row, query in enumerate(candidates.queries):
        for doc, value in values.get(int(query), {}).items():
            spread[row, candidates.docs[row] == doc] = value
    return spread
