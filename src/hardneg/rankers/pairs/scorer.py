"""Rankers that score given pairs of query and document and retrieve none."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Collection, Documents, FloatArray, IntArray, Queries
from hardneg.rankers.pairs.store import PairMemory, PairScores
from hardneg.rankers.text_index import Digests, text_digests

CHUNK = 512
"""Pairs scored, and kept, together: what a killed run may have to score again."""

Positions = npt.NDArray[np.intp]
Texts = tuple[list[str], list[str]]
"""Queries and documents of n pairs."""


class PairScorer(ABC):
    """Scores pairs of one collection, each pair of texts once.

    Pairs are scored in chunks that depend on what is asked for alone, not on what is known already: a run
    that was killed scores the same chunks again, and models give the same digits.

    Args:
        collection: Lends the texts.
        facts: See `OpenedRanker.facts`.
        progress: Receives the number of pairs.
        name: The ranker's, for progress.
        scores: Keeps the scores; None to keep them in memory.
        chunk: Least pairs of a chunk, which ends where a query does.
    """

    retrieves = False

    def __init__(
        self,
        collection: Collection,
        facts: Mapping[str, Any],
        progress: Progress | None = None,
        name: str = "",
        scores: PairScores | None = None,
        chunk: int = CHUNK,
    ) -> None:
        self.facts = facts
        self._progress, self._stage = progress or NullProgress(), f"{name}: score pairs"
        self._collection = collection
        self._scores = scores or PairMemory()
        self._chunk = chunk

    @abstractmethod
    def _predict(self, queries: list[str], documents: list[str]) -> FloatArray:
        """Returns (n,) finite scores of n pairs of texts, all pairs of one query together."""

    def _predict_all(self, chunks: Iterable[Texts], done: Callable[[int, FloatArray], None]) -> None:
        """Passes on the number of each chunk and its scores as soon as they are there, in any order."""
        for number, (queries, documents) in enumerate(chunks):
            done(number, self._predict(queries, documents))

    def _chunk_numbers(self, queries: IntArray) -> Positions:
        """Returns (n,) the number of the chunk of each pair, by its query; ascending."""
        return _chunks(queries, self._chunk)

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns nothing: it would have to score the whole corpus for every query."""
        shape = (len(queries), depth)
        return np.full(shape, -1, np.int32), np.full(shape, np.nan, np.float32)

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        scores = np.full(docs.shape, np.nan, np.float32)
        rows, columns = np.nonzero(docs >= 0)
        if len(rows):
            scores[rows, columns] = self._of_pairs(queries[rows], docs[rows, columns])
        return scores

    def _of_pairs(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n,) float32: the scores of (n,) queries and (n,) documents, those of a query together."""
        keys = _digests(self._collection.queries, queries), _digests(self._collection.documents, docs)
        _, first, owner = np.unique(_joined(*keys), return_index=True, return_inverse=True)
        scores = self._scores.known(*keys)
        distinct = np.zeros(len(scores), bool)
        distinct[first] = True
        missing = np.flatnonzero(distinct & np.isnan(scores))
        if len(missing):
            chunk_of = self._chunk_numbers(queries)[missing]
            chunks = np.split(missing, np.flatnonzero(np.diff(chunk_of)) + 1)

            def done(number: int, predicted: FloatArray) -> None:
                chunk = chunks[number]
                self._scores.add(keys[0][chunk], keys[1][chunk], predicted)
                scores[chunk] = predicted
                task.advance(len(chunk))

            with self._progress.task(self._stage, len(missing), "pairs") as task:
                self._predict_all(self._texts(queries, docs, chunks), done)
        found: FloatArray = scores[first][owner]
        return found

    def _texts(self, queries: IntArray, docs: IntArray, chunks: Iterable[Positions]) -> Iterator[Texts]:
        for chunk in chunks:
            documents = self._collection.documents.texts(docs[chunk])
            yield self._collection.queries.texts(queries[chunk]), documents


def _digests(texts: Documents | Queries, rows: IntArray) -> Digests:
    """Returns (n,) S16: the digests of the texts of (n,) rows."""
    distinct, owner = np.unique(rows, return_inverse=True)
    return text_digests(texts.texts(distinct))[owner]


def _joined(queries: Digests, documents: Digests) -> npt.NDArray[np.bytes_]:
    """Returns (n,) S32: the digests of both texts."""
    both = np.empty((len(queries), 2), "S16")
    both[:, 0], both[:, 1] = queries, documents
    return both.view("S32").ravel()


def _chunks(queries: IntArray, size: int) -> Positions:
    """Returns (n,) the number of the chunk that each pair belongs to; chunks end where a query does."""
    starts = np.flatnonzero(np.diff(queries, prepend=-1))
    numbers, number, begin = np.empty(len(starts), np.intp), 0, 0
    for place, start in enumerate(starts.tolist()):
        if start - begin >= size:
            number, begin = number + 1, start
        numbers[place] = number
    return np.repeat(numbers, np.diff(np.append(starts, len(queries))))
