"""Pairs: a table with a query and its positive in each row, perhaps with negatives, ids and a relevance.

Columns are found by their exact names, in any case; other columns are not read:

- the query: `query`, `anchor` or `question`;
- the positive, one text or a list of them: `positive`, `pos`, `answer`, `document`, `doc` or `passage`;
- documents judged non-relevant, texts or lists: `negative`, `negatives` or `neg`, and `negative_1`...;
- ids: `query_id` and `doc_id` (the positive's; a list if that is one); without them `q1`, `d1`... are made up
  in the order of first appearance;
- the relevance of the positive, a whole number: `score`, `label` or `relevance`; 1 without it;
- the relevance of each text of a list of positives: `labels`, `relevances`, `is_selected` or `is_relevant`, a
  list that is as long; what has 0 is judged non-relevant;
- `split`: only rows of the chosen split (`all` is every one) are judged; the corpus has the documents of all.

Rows with the same query text and no `query_id` are one query with several positives.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection as Names
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import uncompressed_name
from hardneg.core.records import Collection, RowMap
from hardneg.core.stores import fetched
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.cells import check_text, decoded
from hardneg.sources.documents import add_documents, add_rows, add_unnamed, fresh_names
from hardneg.sources.pair_documents import SCORES, documents_of
from hardneg.sources.tables import Row, Rows, id_of, one_of, rows, some, text_of

QUERY = ("query", "anchor", "question")
POSITIVE = ("positive", "pos", "answer", "document", "doc", "passage")
NEGATIVE = re.compile(r"negatives?|neg|negative_\d+", re.IGNORECASE)
RELEVANCE = ("score", "label", "relevance")
LABELS = ("labels", "relevances", "is_selected", "is_relevant")
LAYOUT = (
    f"a pairs file has a column for the query ({', '.join(QUERY)}) and one for the positive "
    f"({', '.join(POSITIVE)}); optional: negative, neg, query_id, doc_id, {', '.join(RELEVANCE)}, split"
)


def read(path: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a pairs file, with the documents of `options.corpus` if there is one."""
    notes: Counter[str] = Counter()
    table = rows(path, notes=notes, columns=columns_of)
    return read_rows(Path(uncompressed_name(path)).stem, table, options, notes=notes)


def read_rows(
    name: str,
    table: Rows,
    options: LoadOptions,
    *,
    split_is_read: bool = False,
    documents: Rows | None = None,
    notes: Counter[str] | None = None,
) -> Collection:
    """Returns the collection that the rows of a pairs table make."""
    builder = CollectionBuilder(name, options, notes)
    if options.corpus is not None:
        add_documents(builder, fetched(options.corpus))
    if documents is not None:
        add_rows(builder, documents)
    pairs = _Pairs(builder, None if split_is_read else options.split)
    for where, row in table:
        pairs.add(decoded(row, where), where)
    pairs.check()
    return builder.build()


@dataclass(frozen=True)
class Roles:
    """The columns that a row's roles are in; None for a role that the row has not."""

    query: str
    positive: str
    negatives: tuple[str, ...]
    query_id: str | None
    doc_id: str | None
    relevance: str | None
    labels: str | None
    split: str | None


def columns_of(names: Sequence[str], where: str) -> list[str]:
    """Returns the columns that are read, given the names of all."""
    roles = roles_of(names, where)
    others = (roles.query_id, roles.doc_id, roles.relevance, roles.labels, roles.split)
    unread = (name for name in names if name == SCORES)
    return [roles.query, roles.positive, *roles.negatives, *(name for name in others if name), *unread]


def roles_of(row: Names[str], where: str) -> Roles:
    """Returns the columns of a row's roles."""
    query = one_of(row, QUERY, "query", where)
    positive = one_of(row, POSITIVE, "positive", where)
    if query is None or positive is None:
        role = "query" if query is None else "positive"
        raise DataError(f"{where}: no column for the {role} among those found: {some(row)}; {LAYOUT}")
    return Roles(
        query,
        positive,
        tuple(column for column in row if NEGATIVE.fullmatch(column)),
        one_of(row, ("query_id",), "query id", where),
        one_of(row, ("doc_id",), "document id", where),
        one_of(row, RELEVANCE, "relevance", where),
        one_of(row, LABELS, "list of relevances", where),
        one_of(row, ("split",), "split", where),
    )


