"""Training sets as sources, and training sets without some of their negatives, all else as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import count, islice
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import uncompressed_name
from hardneg.core.records import Collection, full_text, text_key
from hardneg.core.stores import fetched
from hardneg.sources import pairs
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.cells import Cells, decoded
from hardneg.sources.columns import Named, Notes
from hardneg.sources.documents import add_documents, add_unnamed, fresh_names
from hardneg.sources.ids import given_twice
from hardneg.sources.layouts import (
    LAYOUTS,
    CompanionTexts,
    Document,
    Entry,
    Layout,
    layout_of,
)
from hardneg.sources.pair_documents import documents_of
from hardneg.sources.pruning import ParallelColumns, pruned
from hardneg.sources.tables import Columns, Row, Rows, id_of, is_table, rows, text_of

Pair = tuple[int, int]

_SAMPLE = 100
"""Rows whose columns tell the layout."""


def read(path: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a file of pairs or a training set; negatives listed have relevance 0."""
    notes, roles = Notes(), _roles(options)

    def columns(names: Sequence[str], where: str) -> Sequence[str]:
        layout = layout_of([roles.get(column, column) for column in names])
        if layout is None:
            return pairs.columns_of(names, where, options, notes)
        wanted = (*LAYOUTS[layout].columns, *LAYOUTS[layout].optional)
        return [column for column in names if roles.get(column, column) in wanted]

    name, table = _opened(path, options, notes, columns)
    if name is None:
        return pairs.read(path, options)
    if options.split not in WHOLE:
        raise DataError(
            f'{path.name}: this layout has no splits, so no split "{options.split}"; read it with --split all'
        )
    builder = CollectionBuilder(Path(uncompressed_name(path)).stem, options, notes)
    if options.corpus is not None:
        add_documents(builder, fetched(options.corpus))
    _add_rows(builder, table, LAYOUTS[name], companion_texts(path, LAYOUTS[name]))
    return builder.build()


def format_of(path: Path) -> str:
    """Returns the name of the format that a training set is in, `pairs` if it is no trainer's."""
    found = _sampled_columns(path)
    if (name := layout_of(found)) is not None:
        return "parquet" if name == "jsonl" and path.suffix == ".parquet" else name
    columns = found.keys() - {"scores"}
    if "labels" in columns and not any(map(pairs.NEGATIVE.fullmatch, columns)):
        return "sentence-transformers-labeled-list"
    if columns == {"anchor", "positive", "negative"}:
        return "sentence-transformers-triplet"
    if columns == {"anchor", "document", "label"}:
        return "sentence-transformers-labeled-pair"
    if {"anchor", "positive", "negative_1"} <= columns:
        return "sentence-transformers-n-tuple"
    return "flagembedding" if {"query", "pos", "neg"} <= columns else "pairs"


def companion_files(path: Path) -> list[Path]:
    """Returns the files of texts that belong to a training set of ids; none for any other file."""
    if not is_table(path):
        return []
    name, _ = _opened(path)
    own = None if name is None else LAYOUTS[name]
    named = [] if own is None else [each for each in (own.queries, own.documents) if each is not None]
    return [_companion(path, each) for each, _ in named]


def without_negatives(
    path: Path,
    dropped: Container[Pair],
    options: LoadOptions,
    notes: Counter[str],
    queries: Container[int] | None = None,
) -> Iterator[Row]:
    """Yields the rows of a training set without the negatives of some pairs, and counts what is left out.

    Empty negatives are left out too, and so are rows without a positive and those that lose all negatives.
    Rows that list none, and rows of other splits, stay.

    Args:
        path: The training set.
        dropped: The pairs that are no negatives.
        options: How the training set was loaded.
        notes: Counts what is left out.
        queries: `text_key` of the queries that were examined, all unless given; rows of others are left out.
    """
    name, _ = _opened(path, options)
    fixed = name is not None and LAYOUTS[name].fixed
    beside = ParallelColumns((row, entry) for _, _, row, entry in entries(path, options) if entry is not None)
    for where, given, row, entry in entries(path, options):
        if entry is None:
            yield given
        elif queries is not None and text_key(entry.query) not in queries:
            notes["rows_of_queries_not_examined"] += 1
        elif not entry.single and all(map(_is_empty, entry.positives)):
            notes["rows_without_positives"] += 1
        else:
            notes["rows_given_without_negatives"] += not (entry.single or entry.negatives)
            out = _left_out(entry, dropped, notes)
            left: Row | None = given
            if out:
                left = pruned(row, entry, out, beside.of(row, entry, where), fixed)
                left = left and {c: given[c] if value is row[c] else value for c, value in left.items()}
            if left is None:
                notes["rows_without_negatives"] += 1
            else:
                yield left if name is None else _renamed(left, _roles(options))


def _left_out(entry: Entry, dropped: Container[Pair], notes: Counter[str]) -> set[int]:
    """Returns the places of a row's doubtful and empty negatives among all of them, and counts both."""
    doubtful, empty = set[int](), set[int]()
    for place, each in enumerate(entry.negatives):
        if _is_empty(each):
            empty.add(place)
        elif pair_of(entry.query, each.text, each.title) in dropped:
            doubtful.add(place)
    notes["dropped_negatives"] += len(doubtful)
    notes["empty_negatives"] += len(empty)
    return doubtful | empty


