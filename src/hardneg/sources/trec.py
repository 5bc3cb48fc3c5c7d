"""TREC folders: topics, documents and judgments, recognised by their names.

A folder has, in itself, each plain, `.gz` or `.zst`:

- one file with `topics` or `queries` in its name: SGML (`<top><num>..<title>..</top>`) or lines of
  `id<TAB>text`;
- one file or folder of files with `docs`, `documents`, `collection` or `corpus` in its name: SGML
  (`<DOC><DOCNO>..</DOCNO><TEXT>..</TEXT></DOC>`), lines of `id<TAB>text` or `id<TAB>title<TAB>text`, or JSON
  lines with an id and a text;
- one or several files with `qrels` in the name, or in a folder `qrels`: lines of
  `query_id 0 doc_id relevance`.

Of several judgments files the split is the one with its name as a word of the file's (`qrels.test.txt`). A
single one is the whole collection, read as `train` or `all`, unless its name has another split's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.files import real_path
from hardneg.core.lines import text_lines, uncompressed_name
from hardneg.core.records import Collection
from hardneg.sources import sgml
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.documents import add_documents
from hardneg.sources.judgments import add_judgment_rows, judgment_lines

LAYOUT = (
    "a TREC folder has one file named *topics* or *queries*, one file or folder named *docs*, *documents*, "
    "*collection* or *corpus*, and a file named *qrels*"
)
_TOPICS = ("topics", "queries")
_DOCUMENTS = ("docs", "documents", "collection", "corpus")
_QRELS = ("qrels",)
_SPLITS = {"train", "dev", "val", "valid", "validation", "test"}
_NEEDS = "query_id, 0, doc_id and relevance are needed"
_JSON = (".jsonl", ".ndjson", ".json")


def fits(folder: Path) -> bool:
    """Returns whether a folder has topics, documents and judgments."""
    return all(_named(folder, words) for words in (_TOPICS, _DOCUMENTS, _QRELS))


def read(folder: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a TREC folder."""
    judgments = _judgments_file(folder, options.split)
    topics, documents = _only(folder, _TOPICS), _only(folder, _DOCUMENTS)
    builder = CollectionBuilder(real_path(folder).name, options)
    for path in _files(documents):
        _add_documents(builder, path, path.relative_to(folder).as_posix())
    _add_topics(builder, topics)
    label = judgments.relative_to(folder).as_posix()
    add_judgment_rows(builder, judgment_lines(builder, judgments, label, None, (0, 2, 3), _NEEDS))
    return builder.build()


def _add_documents(builder: CollectionBuilder, path: Path, label: str) -> None:
    if Path(uncompressed_name(path)).suffix.lower() in _JSON:
        add_documents(builder, path, label)
    elif _is_sgml(path):
        for where, doc_id, title, text in sgml.documents(path, label, builder.notes):
            builder.add_document(doc_id, text, title, where=where)
    else:
        for where, fields in _columns(path, label, (2, 3), "id, text or id, title, text"):
            builder.add_document(fields[0], fields[-1], "".join(fields[1:-1]), where=where)


def _add_topics(builder: CollectionBuilder, path: Path) -> None:
    if _is_sgml(path):
        for where, query_id, text in sgml.topics(path, path.name, builder.notes):
            builder.add_query(query_id, text, where=where)
    else:
        for where, (query_id, text) in _columns(path, path.name, (2,), "id, text"):
            builder.add_query(query_id, text, where=where)


def _columns(path: Path, label: str, counts: tuple[int, ...], needs: str) -> Iterator[tuple[str, list[str]]]:
    for where, line in text_lines(path, label):
        fields = line.split("\t")
        if len(fields) not in counts:
            raise DataError(f"{where}: {len(fields)} columns; {needs}, separated by tabs, are needed")
        yield where, fields


def _judgments_file(folder: Path, split: str) -> Path:
    found = [path for entry in _named(folder, _QRELS) for path in _files(entry)]
    named = [path for path in found if split in _words(path)]
    if not named and split in WHOLE:
        named = [path for path in found if len(found) == 1 and not _words(path) & _SPLITS]
    if len(named) != 1:
        names = ", ".join(path.relative_to(folder).as_posix() for path in found)
        raise DataError(
            f'{folder}: {len(named)} judgments files are named for the split "{split}", as in '
            f"qrels.{split}.txt; found: {names}. A single one for no split is read with --split all"
        )
    return named[0]


def _only(folder: Path, words: tuple[str, ...]) -> Path:
    found = _named(folder, words)
    if len(found) != 1:
        raise DataError(
            f"{folder}: {', '.join(path.name for path in found)} could each be the {words[0]}; keep one"
        )
    return found[0]


def _named(folder: Path, words: tuple[str, ...]) -> list[Path]:
    """Returns the entries of a folder with one of the words in the name; what says qrels is only that."""
    names = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    fitting = [path for path in names if any(word in path.name.lower() for word in words)]
    return [path for path in fitting if words == _QRELS or "qrels" not in path.name.lower()]


def _files(entry: Path) -> list[Path]:
    if entry.is_dir():
        return sorted(path for path in entry.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [entry]


def _words(path: Path) -> set[str]:
    return set(re.split(r"[^\w]|_", path.name))


def _is_sgml(path: Path) -> bool:
    return next((line.lstrip().startswith("<") for _, line in text_lines(path)), False)
