"""Chunks of one source often answer one query."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedValidator, Validator, validator
from hardneg.core.records import BoolArray, Collection, Documents, FloatArray, IntArray, folded
from hardneg.validators._common import Opened, Rankers, evidence_by_query


@validator("same-source")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SameSource(Validator):
    """Flags chunks of the document that a positive is a chunk of.

    The evidence is 1 for a candidate with the title of a positive, or with its id up to the last separator;
    0 for others.

    Attributes:
        titles: Whether documents of one title are of one source; case and spacing do not count.
        separators: What stands between a source's id and a chunk's; an id with none of them is no chunk's.
    """

    titles: bool = True
    separators: tuple[str, ...] = ("#", "_chunk")
    kind = "flag"
    weight = 1.0
    finds = "same source"
    label = {"en": "Same source", "ru": "Тот же источник"}
    meaning = {
        "en": "Candidates from the document of a positive: of the same title, or of an id that begins alike.",
        "ru": "Кандидаты из документа релевантного фрагмента: тот же заголовок или начало идентификатора.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedValidator:
        """Returns the opened validator."""

        def same(query: int, docs: IntArray) -> FloatArray:
            positives = collection.judgments.positives(query)
            found = np.zeros(len(docs), bool)
            for names in self._names(collection.documents, np.concatenate([docs, positives])):
                own, others = names[: len(docs)], names[len(docs) :]
                equal = (own[:, None] == others) & (own[:, None] != "")
                found |= (equal & (docs[:, None] != positives)).any(axis=1)
            return found.astype(np.float32)

        return Opened({}, lambda candidates: evidence_by_query(candidates, same))

    def suspects(self, evidence: FloatArray, positive: FloatArray) -> BoolArray:
        """Returns what is of a positive's source."""
        return np.nan_to_num(evidence, nan=0.0) > 0.5

    def _names(self, documents: Documents, docs: IntArray) -> list[Any]:
        """Returns each document's source, empty without one, for each way to recognise sources."""
        names = [[_prefix(name, self.separators) for name in documents.ids(docs)]]
        if self.titles:
            names.append([folded(title) for title in documents.titles(docs)])
        return [np.array(column, object) for column in names]


def _prefix(name: str, separators: Sequence[str]) -> str:
    """Returns an id up to the last of the separators, empty without any."""
    return name[: max([0, *(name.rfind(separator) for separator in separators)])]