def _is_empty(document: Document) -> bool:
    return not f"{document.title}{document.text}".strip()


def entries(path: Path, options: LoadOptions) -> Iterator[tuple[str, Row, Row, Entry | None]]:
    """Yields (where, given, row, entry) for each row of a training set; rows of other splits have no entry.

    `given` is the row as it stands in the file, `row` has its cells `decoded`.
    """
    name, table = _opened(path, options)
    known = CompanionTexts() if name is None else companion_texts(path, LAYOUTS[name])
    for where, given in table:
        row = decoded(given, where)
        if name is None:
            yield where, given, row, entry_of_pairs(row, where, options)
        else:
            yield where, given, row, _entry(row, where, LAYOUTS[name], known)


def _entry(row: Row, where: str, layout: Layout, known: CompanionTexts) -> Entry:
    missing = [column for column in layout.columns if row.get(column) is None]
    if missing:
        raise DataError(f'{where}: "{missing[0]}" is missing; other rows have it')
    return layout.entry(row, where, known)


def entry_of_pairs(row: Row, where: str, options: LoadOptions) -> Entry | None:
    """Returns what a row holds; None if it is of another split."""
    roles = pairs.roles_of(row, where, options)
    if roles.split is not None and options.split not in (row[roles.split], "all"):
        return None
    query = text_of(row, roles.query, where, "each row needs a query")
    documents = documents_of(row, roles, where)
    single = roles.relevance is not None and len(documents) == 1 and documents[0].place is None
    return Entry(query, documents, min_relevance=options.min_relevance, single=single)


def pair_of(query: str, text: str, title: str = "") -> Pair:
    """Returns what identifies a query and a document by their texts."""
    return text_key(query), text_key(full_text(title.strip(), text.strip()))


def companion_texts(path: Path, layout: Layout) -> CompanionTexts:
    """Returns the texts of the files that belong to a training set."""
    found = []
    for named in (layout.queries, layout.documents):
        texts: dict[str, str] = {}
        if named is not None:
            for where, row in rows(_companion(path, named[0])):
                name = id_of(row, named[1], where, "each line needs an id")
                text = text_of(row, "text", where, "each line needs a text")
                if (first := texts.setdefault(name, text)) != text:
                    raise given_twice(named[0], name, "texts", first, text, where)
        found.append(texts)
    return CompanionTexts(*found)


def _companion(path: Path, name: str) -> Path:
    return path.with_name(f"{path.stem}.{name}{path.suffix}")


def _opened(
    path: Path,
    options: LoadOptions | None = None,
    notes: Counter[str] | None = None,
    columns: Columns | None = None,
) -> tuple[str | None, Rows]:
    """Returns the layout of a table and its rows, columns called as in the layout."""
    named = {} if options is None else options.columns
    name = layout_of(_renamed(_sampled_columns(path, columns), named))
    table = rows(path, notes=notes, columns=columns)
    return name, table if name is None else ((where, _renamed(row, named)) for where, row in table)


def _sampled_columns(path: Path, columns: Columns | None = None) -> dict[str, None]:
    """Returns the columns that any of the first rows has, in their order."""
    return {column: None for _, row in islice(rows(path, columns=columns), _SAMPLE) for column in row}


def _roles(options: LoadOptions) -> dict[str, str]:
    """Returns the roles of the columns that the user named."""
    return {column: role for role, column in options.columns.items()}


def _renamed(row: Row, named: Named) -> Row:
    """Returns a row whose named columns are called by their roles; the row itself if none is named."""
    if not named:
        return row
    roles = {column: role for role, column in named.items()}
    kept = {column: value for column, value in row.items() if column in roles or column not in named}
    renamed = {roles.get(column, column): value for column, value in kept.items()}
    return Cells(renamed) if isinstance(row, Cells) else renamed


def _add_rows(builder: CollectionBuilder, table: Rows, layout: Layout, known: CompanionTexts) -> None:
    names, queries, made_up = fresh_names(builder), dict[str, str](), map("q{}".format, count(1))
    for where, row in table:
        entry = _entry(decoded(row, where), where, layout, known)
        builder.notes.columns(row, (*layout.columns, *layout.optional, *builder.options.columns.values()))
        query_id = entry.query_id or queries.get(key := entry.query.strip())
        if query_id is None:
            query_id = queries[key] = next(name for name in made_up if not builder.has_query(name))
        builder.add_query(query_id, entry.query, where=where, again=True)
        for texts, relevance in ((entry.positives, builder.options.min_relevance), (entry.negatives, 0)):
            for text in texts:
                builder.add_judgment(
                    query_id, _add(builder, text, names, where), relevance, where=where, again=True
                )


def _add(builder: CollectionBuilder, text: Document, names: Iterator[str], where: str) -> str:
    if text.doc_id is None:
        return add_unnamed(builder, text.text, names, text.title, where=where, again=True)
    builder.add_document(text.doc_id, text.text, text.title, where=where, again=True)
    return text.doc_id
