"""The texts that a training set of ids names: in files beside it, or in tables given with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.lines import COMPRESSED, uncompressed_name
from hardneg.core.stores import fetched
from hardneg.sources.builder import LoadOptions
from hardneg.sources.columns import Named, column_of, some
from hardneg.sources.documents import IDS, TEXTS
from hardneg.sources.ids import given_twice
from hardneg.sources.judgments import QUERY_IDS
from hardneg.sources.layouts import CompanionTexts, Layout
from hardneg.sources.tables import Rows, given_text, id_of, rows

_IDS = {"queries": (*QUERY_IDS, "_id", "id"), "documents": (*IDS, "document_id")}
_TEXTS = {"queries": ("text", "query", "question"), "documents": TEXTS}
_NEEDS = "each line needs an id and a text"


def companions(path: Path, layout: Layout) -> list[Path]:
    """Returns the files of texts that belong to a training set, those of queries first."""
    return [_beside(path, each) for each in (layout.queries, layout.documents) if each is not None]


def companion_texts(path: Path, layout: Layout, options: LoadOptions) -> CompanionTexts:
    """Returns the texts of the files that belong to a training set, or of documents in `load.corpus`.

    Raises:
        DataError: A file is not there, or gives an id two texts.
    """

    def beside(kind: str, name: str) -> Rows:
        file = _beside(path, name)
        if file.is_file():
            return rows(file)
        raise no_texts(path.name, kind, f"{file.name} beside it")

    return texts_of(layout, options, beside)


def texts_of(layout: Layout, options: LoadOptions, table_of: Callable[[str, str], Rows]) -> CompanionTexts:
    """Returns the texts that the ids of a layout stand for.

    Args:
        layout: The layout.
        options: How it is read; the file of `load.corpus` stands for the documents where there is one.
        table_of: Returns the rows of `queries` or `documents`, given that word and the layout's own; raises
            `no_texts` where there are none.
    """
    found = []
    for kind, own in (("queries", layout.queries), ("documents", layout.documents)):
        table: Rows = iter(())
        if own is not None:
            has_file = kind == "documents" and options.corpus is not None
            table = rows(fetched(str(options.corpus))) if has_file else table_of(kind, own)
        found.append(_by_id(kind, table, options.columns))
    return CompanionTexts(*found)


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


def _beside(path: Path, name: str) -> Path:
    """Returns the file beside another that is called after it, packed as it is or in another way."""
    whole = uncompressed_name(path)
    stem = Path(whole).stem
    plain = path.with_name(f"{stem}.{name}{whole.removeprefix(stem)}")
    named = [
        plain.with_name(plain.name + packed) for packed in (path.name.removeprefix(whole), "", *COMPRESSED)
    ]
    return next((each for each in named if each.is_file()), named[0])
