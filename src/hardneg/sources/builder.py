"""Builds a collection from what a source reads: ids resolved, exact duplicates merged, problems reported."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from numpy.typing import ArrayLike

from hardneg.core.errors import DataError
from hardneg.core.records import (
    Collection,
    Documents,
    IntArray,
    Judgments,
    Queries,
    RowMap,
    full_text,
    text_key,
)
from hardneg.sources.cells import NOTHING
from hardneg.sources.columns import SKIP_EMPTY, Notes
from hardneg.sources.ids import check_id, clean_text, given_twice, has_controls, is_broken, unbroken
from hardneg.sources.options import WHOLE, LoadOptions
from hardneg.sources.score_store import ScoreStore
from hardneg.sources.strings import Strings

__all__ = ["WHOLE", "CollectionBuilder", "LoadOptions"]

_LARGEST_RELEVANCE = 2**31 - 1
_MOST_NAMED = 20
_MOST_FILES = 100
_SLOTS = 2**64 - 1


class CollectionBuilder:
    """Gathers documents, queries and judgments in any order, then builds a `Collection`.

    `where` is the place an entry was read from, as in `corpus.jsonl:17`; errors begin with it. `again` says
    that the source names an entry each time it speaks of it, as pairs do; else a second time is noted.
    """

    def __init__(self, name: str, options: LoadOptions, notes: Notes | None = None) -> None:
        self.name = name
        self.options = options
        self.notes = Notes() if notes is None else notes
        self._documents = Strings(("doc_id", "title", "text"))
        self._queries = Strings(("query_id", "text"))
        self._doc_rows = RowMap()
        self._query_rows: dict[str, int] = {}
        self._prompts: dict[int, str] = {}
        self._equal_prompts: dict[str, str] = {}
        self._text_rows = RowMap()
        self._aliases: dict[int, list[str]] = {}
        self._keys = array("Q")
        self._body_keys = array("Q")
        self._query_keys = array("Q")
        self._relevance: dict[int, int] = {}
        self._pending: list[tuple[str, str, int, str]] = []
        self._skipped_docs: set[str] = set()
        self._skipped_queries: set[str] = set()
        self._digest = hashlib.sha256()
        self._scores: dict[str, ScoreStore] = {}

    def has_document(self, doc_id: str) -> bool:
        """Returns whether a document of this id was added."""
        return self._row_of_id(doc_id) >= 0

    def has_query(self, query_id: str) -> bool:
        """Returns whether a query of this id was added."""
        return query_id in self._query_rows

    def document_of(self, text: str, title: str = "") -> str | None:
        """Returns the id of the document with exactly this title and text, None if there is none.

        Without a title it may also be the first document of this text under any title.
        """
        title, text = clean_text(title), clean_text(text)
        whole = full_text(title, text)
        row = self._row_of_text(whole, _content(whole))
        if row < 0 and not title:
            row = self._row_of_body(text)
        return None if row < 0 else self._documents.cell(row)

    def add_document(
        self, doc_id: str, text: str, title: str = "", *, where: str, again: bool = False
    ) -> None:
        """Adds one document; an exact copy of an earlier one is merged into it and its id kept."""
        check_id(doc_id, "document", where)
        given, title, text = (title, text), clean_text(title), clean_text(text)
        if not title and not text:
            self._empty(doc_id, "document", where, self._skipped_docs)
            return
        whole = full_text(title, text)
        content = _content(whole)
        row, known = self._row_of_text(whole, content), self._row_of_id(doc_id)
        if known >= 0:
            if known != row:
                self._check_document(known, doc_id, title, text, where)
            self._note("repeated_documents", not again)
            return
        self._note("replaced_broken_characters", is_broken(*given))
        self._note("ids_with_control_characters", has_controls(doc_id))
        self._note("texts_like_nan", title in NOTHING or text in NOTHING)
        self._digest.update(b"d\0" + doc_id.encode() + b"\0" + content)
        new = len(self._documents)
        self._doc_rows.add(_slot(doc_id), new if row < 0 else row)
        if row >= 0:
            self._aliases.setdefault(row, []).append(doc_id)
            self.notes["merged_duplicate_documents"] += 1
            return
        self._text_rows.add(_slot(content), new)
        if title and text:
            self._text_rows.add(_slot(_content(text)), new)
        self._documents.append(doc_id, title, text)
        self._keys.append(text_key(whole))
        self._body_keys.append(text_key(text) if title and text else self._keys[-1])

    def add_query(
        self, query_id: str, text: str, *, where: str, again: bool = False, prompt: str = ""
    ) -> None:
        """Adds one query, and the instruction that the source has for it."""
        check_id(query_id, "query", where)
        given, text, prompt = text + prompt, clean_text(text), unbroken(prompt)
        if not text:
            self._empty(query_id, "query", where, self._skipped_queries)
            return
        key = text_key(text)
        row = self._query_rows.setdefault(query_id, len(self._queries))
        if row < len(self._queries):
            if self._query_keys[row] != key:
                raise given_twice("query", query_id, "texts", self._queries.cell(row, 1), text, where)
            if (first := self._prompts.get(row, "")) != prompt:
                raise given_twice("query", query_id, "prompts", first, prompt, where)
            self._note("repeated_queries", not again)
            return
        self._note("replaced_broken_characters", is_broken(given))
        self._note("ids_with_control_characters", has_controls(query_id))
        self._note("texts_like_nan", text in NOTHING)
        self._queries.append(query_id, text)
        self._query_keys.append(key)
        self._digest.update(b"q\0" + query_id.encode() + b"\0" + text.encode() + b"\0")
        if prompt:
            self._prompts[row] = self._equal_prompts.setdefault(prompt, prompt)
            self._digest.update(b"p\0" + prompt.encode() + b"\0")

    def add_judgment(
        self, query_id: str, doc_id: str, relevance: int, *, where: str, again: bool = False
    ) -> None:
        """Adds one judgment; of several for the same query and document the highest relevance stands."""
        if abs(relevance) > _LARGEST_RELEVANCE:
            raise DataError(f"{where}: the relevance {relevance} is too large; 32 bits must hold it")
        if not self._judge(query_id, doc_id, relevance, again):
            self._pending.append((query_id, doc_id, relevance, where))

    def rows_of(self, doc_ids: Sequence[str]) -> IntArray:
        """Returns (n,) int32: the rows of documents that were added, -1 for others."""
        return np.fromiter(map(self._row_of_id, doc_ids), np.int32, len(doc_ids))

    def skipped(self, doc_id: str) -> bool:
        """Returns whether a document was left out as it has no text."""
        return doc_id in self._skipped_docs

    def add_scores(self, query_id: str, docs: IntArray, scores: Mapping[str, ArrayLike]) -> None:
        """Adds what a row scores the documents of a query, by name; NaN is no score, -1 no document."""
        query = self._query_rows.get(query_id)
        if query is None:
            return
        for name, values in scores.items():
            own = np.where(docs < 0, np.nan, values)
            if missing := int((np.isnan(own) & (docs >= 0)).sum()):
                self.notes["missing_scores"] += missing
            self._scores.setdefault(name, ScoreStore()).add(query, docs, own)

    def build(self, *, documents_alone: bool = False) -> Collection:
        """Returns the collection; queries without any judgment are left out."""
        if not len(self._documents):
            raise DataError(f"{self.name}: there are no documents")
        self.notes.check(self.options.columns, self.name)
        documents = Documents(
            self._documents.finish(),
            np.frombuffer(self._keys, np.uint64),
            np.frombuffer(self._body_keys, np.uint64),
            {row: tuple(ids) for row, ids in self._aliases.items()},
        )
        self._settle_pending()
        queries, judgments, kept = self._judged_queries()
        if not documents_alone and not len(judgments.queries_with_positives):
            raise DataError(
                f"{self.name}: no query has a positive (a judgment with relevance >= "
                f"{self.options.min_relevance}); {len(judgments):,} judgments were read"
            )
        self.check_strict()
        digest, unread = self._digest.hexdigest(), tuple(self.notes.unread)
        empty = tuple(islice(self.notes.judged_empty, _MOST_NAMED))
        files = dict(islice(self.notes.files.items(), _MOST_FILES))
        scores = {name: store.finish(kept, len(self._query_keys)) for name, store in self._scores.items()}
        return Collection(
            self.name, documents, queries, judgments, digest, dict(self.notes), unread, empty, files, scores
        )

    def check_strict(self) -> None:
        """Raises DataError if anything was noted, and the collection is loaded strictly."""
        if self.notes and self.options.strict:
            noted = ", ".join(
                f"{reason.replace('_', ' ')}: {count:,}" for reason, count in self.notes.items()
            )
            raise DataError(f"{self.name}: {noted}; fix the source, or load it without strict")

    def _row_of_id(self, doc_id: str) -> int:
        """Returns the row of a document's id, or of the document that it was merged into; -1 if unknown."""

        def same(row: int) -> bool:
            return self._documents.cell(row) == doc_id or doc_id in self._aliases.get(row, ())

        return self._doc_rows.find(_slot(doc_id), same)

    def _row_of_text(self, whole: str, content: bytes) -> int:
        """Returns the row of the document with this full text; -1 if there is none."""

        def same(row: int) -> bool:
            return full_text(self._documents.cell(row, 1), self._documents.cell(row, 2)) == whole

        return self._text_rows.find(_slot(content), same)

    def _row_of_body(self, text: str) -> int:
        """Returns the row of the first document with a title and this text; -1 if there is none."""

        def same(row: int) -> bool:
            return self._documents.cell(row, 2) == text

        return self._text_rows.find(_slot(_content(text)), same)

    def _check_document(self, row: int, doc_id: str, title: str, text: str, where: str) -> None:
        """Raises DataError if a row is another document: a title given only once or texts alike are none."""
        given = {
            "titles": (self._documents.cell(row, 1), title),
            "texts": (self._documents.cell(row, 2), text),
        }
        for what, (first, second) in given.items():
            if text_key(first) != text_key(second) and (what == "texts" or (first and second)):
                raise given_twice("document", doc_id, what, first, second, where)
        self._note("titles_left_out", bool(title) and not given["titles"][0])

    def _note(self, what: str, happened: bool) -> None:
        if happened:
            self.notes[what] += 1

    def _judge(self, query_id: str, doc_id: str, relevance: int, again: bool = False) -> bool:
        query = self._query_rows.get(query_id)
        doc = -1 if query is None else self._row_of_id(doc_id)
        if query is None or doc < 0:
            return False
        pair = query << 32 | doc
        self._note("repeated_judgments", not again and self._relevance.get(pair) == relevance)
        known = self._relevance.setdefault(pair, relevance)
        if known != relevance:
            self.notes["conflicting_judgments"] += 1
            self._relevance[pair] = max(known, relevance)
        return True

    def _empty(self, name: str, kind: str, where: str, skipped: set[str]) -> None:
        if self.options.refuses_empty:
            raise DataError(f'{where}: {kind} "{name}" has no text; fill it in, or {SKIP_EMPTY}')
        skipped.add(name)
        self.notes[f"skipped_empty_{'queries' if kind == 'query' else 'documents'}"] += 1

    def _settle_pending(self) -> None:
        unknown: list[tuple[str, str, str]] = []
        for query_id, doc_id, relevance, where in self._pending:
            if self._judge(query_id, doc_id, relevance):
                continue
            if query_id in self._skipped_queries or doc_id in self._skipped_docs:
                self.notes["skipped_judgments_of_empty_texts"] += 1
                kind, name = (
                    ("query", query_id) if query_id in self._skipped_queries else ("document", doc_id)
                )
                self.notes.judged_empty.setdefault(f"{kind} {name}")
            else:
                unknown.append((query_id, doc_id, where))
        self._pending = []
        if unknown and self.options.unknown_ids == "error":
            raise self._unknown(*unknown[0], len(unknown) - 1)
        if unknown:
            self.notes["skipped_judgments_of_unknown_ids"] += len(unknown)

    def _unknown(self, query_id: str, doc_id: str, where: str, more: int) -> DataError:
        what = f'document id "{doc_id}" is not in the corpus'
        if query_id not in self._query_rows:
            what = f'query id "{query_id}" is not in the queries'
        also = f" ({more:,} more judgments name unknown ids)" if more else ""
        return DataError(f"{where}: {what}{also}; fix the judgments, or pass --set load.unknown_ids=skip")

    def _judged_queries(self) -> tuple[Queries, Judgments, npt.NDArray[np.int64]]:
        """Returns the queries with a judgment, their judgments, and the rows that they had."""
        pairs = np.fromiter(self._relevance, np.int64, len(self._relevance))
        relevance = np.fromiter(self._relevance.values(), np.int32, len(self._relevance))
        order = np.argsort(pairs >> 32, kind="stable")
        doc, relevance = (pairs[order] & 0xFFFFFFFF).astype(np.int32), relevance[order]
        kept, query = np.unique(pairs[order] >> 32, return_inverse=True)
        for column in (kept[query], doc, relevance):
            self._digest.update(b"j\0" + column.astype("<i8").tobytes())
        judgments = Judgments(query.astype(np.int32), doc, relevance, self.options.min_relevance)
        keys: npt.NDArray[np.uint64] = np.array(self._query_keys, np.uint64)[kept]
        table = self._queries.finish().take(pa.array(kept))
        if self._prompts:
            prompts = [self._prompts.get(row, "") for row in kept.tolist()]
            table = table.append_column("prompt", pa.array(prompts, pa.large_string()))
        return Queries(table, keys), judgments, kept


@lru_cache(maxsize=1)  # a document is looked for and then added
def _content(whole: str) -> bytes:
    """Returns 16 bytes that are equal for documents of the same full text."""
    return hashlib.blake2b(whole.encode(), digest_size=16).digest()


def _slot(name: str | bytes) -> int:
    """Returns a key for a `RowMap` of this process."""
    return hash(name) & _SLOTS
