"""An answer in another language than those of the collection's answers is mostly a mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedPositiveValidator, PositiveValidator, positive_validator
from hardneg.core.noise import uniform
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.validators._common import Rankers

_SAMPLE = 500
_LETTERS = 40
_READ = 1_000


@positive_validator("language-mismatch")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LanguageMismatch(PositiveValidator):
    """Finds positives in a language that hardly any positive of the collection is in.

    Collections that answer in several languages are left alone: a language counts as the collection's own if
    so large a share of a sample of its positives is in it. Texts with fewer than 40 letters tell no language.

    Attributes:
        share: The least share of the positives that makes a language one of the collection's.
        probability: The probability that a positive in another one is wrong.
    """

    share: float = Field(default=0.01, gt=0, le=1)
    probability: float = Field(default=0.7, ge=0, le=1)
    shorthand = "share"
    label = {"en": "language mismatch", "ru": "другой язык"}
    meaning = {
        "en": "It is in a language that hardly any positive is in.",
        "ru": "Он на языке, на котором почти нет релевантных документов.",
    }

    def open(self, collection: Collection, rankers: Rankers, context: Context) -> OpenedPositiveValidator:
        """Returns the opened validator, which knows the languages of a sample of the positives."""
        return _LanguageMismatch(self, collection)


class _LanguageMismatch:
    def __init__(self, settings: LanguageMismatch, collection: Collection) -> None:
        self._settings = settings
        self._documents = collection.documents
        judgments = collection.judgments
        positives = np.unique(judgments.doc[judgments.relevance >= judgments.min_relevance])
        keys = uniform(0, np.zeros(1, np.uint64), collection.documents.keys[positives])
        counts = Counter(self._languages(positives[np.argsort(keys, kind="stable")[:_SAMPLE]]))
        known = counts.total() - counts[""]
        own = {code for code, count in counts.items() if count >= settings.share * known}
        self._own = own | {""}
        self.facts: Mapping[str, Any] = {"languages": sorted(own - {""})}

    def probability(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n,) float32: the setting's for documents in another language, else NaN."""
        rows, places = np.unique(docs, return_inverse=True)
        foreign = np.array([code not in self._own for code in self._languages(rows)], bool)
        return np.where(foreign, self._settings.probability, np.nan).astype(np.float32)[places.ravel()]

    def _languages(self, docs: IntArray) -> list[str]:
        """Returns the language of each document, empty for a text that tells none."""
        import py3langid

        texts = [text[:_READ] for text in self._documents.texts(docs)]
        return [
            py3langid.classify(text)[0] if sum(map(str.isalpha, text)) >= _LETTERS else "" for text in texts
        ]
