"""Encoding on the workers of an engine, which put the shards into the cache that all share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.progress import Task
from hardneg.core.records import Collection, Documents, Queries, rows_of
from hardneg.rankers.dense.encode import Encoder, Kind
from hardneg.rankers.dense.store import SHARD, Store, Vectors

Job = tuple[Kind, list[str]]
_KINDS: tuple[Kind, ...] = ("document", "query")


class EncoderFactory(Protocol):
    """Settings that make an encoder."""

    def encoder(self) -> Encoder:
        """Returns the encoder, its model loaded."""


@dataclass(frozen=True)
class Encoded:
    """Stands for an encoder whose work is done and in the cache.

    Attributes:
        facts: `Encoder.facts`.
        fingerprints: `Encoder.fingerprint` by kind.
        shards: The files of the vectors by kind, in order.
    """

    facts: Mapping[str, Any]
    fingerprints: Mapping[Kind, str]
    shards: Mapping[Kind, Sequence[Path]] = field(default_factory=dict)

    def fingerprint(self, kind: Kind) -> str:
        """Returns the digest of all that the vectors depend on but the texts."""
        return self.fingerprints[kind]

    def vectors(self, kind: Kind) -> Vectors:
        """Returns all vectors of a kind, mapped.

        Raises:
            DataError: The cache lacks what was put into it.
        """
        try:
            return Vectors.mapped(self.shards[kind])
        except (OSError, ValueError) as error:
            raise DataError(
                f"vectors that the workers wrote are not in the cache ({error}): the nodes of the cluster "
                "must share its disk; set HARDNEG_CACHE to a folder that all of them see"
            ) from None


@dataclass(frozen=True)
class WorkerFactory:
    """Makes, on a worker, the tool that encodes shards into the cache."""

    settings: EncoderFactory
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


def encoded(settings: EncoderFactory, name: str, collection: Collection, context: Context) -> Encoded:
    """Has all texts encoded that the cache lacks, and returns what encoded them.

    Raises:
        ConfigError: The nodes are so unlike that their vectors would not be the same.
    """
    opening = WorkerFactory(settings, context.cache.resolve())
    nothing: Job = ("document", [])
    [(_, known)] = context.engine.run(opening, [nothing], "encode")
    shards: dict[Kind, list[Path]] = {kind: [] for kind in _KINDS}
    total = len(collection.documents) + len(collection.queries)
    with context.progress.task(f"{name}: encode", total, "texts") as task:
        missing = _missing(known, collection, context, task, shards)
        for count, by in context.engine.run(opening, missing, "encode"):
            if by != known:
                raise ConfigError(
                    f"the nodes of the cluster encode differently ({_difference(known, by)}); set the "
                    "ranker's precision and device, or use nodes of one kind"
                )
            task.advance(count)
    return replace(known, shards=shards)


def _missing(
    known: Encoded, collection: Collection, context: Context, task: Task, shards: Mapping[Kind, list[Path]]
) -> Iterator[Job]:
    """Yields the shards that are not in the cache, and puts the files of all into `shards`."""
    sources: dict[Kind, Documents | Queries] = {
        "document": collection.documents,
        "query": collection.queries,
    }
    for kind in _KINDS:
        store, source = Store(context.cache.resolve(), known.fingerprint(kind)), sources[kind]
        for rows in rows_of(len(source), SHARD):
            texts = source.texts(rows)
            shards[kind].append(store.path(texts))
            if store.has(texts):
                task.advance(len(texts))
            else:
                yield kind, texts


def _difference(one: Encoded, other: Encoded) -> str:
    keys = [key for key in one.facts if one.facts[key] != other.facts.get(key)]
    return ", ".join(f"{key}: {one.facts[key]} and {other.facts.get(key)}" for key in keys) or "device"
