"""Pairs of sentences with a similarity (STS), as in `sts:FILE` or `sts:hf:ID`: similar ones are positives.

Columns are found by the names that `load.columns` gives, else by these, in any case:

- the sentences: `sentence1`, `sentence_1`, `text1` or `text_1`, and the same with 2;
- their similarity, a number: `score`, `similarity`, `similarity_score` or `label`;
- `split`: rows of other splits are not read at all.

Of a pair that scores at least `load.similar` each sentence is a query and the other one its positive, as in
NV-Embed (arXiv 2405.17428), section 4.2; of one that scores at most `load.dissimilar` the other is judged not
relevant; between them it is neither. All sentences are the corpus.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import source
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import UNDECIDED, Collection, Neutral, folded
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import SKIP_EMPTY, Notes
from hardneg.sources.example_rows import ExampleSource, examples, is_missing, text_in
from hardneg.sources.tables import Row, Rows, kind_of

COLUMNS = {
    "first": ("sentence1", "sentence_1", "text1", "text_1"),
    "second": ("sentence2", "sentence_2", "text2", "text_2"),
    "similarity": ("score", "similarity", "similarity_score", "label"),
}

_Pair = tuple[str, str, str, float]


@source("sts")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class SimilarityPairs(ExampleSource):
    """Pairs of sentences with a similarity: a file, a URL, or a data set as `hf:ID`."""

    def collection(
        self, name: str, table: Rows, options: LoadOptions, split_is_read: bool, notes: Notes
    ) -> Collection:
        """Returns the collection that pairs make."""
        builder = CollectionBuilder(name, options, notes)
        rows = _pairs(examples(table, options, notes, COLUMNS, split_is_read), options)
        pairs = _Pairs(builder)
        for where, first, second, score in rows:
            pairs.add(first, second, score, where)
        pairs.check()
        return pairs.collection()


def _pairs(rows: Iterator[tuple[str, Row, dict[str, str]]], options: LoadOptions) -> Iterator[_Pair]:
    """Yields (where, first, second, similarity)."""
    for where, row, columns in rows:
        first, second = (text_in(row, columns[role], where) for role in ("first", "second"))
        if options.refuses_empty and not (first.strip() and second.strip()):
            raise DataError(f"{where}: a sentence has no text; fill it in, or {SKIP_EMPTY}")
        yield where, first, second, _score(row.get(columns["similarity"]), columns["similarity"], where)


def _score(value: Any, column: str, where: str) -> float:
    """Returns a similarity, a finite number."""
    if is_missing(value):
        raise DataError(f'{where}: "{column}" is empty; each pair needs its similarity')
    try:
        score = float(value)
    except (TypeError, ValueError):
        shown = repr(value)[:80] if isinstance(value, str) else kind_of(value)
        raise DataError(f'{where}: "{column}" is {shown}; a similarity is a number') from None
    if not math.isfinite(score):
        raise DataError(f'{where}: "{column}" is {score}; a similarity is a finite number')
    return score


class _Pairs:
    def __init__(self, builder: CollectionBuilder) -> None:
        self._builder = builder
        self._undecided: list[tuple[str, str]] = []
        self._low, self._high = math.inf, -math.inf
        self._names = (f"d{number}" for number in range(1, 1 << 62))

    def add(self, first: str, second: str, score: float, where: str) -> None:
        """Adds a pair."""
        self._low, self._high = min(self._low, score), max(self._high, score)
        if not (first.strip() and second.strip()):
            self._builder.notes["skipped_pairs_with_an_empty_sentence"] += 1
            return
        if folded(first) == folded(second):
            self._builder.notes["skipped_pairs_of_one_sentence"] += 1
            return
        ids = [self._sentence(text, where) for text in (first, second)]
        options = self._builder.options
        similar, dissimilar = _bounds(options) or (math.inf, -math.inf)
        for query_id, doc_id in (ids, ids[::-1]):
            if score >= similar:
                self._builder.add_judgment(query_id, doc_id, options.min_relevance, where=where, again=True)
            elif score <= dissimilar:
                self._builder.add_judgment(query_id, doc_id, 0, where=where, again=True)
            else:
                self._undecided.append((query_id, doc_id))

    def check(self) -> None:
        """Raises an error if the bounds are not given, or say nothing of these similarities."""
        name, bounds = self._builder.name, _bounds(self._builder.options)
        found = f"{name}: similarities are from {self._low:g} to {self._high:g}"
        if bounds is None:
            raise ConfigError(
                f"{found}; say which are positives and which not relevant, as with --set load.similar=4 "
                "--set load.dissimilar=1 where they are from 0 to 5"
            )
        if not self._low < bounds[0] <= self._high:
            which = "none is" if self._high < bounds[0] else "all are"
            raise ConfigError(
                f"{found}, so {which} at least load.similar={bounds[0]:g}; give bounds of their scale"
            )

    def collection(self) -> Collection:
        """Returns the collection; each sentence's own document is neutral for it too."""
        built = self._builder.build()
        queries, documents = built.queries, built.documents
        ids = queries.table["query_id"].to_pylist()
        query_rows, doc_rows = (
            rows([*own, *ids])
            for rows, own in zip((queries.rows, documents.rows), _columns(self._undecided), strict=True)
        )
        kept = (query_rows >= 0) & ~built.judgments.relevant.has(query_rows, doc_rows[:, None])[:, 0]
        neutral = Neutral(
            np.full(len(queries), -1, np.int32),
            np.full(len(documents), -1, np.int32),
            query_rows[kept],
            doc_rows[kept],
            UNDECIDED,
        )
        return replace(built, neutral=neutral, digest=neutral.digest(built.digest))

    def _sentence(self, text: str, where: str) -> str:
        """Returns the id of a sentence, as a document and as a query."""
        doc_id = self._builder.document_of(text)
        if doc_id is None:
            doc_id = next(self._names)
            self._builder.add_document(doc_id, text, where=where)
            self._builder.add_query(doc_id, text, where=where)
        return doc_id


def _columns(pairs: list[tuple[str, str]]) -> tuple[list[str], list[str]]:
    return [first for first, _ in pairs], [second for _, second in pairs]


def _bounds(options: LoadOptions) -> tuple[float, float] | None:
    """Returns `similar` and `dissimilar`; None unless both are given."""
    if options.similar is None or options.dissimilar is None:
        return None
    if options.similar <= options.dissimilar:
        raise ConfigError(
            f"load.similar={options.similar:g} must be above load.dissimilar={options.dissimilar:g}: a "
            "similarity is higher where sentences are closer; of distances give the negative"
        )
    return options.similar, options.dissimilar
