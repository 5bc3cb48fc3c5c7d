"""Rankers score documents for queries: over the whole corpus, or given candidates.

A ranker module holds the ranker's settings, a frozen dataclass whose `open` builds the ranker for one
collection. Heavy libraries are imported inside `open`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hardneg.engine import Engine
from hardneg.engine.local import Local
from hardneg.progress import Progress, Silent
from hardneg.records import Collection, FloatArray, IntArray
from hardneg.registry import Registry


@dataclass(frozen=True)
class Search:
    """One question to a ranker: the best documents of some queries.

    Attributes:
        queries: (n,) int32, query rows.
        depth: How many documents each.
    """

    queries: IntArray
    depth: int


class Unsearched(Exception):
    """A ranker that answers prepared searches only has not prepared this one.

    Args:
        search: What is to be prepared.
    """

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.search = search


@dataclass(frozen=True)
class Division:
    """How searches are divided over the workers of an engine: each looks through a range of shards.

    Attributes:
        folder: Where the lists found lie until the run is finished, on a disk that all workers see.
        fewest: Shards in a range, at least: enough work to be worth a worker's while.
        most: Ranges, at most: each has a list of its own on the disk for every query.
    """

    folder: Path
    fewest: int = 16
    most: int = 32


@dataclass(frozen=True)
class Context:
    """What a ranker may use of its surroundings.

    Attributes:
        cache: Folder in which vectors are kept from run to run.
        progress: Who listens to the progress of long stages.
        engine: Where encoding, and searching that is divided, runs.
        encoded: What stands for the encoders whose work is done, by the settings of their rankers.
        division: How searches are divided; None where each process searches for itself.
    """

    cache: Path
    progress: Progress = field(default_factory=Silent)
    engine: Engine = field(default_factory=Local)
    encoded: dict[Any, Any] = field(default_factory=dict)
    division: Division | None = None


class Ranker(Protocol):
    """Scores the documents of one collection. Equal scores rank in the corpus's order."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What `run.json` should record: resolved settings, digests of weights."""

    @property
    def retrieves(self) -> bool:
        """Whether `search` works; false for a ranker that only scores given candidates."""

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best `depth` documents of each query, best first.

        Args:
            queries: (n,) int32, query rows.
            depth: How many documents, at most the size of the corpus.

        Returns:
            docs (n, depth) int32, -1 where the ranker found fewer; scores (n, depth) float32, NaN there.
        """

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: scores of given documents, NaN where there is none.

        The same pair has the same score, to the bit, as in `search`.

        Args:
            queries: (n,) int32, query rows.
            docs: (n, depth) int32, document rows, -1 where there is none.
        """


@runtime_checkable
class Preparing(Protocol):
    """A ranker that answers prepared searches only: its `search` raises `Unsearched` for others."""

    def prepare(self, searches: Sequence[Search]) -> None:
        """Has the engine search what has not been searched yet.

        Raises:
            HardnegError: A worker raised it, or the machines cannot be reached.
        """


class RankerSettings(Protocol):
    """The settings of a ranker, as a recipe gives them."""

    def open(self, collection: Collection, context: Context) -> Ranker:
        """Returns the ranker, its index built or found in the cache.

        Raises:
            HardnegError: A model, file or library is missing or does not fit the collection.
        """


RANKERS: Registry[RankerSettings] = Registry(
    "hardneg.rank",
    "ranker",
    helpers=(
        "fuse",
        "index_store",
        "inverted",
        "jit",
        "keep",
        "pool",
        "postings",
        "select_top",
        "threads",
        "tokenize",
    ),
)
