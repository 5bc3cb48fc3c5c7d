"""The built-in collection: Python's own standard library, read from the running interpreter, no download.

A query is the summary of a function, class or method: the first sentence of its docstring. Its positive is
the object itself without that summary: the qualified name as title; the signature, the rest of the docstring
and the code as text. Objects without a summary, or with one that says too little, are documents without a
query. Of a class its own statements and the first lines of its methods are kept; the methods are documents
themselves.

Test suites, programs and packages installed beside the library are left out. Every fifth query, by the hash
of its text, is of the split `test`, the others of `train`; `all` has both.
"""

from __future__ import annotations

import hashlib
import re
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Source, source
from hardneg.core.errors import DataError
from hardneg.core.records import Collection
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.python_code import CodeObject, folded, objects

_SPLITS = ("train", "test", "all")
_LEFT_OUT = {
    "__phello__",
    "__pycache__",
    "antigravity",
    "dist-packages",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "site-packages",
    "sitecustomize",
    "test",
    "tests",
    "this",
    "turtledemo",
}
_LEAST_WORDS = 4
_SENTENCE = re.compile(r"[A-Za-z](?!.* :*= )")
_MOST_SHARED = 5


@source("stdlib")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class StandardLibrary(Source):
    """Python's own standard library: docstring summaries are queries, the objects documents."""

    takes_name: ClassVar[bool] = False

    def read(self, name: str, options: LoadOptions) -> Collection:
        """Returns the collection; it has no names. See `read_stdlib`."""
        if name:
            raise DataError(f'stdlib takes no name, found "stdlib:{name}"')
        return read_stdlib(options)


def read_stdlib(options: LoadOptions) -> Collection:
    """Returns the collection of the running interpreter's standard library."""
    if options.split not in _SPLITS:
        raise DataError(f'stdlib: there is no split "{options.split}"; splits found: {", ".join(_SPLITS)}')
    builder = CollectionBuilder("stdlib", options)
    positives = _add_documents(builder, Path(sysconfig.get_path("stdlib")))
    for summary, doc_ids in positives.items():
        query_id = f"q{hashlib.blake2b(summary.encode(), digest_size=6).hexdigest()}"
        if len(doc_ids) > _MOST_SHARED:
            builder.notes["skipped_summaries_of_many_objects"] += 1
        elif options.split in (_split(query_id), "all"):
            builder.add_query(query_id, summary, where=doc_ids[0])
            for doc_id in doc_ids:
                builder.add_judgment(query_id, doc_id, 1, where=doc_id)
    return builder.build()


def _add_documents(builder: CollectionBuilder, folder: Path) -> dict[str, list[str]]:
    """Adds all objects as documents and returns, for each summary, the ids of those that it is of."""
    positives: dict[str, list[str]] = {}
    for path in _modules(folder):
        for found in objects(path, _module_name(path, folder)):
            doc_id = _free_id(builder, found.name)
            builder.add_document(doc_id, found.text, found.name, where=path.name)
            if _is_query(found):
                positives.setdefault(found.summary, []).append(doc_id)
    return positives


def _modules(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.py")):
        parts = (*path.relative_to(folder).parts[:-1], path.stem)
        if not _LEFT_OUT.intersection(parts) and not parts[0].startswith(("config-", "_sysconfigdata")):
            yield path


def _module_name(path: Path, folder: Path) -> str:
    return ".".join(path.relative_to(folder).with_suffix("").parts).removesuffix(".__init__")


def _free_id(builder: CollectionBuilder, name: str) -> str:
    """Returns the name, with a number when an object of that name came before (as property setters do)."""
    number, doc_id = 1, name
    while builder.has_document(doc_id):
        number += 1
        doc_id = f"{name}:{number}"
    return doc_id


def _is_query(found: CodeObject) -> bool:
    """Returns whether the summary is a question that the document answers without repeating it."""
    if len(found.summary.split()) < _LEAST_WORDS or not _SENTENCE.match(found.summary):
        return False
    return folded(found.summary) not in folded(f"{found.name} {found.text}")


def _split(query_id: str) -> str:
    return "test" if int(query_id[1:], 16) % 5 == 0 else "train"
