"""Hides known positives, mines again, and counts which of them come back as negatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from hardneg.auditing.estimate import Estimate, Numbers, resampled
from hardneg.auditing.probabilities import Negatives
from hardneg.core import noise
from hardneg.core.components import Context, OpenedRanker
from hardneg.core.files import cache_folder
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, Decision, IntArray
from hardneg.core.statistics import wilson
from hardneg.mining.miner import Miner
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock

_LEAST = 20


def estimated(
    collection: Collection,
    recipe: Recipe,
    negatives: Negatives,
    share: float,
    progress: Progress,
    rankers: Mapping[str, OpenedRanker],
) -> Estimate | None:
    """Returns the rate by hidden positives; None where too few queries have several.

    The share of the hidden positives among the candidates that are chosen as negatives says how leaky the
    recipe is. A run's candidates hold about as many unlabelled relevant documents as their probabilities sum
    up to; the same share of them is among its negatives. Without probabilities only the hidden are counted, a
    lower bound.

    Args:
        collection: What was mined.
        recipe: How.
        negatives: What came of it.
        share: How many of each query's positives are hidden, one at least staying.
        progress: Is told how far the stages are.
        rankers: Those of the recipe that are open already, by name.
    """
    visible, hidden = hide(collection, share, recipe.seed)
    if sum(map(len, hidden.values())) < _LEAST:
        return None
    visible = _fewer(visible, hidden, recipe.validation.sample)
    chosen, present, total = _counted(_mined(visible, recipe, progress, rankers), visible, hidden)
    if present.sum() < _LEAST:
        return None
    leak = float(chosen.sum() / present.sum())
    low, high = resampled(chosen, present)
    floor, ceiling = wilson(chosen.sum(), present.sum())
    scale = negatives.expected / max(len(negatives), 1)
    note = (
        f"{int(chosen.sum())} of {int(present.sum())} hidden positives among the candidates became negatives"
    )
    if scale == 0:
        rate = float(chosen.sum() / max(total, 1))
        low, high = (float(bound) for bound in wilson(chosen.sum(), total))
        return Estimate(
            "hidden_positives",
            rate,
            low,
            high,
            int(present.sum()),
            (note, "a lower bound: others are not known"),
        )
    interval = min(low, float(floor)) * scale, min(max(high, float(ceiling)) * scale, 1.0)
    return Estimate("hidden_positives", min(leak * scale, 1.0), *interval, int(present.sum()), (note,))


def hide(collection: Collection, share: float, seed: int) -> tuple[Collection, dict[int, IntArray]]:
    """Returns the collection with fewer positives, and the hidden ones by query row.

    Args:
        collection: All that is known.
        share: Of each query's positives, how many to hide, at least one if there are several.
        seed: Of the draw, which depends on query and document alone.
    """
    judgments = collection.judgments
    keep = np.ones(len(judgments), bool)
    hidden: dict[int, IntArray] = {}
    for query in judgments.queries_with_positives.tolist():
        positives = judgments.positives(query)
        if len(positives) > 1:
            keys = collection.queries.id_keys[[query]]
            drawn = noise.uniform(seed, keys, collection.documents.keys[positives])
            count = min(max(1, round(share * len(positives))), len(positives) - 1)
            hidden[query] = positives[np.argsort(drawn, kind="stable")[:count]]
            keep[(judgments.query == query) & np.isin(judgments.doc, hidden[query])] = False
    left = judgments.only(keep)
    return replace(collection, judgments=left, digest=f"{collection.digest} {share} {seed} hidden"), hidden


def _fewer(collection: Collection, hidden: dict[int, IntArray], others: int) -> Collection:
    """Returns the collection with the queries that hide something, and enough others to calibrate on."""
    judgments = collection.judgments
    rest = np.setdiff1d(judgments.queries_with_positives, list(hidden))
    drawn = rest[np.argsort(collection.queries.id_keys[rest], kind="stable")[:others]]
    keep = np.isin(judgments.query, np.concatenate([list(hidden), drawn]))
    return replace(collection, judgments=judgments.only(keep))


def _mined(
    collection: Collection, recipe: Recipe, progress: Progress, rankers: Mapping[str, OpenedRanker]
) -> Iterator[pa.Table]:
    """Yields the decisions on a collection, as the ledger has them."""
    miner = Miner.opened(collection, recipe, Context(cache_folder(), progress), Clock(), rankers)
    if recipe.validation.calibrate:
        miner.calibrate()
    with progress.task("mine with hidden positives", sum(miner.sizes), "queries") as task:
        for number, size in enumerate(miner.sizes):
            yield miner.block(number).table
            task.advance(size)


def _counted(
    tables: Iterator[pa.Table], collection: Collection, hidden: dict[int, IntArray]
) -> tuple[Numbers, Numbers, int]:
    """Returns for each query its hidden positives among negatives and candidates; and all their negatives."""
    chosen, present, total = dict.fromkeys(hidden, 0.0), dict.fromkeys(hidden, 0.0), 0
    for table in tables:
        queries = collection.queries.rows(table["query_id"].to_pylist())
        docs = collection.documents.rows(table["doc_id"].to_pylist())
        negative = np.array(table["decision"].to_pylist()) == Decision.NEGATIVE
        ranked = ~np.isnan(table["rank"].to_numpy(zero_copy_only=False).astype(np.float64))
        total += int((negative & np.isin(queries, list(hidden))).sum())
        for query in np.unique(queries).tolist():
            own = (queries == query) & np.isin(docs, hidden.get(query, ()))
            if query in hidden:
                chosen[query] += float((own & negative).sum())
                present[query] += float((own & ranked).sum())
    return np.array(list(chosen.values())), np.array(list(present.values())), total
