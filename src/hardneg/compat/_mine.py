"""Runs the miner in memory, and reads its ledger as examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.components import Context, Draw
from hardneg.core.components.selection import Priority
from hardneg.core.exclusions import EXCLUSIONS, Exclusions
from hardneg.core.progress import Progress
from hardneg.core.records import JUDGED_RELEVANT, Candidates, Collection, Example, FloatArray, Scored
from hardneg.engines.local import Local
from hardneg.mining.miner import Miner
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock


@dataclass(frozen=True)
class SurvivorWindow(Draw):
    """Draws from a window of ranks that counts only the candidates that pass all rules.

    The rule `window` counts ranks of the whole ranking instead; a draw is given what the rules allow.

    Attributes:
        first: How many of the best survivors are passed over.
        last: Where among the survivors the window ends.
        draw: How to draw from it.
    """

    first: int
    last: int
    draw: Draw

    def priority(self, candidates: Candidates, noise: FloatArray) -> Priority:
        """Returns the priorities of the draw, NaN outside the window."""
        allowed = candidates.ranks > 0
        place = np.cumsum(allowed, axis=1)
        window = allowed & (place > self.first) & (place <= self.last)
        return self.draw.priority(candidates.only(window), noise)


class _PositivesStay(Exclusions):
    """Excludes nothing but the query's own text: positives may be chosen too (`include_positives`)."""

    def reasons(self, candidates: Candidates) -> np.ndarray[tuple[int, ...], np.dtype[np.int8]]:
        reasons = super().reasons(candidates)
        return np.where(reasons == EXCLUSIONS.index(JUDGED_RELEVANT), np.int8(-1), reasons)


def mined(
    collection: Collection,
    recipe: Recipe,
    include_positives: bool,
    cache: Path,
    progress: Progress,
    dropped: Counter[str],
) -> Iterator[Example]:
    """Yields each query's positives, as they came, and its negatives, best first.

    Args:
        collection: What to mine.
        recipe: How.
        include_positives: Whether positives may be chosen as negatives.
        cache: Where vectors are kept.
        progress: Receives progress.
        dropped: Receives how many candidates were dropped, by reason.
    """
    miner = Miner.opened(collection, recipe, Context(cache, progress, Local()), Clock())
    if include_positives:
        miner.exclusions = _PositivesStay(collection)
    begin = 0
    with progress.task("mine", sum(miner.sizes), "queries") as task:
        for number, size in enumerate(miner.sizes):
            table = miner.block(number).table
            retrieved = table.filter(pc.is_valid(table["rank"]))
            counts = retrieved["reason"].value_counts().to_pylist()
            dropped.update({count["values"]: count["counts"] for count in counts})
            yield from _examples(table, collection, begin, f"score.{recipe.select.by}")
            begin += size
            task.advance(size)


def _examples(table: pa.Table, collection: Collection, begin: int, score_column: str) -> Iterator[Example]:
    """Yields the examples of one block of the ledger, whose first query has row `begin`."""
    query = begin + table["query_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    docs = table["doc_id"].cast(pa.int32()).to_numpy()
    positive = collection.judgments.relevant.has(query.astype(np.int32), docs[:, None])[:, 0]
    used = np.flatnonzero(positive | (table["copies"].to_numpy() > 0))
    columns = (
        query[used],
        docs[used],
        table[score_column].to_numpy()[used],
        table["copies"].to_numpy()[used],
    )
    texts = dict(zip(docs[used].tolist(), collection.documents.bodies(docs[used]), strict=True))
    queries = collection.queries.texts(np.arange(begin, query[-1] + 1))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    for row, own in groupby(rows, key=itemgetter(0)):
        candidates = {doc: (Scored(str(doc), "", texts[doc], score), copies) for _, doc, score, copies in own}
        yield Example(
            str(row),
            queries[row - begin],
            [candidates[doc][0] for doc in collection.judgments.positives(row).tolist()],
            [scored for scored, copies in candidates.values() if copies],
        )
