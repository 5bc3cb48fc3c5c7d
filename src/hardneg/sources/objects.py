"""Collections of objects in memory: frames, data sets, tables, dicts and lists, read as files are.

Rows have the columns of a pairs file or of a training set, see `hardneg.sources.pairs` and `layouts`.
Documents and queries beside them are dicts from id to text (or to a mapping with `text` and `title`), or
tables with an id and a text; judgments are `{query_id: {doc_id: relevance}}`, triples, or a table.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from hardneg.core.components import SOURCES
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Collection, object_reader
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import some
from hardneg.sources.companion_texts import companions_of, no_texts, own_documents
from hardneg.sources.documents import add_rows
from hardneg.sources.entries import ITSELF
from hardneg.sources.judgments import add_judgment_rows, add_query_rows
from hardneg.sources.tables import Row, Rows, kind_of, row_of
from hardneg.sources.training import read_rows

_TRIPLE = "each judgment is (query_id, doc_id) or (query_id, doc_id, relevance)"
_BATCH = 1024
_MISSING = ("NAType", "NaTType")
"""What pandas has where there is no value, beside NaN."""


@object_reader
def read(
    data: Any,
    *,
    corpus: Any = None,
    judgments: Any = None,
    queries: Any = None,
    name: str = "memory",
    options: LoadOptions | None = None,
    kind: str | None = None,
) -> Collection:
    """Returns the collection of these objects; see `Collection.of`."""
    options = options or LoadOptions()
    if kind is not None:
        if not (corpus is judgments is queries is None):
            raise ConfigError(f"kind={kind!r} goes with rows alone, without corpus=, judgments= and queries=")
        table, split_is_read = _pairs(data, options.split)
        return SOURCES.make(kind).read_rows(name, table, options, split_is_read)
    if isinstance(corpus, str | Path):
        options, corpus = dataclasses.replace(options, corpus=str(corpus)), None
    documents = None if corpus is None else _texts(corpus, "corpus")
    if judgments is None:
        if data is None:
            raise ConfigError("give pairs, or queries with corpus= and judgments=")
        return _read_table(data, corpus, queries, documents, name, options)
    if (data is None) == (queries is None):
        raise ConfigError("judgments= go with one set of queries: give them first, or as queries=")
    if documents is None:
        raise ConfigError("judgments= name documents: give them as corpus=")
    builder = CollectionBuilder(name, options)
    add_rows(builder, documents)
    add_query_rows(builder, _texts(data if queries is None else queries, "queries"))
    add_judgment_rows(builder, _judgments(judgments))
    return builder.build()


def _read_table(
    data: Any, corpus: Any, queries: Any, documents: Rows | None, name: str, options: LoadOptions
) -> Collection:
    """Returns the collection of pairs or of a training set, whose ids the corpus and queries explain."""
    given = {"queries": queries, "documents": corpus}
    asked: list[str] = []

    def table_of(kind: str, own: str) -> Rows:
        if own == ITSELF:
            return own_documents(_pairs(data, options.split)[0], options)
        asked.append(kind)
        label = "corpus" if kind == "documents" else kind
        if given[kind] is None:
            raise no_texts(name, kind, f"{label}=")
        return _texts(given[kind], label)

    table, split_is_read = _pairs(data, options.split)
    built = read_rows(
        name,
        table,
        options,
        split_is_read=split_is_read,
        documents=documents,
        texts=lambda layout: companions_of(layout, options, table_of),
    )
    if queries is not None and "queries" not in asked:
        raise ConfigError("queries= go with judgments=, or with rows that name queries by their ids")
    return built


def rows_of(data: Any, what: str) -> Rows:
    """Yields (where, row) for each row of a table in memory; tuples are query, positive and negatives."""
    if isinstance(data, Mapping):
        return _of_columns(data, what)
    batches = _batches(data)
    if batches is not None:
        rows = (row for batch in batches for row in batch.to_pylist())
        return ((f"{what} row {number}", row) for number, row in enumerate(rows, 1))
    if isinstance(data, str | bytes) or not hasattr(data, "__iter__"):
        raise DataError(
            f"{what}: {kind_of(data)} is no table; give a list of dicts or tuples, a dict of lists, "
            "a frame, an Arrow table or a Dataset"
        )
    return ((where, _row(each, where)) for where, each in _numbered(data, what))


def _pairs(data: Any, split: str) -> tuple[Rows, bool]:
    """Returns the rows of pairs, and whether they are those of the chosen split already."""
    if isinstance(data, Mapping) and data and all(hasattr(table, "column_names") for table in data.values()):
        if split not in data:
            raise DataError(f'pairs: there is no split "{split}"; splits found: {some(list(map(str, data)))}')
        return rows_of(data[split], "pairs"), True
    return rows_of(data, "pairs"), False


def _texts(data: Any, what: str) -> Rows:
    """Yields the rows of documents or queries; those of a dict from id to text have the id as `_id`."""
    if not isinstance(data, Mapping) or all(_is_column(value) for value in data.values()):
        yield from rows_of(data, what)
        return
    for name, given in data.items():
        own = given if isinstance(given, Mapping) else {"text": given}
        yield f"{what}[{name!r}]", {**own, "_id": name}


def _judgments(data: Any) -> Rows:
    """Yields rows of `query_id`, `doc_id` and, unless all are positives, `relevance`."""
    if isinstance(data, Mapping) and not all(_is_column(value) for value in data.values()):
        for query_id, judged in data.items():
            where = f"judgments[{query_id!r}]"
            if not isinstance(judged, Mapping):
                raise DataError(f"{where}: {{doc_id: relevance}} is needed, found {kind_of(judged)}")
            for doc_id, relevance in judged.items():
                yield where, {"query_id": query_id, "doc_id": doc_id, "relevance": relevance}
        return
    if isinstance(data, Mapping) or _batches(data) is not None:
        yield from rows_of(data, "judgments")
        return
    for where, judgment in _numbered(data, "judgments"):
        if isinstance(judgment, Mapping):
            yield where, judgment
        elif isinstance(judgment, Sequence) and not isinstance(judgment, str) and len(judgment) in (2, 3):
            yield where, dict(zip(("query_id", "doc_id", "relevance"), judgment, strict=False))
        else:
            raise DataError(f"{where}: {_TRIPLE}, found {repr(judgment)[:200]}")


def _of_columns(data: Mapping[str, Any], what: str) -> Rows:
    lengths = {str(column): len(values) for column, values in data.items() if _is_column(values)}
    if len(lengths) < len(data):
        raise DataError(
            f"{what}: a dict needs a list for each column; columns found: {some(list(map(str, data)))}"
        )
    if len(set(lengths.values())) > 1:
        sizes = ", ".join(f"{column} has {length:,}" for column, length in lengths.items())
        raise DataError(f"{what}: the columns are not equally long: {sizes}")
    for number, values in enumerate(zip(*data.values(), strict=True), 1):
        yield f"{what} row {number}", dict(zip(map(str, data), map(_plain, values), strict=True))


def _row(given: Any, where: str) -> Row:
    if isinstance(given, Mapping):
        return {str(column): _plain(value) for column, value in given.items()}
    if isinstance(given, tuple | list) and len(given) >= 2:
        return row_of([*map(_plain, given)])
    raise DataError(
        f"{where}: a mapping or a tuple of query, positive and negatives is needed, found {repr(given)[:200]}"
    )


def _plain(value: Any) -> Any:
    """Returns a value of a frame or an array as it is in JSON: a list, or None where there is nothing."""
    if isinstance(value, str | int | list | dict) or value is None:
        return value
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, tuple):
        return list(value)
    return None if type(value).__name__ in _MISSING or value != value else value


def _numbered(data: Any, what: str) -> Iterator[tuple[str, Any]]:
    return ((f"{what} row {number}", each) for number, each in enumerate(data, 1))


def _batches(data: Any) -> Iterator[pa.RecordBatch] | None:
    """Returns a frame or table as Arrow batches; None for anything else."""
    if not isinstance(data, pa.Table | pa.RecordBatch | pa.RecordBatchReader):
        if hasattr(data, "__arrow_c_stream__"):
            data = pa.RecordBatchReader.from_stream(data)
        elif hasattr(data, "to_arrow"):
            data = data.to_arrow()
        elif hasattr(data, "__dataframe__"):
            data = pa.interchange.from_dataframe(data)
        else:
            return None
    if isinstance(data, pa.RecordBatch):
        return iter([data])
    batches: Iterator[pa.RecordBatch] = iter(data.to_batches(_BATCH) if isinstance(data, pa.Table) else data)
    return batches


def _is_column(values: Any) -> bool:
    """Returns whether a value of a dict is a column: a list, an array, a series."""
    return not isinstance(values, str | bytes | Mapping) and hasattr(values, "__len__")
