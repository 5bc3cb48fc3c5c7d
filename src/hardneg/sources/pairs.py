"""Pairs: a table with a query and its positive in each row, perhaps with negatives, ids and a relevance.

Columns are found by the names that `load.columns` gives, else by these, in any case; others are not read:

- the query: `query`, `anchor` or `question`;
- an instruction for the query, which rankers do not read: `prompt` or `instruction`;
- the positive, one text or a list of them: `positive`, `pos`, `answer`, `document`, `doc` or `passage`;
  with documents given beside the pairs, `doc_id` alone is enough;
- documents judged non-relevant, texts or lists: `negative`, `negatives` or `neg`, and `negative_1`...;
- ids: `query_id` and `doc_id` (the positive's; a list if that is one); without them `q1`, `d1`... are made up
  in the order of first appearance;
- the relevance of the positive, a whole number: `score`, `label` or `relevance`; 1 without it;
- the relevance of each text of a list of positives: `labels`, `relevances`, `is_selected` or `is_relevant`, a
  list that is as long; what has 0 is judged non-relevant;
- `split`: only rows of the chosen split (`all` is every one) are judged; the corpus has the documents of all.

Rows with the same query text and prompt and no `query_id` are one query with several positives.
"""

from __future__ import annotations

import re
from collections.abc import Collection as Names
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.records import Collection, RowMap
from hardneg.core.stores import fetched
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.cells import Cells, check_text, decoded
from hardneg.sources.columns import PROMPT, Notes, TextLengths, column_of, some
from hardneg.sources.documents import add_documents, add_rows, fresh_names
from hardneg.sources.entries import Document
from hardneg.sources.listed_documents import add_judged, add_scores, listed, with_scores
from hardneg.sources.pair_documents import documents_of
from hardneg.sources.scores import is_score
from hardneg.sources.tables import Row, Rows, given_text, id_of, prompt_in, rows, text_of

QUERY = ("query", "anchor", "question")
POSITIVE = ("positive", "pos", "answer", "document", "doc", "passage")
NEGATIVE = re.compile(r"negatives?|neg|negative_\d+", re.IGNORECASE)
RELEVANCE = ("score", "label", "relevance")
LABELS = ("labels", "relevances", "is_selected", "is_relevant")
LAYOUT = (
    f"a pairs file has a column for the query ({', '.join(QUERY)}) and one for the positive "
    f"({', '.join(POSITIVE)}); optional: negative, neg, query_id, doc_id, {', '.join(RELEVANCE)}, split, "
    "prompt"
)

_NO_HEADER = "; if these are no names of columns, put a line of names before them"


def read_rows(
    name: str,
    table: Rows,
    options: LoadOptions,
    *,
    split_is_read: bool = False,
    documents: Rows | None = None,
    notes: Notes | None = None,
) -> Collection:
    """Returns the collection that the rows of a pairs table make."""
    builder = CollectionBuilder(name, options, notes)
    if options.corpus is not None:
        add_documents(builder, fetched(options.corpus))
    if documents is not None:
        add_rows(builder, documents)
    beside = options.corpus is not None or documents is not None
    pairs = _Pairs(builder, None if split_is_read else options.split, beside)
    for where, row in table:
        pairs.add(decoded(row, where), where)
    pairs.check()
    return builder.build()


@dataclass(frozen=True)
class Roles:
    """The columns that a row's roles are in; None for a role that the row has not."""

    query: str
    positive: str | None
    negatives: tuple[str, ...]
    query_id: str | None
    doc_id: str | None
    relevance: str | None
    labels: str | None
    split: str | None
    prompt: str | None

    @property
    def main(self) -> str:
        """The column of the positives: of their texts, or of their ids where these stand for them."""
        return self.positive or self.doc_id or ""

    @cached_property
    def columns(self) -> list[str]:
        """All columns that are read, those of texts first."""
        ids = (self.query_id, self.doc_id)
        others = (self.positive, *self.negatives, *ids, self.relevance, self.labels, self.split, self.prompt)
        return [self.query, *(name for name in others if name is not None)]


def columns_of(names: Sequence[str], where: str, options: LoadOptions, notes: Notes) -> list[str]:
    """Returns the columns that are read, given the names of all, and notes the others."""
    columns = roles_of(names, where, options).columns
    read = list(dict.fromkeys([*columns, *filter(is_score, names)]))
    notes.columns(names, read)
    return read


