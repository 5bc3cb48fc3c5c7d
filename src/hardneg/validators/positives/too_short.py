"""A text that is hardly there answers nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedPositiveValidator, PositiveValidator, positive_validator
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.validators._common import Rankers


@positive_validator("too-short")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class TooShort(PositiveValidator):
    """Finds positives that have fewer letters and digits than any answer.

    Attributes:
        characters: Letters and digits that a document must have, its title counted.
        probability: The probability that a shorter one is wrong.
    """

    characters: int = Field(default=2, ge=1)
    probability: float = Field(default=0.9, ge=0, le=1)
    shorthand = "characters"
    label = {"en": "too short", "ru": "слишком короткий"}
    meaning = {
        "en": "It has hardly a letter or a digit.",
        "ru": "В нём почти нет букв и цифр.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedPositiveValidator:
        """Returns the opened validator."""
        return _TooShort(self, collection)


class _TooShort:
    def __init__(self, settings: TooShort, collection: Collection) -> None:
        self._settings = settings
        self._documents = collection.documents
        self.facts: Mapping[str, Any] = {}

    def probability(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n,) float32: the setting's where the text is shorter, else NaN."""
        rows, places = np.unique(docs, return_inverse=True)
        counts = [sum(map(str.isalnum, text)) for text in self._documents.texts(rows)]
        short = np.array(counts, np.int64) < self._settings.characters
        return np.where(short, self._settings.probability, np.nan).astype(np.float32)[places.ravel()]
