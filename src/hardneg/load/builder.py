"""Where every loader pours what it reads: ids are resolved, exact duplicates merged, slips reported."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.errors import DataError
from hardneg.records import Collection, Documents, Judgments, Queries, full_text, text_key


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class LoadOptions:
    """How strictly a collection is read.

    Attributes:
        split: Which judgments to read, as in `qrels/train.tsv`.
        min_relevance: The least relevance of a positive.
        corpus: A file with documents beyond those of a pairs file.
        unknown_ids: What to do with judgments of queries or documents that are not there.
        empty_texts: What to do with documents and queries that have no text.
    """

    split: str = "train"
    min_relevance: int = 1
    corpus: str | None = None
    unknown_ids: Literal["error", "skip"] = "error"
    empty_texts: Literal["error", "skip"] = "error"


class CollectionBuilder:
    """Gathers documents, queries and judgments in any order, then builds a `Collection`.

    `where` is the place an entry was read from, as in `corpus.jsonl:17`; errors begin with it.
    """

    def __init__(self, name: str, options: LoadOptions) -> None:
        self.name = name
        self.options = options
        self.notes: Counter[str] = Counter()
        self._documents = _Table(("doc_id", "title", "text"))
        self._queries = _Table(("query_id", "text"))
        self._doc_rows: dict[str, int] = {}
        self._query_rows: dict[str, int] = {}
        self._row_of_text: dict[bytes, int] = {}
        self._aliases: dict[int, list[str]] = {}
        self._keys: list[int] = []
        self._body_keys: list[int] = []
        self._query_keys: list[int] = []
        self._judgments: dict[tuple[str, str], tuple[int, str]] = {}
        self._skipped_docs: set[str] = set()
        self._skipped_queries: set[str] = set()
        self._digest = hashlib.sha256()

    def has_document(self, doc_id: str) -> bool:
        """Returns whether a document of this id was added."""
        return doc_id in self._doc_rows

    def add_document(self, doc_id: str, text: str, title: str = "", *, where: str) -> None:
        """Adds one document; an exact copy of an earlier one is merged into it and its id kept.

        Raises:
            DataError: No id, no text (unless `empty_texts` is `skip`), or a second text for the same id.
        """
        _check_id(doc_id, "document", where)
        title, text = _clean(title), _clean(text)
        if not title and not text:
            self._empty(doc_id, "document", where, self._skipped_docs)
            return
        whole = hashlib.blake2b(full_text(title, text).encode(), digest_size=16).digest()
        row = self._row_of_text.setdefault(whole, len(self._documents))
        known = self._doc_rows.setdefault(doc_id, row)
        if known != row:
            raise DataError(f'{where}: document id "{doc_id}" is given twice, with different texts')
        self._digest.update(b"d\0" + doc_id.encode() + b"\0" + whole)
        if row < len(self._documents):
            self._merge(doc_id, row)
            return
        self._documents.append(doc_id, title, text)
        self._keys.append(text_key(full_text(title, text)))
        self._body_keys.append(text_key(text) if title else self._keys[-1])

    def add_query(self, query_id: str, text: str, *, where: str) -> None:
        """Adds one query.

        Raises:
            DataError: No id, no text (unless `empty_texts` is `skip`), or a second text for the same id.
        """
        _check_id(query_id, "query", where)
        text = _clean(text)
        if not text:
            self._empty(query_id, "query", where, self._skipped_queries)
            return
        row = self._query_rows.setdefault(query_id, len(self._queries))
        if row < len(self._queries):
            if self._query_keys[row] != text_key(text):
                raise DataError(f'{where}: query id "{query_id}" is given twice, with different texts')
            return
        self._queries.append(query_id, text)
        self._query_keys.append(text_key(text))
        self._digest.update(b"q\0" + query_id.encode() + b"\0" + text.encode() + b"\0")

    def add_judgment(self, query_id: str, doc_id: str, relevance: int, *, where: str) -> None:
        """Adds one judgment; of several for the same query and document the highest relevance stands."""
        known = self._judgments.get((query_id, doc_id))
        if known is None or known[0] < relevance:
            self._judgments[query_id, doc_id] = (relevance, where)

    def build(self) -> Collection:
        """Returns the collection; queries without any judgment are left out.

        Raises:
            DataError: There are no documents or no positives, or a judgment names an unknown id.
        """
        if not len(self._documents):
            raise DataError(f"{self.name}: there are no documents")
        documents = Documents(
            self._documents.finish(),
            np.array(self._keys, np.uint64),
            np.array(self._body_keys, np.uint64),
            {row: tuple(ids) for row, ids in self._aliases.items()},
        )
        judged = self._resolve()
        if not any(relevance >= self.options.min_relevance for _, _, relevance in judged):
            raise DataError(
                f"{self.name}: no query has a positive (a judgment with relevance >= "
                f"{self.options.min_relevance}); {len(judged):,} judgments were read"
            )
        queries, judgments = self._judged_queries(judged)
        return Collection(
            self.name, documents, queries, judgments, self._digest.hexdigest(), dict(self.notes)
        )

    def _merge(self, doc_id: str, row: int) -> None:
        aliases = self._aliases.setdefault(row, [])
        if doc_id not in aliases and self._documents.first(row) != doc_id:
            aliases.append(doc_id)
            self.notes["merged_duplicate_documents"] += 1

    def _empty(self, name: str, kind: str, where: str, skipped: set[str]) -> None:
        if self.options.empty_texts == "error":
            raise DataError(
                f'{where}: {kind} "{name}" has no text; fill it in, or pass --set load.empty_texts=skip'
            )
        skipped.add(name)
        self.notes[f"skipped_empty_{'queries' if kind == 'query' else 'documents'}"] += 1

    def _resolve(self) -> list[tuple[int, int, int]]:
        best: dict[tuple[int, int], int] = {}
        for (query_id, doc_id), (relevance, where) in self._judgments.items():
            if query_id in self._skipped_queries or doc_id in self._skipped_docs:
                self.notes["skipped_judgments_of_empty_texts"] += 1
                continue
            query, doc = self._query_rows.get(query_id), self._doc_rows.get(doc_id)
            if query is None or doc is None:
                self._unknown(query_id if query is None else doc_id, query is None, where)
                continue
            best[query, doc] = max(relevance, best.get((query, doc), relevance))
        resolved = [(query, doc, relevance) for (query, doc), relevance in best.items()]
        resolved.sort(key=lambda judgment: judgment[0])
        for judgment in resolved:
            self._digest.update(b"j\0%d %d %d" % judgment)
        return resolved

    def _unknown(self, name: str, is_query: bool, where: str) -> None:
        if self.options.unknown_ids == "error":
            kind, file = ("query", "queries") if is_query else ("document", "corpus")
            raise DataError(
                f'{where}: {kind} id "{name}" is not in the {file}; mend the judgments, '
                "or pass --set load.unknown_ids=skip"
            )
        self.notes["skipped_judgments_of_unknown_ids"] += 1

    def _judged_queries(self, judged: list[tuple[int, int, int]]) -> tuple[Queries, Judgments]:
        columns = np.array(judged, np.int32).reshape(-1, 3)
        kept, query = np.unique(columns[:, 0], return_inverse=True)
        table = self._queries.finish().take(pa.array(kept))
        keys = np.array(self._query_keys, np.uint64)[kept]
        order = np.argsort(query, kind="stable")
        judgments = Judgments(
            query[order].astype(np.int32), columns[order, 1], columns[order, 2], self.options.min_relevance
        )
        return Queries(table, keys), judgments


class _Table:
    """Rows of strings, packed into Arrow as they come, so that a large corpus is held once."""

    _CHUNK = 65_536

    def __init__(self, names: tuple[str, ...]) -> None:
        self._schema = pa.schema([(name, pa.large_string()) for name in names])
        self._rows: list[tuple[str, ...]] = []
        self._batches: list[pa.RecordBatch] = []

    def __len__(self) -> int:
        return len(self._batches) * self._CHUNK + len(self._rows)

    def append(self, *row: str) -> None:
        self._rows.append(row)
        if len(self._rows) == self._CHUNK:
            self._pack()

    def first(self, row: int) -> str:
        chunk, place = divmod(row, self._CHUNK)
        if chunk < len(self._batches):
            return str(self._batches[chunk].column(0)[place])
        return self._rows[place][0]

    def finish(self) -> pa.Table:
        if self._rows:
            self._pack()
        return pa.Table.from_batches(self._batches, self._schema)

    def _pack(self) -> None:
        columns: Iterable[tuple[str, ...]] = zip(*self._rows, strict=True)
        arrays = [pa.array(column, pa.large_string()) for column in columns]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self._rows = []


def _clean(text: str) -> str:
    """Returns the text stripped, with lone surrogates (broken escapes) replaced."""
    return text.encode("utf-8", "replace").decode("utf-8").strip()


def _check_id(name: str, kind: str, where: str) -> None:
    if not name:
        raise DataError(f"{where}: the {kind} id is empty")
