"""The texts that a training set of ids names: in files beside it, or in tables given with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import COMPRESSED, raw_lines, uncompressed_name
from hardneg.core.stores import fetched
from hardneg.sources.builder import LoadOptions
from hardneg.sources.columns import Named, column_of, some
from hardneg.sources.documents import IDS, TEXTS
from hardneg.sources.entries import ITSELF, NAMED, Companions, CompanionTexts, Layout
from hardneg.sources.ids import given_twice
from hardneg.sources.judgments import QUERY_IDS
from hardneg.sources.tables import Rows, given_text, id_of, is_table, rows

_IDS = {"queries": (*QUERY_IDS, "_id", "id"), "documents": IDS}
_TEXTS = {"queries": ("text", "query", "question"), "documents": TEXTS}
_NEEDS = "each line needs an id and a text"


def companions(path: Path, layout: Layout) -> list[Path]:
    """Returns the files of texts that belong to a training set, those of queries first."""
    names = (layout.queries, layout.documents)
    return [_beside(path, each) for each in names if each not in (None, ITSELF, NAMED)]


def companion_texts(path: Path, layout: Layout, options: LoadOptions) -> CompanionTexts:
    """Returns the texts of the files that belong to a training set, or of documents in `load.corpus`.

    Raises:
        DataError: A file is not there, or gives an id two texts.
    """
    found = file_companions(path, layout, options)
    documents = {} if layout.by_id is None else _by_id("documents", found.documents, options.columns)
    return CompanionTexts(found.queries, documents)


def file_companions(path: Path, layout: Layout, options: LoadOptions) -> Companions:
    """Returns the tables in the files that belong to a training set; see `companions_of`."""

    def beside(kind: str, name: str) -> Rows:
        if name == ITSELF:
            return own_documents(rows(path), options)
        if name == NAMED:
            return chain.from_iterable(map(rows, _named_files(path)))
        file = _beside(path, name)
        if file.is_file():
            return rows(file)
        raise no_texts(path.name, kind, f"{file.name} beside it")

    return companions_of(layout, options, beside)


def companions_of(layout: Layout, options: LoadOptions, table_of: Callable[[str, str], Rows]) -> Companions:
    """Returns the tables that the ids of a layout stand for.

    Args:
        layout: The layout.
        options: How it is read; the file of `load.corpus` stands for the documents where there is one.
        table_of: Returns the rows of `queries` or `documents`, given that word and the layout's own; raises
            `no_texts` where there are none.
    """
    found, documents = Companions().queries, Companions().documents
    if layout.queries is not None:
        found = _by_id("queries", table_of("queries", layout.queries), options.columns)
    if layout.documents is not None:
        given = options.corpus
        documents = table_of("documents", layout.documents) if given is None else rows(fetched(given))
    return Companions(found, documents)


def own_documents(table: Rows, options: LoadOptions) -> Rows:
    """Yields the documents of a table of pairs in which a hash names each."""
    text = options.columns.get("text", "document")
    for where, row in table:
        yield where, {"_id": row.get("doc_hash"), "text": row.get(text)}


def no_texts(name: str, kind: str, needed: str) -> DataError:
    """Returns the error for ids whose texts are not there, given what they would be read from."""
    also = ", or as --corpus FILE" if kind == "documents" else ""
    return DataError(
        f"{name} names {kind} by their ids, and their texts are not there: give them as {needed}{also}"
    )


def _by_id(kind: str, table: Rows, named: Named) -> dict[str, str]:
    texts: dict[str, str] = {}
    for where, row in table:
        id_column = column_of(row, "id", _IDS[kind], where, named)
        text_column = column_of(row, "text", _TEXTS[kind], where, named)
        if id_column is None or text_column is None:
            raise DataError(f"{where}: columns found: {some(row)}; {_NEEDS}")
        name, text = id_of(row, id_column, where, _NEEDS), given_text(row, text_column, where, _NEEDS)
        if (first := texts.setdefault(name, text)) != text:
            raise given_twice("query" if kind == "queries" else "document", name, "texts", first, text, where)
    return texts


def _named_files(path: Path) -> list[Path]:
    """Returns the tables in the folders that a JSON object of questions names as its `corpus`."""
    try:
        whole = json.loads("".join(raw_lines(path)))
    except (ValueError, RecursionError):  # rows a line, which name no folder
        whole = None
    given = whole.get("corpus") if isinstance(whole, dict) else None
    named = [
        each.get("path") for each in (given if isinstance(given, list) else [given]) if isinstance(each, dict)
    ]
    folders = [path.parent / str(each) for each in named]
    found = [file for folder in folders for file in sorted(folder.rglob("*")) if is_table(file)]
    if not found:
        shown = ", ".join(map(str, folders)) or '{"corpus": [{"path": FOLDER}]}'
        raise no_texts(path.name, "documents", f"tables with id and text in {shown}")
    return [file for file in found if file.suffix != ".json"]


def _beside(path: Path, name: str) -> Path:
    """Returns the file beside another that is called after it, packed as it is or in another way."""
    whole = uncompressed_name(path)
    stem = Path(whole).stem
    plain = path.with_name(f"{stem}.{name}{whole.removeprefix(stem)}")
    named = [
        plain.with_name(plain.name + packed) for packed in (path.name.removeprefix(whole), "", *COMPRESSED)
    ]
    return next((each for each in named if each.is_file()), named[0])
