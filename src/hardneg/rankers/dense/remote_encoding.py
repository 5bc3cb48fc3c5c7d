"""Encoding on the workers of an engine, which write the shards into the cache that all share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from hardneg.core.components import Context, Ranker
from hardneg.core.errors import ConfigError
from hardneg.core.progress import Task
from hardneg.core.records import Collection, Documents, Queries, rows_of
from hardneg.rankers.dense.encode import Kind
from hardneg.rankers.dense.store import SHARD, Store, Vectors
from hardneg.rankers.text_index import Places
from hardneg.rankers.truncation import sampled

_Job = tuple[Kind, list[str], Places | None]
"""The kind of some texts, the texts, and where some of their vectors are; None to count how many are cut."""
_KINDS: tuple[Kind, ...] = ("document", "query")
_UNITS = {"document": "documents", "query": "queries"}


@dataclass(frozen=True)
class EncodedTexts:
    """The vectors that an encoder has written to the cache, and what describes them.

    Attributes:
        facts: `Encoder.facts`.
        fingerprints: `Encoder.fingerprint` by kind.
        shards: The files of the vectors by kind, in the order of the texts.
        truncation: How many documents or queries are cut; see `truncation`.
        size: Vectors in a file.
    """

    facts: Mapping[str, Any]
    fingerprints: Mapping[Kind, str]
    shards: Mapping[Kind, Sequence[Path]] = field(default_factory=dict)
    truncation: Mapping[str, Any] = field(default_factory=dict)
    size: int = SHARD

    def vectors(self, kind: Kind) -> Vectors:
        """Returns all vectors of a kind, mapped when they are first used."""
        return Vectors(None, self.size, self.shards[kind])


def encode_remotely(settings: Ranker, name: str, collection: Collection, context: Context) -> EncodedTexts:
    """Encodes on workers all texts that the cache lacks, and returns where all vectors are.

    Raises:
        ConfigError: The nodes differ, so that their vectors would not be the same.
    """
    worker = partial(_encoding_worker, settings, context.cache.resolve())
    sources: dict[Kind, Documents | Queries] = {"document": collection.documents, "query": collection.queries}
    counting: list[_Job] = [(kind, sampled(sources[kind]), None) for kind in _KINDS]
    described = [description for _, description in context.engine.run(worker, counting, "encode")]
    cut = {unit: found for each in described for unit, found in each.truncation.items()}
    description = replace(described[0], truncation={})
    shards: dict[Kind, list[Path]] = {kind: [] for kind in _KINDS}
    total = len(collection.documents) + len(collection.queries)
    with context.progress.task(f"{name}: encode", total, "texts") as task:
        missing = _missing(description, collection, context, task, shards)
        for count, other in context.engine.run(worker, missing, "encode"):
            if other != description:
                raise ConfigError(
                    f"the nodes of the cluster encode differently ({_difference(description, other)}); set "
                    "the ranker's precision and device, or use nodes of one kind"
                )
            task.advance(count)
    facts = {**description.facts, "truncation": cut}
    return replace(description, facts=facts, shards=shards, size=SHARD)


def _encoding_worker(settings: Ranker, cache: Path) -> Callable[[_Job], tuple[int, EncodedTexts]]:
    """Returns what encodes a shard into the cache; it returns the number of texts and their description."""
    encoder = settings.encoder()
    description = EncodedTexts(dict(encoder.facts), {kind: encoder.fingerprint(kind) for kind in _KINDS})
    encode = {"document": encoder.documents, "query": encoder.queries}

    def run(job: _Job) -> tuple[int, EncodedTexts]:
        kind, texts, places = job
        if places is None:
            return 0, replace(description, truncation={_UNITS[kind]: encoder.truncation(kind, texts)})
        if texts:
            Store(cache, description.fingerprints[kind]).encode_missing(texts, places, encode[kind])
        return len(texts), description

    return run


def _missing(
    description: EncodedTexts,
    collection: Collection,
    context: Context,
    task: Task,
    shards: Mapping[Kind, list[Path]],
) -> Iterator[_Job]:
    """Yields the shards that are not in the cache, and appends the files of all to `shards`."""
    for kind in _KINDS:
        store = Store(context.cache.resolve(), description.fingerprints[kind])
        source = collection.documents if kind == "document" else collection.queries
        others = store.others(source.texts, len(source), SHARD)
        for rows in rows_of(len(source), SHARD):
            texts = source.texts(rows)
            shards[kind].append(store.path(texts))
            if store.has(texts):
                task.advance(len(texts))
            else:
                yield kind, texts, others().find(texts)


def _difference(one: EncodedTexts, other: EncodedTexts) -> str:
    keys = [key for key in one.facts if one.facts[key] != other.facts.get(key)]
    return ", ".join(f"{key}: {one.facts[key]} and {other.facts.get(key)}" for key in keys) or "device"