def roles_of(row: Names[str], where: str, options: LoadOptions) -> Roles:
    """Returns the columns of a row's roles; no positive where an id of other documents stands for it."""
    named = options.columns

    def column(role: str, *accepted: str) -> str | None:
        return column_of(row, role, accepted or (role,), where, named)

    query, positive, doc_id = column("query", *QUERY), column("positive", *POSITIVE), column("doc_id")
    if query is None or (positive is None and (doc_id is None or "positive" in named)):
        role = "query" if query is None else "positive"
        own = f'"{named[role]}" ' if role in named else ""
        raise DataError(
            f"{where}: no column {own}for the {role} among those found: {some(row)}; {LAYOUT}; or name it: "
            f"--column {role}=COLUMN{_NO_HEADER if isinstance(row, Cells) else ''}"
        )
    found = [named["negative"]] if "negative" in named else filter(NEGATIVE.fullmatch, row)
    taken = {own for role, own in named.items() if role != "negative"}
    return Roles(
        query,
        positive,
        tuple(column for column in found if column in row and column not in taken),
        column("query_id"),
        doc_id,
        column("relevance", *RELEVANCE),
        column("labels", *LABELS),
        column("split"),
        column("prompt", *PROMPT),
    )


def check_lengths(path: Path, options: LoadOptions) -> None:
    """Looks at the first rows with all their columns, of which reading decodes only those that are used."""
    lengths = TextLengths()
    with suppress(DataError):  # of columns that nobody reads
        for where, row in rows(path):
            roles = roles_of(row, where, options)
            if roles.positive is None or "positive" in options.columns:
                return
            if lengths.full:
                break
            lengths.add(row, roles.positive, roles.columns)
    lengths.check(path.name)


class _Pairs:
    def __init__(self, builder: CollectionBuilder, split: str | None, beside: bool) -> None:
        self._builder = builder
        self._beside = beside  # whether there are documents beside the pairs
        self._split = split
        self._roles: dict[tuple[str, ...], Roles] = {}
        self._lengths = TextLengths()
        self._query_ids: dict[tuple[str, str], str] = {}
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
            roles = self._roles[columns] = roles_of(row, where, self._builder.options)
            self._builder.notes.columns(row, [*roles.columns, *filter(is_score, row)])
            if roles.positive is None and not self._beside:
                raise DataError(
                    f'{where}: "{roles.doc_id}" names documents, and no column has their texts: give the '
                    f"documents as --corpus, or name the column: --column positive=COLUMN; {LAYOUT}"
                )
        if roles.positive is not None and "positive" not in self._builder.options.columns:
            self._lengths.add(row, roles.positive, roles.columns)
        self._note_repeated(row, roles)
        chosen = self._is_chosen(row, roles, where)
        found = with_scores(documents_of(row, roles, where), row, where, roles.columns)
        documents = listed(self._builder, found, roles.main, where)
        if documents:
            query_id = self._add_query(row, roles, where)
            for each in documents:
                self._add_document(each, query_id, roles, where, chosen)
        self._judged = self._judged or chosen

    def _note_repeated(self, row: Row, roles: Roles) -> None:
        """Counts a row of which all that is read was in an earlier one."""
        key = hash(repr([row.get(column) for column in roles.columns])) & (2**64 - 1)
        if self._rows.find(key, lambda row: True) >= 0:
            self._builder.notes["repeated_rows"] += 1
        else:
            self._rows.add(key, 0)

    def check(self) -> None:
        self._lengths.check(self._builder.name)
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
        text = given_text(row, roles.query, where, "each row needs a query")
        check_text(row, roles.query, text, where, typed=True)
        prompt = prompt_in(row, roles.prompt, where)
        if roles.query_id is not None:
            query_id = id_of(row, roles.query_id, where, "each row needs an id")
        elif (key := (text.strip(), prompt)) in self._query_ids:
            return self._query_ids[key]
        else:
            query_id = next(name for name in self._query_names if not self._builder.has_query(name))
            self._query_ids[key] = query_id
        self._builder.add_query(query_id, text, where=where, again=True, prompt=prompt)
        return query_id

    def _add_document(self, each: Document, query_id: str, roles: Roles, where: str, chosen: bool) -> None:
        relevance = each.relevance or 0
        if each.doc_id is None or roles.positive is not None:
            add_judged(self._builder, query_id, each, relevance, self._doc_names, where, chosen)
        elif chosen:
            self._builder.add_judgment(query_id, each.doc_id, relevance, where=where, again=True)
            add_scores(self._builder, query_id, each.doc_id, each)