class _Pairs:
    def __init__(self, builder: CollectionBuilder, split: str | None) -> None:
        self._builder = builder
        self._split = split
        self._roles: dict[tuple[str, ...], Roles] = {}
        self._query_ids: dict[str, str] = {}
        self._query_names = (f"q{number}" for number in range(1, 1 << 62))
        self._doc_names = fresh_names(builder)
        self._splits: set[str] = set()
        self._whole: bool | None = None
        self._judged = False
        self._rows = RowMap()

    def add(self, row: Row, where: str) -> None:
        columns = tuple(row)
        roles = self._roles.get(columns)
        if roles is None:
            roles = self._roles[columns] = roles_of(row, where)
        self._note_repeated(row, roles)
        chosen = self._is_chosen(row, roles, where)
        query_id = self._add_query(row, roles, where)
        for doc_id, relevance in self._add_documents(row, roles, where):
            if chosen:
                self._builder.add_judgment(query_id, doc_id, relevance, where=where, again=True)
        self._judged = self._judged or chosen

    def _note_repeated(self, row: Row, roles: Roles) -> None:
        """Counts a row of which all that is read was in an earlier one."""
        used = (roles.query, roles.positive, *roles.negatives)
        others = (roles.query_id, roles.doc_id, roles.relevance, roles.labels, roles.split)
        key = hash(repr([row.get(column or "") for column in (*used, *others)])) & (2**64 - 1)
        if self._rows.find(key, lambda row: True) >= 0:
            self._builder.notes["repeated_rows"] += 1
        else:
            self._rows.add(key, 0)

    def check(self) -> None:
        if self._splits and not self._judged:
            raise DataError(
                f'{self._builder.name}: no row of the split "{self._split}"; splits found: '
                f"{', '.join(sorted(self._splits))}; choose one, or all, with --split"
            )

    def _is_chosen(self, row: Row, roles: Roles, where: str) -> bool:
        if self._split is None:
            return True
        if self._whole is None:
            self._whole = roles.split is None
        if roles.split is None and self._whole and self._split not in WHOLE:
            raise DataError(
                f'{where}: there is no column "split", so there is no split "{self._split}"; '
                "read the whole file with --split all"
            )
        if roles.split is None and self._whole:
            return True
        if self._whole and self._split != "all":
            raise DataError(f'{where}: there is a column "split", which earlier rows lack')
        split = text_of(row, roles.split or "split", where, "other rows have it")
        self._splits.add(split)
        return self._split in (split, "all")

    def _add_query(self, row: Row, roles: Roles, where: str) -> str:
        text = text_of(row, roles.query, where, "each row needs a query")
        check_text(row, roles.query, text, where, typed=True)
        if roles.query_id is not None:
            query_id = id_of(row, roles.query_id, where, "each row needs an id")
        elif (key := text.strip()) in self._query_ids:
            return self._query_ids[key]
        else:
            query_id = next(name for name in self._query_names if not self._builder.has_query(name))
            self._query_ids[key] = query_id
        self._builder.add_query(query_id, text, where=where, again=True)
        return query_id

    def _add_documents(self, row: Row, roles: Roles, where: str) -> Iterator[tuple[str, int]]:
        documents = documents_of(row, roles, where)
        if not any(each.column == roles.positive for each in documents):
            self._without_positive(roles.positive, where)
        for text, _, doc_id, relevance, column, _ in documents:
            if relevance is None:
                continue
            if column in roles.negatives and not text.strip():
                self._builder.notes["skipped_empty_negatives"] += 1
                continue
            if doc_id is None:
                doc_id = add_unnamed(self._builder, text, self._doc_names, where=where, again=True)
            else:
                self._builder.add_document(doc_id, text, where=where, again=True)
            yield doc_id, relevance

    def _without_positive(self, column: str, where: str) -> None:
        if self._builder.options.empty_texts == "error":
            raise DataError(
                f'{where}: "{column}" is missing or empty; each row needs a positive, or pass '
                "--set load.empty_texts=skip"
            )
        self._builder.notes["skipped_empty_positives"] += 1
