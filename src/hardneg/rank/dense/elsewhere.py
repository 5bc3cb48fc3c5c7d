"""Encoding on the workers of an engine, which put the shards into the cache that all share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from hardneg.errors import ConfigError, DataError
from hardneg.progress import Task
from hardneg.rank import Context
from hardneg.rank.dense.encode import Encoder, Kind
from hardneg.rank.dense.store import SHARD, Advance, Store
from hardneg.records import Collection, Documents, FloatArray, Queries, rows_of

Job = tuple[Kind, list[str]]
_KINDS: tuple[Kind, ...] = ("document", "query")


class Making(Protocol):
    """Settings that make an encoder."""

    def encoder(self) -> Encoder:
        """Returns the encoder, its model loaded."""


@dataclass(frozen=True)
class Encoded:
    """Stands for an encoder whose work is done and in the cache.

    Attributes:
        facts: `Encoder.facts`.
        fingerprints: `Encoder.fingerprint` by kind.
    """

    facts: Mapping[str, Any]
    fingerprints: Mapping[Kind, str]

    def fingerprint(self, kind: Kind) -> str:
        """Returns the digest of all that the vectors depend on but the texts."""
        return self.fingerprints[kind]

    def documents(self, texts: list[str], advance: Advance | None = None) -> FloatArray:
        """Raises the error that the cache lacks what was put into it.

        Raises:
            DataError: Always.
        """
        raise DataError(
            "vectors that the workers wrote are not in the cache: the nodes of the cluster must share its "
            "disk; set HARDNEG_CACHE to a folder that all of them see"
        )

    queries = documents


@dataclass(frozen=True)
class Opening:
    """Makes, on a worker, the tool that encodes shards into the cache."""

    settings: Making
    cache: Path

    def __call__(self) -> Callable[[Job], tuple[int, Encoded]]:
        """Returns the tool: it gives the number of texts done, and what encoded them."""
        encoder = self.settings.encoder()
        known = Encoded(dict(encoder.facts), {kind: encoder.fingerprint(kind) for kind in _KINDS})
        encode = {"document": encoder.documents, "query": encoder.queries}

        def do(job: Job) -> tuple[int, Encoded]:
            kind, texts = job
            if texts:
                Store(self.cache, known.fingerprint(kind)).keep(texts, encode[kind])
            return len(texts), known

        return do


def encoded(settings: Making, name: str, collection: Collection, context: Context) -> Encoded:
    """Has all texts encoded that the cache lacks, and returns what encoded them.

    Raises:
        ConfigError: The nodes are so unlike that their vectors would not be the same.
    """
    opening = Opening(settings, context.cache.resolve())
    nothing: Job = ("document", [])
    [(_, known)] = context.engine.run(opening, [nothing], "encode")
    total = len(collection.documents) + len(collection.queries)
    with context.progress.task(f"{name}: encode", total, "texts") as task:
        missing = _missing(known, collection, context, task)
        for count, by in context.engine.run(opening, missing, "encode"):
            if by != known:
                raise ConfigError(
                    f"the nodes of the cluster encode differently ({_difference(known, by)}); set the "
                    "ranker's precision and device, or use nodes of one kind"
                )
            task.advance(count)
    return known


def _missing(known: Encoded, collection: Collection, context: Context, task: Task) -> Iterator[Job]:
    """Yields the shards that are not in the cache."""
    sources: dict[Kind, Documents | Queries] = {
        "document": collection.documents,
        "query": collection.queries,
    }
    for kind in _KINDS:
        store, source = Store(context.cache, known.fingerprint(kind)), sources[kind]
        for rows in rows_of(len(source), SHARD):
            texts = source.texts(rows)
            if store.has(texts):
                task.advance(len(texts))
            else:
                yield kind, texts


def _difference(one: Encoded, other: Encoded) -> str:
    keys = [key for key in one.facts if one.facts[key] != other.facts.get(key)]
    return ", ".join(f"{key}: {one.facts[key]} and {other.facts.get(key)}" for key in keys) or "device"
