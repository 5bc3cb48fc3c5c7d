"""A given TREC run as a ranker: `query_id Q0 doc_id rank score tag`, one line a document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Context, OpenedRanker, Ranker, ranker
from hardneg.core.display import counted
from hardneg.core.errors import DataError
from hardneg.core.files import digest_file, user_path
from hardneg.core.lines import raw_lines
from hardneg.core.records import Collection, FloatArray, IntArray
from hardneg.core.stores import fetched

_COLUMNS = "query_id Q0 doc_id rank score tag"
_MOST_RISING = 0.75
"""Scores that rise from one rank to the next more often are distances; less often, the ranks are older."""
_LARGEST = float(np.finfo(np.float32).max)


@ranker("run")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Run(Ranker):
    """Ranks by the scores of a file, equal ones by its ranks, then in the corpus's order.

    Attributes:
        file: A TREC run; `.gz` and `.zst` are unpacked.
        scores: `similarity`, or `distance`, of which the least is best: the scores are turned.
        unknown_ids: What to do with lines whose query or document the collection does not have.
        name: The ranker's name in the ledger; None for `run`.
    """

    file: str
    scores: Literal["similarity", "distance"] = "similarity"
    unknown_ids: Literal["error", "skip"] = "error"
    name: str | None = None
    shorthand = "file"
    reads_texts = False

    def open(self, collection: Collection, context: Context) -> OpenedRanker:
        """Returns the ranker, its file read.

        Raises:
            DataError: The file cannot be read, or a line is malformed; the message names it.
        """
        path = user_path(fetched(self.file, context.progress))
        run = RunFile(path)
        if self.scores == "distance":
            run.scores = -run.scores
        else:
            run.check_order("pass --set rank.rankers.run.scores=distance")
        skip = self.unknown_ids == "skip"
        queries = run.rows(run.queries, collection.queries.rows, "query", skip)
        docs = run.rows(run.docs, collection.documents.rows, "document", skip)
        known = (queries >= 0) & (docs >= 0)
        facts = {"file": path.name, "sha256": digest_file(path), "skipped_lines": int((~known).sum())}
        ranks, scores = run.ranks[known], run.scores[known]
        return RunRanker(queries[known], docs[known], ranks, scores, collection, facts)


class RunRanker:
    """Retrieves the documents of given lists, and scores no others.

    The entries of all lists are given by column: rows of queries and documents, scores, and ranks, which
    order equal scores. Of several entries for one pair the best score counts.
    """

    retrieves = True

    def __init__(
        self,
        queries: IntArray,
        docs: IntArray,
        ranks: npt.NDArray[np.int64],
        scores: FloatArray,
        collection: Collection,
        facts: dict[str, Any],
    ) -> None:
        self.facts = facts
        self._n_docs = len(collection.documents)
        order = np.lexsort((docs, ranks, -scores, queries))
        first = np.unique(self._pairs(queries, docs)[order], return_index=True)[1]
        kept = order[np.sort(first)]
        self._docs, self._scores = docs[kept], scores[kept]
        self._begins = np.searchsorted(queries[kept], np.arange(len(collection.queries) + 1))
        pairs = self._pairs(queries[kept], docs[kept])
        self._order = np.argsort(pairs)
        self._sorted_pairs = pairs[self._order]

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the first documents of each query's list; see `OpenedRanker.search`."""
        docs = np.full((len(queries), depth), -1, np.int32)
        scores = np.full((len(queries), depth), np.nan, np.float32)
        for row, query in enumerate(queries):
            begin = self._begins[query]
            end = min(self._begins[query + 1], begin + depth)
            docs[row, : end - begin] = self._docs[begin:end]
            scores[row, : end - begin] = self._scores[begin:end]
        return docs, scores

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents, NaN where the list lacks them; see `OpenedRanker.score`."""
        if not len(self._sorted_pairs):
            return np.full(docs.shape, np.nan, np.float32)
        pairs = self._pairs(queries[:, None], docs)
        places = np.minimum(np.searchsorted(self._sorted_pairs, pairs), len(self._sorted_pairs) - 1)
        listed = (self._sorted_pairs[places] == pairs) & (docs >= 0)
        return np.where(listed, self._scores[self._order[places]], np.float32("nan"))

    def _pairs(self, queries: IntArray, docs: IntArray) -> npt.NDArray[np.int64]:
        """Returns one number for each pair."""
        return queries.astype(np.int64) * self._n_docs + docs


class RunFile:
    """The lines of a TREC run, `.gz` and `.zst` unpacked, column by column.

    These are the ids of `queries` and `docs`, `ranks` (n,) int64 and `scores` (n,) float32.

    Raises:
        DataError: The file cannot be read, or a line is malformed; the message names it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._numbers: list[int] = []
        self.queries: list[str] = []
        self.docs: list[str] = []
        ranks: list[int] = []
        scores: list[float] = []
        seen: set[tuple[str, str]] = set()
        for number, line in enumerate(raw_lines(path, str(path)), 1):
            if not line.strip():
                continue
            query, doc, rank, score = self._parse(line, number)
            if (query, doc) in seen:
                raise self._error(number, f'document "{doc}" is listed twice for query "{query}"')
            seen.add((query, doc))
            self._numbers.append(number)
            self.queries.append(query)
            self.docs.append(doc)
            ranks.append(rank)
            scores.append(score)
        if not ranks:
            raise DataError(f'{path}: it is empty; a run has lines of "{_COLUMNS}"')
        self.ranks = np.array(ranks, np.int64)
        self.scores = np.array(scores, np.float32)

    def check_order(self, remedy: str) -> None:
        """Raises DataError if scores rise where ranks do, as distances; errors name the remedy."""
        names = np.unique(np.array(self.queries), return_inverse=True)[1]
        order = np.lexsort((self.ranks, names))
        below = (np.diff(names[order]) == 0) & (np.diff(self.ranks[order]) > 0)
        steps = np.diff(self.scores[order])[below]
        rising = int((steps > 0).sum())
        if rising > _MOST_RISING * len(steps):
            raise DataError(
                f"{self._path}: the scores rise with the rank ({rising:,} of {len(steps):,} times), as "
                f"distances do; the best document needs the highest score: {remedy}"
            )

    def rows(
        self, ids: list[str], rows: Callable[[Sequence[str]], IntArray], kind: str, skip: bool
    ) -> IntArray:
        """Returns the row of each line's id, -1 for unknown ids if they are skipped."""
        resolved = rows(ids)
        unknown = np.flatnonzero(resolved < 0)
        if len(unknown) and not skip:
            problem = (
                f'{kind} id "{ids[unknown[0]]}" is not in the collection (such lines: {len(unknown):,}); '
                "queries without judgments are left out of it; to pass over them: "
                "--set rank.rankers.run.unknown_ids=skip"
            )
            raise self._error(self._numbers[unknown[0]], problem)
        return resolved

    def _parse(self, line: str, number: int) -> tuple[str, str, int, float]:
        columns = line.split()
        if len(columns) != 6:
            raise self._error(number, f'{counted(len(columns), "column")} found, 6 expected: "{_COLUMNS}"')
        query, _, doc, rank, score, _ = columns
        try:
            parsed = query, doc, int(rank), float(score)
        except ValueError:
            raise self._error(number, f'rank "{rank}" or score "{score}" is not a number') from None
        if abs(parsed[2]) >= 1 << 63:
            raise self._error(number, f'rank "{rank[:40]}" is too large')
        if not abs(parsed[3]) <= _LARGEST:
            raise self._error(number, f'score "{score}" is not a finite 32-bit number')
        return parsed

    def _error(self, number: int, problem: str) -> DataError:
        return DataError(f"{self._path}:{number}: {problem}")
