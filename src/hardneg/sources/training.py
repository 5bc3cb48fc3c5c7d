"""Training sets as sources, and training sets without some of their negatives, all else as it was."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError
from hardneg.core.lines import uncompressed_name
from hardneg.core.records import Collection, full_text, text_key
from hardneg.core.stores import fetched
from hardneg.sources import pairs
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.columns import Named, Notes
from hardneg.sources.documents import add_documents, add_unnamed, fresh_names
from hardneg.sources.layouts import (
    LAYOUTS,
    CompanionTexts,
    Layout,
    Places,
    Text,
    Without,
    layout_of,
    without_places,
)
from hardneg.sources.tables import Columns, Row, Rows, id_of, is_table, relevance_of, rows, text_of

Pair = tuple[int, int]


def read(path: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a file of pairs or a training set; negatives listed have relevance 0."""
    notes = Notes()

    def columns(names: Sequence[str], where: str) -> Sequence[str]:
        layout = layout_of(_renamed(dict.fromkeys(names), options.columns))
        if layout is None:
            return pairs.columns_of(names, where, options, notes)
        return [options.columns.get(column, column) for column in LAYOUTS[layout].columns]

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
    name, table = _opened(path)
    _, row = next(table, ("", {}))
    if name is not None:
        return "parquet" if name == "jsonl" and path.suffix == ".parquet" else name
    columns = set(row) - {"scores"}
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
    path: Path, dropped: Container[Pair], options: LoadOptions, notes: Counter[str]
) -> Iterator[Row]:
    """Yields the rows of a training set without the negatives of some pairs, and counts what is left out.

    A row that has none left is left out too.
    """
    own = {column: role for role, column in options.columns.items()}
    name, table = _opened(path, options)
    known = CompanionTexts() if name is None else companion_texts(path, LAYOUTS[name])
    for where, row in table:
        if name is None:
            query, negatives, without = _of_pairs(row, where, options)
        else:
            query, _, negatives, _ = LAYOUTS[name].entry(row, where, known)
            without = LAYOUTS[name].without
        places = frozenset(
            place for place, text in enumerate(negatives) if pair_of(query, text.text, text.title) in dropped
        )
        left = without(row, places) if places else row
        notes["dropped_negatives"] += len(places)
        if left is None:
            notes["rows_without_negatives"] += 1
        else:
            yield left if name is None else _renamed(left, own)


def pair_of(query: str, text: str, title: str = "") -> Pair:
    """Returns what identifies a query and a document by their texts."""
    return text_key(query), text_key(full_text(title.strip(), text.strip()))


def _of_pairs(row: Row, where: str, options: LoadOptions) -> tuple[str, Sequence[Text], Without]:
    """Returns the query and the negatives of a row, and the function that leaves some of them out."""
    roles = pairs.roles_of(row, where, options)
    query = text_of(row, roles.query, where, "each row needs a query")
    if roles.relevance is not None and roles.positive and isinstance(row[roles.positive], str):
        if relevance_of(row[roles.relevance], where) < options.min_relevance:
            return query, [Text(row[roles.positive])], lambda row, places: None
    texts = [text for column in roles.negatives for text in pairs.texts_of(row, column, where)]
    return query, [Text(text) for text in texts], _columns_without(roles.negatives)


def _columns_without(columns: tuple[str, ...]) -> Without:
    """Returns a function that takes negatives out of columns of lists or of single texts.

    Tables have as many columns in every row, so single texts that are left are repeated in turn.
    """

    def without(row: Row, dropped: Places) -> Row | None:
        changed: dict[str, Any] = dict(row)
        single: list[tuple[str, int]] = []
        number = left = 0
        for column in columns:
            value = row.get(column)
            if isinstance(value, list):
                out = frozenset(place - number for place in dropped)
                changed[column] = without_places(value, out)
                scores = row.get(f"{column}_scores")
                if isinstance(scores, list) and len(scores) == len(value):
                    changed[f"{column}_scores"] = without_places(scores, out)
                left += len(changed[column])
                number += len(value)
            elif value is not None:
                single.append((column, number))
                number += 1
        filled = _filled(row, single, dropped)
        return changed | filled if filled or left else None

    return without


def _filled(row: Row, single: list[tuple[str, int]], dropped: Places) -> dict[str, Any]:
    """Returns the columns of single negatives, and their scores, with those left repeated in turn."""
    left = [turn for turn, (_, place) in enumerate(single) if place not in dropped]
    left = [turn for turn in left if str(row[single[turn][0]]).strip()]
    if not left:
        return {}
    turns = [left[turn % len(left)] for turn in range(len(single))]
    filled: dict[str, Any] = {
        column: row[single[turn][0]] for (column, _), turn in zip(single, turns, strict=True)
    }
    scores = row.get("scores")
    if isinstance(scores, list) and len(scores) == len(single) + 1:
        filled["scores"] = [scores[0], *(scores[turn + 1] for turn in turns)]
    return filled


def companion_texts(path: Path, layout: Layout) -> CompanionTexts:
    """Returns the texts of the files that belong to a training set."""
    found = []
    for named in (layout.queries, layout.documents):
        texts: dict[str, str] = {}
        if named is not None:
            for where, row in rows(_companion(path, named[0])):
                name = id_of(row, named[1], where, "each line needs an id")
                text = text_of(row, "text", where, "each line needs a text")
                if texts.setdefault(name, text) != text:
                    raise DataError(f'{where}: id "{name}" is given twice, with different texts')
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
    """Returns the layout of a table, by its first row, and its rows, columns called as in the layout."""
    named = {} if options is None else options.columns
    table = rows(path, notes=notes, columns=columns)
    first = next(table, None)
    if first is None:
        return None, iter(())
    name, table = layout_of(_renamed(first[1], named)), chain([first], table)
    return name, table if name is None else ((where, _renamed(row, named)) for where, row in table)


def _renamed(row: Row, named: Named) -> Row:
    """Returns a row whose named columns are called by their roles; the row itself if none is named."""
    if not named:
        return row
    roles = {column: role for role, column in named.items()}
    kept = {column: value for column, value in row.items() if column in roles or column not in named}
    return {roles.get(column, column): value for column, value in kept.items()}


def _add_rows(builder: CollectionBuilder, table: Rows, layout: Layout, known: CompanionTexts) -> None:
    names, queries = fresh_names(builder), dict[str, str]()
    for where, row in table:
        missing = [column for column in layout.columns if row.get(column) is None]
        if missing:
            raise DataError(f'{where}: "{missing[0]}" is missing; the first line has it')
        builder.notes.columns(row, (*layout.columns, *builder.options.columns.values()))
        entry = layout.entry(row, where, known)
        query_id = entry.query_id or queries.setdefault(entry.query.strip(), f"q{len(queries) + 1}")
        builder.add_query(query_id, entry.query, where=where, again=True)
        for texts, relevance in ((entry.positives, builder.options.min_relevance), (entry.negatives, 0)):
            for text in texts:
                builder.add_judgment(
                    query_id, _add(builder, text, names, where), relevance, where=where, again=True
                )


def _add(builder: CollectionBuilder, text: Text, names: Iterator[str], where: str) -> str:
    if text.doc_id is None:
        return add_unnamed(builder, text.text, names, text.title, where=where, again=True)
    builder.add_document(text.doc_id, text.text, text.title, where=where, again=True)
    return text.doc_id
