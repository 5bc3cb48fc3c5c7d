"""TREC folders: topics, documents and judgments, recognised by their names.

A folder has, in itself, each plain, `.gz` or `.zst`:

- one file with `topics` or `queries` in its name: SGML (`<top><num>..<title>..</top>`) or lines of
  `id<TAB>text`;
- one file or folder of files with `docs`, `documents`, `collection` or `corpus` in its name: SGML
  (`<DOC><DOCNO>..</DOCNO><TEXT>..</TEXT></DOC>`), lines of `id<TAB>text` or `id<TAB>title<TAB>text`, or JSON
  lines with an id and a text;
- one or several files with `qrels` in the name, or in a folder `qrels`: lines of
  `query_id 0 doc_id relevance`.

Each may also be a table with named columns: JSON lines or Parquet, in several parts or not, as folders of the
hub have it.

Of several files of judgments, and of topics, the split is the one with its name in the file's
(`qrels.test.txt`, `queries.dev.small.tsv`), and least else. A single one is the whole collection, read as
`train` or `all`, unless its name has another split's. Archives that lie beside are not read.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.files import real_path
from hardneg.core.lines import text_lines, uncompressed_name
from hardneg.core.records import Collection
from hardneg.sources import sgml
from hardneg.sources.builder import WHOLE, CollectionBuilder, LoadOptions
from hardneg.sources.documents import add_documents
from hardneg.sources.judgments import add_judgments, add_query_rows
from hardneg.sources.tables import PART, has_named_columns, rows

LAYOUT = (
    "a TREC folder has one file named *topics* or *queries*, one file or folder named *docs*, *documents*, "
    "*collection* or *corpus*, and a file named *qrels*"
)
_TOPICS = ("topics", "queries")
_DOCUMENTS = ("docs", "documents", "collection", "corpus")
_QRELS = ("qrels",)
_SPLITS = {"train", "dev", "val", "valid", "validation", "test"}
_NEEDS = "query_id, 0, doc_id and relevance are needed"
_ARCHIVES = (".tar", ".tgz", ".zip")
_WORD = r"[\W_]+"


def fits(folder: Path) -> bool:
    """Returns whether a folder has topics, documents and judgments."""
    return all(_named(folder, words) for words in (_TOPICS, _DOCUMENTS, _QRELS))


def read(folder: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a TREC folder."""
    judgments = _judgments_files(folder, options.split)
    topics, documents = _topics(folder, options.split), _only(folder, _DOCUMENTS, _named(folder, _DOCUMENTS))
    builder = CollectionBuilder(real_path(folder).name, options)
    for path in _files(documents):
        _add_documents(builder, path, path.relative_to(folder).as_posix())
    for path in topics:
        _add_topics(builder, path, path.relative_to(folder).as_posix())
    for path in judgments:
        add_judgments(builder, path, path.relative_to(folder).as_posix(), None, (0, 2, 3), _NEEDS)
    return builder.build()


def _add_documents(builder: CollectionBuilder, path: Path, label: str) -> None:
    if has_named_columns(path):
        add_documents(builder, path, label)
    elif _is_sgml(path):
        for where, doc_id, title, text in sgml.documents(path, label, builder.notes):
            builder.add_document(doc_id, text, title, where=where)
    else:
        for where, fields in _columns(builder, path, label, (2, 3), "id, text or id, title, text"):
            builder.add_document(fields[0], fields[-1], "".join(fields[1:-1]), where=where)


def _add_topics(builder: CollectionBuilder, path: Path, label: str) -> None:
    if has_named_columns(path):
        add_query_rows(builder, rows(path, label, builder.notes))
    elif _is_sgml(path):
        for where, query_id, text in sgml.topics(path, label, builder.notes):
            builder.add_query(query_id, text, where=where)
    else:
        for where, (query_id, text) in _columns(builder, path, label, (2,), "id, text"):
            builder.add_query(query_id, text, where=where)


def _columns(
    builder: CollectionBuilder, path: Path, label: str, counts: tuple[int, ...], needs: str
) -> Iterator[tuple[str, list[str]]]:
    for where, line in text_lines(path, label, builder.notes):
        fields = line.split("\t")
        if len(fields) not in counts:
            raise DataError(
                f"{where}: {counted(len(fields), 'column')}; {needs}, separated by tabs, are needed"
            )
        yield where, fields


def _judgments_files(folder: Path, split: str) -> list[Path]:
    """Returns the file of the split's judgments, or all its parts."""
    found = [path for entry in _named(folder, _QRELS) for path in _files(entry)]
    named = _of_split(found, split)
    if not named and split in WHOLE:
        named = [path for path in found if len(found) == 1 and not set(_words(path)) & _SPLITS]
    if len({_whole_name(path) for path in named}) != 1:
        names = ", ".join(path.relative_to(folder).as_posix() for path in found)
        raise DataError(
            f'{folder}: {len(named)} judgments files are named for the split "{split}", as in '
            f"qrels.{split}.txt; found: {names}. Choose by --split, as in --split dev.small for "
            "qrels.dev.small.tsv. A single one for no split is read with --split all"
        )
    return named


def _topics(folder: Path, split: str) -> list[Path]:
    """Returns the file of topics, or all its parts; of several, that of the split."""
    found = _named(folder, _TOPICS)
    entry = _only(folder, _TOPICS, found if len(found) == 1 else _of_split(found, split) or found)
    files = _files(entry)
    return _of_split(files, split) or files


def _of_split(paths: list[Path], split: str) -> list[Path]:
    """Returns the files that have a split in their names, and the fewest other words."""
    words = re.split(_WORD, split.lower())
    named = [
        (len(own), path)
        for path in paths
        if any((own := _words(path))[at : at + len(words)] == words for at in range(len(_words(path))))
    ]
    return [path for count, path in named if count == min(named)[0]]


def _only(folder: Path, words: tuple[str, ...], found: list[Path]) -> Path:
    if len(found) != 1:
        raise DataError(
            f"{folder}: {', '.join(path.name for path in found)} could each be the {words[0]}; keep one"
        )
    return found[0]


def _named(folder: Path, words: tuple[str, ...]) -> list[Path]:
    """Returns the entries of a folder with one of the words in the name; what says qrels is only that."""
    names = [path for path in sorted(folder.iterdir()) if not path.name.startswith(".")]
    fitting = [path for path in names if any(word in path.name.lower() for word in words)]
    fitting = [path for path in fitting if Path(uncompressed_name(path)).suffix.lower() not in _ARCHIVES]
    return [path for path in fitting if words == _QRELS or "qrels" not in path.name.lower()]


def _files(entry: Path) -> list[Path]:
    if entry.is_dir():
        return sorted(path for path in entry.rglob("*") if path.is_file() and not path.name.startswith("."))
    return [entry]


def _words(path: Path) -> list[str]:
    return re.split(_WORD, _whole_name(path).lower())


def _whole_name(path: Path) -> str:
    """Returns a file's name without what numbers it among the parts of a table."""
    return PART.sub("", uncompressed_name(path))


def _is_sgml(path: Path) -> bool:
    return next((line.lstrip().startswith("<") for _, line in text_lines(path, notes=Counter())), False)
