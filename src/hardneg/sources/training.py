"""Training sets as sources, and training sets without some of their negatives, all else as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from itertools import chain, count, islice
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import is_parquet, uncompressed_name
from hardneg.core.records import Collection, full_text, text_key
from hardneg.core.stores import fetched
from hardneg.sources import pairs
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.cells import Cells, decoded
from hardneg.sources.columns import Named, Notes
from hardneg.sources.companion_texts import companion_texts, companions, file_companions
from hardneg.sources.documents import add_documents, add_rows, fresh_names
from hardneg.sources.entries import ITSELF, Companions, CompanionTexts, Document, Entry, Layout
from hardneg.sources.id_rows import add_id_rows
from hardneg.sources.layouts import LAYOUTS, layout_of
from hardneg.sources.listed_documents import add_judged, listed, with_scores
from hardneg.sources.pair_documents import documents_of
from hardneg.sources.pruning import ParallelColumns, pruned
from hardneg.sources.scores import is_score
from hardneg.sources.tables import Row, Rows, is_table, rows, text_of

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
        return [name for name in names if roles.get(name, name) in wanted or is_score(name)]

    if is_parquet(path):
        pairs.check_lengths(path, options)
    return read_rows(
        Path(uncompressed_name(path)).stem,
        rows(path, notes=notes, columns=columns),
        options,
        notes=notes,
        texts=lambda layout: file_companions(path, layout, options),
    )


def read_rows(
    name: str,
    table: Rows,
    options: LoadOptions,
    *,
    split_is_read: bool = False,
    documents: Rows | None = None,
    notes: Notes | None = None,
    texts: Callable[[Layout], Companions] = lambda layout: Companions(),
) -> Collection:
    """Returns the collection that the rows of a table of pairs or of a training set make.

    Args:
        name: What errors and people call it.
        table: The rows.
        options: How to read them.
        split_is_read: Whether they are those of the chosen split already.
        documents: Rows of documents beside them.
        notes: Counts what is skipped or merged.
        texts: Returns the tables that the ids of a layout stand for.
    """
    table, found = _peeked(table)
    layout = layout_of(_renamed(found, options.columns))
    if layout is None:
        return pairs.read_rows(
            name, table, options, split_is_read=split_is_read, documents=documents, notes=notes
        )
    if not split_is_read and options.split not in WHOLE:
        raise DataError(
            f'{name}: this layout has no splits, so no split "{options.split}"; read it with --split all'
        )
    builder = CollectionBuilder(name, options, notes)
    if options.corpus is not None:
        add_documents(builder, fetched(options.corpus))
    if documents is not None:
        add_rows(builder, documents)
    own = LAYOUTS[layout]
    checked = _checked_rows(builder, _with_roles(table, options.columns), own)
    if own.by_id is None:
        _add_rows(builder, checked, own)
        return builder.build()
    beside = texts(own)
    if options.corpus is None and documents is None:
        add_rows(builder, beside.documents, again=own.documents == ITSELF)
    add_id_rows(builder, checked, own, beside.queries)
    return builder.build()


def format_of(path: Path) -> str:
    """Returns the name of the format that a training set is in, `pairs` if it is no trainer's."""
    _, found = _peeked(rows(path))
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
    name = layout_of(_peeked(rows(path))[1]) if is_table(path) else None
    return [] if name is None else companions(path, LAYOUTS[name])


