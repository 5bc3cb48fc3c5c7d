"""Folders of chunks: a BEIR folder that longer documents were cut into, with `chunks.json` and `neutral/`.

`chunks.json` says what was cut and how, and has the digests of the other files. `neutral/SPLIT.tsv` names, a
line each as `query-id<TAB>corpus-id` below a header, the chunks of relevant documents that are neither
positive nor negative for a query.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from hardneg.core.errors import DataError, unreadable
from hardneg.core.files import digest_file
from hardneg.core.lines import text_lines
from hardneg.core.records import SAME_DOCUMENT, Collection, Neutral
from hardneg.core.registry import invalid_field
from hardneg.core.state_files import read_state
from hardneg.sources import beir
from hardneg.sources.builder import LoadOptions

FILE = "chunks.json"
FOLDER = "collection"
"""The folder of a run in which the chunks are that it was mined from."""
CORPUS, QUERIES = "corpus.jsonl", "queries.jsonl"
_AGAIN = "run the same hardneg command again"


class ChunkFacts(BaseModel):
    """What is known of the chunks of a collection, at least.

    Attributes:
        source: Where the documents are, None for some in memory.
        tokens: The most tokens of a chunk.
        documents: How many documents there were.
        longer: How many of them were cut.
        chunks: How many chunks there are.
        positives: Which chunks of a relevant document are positives.
    """

    model_config = ConfigDict(strict=True)

    source: str | None
    tokens: int
    documents: int
    longer: int
    chunks: int
    positives: Literal["best", "all"]


class _Unfinished(BaseModel):
    model_config = ConfigDict(strict=True)

    fingerprint: str
    finished: bool


class _Finished(_Unfinished):
    name: str
    files: dict[str, str]
    splits: dict[str, dict[str, Any]]
    facts: ChunkFacts


def qrels(split: str) -> str:
    """Returns the path of the judgments of a split."""
    return f"qrels/{split}.tsv"


def neutral(split: str) -> str:
    """Returns the path of the pairs of a split that are neither positive nor negative."""
    return f"neutral/{split}.tsv"


def fits(folder: Path) -> bool:
    """Returns whether a folder holds chunks, or was begun to."""
    return (folder / FILE).is_file()


def is_begun(folder: Path) -> bool:
    """Returns whether a folder holds chunks, whole or not, or nothing yet."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    return fits(folder) or all(entry.name.startswith(".") for entry in folder.iterdir())


def read_info(folder: Path) -> dict[str, Any]:
    """Returns `chunks.json`.

    Raises:
        FileNotFoundError: There is none.
        DataError: It cannot be read, or is damaged.
    """
    mend = f"delete {folder} and cut the documents again"
    info = read_state(folder / FILE, mend)
    try:
        (_Finished if info.get("finished") else _Unfinished).model_validate(info)
    except ValidationError as error:
        raise unreadable(folder / FILE, ValueError(invalid_field(error)), mend) from None
    return info


def changed_files(folder: Path, info: dict[str, Any], names: list[str]) -> list[str]:
    """Returns which of some files are missing, or are not what they were when they were written."""
    return [
        name
        for name in names
        if not (folder / name).is_file() or digest_file(folder / name) != info["files"].get(name)
    ]


def read(folder: Path, options: LoadOptions) -> Collection:
    """Returns the collection in a folder of chunks."""
    info = read_info(folder)
    if not info["finished"]:
        raise DataError(f"{folder} is not finished; {_AGAIN} to finish it")
    split = options.split
    if split not in info["splits"]:
        known = ", ".join(info["splits"]) or "none"
        raise DataError(f"{folder} has no judgments of {split}; splits: {known}; choose one with --split")
    if changed := changed_files(folder, info, [CORPUS, QUERIES, qrels(split), neutral(split)]):
        raise DataError(
            f"{folder / changed[0]} is missing or has changed since it was written; {_AGAIN} to write it anew"
        )
    built = beir.read(folder, options)
    pairs = _neutral(folder / neutral(split), built)
    return replace(
        built,
        name=info["name"],
        unread_columns=(),
        neutral=pairs,
        digest=built.digest if pairs is None else pairs.digest(built.digest),
        chunks=info["facts"],
    )


def _neutral(path: Path, built: Collection) -> Neutral | None:
    """Returns the pairs in a file, None where there are none."""
    pairs = [line.split("\t") for _, line in text_lines(path)][1:]
    if not pairs:
        return None
    queries = built.queries.rows([query for query, _ in pairs])
    docs = built.documents.rows([doc for _, doc in pairs])
    known = (queries >= 0) & (docs >= 0)
    return Neutral(
        np.full(len(built.queries), -1, np.int32),
        np.full(len(built.documents), -1, np.int32),
        queries[known],
        docs[known],
        SAME_DOCUMENT,
    )
