"""The records that stages hand to each other: small, frozen, columnar.

A stage knows these and never another stage. Arrays that name documents or queries hold row numbers
(int32) into `Documents` and `Queries`; -1 stands where there is none.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.tables import html_table

IntArray = npt.NDArray[np.int32]
FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
KeyArray = npt.NDArray[np.uint64]

UNJUDGED = -1
_SPACES = re.compile(r"\s+")


def text_key(text: str) -> int:
    """Returns a 64-bit key under which texts meet that differ only in case, spacing or Unicode form."""
    return int.from_bytes(
        hashlib.blake2b(folded(text).encode("utf-8", "replace"), digest_size=8).digest(), "little"
    )


def folded(text: str) -> str:
    """Returns the text without differences of case, spacing or Unicode form (NFKC)."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text)).strip().casefold()


def full_text(title: str, text: str) -> str:
    """Returns what a ranker reads of a document: its title, when it has one, a space and its text."""
    return f"{title} {text}".strip() if title else text


@dataclass(frozen=True)
class Documents:
    """The corpus: one row a distinct document, in the source's order.

    Attributes:
        table: Columns `doc_id`, `title`, `text` (strings).
        keys: (n,) uint64, `text_key` of each document's full text.
        body_keys: (n,) uint64, `text_key` of each document's text without its title.
        aliases: Ids of exact duplicates that were merged into a row, by row.
    """

    table: pa.Table
    keys: KeyArray
    body_keys: KeyArray
    aliases: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def ids(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the ids of the documents in these rows."""
        return _take(self.table["doc_id"], rows)

    def titles(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the titles of the documents in these rows, empty where there is none."""
        return _take(self.table["title"], rows)

    def bodies(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the texts, without titles, of the documents in these rows."""
        return _take(self.table["text"], rows)

    def texts(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the full texts (title, space, text) of the documents in these rows."""
        return [full_text(*both) for both in zip(self.titles(rows), self.bodies(rows), strict=True)]

    def rows(self, ids: Sequence[str]) -> IntArray:
        """Returns the row of each id, an alias's row being that of its document; -1 for unknown ids."""
        found = _positions(ids, self.table["doc_id"])
        if self._row_of_alias:
            for place in np.flatnonzero(found < 0):
                found[place] = self._row_of_alias.get(ids[int(place)], -1)
        return found

    @cached_property
    def _row_of_alias(self) -> dict[str, int]:
        return {alias: row for row, aliases in self.aliases.items() for alias in aliases}


@dataclass(frozen=True)
class Queries:
    """The queries of one split.

    Attributes:
        table: Columns `query_id`, `text` (strings).
        keys: (n,) uint64, `text_key` of each query.
    """

    table: pa.Table
    keys: KeyArray

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def ids(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the ids of the queries in these rows."""
        return _take(self.table["query_id"], rows)

    def texts(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the texts of the queries in these rows."""
        return _take(self.table["text"], rows)

    def rows(self, ids: Sequence[str]) -> IntArray:
        """Returns the row of each id; -1 for unknown ids."""
        return _positions(ids, self.table["query_id"])

    @cached_property
    def id_keys(self) -> KeyArray:
        """(n,) uint64: a key of each query's id, from which its random numbers are drawn."""
        ids = self.table["query_id"].to_pylist()
        return np.fromiter((_key(query_id) for query_id in ids), np.uint64, len(ids))


@dataclass(frozen=True)
class Judgments:
    """Relevance judgments (qrels), sorted by query, then as they came.

    Attributes:
        query: (n,) int32, query rows, ascending.
        doc: (n,) int32, document rows.
        relevance: (n,) int32; `relevance >= min_relevance` is a positive, less is judged non-relevant.
        min_relevance: The least relevance of a positive.
    """

    query: IntArray
    doc: IntArray
    relevance: IntArray
    min_relevance: int = 1

    def __len__(self) -> int:
        return len(self.query)

    def of(self, query: int) -> tuple[IntArray, IntArray]:
        """Returns the (docs, relevances) judged for one query row."""
        begin, end = np.searchsorted(self.query, [query, query + 1])
        return self.doc[begin:end], self.relevance[begin:end]

    def positives(self, query: int) -> IntArray:
        """Returns the rows of one query's positives, the most relevant first."""
        docs, relevance = self.of(query)
        order = np.argsort(-relevance, kind="stable")
        return docs[order][relevance[order] >= self.min_relevance]

    @cached_property
    def queries_with_positives(self) -> IntArray:
        """Rows of the queries that have a positive, ascending."""
        return np.unique(self.query[self.relevance >= self.min_relevance]).astype(np.int32)


@dataclass(frozen=True)
class Collection:
    """A retrieval collection: what to mine.

    Attributes:
        name: A short name for people.
        documents: The corpus.
        queries: The queries of the chosen split.
        judgments: Their relevance judgments.
        digest: sha256 of all ids, texts and judgments, hexadecimal: the same data, the same digest.
        notes: What the loader merged, skipped or made up, counted by reason.
    """

    name: str
    documents: Documents
    queries: Queries
    judgments: Judgments
    digest: str = ""
    notes: Mapping[str, int] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        """Returns a table for notebooks: how large it is, and its first queries with their positives."""
        first = self.judgments.queries_with_positives[:3]
        rows: list[tuple[str, str | int]] = [
            ("documents", len(self.documents)),
            ("queries", len(self.queries)),
            ("with a positive", len(self.judgments.queries_with_positives)),
            ("judgments", len(self.judgments)),
            *self.notes.items(),
        ]
        for query in first:
            [text] = self.queries.texts([int(query)])
            positives = self.documents.texts(self.judgments.positives(int(query))[:1])
            rows.append((text, positives[0]))
        return html_table(f"Collection {self.name}", rows)


@dataclass(frozen=True)
class Candidates:
    """The pool of a block of queries: what the rankers found, and every positive, in pool order.

    Attributes:
        queries: (n_queries,) int32, query rows.
        docs: (n_queries, depth) int32, document rows, -1 where there is none.
        ranks: (n_queries, depth) int32, rank in the pool from 1; 0 for a positive that no ranker retrieved.
        scores: For each ranker (n_queries, depth) float32, NaN where it gave none.
        positive: For each ranker (n_queries,) float32, the anchor score: the weakest positive's by the
            same ranker (or the pair's own), NaN where it gave none.
        scorer: The ranker that thresholds read unless a rule names another.
        order: The ranker whose scores rank the candidates; None for the order of the pool.
        pair: (n_queries,) int32, document row of the one positive each row stands for, or -1 when a row
            stands for all the query's positives.
        exhausted: (n_queries,) bool, true where the rankers have nothing further to give.
        evidence: For each validator (n_queries, depth) float32, NaN where it did not look.
        suspicions: (n_queries, depth) int16, how many validators suspect a candidate; None without any.
        probability: (n_queries, depth) float32, of a false negative, NaN where it is not known; None without
            calibration.
        relabelled: (n_queries, depth) bool, which candidates count as positives after all; None for none.
    """

    queries: IntArray
    docs: IntArray
    ranks: IntArray
    scores: Mapping[str, FloatArray]
    positive: Mapping[str, FloatArray]
    scorer: str
    order: str | None = None
    pair: IntArray | None = None
    exhausted: BoolArray | None = None
    evidence: Mapping[str, FloatArray] = field(default_factory=dict)
    suspicions: npt.NDArray[np.int16] | None = None
    probability: FloatArray | None = None
    relabelled: BoolArray | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """(n_queries, depth)."""
        return self.docs.shape[0], self.docs.shape[1]

    def score(self, by: str | None = None) -> FloatArray:
        """Returns (n_queries, depth) float32: the scores by one ranker, by the scorer unless named."""
        return self.scores[by or self.scorer]

    def anchor(self, by: str | None = None) -> FloatArray:
        """Returns (n_queries, 1) float32: the anchor scores by one ranker, by the scorer unless named."""
        return self.positive[by or self.scorer][:, None]

    def rank(self, by: str | None = None) -> IntArray:
        """Returns (n_queries, depth) int32: ranks from 1, in the pool's order or by one ranker's scores.

        Positives count: they hold the ranks that the ranker gave them. 0 where a document has no rank.
        """
        ranker = by or self.order
        return self.ranks if ranker is None else _ranks(self.scores[ranker], self.docs)

    def seen_by(self, ranker: str) -> Candidates:
        """Returns the same candidates as one ranker sees them: its order, its thresholds."""
        return replace(self, scorer=ranker, order=ranker)

    def only(self, mask: BoolArray) -> Candidates:
        """Returns the candidates with those outside the (n_queries, depth) mask blanked out."""
        return replace(
            self,
            docs=np.where(mask, self.docs, -1).astype(np.int32),
            ranks=np.where(mask, self.ranks, 0).astype(np.int32),
            scores={name: np.where(mask, values, np.float32("nan")) for name, values in self.scores.items()},
        )

    def take(self, rows: npt.NDArray[np.intp]) -> Candidates:
        """Returns the candidates of some of the queries."""
        taken: dict[str, Any] = {}
        for each in fields(self):
            values = getattr(self, each.name)
            if isinstance(values, Mapping):
                taken[each.name] = {name: array[rows] for name, array in values.items()}
            elif isinstance(values, np.ndarray):
                taken[each.name] = values[rows]
        return replace(self, **taken)


JUDGED_RELEVANT = "judged_relevant"
RELABELLED = "relabelled"
"""The reasons for which a candidate is a positive."""


class Decision:
    """The three outcomes for a candidate, as the ledger writes them."""

    NEGATIVE = "negative"
    DROPPED = "dropped"
    POSITIVE = "positive"


class Scored(NamedTuple):
    """One document of an example, with what is known of it."""

    doc_id: str
    title: str
    text: str
    score: float
    weight: float = 1.0

    @property
    def full(self) -> str:
        """The title, a space and the text."""
        return full_text(self.title, self.text)


class Example(NamedTuple):
    """One query of a training set, with its positives and the negatives chosen for it, hardest first."""

    query_id: str
    query: str
    positives: Sequence[Scored]
    negatives: Sequence[Scored]


def rows_of(count: int, size: int) -> Iterator[IntArray]:
    """Yields the rows 0..count-1 in blocks of at most `size`."""
    for begin in range(0, count, size):
        yield np.arange(begin, min(begin + size, count), dtype=np.int32)


def _ranks(scores: FloatArray, docs: IntArray) -> IntArray:
    keyed = np.where((docs >= 0) & ~np.isnan(scores), -scores, np.inf)
    order = np.argsort(keyed, axis=1, kind="stable")
    ranks = np.empty(docs.shape, np.int32)
    np.put_along_axis(ranks, order, np.arange(1, docs.shape[1] + 1, dtype=np.int32)[None, :], axis=1)
    return np.where(np.isinf(keyed) & (keyed > 0), 0, ranks).astype(np.int32)


def _key(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def _take(column: pa.ChunkedArray, rows: Sequence[int] | IntArray) -> list[str]:
    taken: list[str] = column.take(pa.array(np.asarray(rows, np.int64))).to_pylist()
    return taken


def _positions(ids: Sequence[str], column: pa.ChunkedArray) -> IntArray:
    found = pc.index_in(pa.array(ids, pa.large_string()), value_set=column.cast(pa.large_string()))
    return np.array(found.fill_null(-1).to_numpy(zero_copy_only=False), np.int32)
