"""BM25: words in common, weighted by their rarity.

Source: Robertson and Zaragoza, 2009; the formulas are those of bm25s (arXiv 2407.03618).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.rank import Context, Ranker
from hardneg.rank.tokenize import Terms, detect, forced, language_named, stemmer, stemmers_for
from hardneg.records import Collection, Documents, Queries, rows_of

if TYPE_CHECKING:
    from hardneg.rank.inverted import Inverted, Rows

__all__ = ["Bm25"]

_SAMPLE = 256
_SAMPLE_CHARACTERS = 600
_BLOCK = 8_192


def _language(name: str) -> str:
    return name if name in ("auto", "none") else language_named(name)


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Bm25:
    """Ranks by BM25.

    Attributes:
        language: `auto` (each script is stemmed in the language that most of its documents are in), a
            language by name or ISO 639 code (stems its script in it, others by default), or `none`.
        k1: How much a term's repetition in a document counts.
        b: How much long documents are held back, 0 to 1.
        method: The variant of the formula, as bm25s names them.
        name: The ranker's name in the ledger; None for `bm25`.
    """

    language: Annotated[str, AfterValidator(_language)] = "auto"
    k1: float = Field(default=1.5, ge=0)
    b: float = Field(default=0.75, ge=0, le=1)
    method: Literal["lucene", "robertson", "atire"] = "lucene"
    name: str | None = None
    shorthand: ClassVar[str] = "language"

    def open(self, collection: Collection, context: Context) -> Ranker:
        """Returns the ranker, its index built; a large one is mapped from a file that vanishes with it."""
        from importlib.metadata import version

        from hardneg.rank.inverted import InvertedRanker

        algorithms, detected = self._algorithms(collection.documents)
        terms = Terms(stemmer(algorithms))
        index = self._index(collection.documents, terms, context)
        facts = {
            "language": self.language,
            "detected": detected,
            "stemmers": algorithms,
            "k1": self.k1,
            "b": self.b,
            "method": self.method,
            "vocabulary": terms.size,
            "PyStemmer": version("PyStemmer"),
        }
        return InvertedRanker(index, _query_terms(collection.queries, terms), facts)

    def _algorithms(self, documents: Documents) -> tuple[dict[str, str], dict[str, str]]:
        """Returns the stemmer of each script, and the language detected in each."""
        if self.language == "none":
            return {}, {}
        if self.language != "auto":
            return stemmers_for(forced(self.language)), {}
        sample = np.unique(np.linspace(0, len(documents) - 1, _SAMPLE).astype(np.int32))
        detected = detect(text[:_SAMPLE_CHARACTERS] for text in documents.texts(sample))
        return stemmers_for(detected), detected

    def _index(self, documents: Documents, terms: Terms, context: Context) -> Inverted:
        from hardneg.rank.postings import Postings

        postings = Postings(context.cache)
        with context.progress.task("bm25 index", len(documents), "documents") as task:
            for rows in rows_of(len(documents), _BLOCK):
                postings.add([terms.of(text) for text in documents.texts(rows)])
                task.advance(len(rows))
        return postings.index(self.method, self.k1, self.b)


def _query_terms(queries: Queries, terms: Terms) -> Rows:
    """Returns the terms of all queries, each weighted by how often the query has it."""
    from hardneg.rank.inverted import Rows

    found = [
        np.unique(np.array(terms.known(text), np.int32), return_counts=True)
        for text in queries.texts(np.arange(len(queries), dtype=np.int32))
    ]
    begins = np.cumsum([0, *(len(numbers) for numbers, _ in found)], dtype=np.int64)
    numbers = np.concatenate([numbers for numbers, _ in found] or [np.empty(0, np.int32)])
    counts = np.concatenate([counts for _, counts in found] or [np.empty(0, np.intp)])
    return Rows(begins, numbers, counts.astype(np.float32))
