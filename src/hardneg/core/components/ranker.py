"""Rankers score documents for queries: over the whole corpus, or given candidates."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

from hardneg.core.components.engine import Engine
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.core.registry import Component, Registry


def _local() -> Engine:
    from hardneg.core.components.engine import ENGINES

    return ENGINES.make("local")


@dataclass(frozen=True)
class Context:
    """What a ranker or validator may use besides the collection.

    Attributes:
        cache: Folder of vectors and indexes, shared by all runs. A file's name must have a digest of all
            that decides on its content: the texts, the settings, the code (`core.hashing.code_digest`).
        progress: Receives the progress of long stages.
        engine: Runs work on other machines; most rankers do not need it.
    """

    cache: Path
    progress: Progress = field(default_factory=NullProgress)
    engine: Engine = field(default_factory=_local)


class OpenedRanker(Protocol):
    """Scores the documents of one collection. Equal scores rank in the corpus's order."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What `run.json` records: resolved settings, digests of weights. A resumed run has the same."""

    @property
    def retrieves(self) -> bool:
        """Whether `search` works; false for a ranker that only scores given candidates."""

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best `depth` documents of each query, best first.

        Args:
            queries: (n,) int32, query rows.
            depth: Documents per query, at most the size of the corpus.

        Returns:
            docs (n, depth) int32, -1 behind the last; scores (n, depth) float32, NaN behind the last.
        """

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n, depth) float32: scores of given documents, NaN where docs are -1 or have no score.

        The same pair has the same score, to the bit, as in `search`.

        Args:
            queries: (n,) int32, query rows.
            docs: (n, depth) int32, document rows, -1 for padding.
        """


class Ranker(Component, ABC):
    """The settings of a ranker: a frozen dataclass, as a recipe gives them.

    Attributes:
        comparable: Whether its scores mean the same for every query, as cosines do and BM25's do not;
            calibration compares such scores across queries.
        measures_similarity: Whether thresholds read its scores unless the recipe names another ranker.
        reranks: Whether it only scores candidates of other rankers, as a cross-encoder does.
        scored: Whether its scores differ between documents; those of `listed` do not.
        reads_texts: Whether it needs nothing but texts, so that it can rank any collection.
        encodes: Whether opening it is mostly encoding texts, which plans estimate per document.
        bytes_per_term: Bytes of temporary files for each distinct word of each document while an index is
            built.
        compares_documents: Whether the opened ranker has `alike(docs, others)`, which returns (n, m) float32,
            the similarity of (n,) documents to (n, m) others.
        name: The ranker's name in the ledger; None for the name of its kind.
    """

    comparable: ClassVar[bool] = False
    measures_similarity: ClassVar[bool] = False
    reranks: ClassVar[bool] = False
    scored: ClassVar[bool] = True
    reads_texts: ClassVar[bool] = True
    encodes: ClassVar[bool] = False
    bytes_per_term: ClassVar[int] = 0
    compares_documents: ClassVar[bool] = False
    name: str | None = None

    @abstractmethod
    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker for one collection, its index built or loaded from the cache.

        Raises:
            HardnegError: A model, file or library is missing or does not fit the collection.
        """

    def encoder(self) -> Any:
        """Returns the encoder whose vectors the cache keeps, its model loaded; None where it keeps none.

        It has `documents(texts)`, which returns (n, dimension) vectors, and `fingerprint("document")`.
        """
        return None


RANKERS: Registry[Ranker] = Registry("ranker", Ranker, "open", "hardneg.rankers")
ranker = RANKERS.register
