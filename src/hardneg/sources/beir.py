"""BEIR folders: `corpus.jsonl`, `queries.jsonl` and `qrels/SPLIT.tsv`, each plain, `.gz` or `.zst`.

A corpus line is `{"_id": ..., "title": ..., "text": ...}`, the title optional; a query line has `_id`,
`text` and perhaps a `prompt` or `instruction`. Judgments are `query-id<TAB>corpus-id<TAB>score`, below a
header or not, whose names are read; or a table of such columns, `qrels/SPLIT.jsonl` or `.parquet`, in several
parts or not.
"""

from __future__ import annotations

from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.core.files import real_path
from hardneg.core.lines import COMPRESSED, uncompressed_name
from hardneg.core.records import Collection
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import PROMPT, column_of, some
from hardneg.sources.judgments import add_judgments
from hardneg.sources.tables import PART, Row, Rows, given_text, id_of, optional_text, prompt_in, rows

LAYOUT = "a BEIR folder has corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv"
_NEEDS = 'each line needs "_id" and "text"'
_IDS = ("_id", "id")
_TABLES = ("jsonl", "ndjson", "json", "parquet")
_QRELS = "query-id, corpus-id and score, separated by tabs, are needed"


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
    judgments = _judgments_files(folder, options.split)
    builder = CollectionBuilder(real_path(folder).name, options)
    add_documents(builder, rows(_file(folder / "corpus.jsonl"), notes=builder.notes))
    add_queries(builder, rows(_file(folder / "queries.jsonl"), notes=builder.notes))
    for path in judgments:
        add_judgments(builder, path, f"qrels/{path.name}", "\t", (0, 1, 2), _QRELS)
    return builder.build()


def add_documents(builder: CollectionBuilder, table: Rows) -> None:
    """Adds documents with the columns `_id` or `id`, `text` and, if there is one, `title`."""
    named = builder.options.columns
    text_column, title_column = named.get("text", "text"), named.get("title", "title")
    for where, row in table:
        id_column = _id_column(row, named.get("id"))
        builder.notes.columns(row, (id_column, text_column, title_column))
        doc_id, text = id_of(row, id_column, where, _NEEDS), given_text(row, text_column, where, _NEEDS)
        builder.add_document(doc_id, text, optional_text(row, title_column, where), where=where)


def add_queries(builder: CollectionBuilder, table: Rows) -> None:
    """Adds queries with the columns `_id` or `id`, `text`, and perhaps `prompt` or `instruction`."""
    named = builder.options.columns
    for where, row in table:
        own = named.get("query_id")  # which the judgments alone may have
        columns = _id_column(row, own if own in row else None), named.get("query", "text")
        prompt = column_of(row, "prompt", PROMPT, where, named)
        builder.notes.columns(row, (*columns, prompt))
        query_id, text = id_of(row, columns[0], where, _NEEDS), given_text(row, columns[1], where, _NEEDS)
        builder.add_query(query_id, text, where=where, prompt=prompt_in(row, prompt, where))


def _id_column(row: Row, named: str | None) -> str:
    """Returns the column of a row's id: the one that the user named, else `_id`, else `id`."""
    return named or next((name for name in _IDS if name in row), _IDS[0])


def splits(folder: Path) -> list[str]:
    """Returns the splits of a BEIR folder, ascending."""
    return sorted({name for name, _, kind in _names(folder).values() if kind in ("tsv", *_TABLES)})


def _names(folder: Path) -> dict[Path, tuple[str, str, str]]:
    """Returns (split, point, kind) of each entry of `qrels`."""
    there = sorted((folder / "qrels").iterdir()) if (folder / "qrels").is_dir() else []
    return {path: PART.sub("", uncompressed_name(path)).rpartition(".") for path in there}


def _judgments_files(folder: Path, split: str) -> list[Path]:
    """Returns the file of the split's judgments, or all parts of its table."""
    if _variants(folder / "qrels" / f"{split}.tsv"):
        return [_file(folder / "qrels" / f"{split}.tsv")]
    names = _names(folder)
    found = [path for path, (name, _, kind) in names.items() if name == split and kind in _TABLES]
    if len({names[path] for path in found}) == 1:
        return found
    known = splits(folder)
    if found or known:
        problem = f"{', '.join(path.name for path in found)} are all there; keep one" if found else ""
        problem = problem or f"splits found: {', '.join(known)}; choose one with --split"
    else:
        where, entries = ("in qrels", list(names)) if names else ("found", sorted(folder.iterdir()))
        problem = f"splits found: none; {where}: {some([path.name for path in entries], 12, None)}"
    raise DataError(f"{folder}: there is no qrels/{split}.tsv; {problem}")


def _file(path: Path) -> Path:
    found = _variants(path)
    if len(found) > 1:
        raise DataError(f"{path.parent}: {' and '.join(p.name for p in found)} are both there; keep one")
    return found[0]


def _variants(path: Path) -> list[Path]:
    return [p for p in (path.with_name(path.name + suffix) for suffix in ("", *COMPRESSED)) if p.is_file()]
