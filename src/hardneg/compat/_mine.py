"""Candidates to negatives, a block of queries at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.compat._pairs import Pairs
from hardneg.compat._score import Scorer, Searcher
from hardneg.compat._settings import Settings, Window
from hardneg.core.noise import uniform
from hardneg.core.progress import Progress
from hardneg.core.records import BoolArray, FloatArray, IntArray, KeyArray, rows_of

_NONE = np.float32(-np.inf)


@dataclass(frozen=True)
class Mined:
    """The negatives of some queries, best first.

    Attributes:
        docs: (n_queries, num_negatives) int32, corpus rows.
        scores: (n_queries, num_negatives) float32, -inf where there is no negative.
        positive: (n_pairs,) float32, the positives' scores, in the order of the pairs.
        skipped: For each rule (n_queries,) int32: the candidates it was the first to drop.
    """

    docs: IntArray
    scores: FloatArray
    positive: FloatArray
    skipped: Mapping[str, IntArray]

    @property
    def short(self) -> BoolArray:
        """(n_queries,) bool: which queries have fewer negatives than were asked for."""
        return np.asarray((self.scores == _NONE).any(axis=1))

    def put(self, rows: BoolArray, better: Mined) -> None:
        """Overwrites the negatives of some of the queries."""
        self.docs[rows], self.scores[rows] = better.docs, better.scores
        for rule, counts in self.skipped.items():
            counts[rows] = better.skipped[rule]


class Miner:
    """Chooses negatives.

    Args:
        pairs: The queries, their positives and the corpus.
        searcher: Finds candidates.
        scorer: Scores candidates and positives; None for the searcher.
        settings: What to choose.
    """

    def __init__(self, pairs: Pairs, searcher: Searcher, scorer: Scorer | None, settings: Settings) -> None:
        self._pairs = pairs
        self._searcher = searcher
        self._scorer = scorer
        self._settings = settings

    def run(self, window: Window, block: int, progress: Progress) -> Mined:
        """Returns the negatives of all queries.

        Args:
            window: Which ranks they come from.
            block: How many queries to do at once.
            progress: Is told of the queries done.
        """
        parts = []
        with progress.task("mine", len(self._pairs.queries), "queries") as task:
            for rows in rows_of(len(self._pairs.queries), block):
                parts.append(self._block(rows, window))
                task.advance(len(rows))
        return Mined(
            np.concatenate([part.docs for part in parts]),
            np.concatenate([part.scores for part in parts]),
            np.concatenate([part.positive for part in parts]),
            {rule: np.concatenate([part.skipped[rule] for part in parts]) for rule in parts[0].skipped},
        )

    def _block(self, rows: IntArray, window: Window) -> Mined:
        """Mines some queries; those left short once more, deeper, if that is asked."""
        docs, scores = self._candidates(rows, window.depth)
        places, positives = self._pairs.of(rows)
        if not self._settings.include_positives:
            docs = np.where(_among(docs, places, positives, len(self._pairs.corpus)), -1, docs)
        scores, positive = self._score(rows, docs, scores, places, positives)
        scores, skipped = drop(scores, _weakest(positive, places), self._settings)
        mined = Mined(*self._choose(rows, docs, scores, window), positive, skipped)
        short = mined.short
        if self._settings.deepen and short.any() and window.depth < len(self._pairs.corpus):
            mined.put(short, self._block(rows[short], window.deeper()))
        return mined

    def _candidates(self, rows: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of each query as though its own text were not in the corpus."""
        own = self._pairs.own[rows, None]
        spare = int((own >= 0).any())
        docs, scores = self._searcher.search(rows, min(depth + spare, len(self._pairs.corpus)))
        if spare and docs.shape[1] > depth:
            without = (own < 0) | ~(docs == own).any(axis=1, keepdims=True)
            docs[:, -1:] = np.where(without, -1, docs[:, -1:])
        return np.where(docs == own, -1, docs), scores

    def _score(
        self, rows: IntArray, docs: IntArray, scores: FloatArray, places: IntArray, positives: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        """Returns the scores of the candidates, -inf where there is none, and of the positives."""
        there = docs >= 0
        if self._scorer is None:
            return np.where(there, scores, _NONE), self._searcher.score(rows[places], positives)
        queries = np.concatenate([rows[np.nonzero(there)[0]], rows[places]])
        found = self._scorer.score(queries, np.concatenate([docs[there], positives]))
        candidates = int(there.sum())
        scores = np.full(docs.shape, _NONE)
        scores[there] = found[:candidates]
        return scores, found[candidates:]

    def _choose(
        self, rows: IntArray, docs: IntArray, scores: FloatArray, window: Window
    ) -> tuple[IntArray, FloatArray]:
        order = np.lexsort((docs, -scores))[:, window.range_min : window.range_max]
        docs = np.take_along_axis(docs, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
        count = self._settings.num_negatives
        if self._settings.sampling_strategy == "random":
            noise = np.where(scores == _NONE, np.float32(2), self._noise(rows, docs))
            drawn = np.sort(np.argsort(noise, axis=1, kind="stable")[:, :count], axis=1)
            docs = np.take_along_axis(docs, drawn, axis=1)
            scores = np.take_along_axis(scores, drawn, axis=1)
        return _columns(docs, count, np.int32(-1)), _columns(scores, count, _NONE)

    def _noise(self, rows: IntArray, docs: IntArray) -> FloatArray:
        distinct, places = np.unique(docs, return_inverse=True)
        texts = [self._pairs.corpus[doc] for doc in distinct]
        queries = _keys([self._pairs.queries[row] for row in rows])
        return uniform(self._settings.seed, queries[:, None], _keys(texts)[places.reshape(docs.shape)])


def drop(
    scores: FloatArray, weakest: FloatArray, settings: Settings
) -> tuple[FloatArray, dict[str, IntArray]]:
    """Returns the scores with -inf where a rule drops the candidate, and how many each rule dropped.

    Args:
        scores: (n_queries, depth) float32, -inf where there is no candidate.
        weakest: (n_queries, 1) float32, the score of each query's weakest positive.
        settings: The rules' thresholds.
    """
    absolute, relative = settings.absolute_margin, settings.relative_margin
    rules: list[tuple[str, BoolArray]] = []
    if absolute is not None:
        rules.append(("absolute_margin", scores + np.float32(absolute) > weakest))
    if relative is not None:
        limit = weakest - np.abs(weakest) * np.float32(relative)
        rules.append(("relative_margin", scores > limit))
    if settings.max_score is not None:
        rules.append(("max_score", scores > np.float32(settings.max_score)))
    if settings.min_score is not None:
        rules.append(("min_score", scores < np.float32(settings.min_score)))
    skipped = {}
    for name, dropped in rules:
        skipped[name] = (dropped & (scores > _NONE)).sum(axis=1).astype(np.int32)
        scores = np.where(dropped, _NONE, scores)
    return scores, skipped


def _weakest(positive: FloatArray, places: IntArray) -> FloatArray:
    """Returns (n_queries, 1) float32: the least score of each query's positives."""
    begins = np.flatnonzero(np.diff(places, prepend=-1))
    return np.minimum.reduceat(positive, begins)[:, None]


def _among(docs: IntArray, places: IntArray, positives: IntArray, corpus: int) -> BoolArray:
    """Returns (n_queries, depth) bool: which of the documents are positives of their query."""
    keys = np.arange(len(docs), dtype=np.int64)[:, None] * corpus + docs
    return np.isin(keys, places.astype(np.int64) * corpus + positives) & (docs >= 0)


def _columns(array: Any, count: int, fill: Any) -> Any:
    """Returns the first columns, with columns of `fill` added where there are too few."""
    missing = max(0, count - array.shape[1])
    return np.pad(array[:, :count], ((0, 0), (0, missing)), constant_values=fill)


def _keys(texts: Sequence[str]) -> KeyArray:
    """Returns (n,) uint64: a key of each text."""
    joined = b"".join(
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts
    )
    return np.frombuffer(joined, "<u8").astype(np.uint64)
