"""Loaders read a collection from where it lives: one module a kind of source.

What `load` accepts:

| source | module |
|---|---|
| `stdlib` | `stdlib`: the built-in collection |
| `ir:ID` | `ir`: ir_datasets |
| `mteb:TASK` or `mteb:TASK:SUBSET` | `mteb`: retrieval tasks of mteb |
| `hf:ID` or `hf:FOLDER` | `hf`: datasets of the Hugging Face hub |
| `classes:NAME`, `sts:NAME` | `classes`, `sts`: labels, similarities; NAME is a file, URL or `hf:ID` |
| a folder | `beir`, `trec` or `chunks`, by the files that are in it |
| a file | `pairs`: jsonl, csv, tsv or parquet; `training`: a trainer's file |
| a URL, as `s3://bucket/folder` | a folder or a file, fetched first: `hardneg.core.stores` |
"""

from __future__ import annotations

import difflib
from collections import Counter
from pathlib import Path

from hardneg.core.components import SOURCES, Source
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.lines import raw_lines, unreadable
from hardneg.core.progress import Progress
from hardneg.core.records import Collection
from hardneg.core.stores import fetched, is_url
from hardneg.sources import beir, chunks, documents, objects, pairs, training, trec
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import some
from hardneg.sources.tables import accepted_names, is_table

__all__ = [
    "Collection",
    "CollectionBuilder",
    "LoadOptions",
    "companions",
    "load",
    "load_with_or_without_queries",
    "local",
    "objects",
    "splits",
]

_BUILT_IN = "stdlib"
_MOST_LISTED = 12


def load(source: str, options: LoadOptions | None = None, progress: Progress | None = None) -> Collection:
    """Returns the collection that a source names.

    Args:
        source: A BEIR or TREC folder, a pairs file, the URL of one, `ir:ID`, `hf:ID`, `mteb:TASK` or
            `stdlib`.
        options: How strictly to read; the defaults unless given.
        progress: Receives progress of what is fetched.

    Raises:
        DataError: There is no such source, or its content is not usable; the message has the place.
        ConfigError: An option does not go with the source.
        MissingExtra: The source needs a library that is not installed.
    """
    options = options or LoadOptions()
    source = local(source, progress)
    path = Path(source)
    reader, name = _reader(source)
    if reader is None and _is_file(path):
        if not is_table(path):
            next(raw_lines(path, notes=Counter()), "")  # which says what a file is that is no text
            raise DataError(f"{path}: {pairs.LAYOUT}; its name ends with one of {accepted_names()}")
        return training.read(path, options)
    if options.corpus is not None and not (reader and reader.reads_corpus):
        raise ConfigError(
            f"load.corpus ({options.corpus}) goes with a pairs file; {source} has its own documents"
        )
    return _read_folder(path, options) if reader is None else reader.read(name, options)


def load_with_or_without_queries(source: str, options: LoadOptions | None = None) -> Collection:
    """Returns the collection that a source names, which may be documents alone."""
    options = options or LoadOptions()
    source = local(source)
    path = Path(source)
    if _reader(source)[0] is None:
        if _is_file(path) and documents.documents_alone(path):
            return documents.read_documents(path, options)
        if path.is_dir() and beir.documents_alone(path):
            return beir.read_documents(path, options)
    return load(source, options)


def splits(source: str, progress: Progress | None = None) -> list[str]:
    """Returns the splits of a BEIR folder, ascending; none for any other source."""
    path = Path(local(source, progress))
    return beir.splits(path) if _reader(source)[0] is None and path.is_dir() and beir.fits(path) else []


def local(source: str, progress: Progress | None = None) -> str:
    """Returns a source as it can be read here: itself, or the copy of a URL and of all read with it."""
    return str(fetched(source, progress, companions)) if is_url(source) else source


def companions(path: Path) -> list[str]:
    """Returns the names of files beside a file that are read with it: the texts of a training set of ids."""
    return [each.name for each in training.companion_files(path)]


def _reader(source: str) -> tuple[Source | None, str]:
    """Returns the component that reads a source, and the name behind its scheme; None for a path.

    A scheme without a name is one of a source that has no names, as `stdlib`; else it is a file or folder.
    """
    scheme, _, name = source.partition(":")
    if scheme not in SOURCES.names():
        return None, ""
    reader = SOURCES.make(scheme)
    return (reader, name) if name or not reader.takes_name else (None, "")


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:  # as of a name that is too long
        raise unreadable(path, error) from None


def _read_folder(folder: Path, options: LoadOptions) -> Collection:
    if not folder.is_dir():
        raise _no_source(str(folder))
    if chunks.fits(folder):
        return chunks.read(folder, options)
    if beir.fits(folder):
        return beir.read(folder, options)
    if trec.fits(folder):
        return trec.read(folder, options)
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    raise DataError(
        f"{folder}: {beir.LAYOUT}; {trec.LAYOUT}; one of tables (train.csv, test.jsonl...), or that datasets "
        f"saved, is read as hf:{folder}. Found: {some(names, _MOST_LISTED, None) or 'nothing'}"
    )


def _no_source(source: str) -> DataError:
    path = Path(source)
    beside = [str(path.parent / p.name) for p in path.parent.iterdir()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(source, [_BUILT_IN, *beside], n=1)
    guess = f'; did you mean "{close[0]}"?' if close else "."
    return DataError(
        f'there is no file or folder "{source}"{guess} A source is a BEIR or TREC folder, a pairs file, '
        f"ir:ID, hf:ID, mteb:TASK, classes:FILE, sts:FILE or {_BUILT_IN}"
    )
