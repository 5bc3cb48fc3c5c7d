"""BEIR folders: `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`, each plain, `.gz` or `.zst`.

A corpus line is `{"_id": ..., "title": ..., "text": ...}`, the title optional; a query line has `_id` and
`text`. Judgments are `query-id<TAB>corpus-id<TAB>score`, below a header or not.
"""

from __future__ import annotations

from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.files import real_path
from hardneg.core.lines import COMPRESSED, text_lines, uncompressed_name
from hardneg.core.records import Collection
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.tables import Rows, id_of, optional_text, relevance_of, rows, text_of

LAYOUT = "a BEIR folder has corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv"
_NEEDS = 'each line needs "_id" and "text"'
_QRELS = "query-id, corpus-id and score, separated by tabs, are needed"
_HEADERS = ("score", "relevance", "label", "rel")


def fits(folder: Path) -> bool:
    """Returns whether a folder has a BEIR corpus and queries."""
    return bool(_variants(folder / "corpus.jsonl") and _variants(folder / "queries.jsonl"))


def documents_alone(folder: Path) -> bool:
    """Returns whether a folder has a BEIR corpus and no queries."""
    return bool(_variants(folder / "corpus.jsonl") and not _variants(folder / "queries.jsonl"))


def read_documents(folder: Path, options: LoadOptions) -> Collection:
    """Returns the documents in a BEIR folder, without queries."""
    builder = CollectionBuilder(real_path(folder).name, options)
    add_documents(builder, rows(_file(folder / "corpus.jsonl"), notes=builder.notes))
    return builder.build(documents_alone=True)


def read(folder: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a BEIR folder."""
    judgments = _judgments_file(folder, options.split)
    builder = CollectionBuilder(real_path(folder).name, options)
    add_documents(builder, rows(_file(folder / "corpus.jsonl"), notes=builder.notes))
    add_queries(builder, rows(_file(folder / "queries.jsonl"), notes=builder.notes))
    _add_judgments(builder, judgments)
    return builder.build()


def add_documents(builder: CollectionBuilder, table: Rows) -> None:
    """Adds documents with the columns `_id`, `text` and, if there is one, `title`."""
    for where, row in table:
        doc_id, text = id_of(row, "_id", where, _NEEDS), text_of(row, "text", where, _NEEDS)
        builder.add_document(doc_id, text, optional_text(row, "title", where), where=where)


def add_queries(builder: CollectionBuilder, table: Rows) -> None:
    """Adds queries with the columns `_id` and `text`."""
    for where, row in table:
        query_id, text = id_of(row, "_id", where, _NEEDS), text_of(row, "text", where, _NEEDS)
        builder.add_query(query_id, text, where=where)


def _add_judgments(builder: CollectionBuilder, path: Path) -> None:
    label = f"qrels/{path.name}"
    for where, line in text_lines(path, label):
        fields = line.split("\t")
        if len(fields) != 3:
            raise DataError(f"{where}: {len(fields)} columns; {_QRELS}")
        if where == f"{label}:1" and fields[2].strip().lower() in _HEADERS:
            continue
        builder.add_judgment(fields[0], fields[1], relevance_of(fields[2], where), where=where)


def _judgments_file(folder: Path, split: str) -> Path:
    if _variants(folder / "qrels" / f"{split}.tsv"):
        return _file(folder / "qrels" / f"{split}.tsv")
    files = (folder / "qrels").glob("*.tsv*")
    found = sorted({uncompressed_name(path).removesuffix(".tsv") for path in files})
    raise DataError(
        f"{folder}: there is no qrels/{split}.tsv; splits found: {', '.join(found) or 'none'}"
        + ("; choose one with --split" if found else "")
    )


def _file(path: Path) -> Path:
    found = _variants(path)
    if len(found) > 1:
        raise DataError(f"{path.parent}: {' and '.join(p.name for p in found)} are both there; keep one")
    return found[0]


def _variants(path: Path) -> list[Path]:
    return [p for p in (path.with_name(path.name + suffix) for suffix in ("", *COMPRESSED)) if p.is_file()]