def without_negatives(
    path: Path,
    dropped: Container[Pair],
    options: LoadOptions,
    notes: Counter[str],
    queries: Container[int] | None = None,
    wrong: Container[Pair] = (),
) -> Iterator[Row]:
    """Yields the rows of a training set without the negatives of some pairs, and counts what is left out.

    Empty negatives are left out too, and so are rows without a positive, rows all of whose positives are
    wrong and those that lose all negatives. Rows that list none, and rows of other splits, stay.

    Args:
        path: The training set.
        dropped: The pairs that are no negatives.
        options: How the training set was loaded.
        notes: Counts what is left out.
        queries: `text_key` of the queries that were examined, all unless given; rows of others are left out.
        wrong: The pairs that are no positives.
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
        elif entry.positives and _are_wrong(entry, wrong):
            notes["rows_with_wrong_positives"] += 1
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


def _are_wrong(entry: Entry, wrong: Container[Pair]) -> bool:
    """Returns whether all positives of a row are wrong or empty."""
    pairs = [pair_of(entry.query, each.text, each.title) for each in entry.positives if not _is_empty(each)]
    return all(pair in wrong for pair in pairs)


def _is_empty(document: Document) -> bool:
    return not f"{document.title}{document.text}".strip()


def entries(path: Path, options: LoadOptions) -> Iterator[tuple[str, Row, Row, Entry | None]]:
    """Yields (where, given, row, entry) for each row of a training set; rows of other splits have no entry.

    `given` is the row as it stands in the file, `row` has its cells `decoded`.
    """
    name, table = _opened(path, options)
    known = CompanionTexts() if name is None else companion_texts(path, LAYOUTS[name], options)
    for where, given in table:
        row = decoded(given, where)
        if name is None:
            yield where, given, row, entry_of_pairs(row, where, options)
        else:
            yield where, given, row, _entry(row, where, LAYOUTS[name], known)


def _entry(row: Row, where: str, layout: Layout, known: CompanionTexts) -> Entry:
    _check_columns(row, where, layout)
    return layout.entry(row, where, known)


def _check_columns(row: Row, where: str, layout: Layout) -> None:
    missing = [column for column in layout.columns if row.get(column) is None]
    if missing:
        raise DataError(f'{where}: "{missing[0]}" is missing; other rows have it')


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


def _opened(path: Path, options: LoadOptions) -> tuple[str | None, Rows]:
    """Returns the layout of a file and its rows, columns called as in the layout."""
    table, found = _peeked(rows(path))
    name = layout_of(_renamed(found, options.columns))
    return name, table if name is None else _with_roles(table, options.columns)


def _peeked(table: Rows) -> tuple[Rows, dict[str, None]]:
    """Returns the rows of a table, and the columns that any of the first ones has, in their order."""
    first = list(islice(table, _SAMPLE))
    return chain(first, table), {column: None for _, row in first for column in row}


def _with_roles(table: Rows, named: Named) -> Rows:
    """Returns rows whose named columns are called by their roles."""
    return ((where, _renamed(row, named)) for where, row in table) if named else table


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


def _add_rows(builder: CollectionBuilder, table: Rows, layout: Layout) -> None:
    names, queries = fresh_names(builder), dict[tuple[str, str], str]()
    made_up = map("q{}".format, count(1))
    for where, row in table:
        entry = layout.entry(row, where, CompanionTexts())
        entry = entry._replace(documents=with_scores(entry.documents, row, where))
        documents = listed(builder, entry.documents, layout.columns[1], where)
        if not documents:
            continue
        query_id = entry.query_id or queries.get(key := (entry.query.strip(), entry.prompt))
        if query_id is None:
            query_id = queries[key] = next(name for name in made_up if not builder.has_query(name))
        builder.add_query(query_id, entry.query, where=where, again=True, prompt=entry.prompt)
        for each in documents:
            relevance = 0 if entry.is_negative(each) else builder.options.min_relevance
            add_judged(builder, query_id, each, relevance, names, where)


def _checked_rows(builder: CollectionBuilder, table: Rows, layout: Layout) -> Rows:
    """Yields rows that have the columns of their layout, and notes which columns are read."""
    named = builder.options.columns.values()
    for where, given in table:
        row = decoded(given, where)
        _check_columns(row, where, layout)
        scores = filter(is_score, row)
        builder.notes.columns(row, (*layout.columns, *layout.optional, *scores, *named))
        yield where, row
