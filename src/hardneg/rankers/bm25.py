"""BM25: shared words, weighted by their rarity.

Source: Robertson and Zaragoza, 2009; the formulas are those of bm25s (arXiv 2407.03618).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any, Literal
from unicodedata import unidata_version

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.hashing import code_digest
from hardneg.core.records import Collection, Documents, Queries
from hardneg.rankers.cache_files import build_or_load
from hardneg.rankers.inverted import postings, tokenizer
from hardneg.rankers.inverted.index import InvertedIndex, InvertedRanker, SparseRows
from hardneg.rankers.inverted.languages import language_code, scripts_of
from hardneg.rankers.inverted.tokenizer import Vocabulary, stemmer

_SAMPLE = 256
_SAMPLE_CHARACTERS = 600


def _language(name: str) -> str:
    return name if name in ("auto", "none") else language_code(name)


@ranker("bm25")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Bm25(Ranker):
    """Ranks by BM25.

    Attributes:
        language: `auto` (each script is stemmed in the language that most of its documents are in), a
            language by name or ISO 639 code (its script is stemmed in it, or not at all where Snowball has no
            stemmer for it; others by default), or `none`.
        k1: Term frequency saturation: how much a term's repetition in a document counts.
        b: Length normalisation, 0 to 1: how much long documents are held back.
        method: The variant of the formula, as bm25s names them.
        name: The ranker's name in the ledger; None for `bm25`.
    """

    language: Annotated[str, AfterValidator(_language)] = "auto"
    k1: float = Field(default=1.5, ge=0)
    b: float = Field(default=0.75, ge=0, le=1)
    method: Literal["lucene", "robertson", "atire"] = "lucene"
    name: str | None = None
    shorthand = "language"
    bytes_per_term = 16

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its index built or loaded from the cache."""
        stemmers, detected = self._stemmers(collection.documents)
        settings = {
            "stemmers": stemmers,
            "k1": self.k1,
            "b": self.b,
            "method": self.method,
            "PyStemmer": version("PyStemmer"),
        }
        path = self._path(collection.documents, settings, context)
        index = self._index(path, collection.documents, settings, context)
        vocabulary = Vocabulary(stemmer(stemmers), index.names)
        facts = {"language": self.language, "detected": detected, **settings, "vocabulary": vocabulary.size}
        queries = _query_terms(collection.queries, vocabulary)
        return InvertedRanker(index, queries, facts, partial(postings.map_index, path))

    def _stemmers(self, documents: Documents) -> tuple[dict[str, str], dict[str, str]]:
        """Returns the stemmer of each script, and the language detected in each."""
        if self.language == "none":
            return {}, {}
        if self.language != "auto":
            return tokenizer.stemmers_for(scripts_of(self.language)), {}
        sample = np.unique(np.linspace(0, len(documents) - 1, _SAMPLE).astype(np.int32))
        texts = (text[:_SAMPLE_CHARACTERS] for text in documents.texts(sample))
        detected = tokenizer.detect_languages(texts)
        return tokenizer.stemmers_for(detected), detected

    def _path(self, documents: Documents, settings: Mapping[str, Any], context: Context) -> Path:
        """Returns the file of the index in the cache."""
        key = {
            **settings,
            "py3langid": version("py3langid"),
            "unicode": unidata_version,
            "code": code_digest(tokenizer, postings),
            "texts": postings.texts_digest(documents),
        }
        return postings.index_path(context.cache.absolute() / "bm25", key)

    def _index(
        self, path: Path, documents: Documents, settings: Mapping[str, Any], context: Context
    ) -> InvertedIndex:
        """Returns the index from the cache, where it is written first if it is missing or corrupt."""
        vocabulary = Vocabulary(stemmer(settings["stemmers"]))
        return build_or_load(
            path,
            lambda path: postings.read_index(path, len(documents)),
            lambda: postings.build_index(documents, vocabulary, self.method, self.k1, self.b, context),
            postings.write_index,
            context.progress,
            "indexes",
        )


def _query_terms(queries: Queries, vocabulary: Vocabulary) -> SparseRows:
    """Returns the terms of all queries, each weighted by its frequency in the query."""
    rows = []
    for text in queries.texts(np.arange(len(queries), dtype=np.int32)):
        terms = np.array(vocabulary.encode_known(text), np.int32)
        distinct, counts = np.unique(terms, return_counts=True)
        rows.append(SparseRows(np.array([0, len(distinct)]), distinct, counts.astype(np.float32)))
    return SparseRows.concatenated(rows)
