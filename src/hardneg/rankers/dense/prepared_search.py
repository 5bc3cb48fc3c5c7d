"""Searches that the workers of an engine do ahead: the interface between the miner and sharded dense search.

Nothing of this is needed on one machine, nor by the author of a ranker. On a cluster the shards of a corpus
are searched by different workers: the searches of many blocks are prepared together, and the worker that
decides on a block reads their results.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from hardneg.core.components import Context
from hardneg.core.records import IntArray


@dataclass(frozen=True)
class Search:
    """One search of a ranker: the best documents of some queries.

    Attributes:
        queries: (n,) int32, query rows.
        depth: Documents per query.
    """

    queries: IntArray
    depth: int


class SearchNotPrepared(Exception):
    """A ranker whose searches must be prepared has not prepared this one.

    Args:
        search: The search to prepare.
    """

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.search = search


@runtime_checkable
class PreparedRanker(Protocol):
    """A ranker whose searches must be prepared: its `search` raises `SearchNotPrepared` for others."""

    def prepare(self, searches: Sequence[Search]) -> None:
        """Runs the searches that are not done yet on the workers of the engine.

        Raises:
            HardnegError: A worker raised it, or the machines cannot be reached.
        """


@dataclass(frozen=True)
class ShardingPlan:
    """How searches are divided over the workers of an engine: each searches some ranges of shards.

    Attributes:
        folder: Keeps the results until the run is finished, on a disk that all workers share.
        min_shards: Least shards per range: enough work to be worth sending.
        max_ranges: Most ranges: each stores a result for every query.
    """

    folder: Path
    min_shards: int = 16
    max_ranges: int = 32


@dataclass(frozen=True)
class ClusterContext(Context):
    """The context of rankers whose work is spread over a cluster.

    Attributes:
        encoded: What the workers have encoded (`EncodedTexts`), by the settings of the rankers.
        plan: How searches are divided; None where each process searches all shards.
    """

    encoded: dict[Any, Any] = field(default_factory=dict)
    plan: ShardingPlan | None = None
