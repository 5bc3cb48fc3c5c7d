"""Searches that the workers of an engine make before anybody asks: what the miner and dense search agree on.

On one machine nothing of this is needed. On a cluster the shards of a corpus are searched by different
workers, so all searches of many blocks are prepared together, and a worker that decides on a block reads the
lists.
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
        depth: How many documents each.
    """

    queries: IntArray
    depth: int


class SearchNotPrepared(Exception):
    """A ranker that answers prepared searches only has not prepared this one.

    Args:
        search: What is to be prepared.
    """

    def __init__(self, search: Search) -> None:
        super().__init__(search)
        self.search = search


@runtime_checkable
class PreparedRanker(Protocol):
    """A ranker that answers prepared searches only: its `search` raises `SearchNotPrepared` for others."""

    def prepare(self, searches: Sequence[Search]) -> None:
        """Has the engine search what has not been searched yet.

        Raises:
            HardnegError: A worker raised it, or the machines cannot be reached.
        """


@dataclass(frozen=True)
class ShardingPlan:
    """How searches are divided over the workers of an engine: each searches a range of shards.

    Attributes:
        folder: Where the lists found are kept until the run is finished, on a disk that all workers share.
        fewest: Least shards in a range: enough work to be worth sending.
        most: Most ranges: each has a list of its own on the disk for every query.
    """

    folder: Path
    fewest: int = 16
    most: int = 32


@dataclass(frozen=True)
class ClusterContext(Context):
    """The surroundings of rankers whose work is spread over a cluster.

    Attributes:
        encoded: What the workers have encoded, by the settings of the rankers.
        plan: How searches are divided; None where each process searches for itself.
    """

    encoded: dict[Any, Any] = field(default_factory=dict)
    plan: ShardingPlan | None = None
