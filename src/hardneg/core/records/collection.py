"""A retrieval collection: documents, queries and judgments, columnar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from hardneg.core.records.arrays import BoolArray, IntArray, KeyArray, PairSet
from hardneg.core.records.columns import IdIndex, take
from hardneg.core.records.neutral import Neutral
from hardneg.core.records.scores import GivenScores
from hardneg.core.records.text import full_text, id_key
from hardneg.core.tables import html_table

UNJUDGED = -1


@dataclass(frozen=True)
class Documents:
    """The corpus: one row a distinct document, in the source's order.

    Attributes:
        table: Columns `doc_id`, `title`, `text` (strings), in chunks, which may be mapped from disk.
        keys: (n,) uint64, `text_key` of each document's full text.
        body_keys: (n,) uint64, `text_key` of each document's text without its title, unless that is all.
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
        return take(self.table["doc_id"], rows)

    def titles(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the titles of the documents in these rows, empty where there is none."""
        return take(self.table["title"], rows)

    def bodies(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the texts, without titles, of the documents in these rows."""
        return take(self.table["text"], rows)

    def texts(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the full texts (title, space, text) of the documents in these rows."""
        return [full_text(*both) for both in zip(self.titles(rows), self.bodies(rows), strict=True)]

    def rows(self, ids: Sequence[str]) -> IntArray:
        """Returns the row of each id, an alias's row being that of its document; -1 for unknown ids."""
        rows = self._rows_of_ids.rows(ids)
        if self._row_of_alias:
            for place in np.flatnonzero(rows < 0):
                rows[place] = self._row_of_alias.get(ids[int(place)], -1)
        return rows

    @cached_property
    def first_alike(self) -> IntArray:
        """(n,) int32: the row of the first copy of a document, mostly its own.

        Copies have the same full text, or the same text under another title or none.
        """
        groups = [self.keys] if np.array_equal(self.keys, self.body_keys) else [self.keys, self.body_keys]
        places = [np.unique(keys, return_inverse=True)[1].ravel() for keys in groups]
        first, before = np.arange(len(self), dtype=np.int32), None
        while before is None or not np.array_equal(first, before):
            before = first
            for group in places:
                least = np.full(int(group.max(initial=-1)) + 1, len(self), np.int32)
                np.minimum.at(least, group, first)
                first = least[group]
        return first

    @cached_property
    def _rows_of_ids(self) -> IdIndex:
        return IdIndex(self.table["doc_id"])

    @cached_property
    def _row_of_alias(self) -> dict[str, int]:
        return {alias: row for row, aliases in self.aliases.items() for alias in aliases}


@dataclass(frozen=True)
class Queries:
    """The queries of one split.

    Attributes:
        table: Columns `query_id`, `text` (strings), and `prompt` where the source has one for any query.
        keys: (n,) uint64, `text_key` of each query.
    """

    table: pa.Table
    keys: KeyArray

    def __len__(self) -> int:
        return int(self.table.num_rows)

    def ids(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the ids of the queries in these rows."""
        return take(self.table["query_id"], rows)

    def texts(self, rows: Sequence[int] | IntArray) -> list[str]:
        """Returns the texts of the queries in these rows."""
        return take(self.table["text"], rows)

    def prompts(self, rows: Sequence[int] | IntArray) -> list[str] | None:
        """Returns the source's instructions for the queries in these rows, empty where there is none.

        None where it has none for any query. Rankers do not read them, training sets hold them.
        """
        return take(self.table["prompt"], rows) if "prompt" in self.table.column_names else None

    def rows(self, ids: Sequence[str]) -> IntArray:
        """Returns the row of each id; -1 for unknown ids."""
        return self._rows_of_ids.rows(ids)

    @cached_property
    def _rows_of_ids(self) -> IdIndex:
        return IdIndex(self.table["query_id"])

    @cached_property
    def id_keys(self) -> KeyArray:
        """(n,) uint64: a key of each query's id, from which its random numbers are drawn."""
        ids = self.table["query_id"].to_pylist()
        return np.fromiter((id_key(query_id) for query_id in ids), np.uint64, len(ids))

    @cached_property
    def same_text(self) -> dict[int, tuple[int, ...]]:
        """For each row whose text occurs more than once, all rows of that text."""
        values, counts = np.unique(self.keys, return_counts=True)
        groups: dict[int, list[int]] = defaultdict(list)
        for row in np.flatnonzero(np.isin(self.keys, values[counts > 1])).tolist():
            groups[int(self.keys[row])].append(row)
        return {row: tuple(rows) for rows in groups.values() for row in rows}


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
        begin, end = np.searchsorted(self.query, np.array([query, query + 1], self.query.dtype))  # no copy
        return self.doc[begin:end], self.relevance[begin:end]

    def positives(self, query: int) -> IntArray:
        """Returns the rows of one query's positives, the most relevant first."""
        docs, relevance = self.of(query)
        order = np.argsort(-relevance, kind="stable")
        return docs[order][relevance[order] >= self.min_relevance]

    def only(self, mask: BoolArray) -> Judgments:
        """Returns the judgments where the (n,) mask is true."""
        return Judgments(self.query[mask], self.doc[mask], self.relevance[mask], self.min_relevance)

    @cached_property
    def relevant(self) -> PairSet:
        """The pairs judged relevant."""
        return self._pairs(self.relevance >= self.min_relevance)

    @cached_property
    def not_relevant(self) -> PairSet:
        """The pairs judged not relevant."""
        return self._pairs(self.relevance < self.min_relevance)

    def _pairs(self, mask: BoolArray) -> PairSet:
        return PairSet(self.query[mask], self.doc[mask])

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
        unread_columns: Columns of its tables that were not read.
        judged_empty: The first 20 documents and queries that were judged and left out, as they have no text.
        files: How many `lines`, and `rows` of a table, each of the first 100 files has.
        scores: The scores that the source brings with its documents, by column.
        neutral: Pairs that are neither positive nor negative; None where the source knows of none.
        chunks: How its documents were cut out of longer ones; empty where they were not.
    """

    name: str
    documents: Documents
    queries: Queries
    judgments: Judgments
    digest: str = ""
    notes: Mapping[str, int] = field(default_factory=dict)
    unread_columns: tuple[str, ...] = ()
    judged_empty: tuple[str, ...] = ()
    files: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    scores: Mapping[str, GivenScores] = field(default_factory=dict)
    neutral: Neutral | None = None
    chunks: Mapping[str, Any] = field(default_factory=dict)
    _object_reader: ClassVar[Callable[..., Collection]]

    @classmethod
    def of(
        cls,
        data: Any = None,
        *,
        corpus: Any = None,
        judgments: Any = None,
        queries: Any = None,
        name: str = "memory",
        options: Any = None,
        kind: str | None = None,
    ) -> Collection:
        """Returns the collection of objects in memory; the same data in files has the same digest.

        Args:
            data: Pairs: a list of dicts or of (query, positive, negative, ...) tuples, a dict of lists, a
                frame, an Arrow table or a Dataset, with the columns of a pairs file or a training set.
                With `judgments`, the queries.
            corpus: Documents beside the pairs' own: `{id: text}`, `{id: {"title": ..., "text": ...}}`, a
                table with a text and an id, or a file.
            judgments: `{query_id: {doc_id: relevance}}`, (query_id, doc_id, relevance) triples, or a table.
            queries: `{id: text}` or a table, to be judged by `judgments`, or named by the ids of a training
                set.
            name: What the collection is called.
            options: A `hardneg.LoadOptions`: the split, and how strictly to read.
            kind: The source whose rows these are, as `classes` or `sts`, where they are no pairs.

        Raises:
            ConfigError: What is given does not go together.
            DataError: A row is not as it should be; the message names it.

        Example:
            >>> Collection.of([("who wrote it", "Ada wrote it."), ("when", "In 1843.")])
            >>> Collection.of({"q": "who"}, corpus={"d": "Ada"}, judgments={"q": {"d": 1}})
        """
        return cls._object_reader(
            data,
            corpus=corpus,
            judgments=judgments,
            queries=queries,
            name=name,
            options=options,
            kind=kind,
        )

    def listed(self) -> tuple[IntArray, IntArray]:
        """Returns the (queries, docs) that the source lists as negatives: judged so, or scored alone."""
        judgments = self.judgments
        below = judgments.relevance < judgments.min_relevance
        pairs = [(judgments.query[below], judgments.doc[below])]
        for own in self.scores.values():
            queries = np.repeat(np.arange(len(self.queries), dtype=np.int32), np.diff(own.begins))
            docs = np.array(own.docs)
            candidates = ~judgments.relevant.has(queries, docs[:, None])[:, 0]
            pairs.append((queries[candidates], docs[candidates]))
        queries, docs = (np.concatenate(column) for column in zip(*pairs, strict=True))
        first = np.sort(np.unique(np.stack([queries, docs]), axis=1, return_index=True)[1])
        return queries[first], docs[first]

    def is_neutral(self, queries: IntArray, docs: IntArray) -> BoolArray:
        """Returns (n_queries, depth) bool: which documents are neither positive nor negative for their query.

        Args:
            queries: (n_queries,) int32.
            docs: (n_queries, depth) int32; -1 is not neutral.
        """
        if self.neutral is None:
            return np.zeros(docs.shape, bool)
        return self.neutral.has(queries, docs) & ~self.judgments.relevant.has(queries, docs)

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


def object_reader(read: Callable[..., Collection]) -> Callable[..., Collection]:
    """Sets what `Collection.of` reads objects with, as a decorator: records know no reader."""
    Collection._object_reader = staticmethod(read)
    return read


def part(collection: Collection, queries: IntArray, docs: IntArray) -> Collection:
    """Returns the collection of some query and document rows, both ascending."""
    judgments = collection.judgments
    kept = np.isin(judgments.query, queries) & np.isin(judgments.doc, docs)
    documents, all_queries = collection.documents, collection.queries
    return replace(
        collection,
        documents=Documents(
            documents.table.take(pa.array(docs)), documents.keys[docs], documents.body_keys[docs]
        ),
        queries=Queries(all_queries.table.take(pa.array(queries)), all_queries.keys[queries]),
        judgments=Judgments(
            np.searchsorted(queries, judgments.query[kept]).astype(np.int32),
            np.searchsorted(docs, judgments.doc[kept]).astype(np.int32),
            judgments.relevance[kept],
            judgments.min_relevance,
        ),
        digest=f"part of {collection.digest}",
        scores={name: own.part(queries, docs) for name, own in collection.scores.items()},
        neutral=collection.neutral and collection.neutral.part(queries, docs),
    )
