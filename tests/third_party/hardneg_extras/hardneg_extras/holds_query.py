"""A rule as a class: what it drops is likelier relevant, and it says so."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hardneg.core.components import Rule


@dataclass(frozen=True)
class HoldsQuery(Rule):
    """Drops documents that hold a share of the query's words.

    Attributes:
        share: The least share that is dropped.
    """

    share: float = 1.0
    implies_doubt: ClassVar[bool] = True
    shorthand: ClassVar[str] = "share"
    label: ClassVar[dict[str, str]] = {"en": "holds the query", "ru": "содержит запрос"}

    def keep(self, candidates):
        """Returns which documents lack enough of the query's words."""
        words = [set(text.split()) for text in candidates.query_texts]
        held = [
            [len(own & set(text.split())) / max(len(own), 1) for text in row]
            for own, row in zip(words, candidates.documents.texts, strict=True)
        ]
        return np.array(held).reshape(candidates.shape) < self.share
