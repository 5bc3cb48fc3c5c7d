"""BM25: words in common, weighted by their rarity.

Source: Robertson and Zaragoza, 2009; the formulas are those of bm25s (arXiv 2407.03618).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal
from unicodedata import unidata_version

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.records import Collection, Documents, Queries, rows_of
from hardneg.rankers.inverted.tokenizer import Terms, detect, forced, language_named, stemmer, stemmers_for

if TYPE_CHECKING:
    from hardneg.rankers.inverted.index import Rows
    from hardneg.rankers.inverted.store import Index

_SAMPLE = 256
_SAMPLE_CHARACTERS = 600
_BLOCK = 8_192
_FORMAT = 1
"""Of words, terms and the file together: an index of another is not read."""


def _language(name: str) -> str:
    return name if name in ("auto", "none") else language_named(name)


@ranker("bm25")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Bm25(Ranker):
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
    bytes_per_term: ClassVar[int] = 16

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its index built or found in the cache."""
        from importlib.metadata import version

        from hardneg.rankers.inverted.index import InvertedRanker

        algorithms, detected = self._algorithms(collection.documents)
        made_with = {
            "stemmers": algorithms,
            "k1": self.k1,
            "b": self.b,
            "method": self.method,
            "PyStemmer": version("PyStemmer"),
        }
        index = self._index(collection.documents, made_with, context)
        terms = Terms(stemmer(algorithms), index.names)
        facts = {
            "language": self.language,
            "detected": detected,
            **made_with,
            "vocabulary": terms.size,
        }
        return InvertedRanker(index.postings, _query_terms(collection.queries, terms), facts)

    def _algorithms(self, documents: Documents) -> tuple[dict[str, str], dict[str, str]]:
        """Returns the stemmer of each script, and the language detected in each."""
        if self.language == "none":
            return {}, {}
        if self.language != "auto":
            return stemmers_for(forced(self.language)), {}
        sample = np.unique(np.linspace(0, len(documents) - 1, _SAMPLE).astype(np.int32))
        detected = detect(text[:_SAMPLE_CHARACTERS] for text in documents.texts(sample))
        return stemmers_for(detected), detected

    def _index(self, documents: Documents, made_with: Mapping[str, Any], context: Context) -> Index:
        """Returns the index from the cache, where it is put if it is not there."""
        from hardneg.rankers.inverted.store import IndexStore, texts_digest

        store = IndexStore(context.cache / "bm25")
        words = {"format": _FORMAT, "unicode": unidata_version}
        path = store.path({**made_with, **words, "texts": texts_digest(documents)})
        return store.index(
            path,
            lambda: self._built(documents, Terms(stemmer(made_with["stemmers"])), context),
            context.progress,
        )

    def _built(self, documents: Documents, terms: Terms, context: Context) -> Index:
        from hardneg.rankers.inverted.postings import Postings
        from hardneg.rankers.inverted.store import Index

        postings = Postings(context.cache)
        with context.progress.task("bm25 index", len(documents), "documents") as task:
            for rows in rows_of(len(documents), _BLOCK):
                postings.add([terms.of(text) for text in documents.texts(rows)])
                task.advance(len(rows))
        return Index(postings.index(self.method, self.k1, self.b), terms.stems)


def _query_terms(queries: Queries, terms: Terms) -> Rows:
    """Returns the terms of all queries, each weighted by how often the query has it."""
    from hardneg.rankers.inverted.index import Rows

    found = [
        np.unique(np.array(terms.known(text), np.int32), return_counts=True)
        for text in queries.texts(np.arange(len(queries), dtype=np.int32))
    ]
    begins = np.cumsum([0, *(len(numbers) for numbers, _ in found)], dtype=np.int64)
    numbers = np.concatenate([numbers for numbers, _ in found] or [np.empty(0, np.int32)])
    counts = np.concatenate([counts for _, counts in found] or [np.empty(0, np.intp)])
    return Rows(begins, numbers, counts.astype(np.float32))
