"""The audit method `hidden_positives`: counts hidden known positives that become negatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa

from hardneg.auditing.estimate import Estimate
from hardneg.auditing.negatives import Negatives
from hardneg.core import noise
from hardneg.core.components import Context, OpenedRanker
from hardneg.core.files import cache_folder
from hardneg.core.progress import Progress
from hardneg.core.records import Collection, Decision, IntArray
from hardneg.core.statistics import Floats, bootstrap_ratio, wilson
from hardneg.mining.miner import Miner
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock

_LEAST = 20


def estimate(
    negatives: Negatives,
    collection: Collection,
    recipe: Recipe,
    share: float,
    rankers: Mapping[str, OpenedRanker],
    progress: Progress,
) -> Estimate | None:
    """Returns the rate by hidden positives; None where too few queries have several positives.

    The rate is the share of the hidden positives among the candidates that become negatives, applied to the
    unlabelled relevant documents among the candidates, whose number is the sum of the probabilities. Without
    probabilities only the hidden positives are counted, a lower bound.
    """
    visible, hidden = hide(collection, share, recipe.seed)
    if sum(map(len, hidden.values())) < _LEAST:
        return None
    visible = _sampled(visible, hidden, recipe.validation.sample)
    chosen, present, total = _counted(_mined(visible, recipe, progress, rankers), visible, hidden)
    if present.sum() < _LEAST:
        return None
    lost, count = chosen.sum(), int(present.sum())
    scale = negatives.expected / max(len(negatives), 1)
    notes: tuple[str, ...] = (
        f"{int(lost)} of {count} hidden positives among the candidates became negatives",
    )
    if scale == 0:
        rate = float(lost / max(total, 1))
        low, high = (float(bound) for bound in wilson(lost, total))
        notes = (*notes, "a lower bound: others are not known")
    else:
        rate = min(float(lost / count) * scale, 1.0)
        low, high = bootstrap_ratio(chosen, present)
        floor, ceiling = (float(bound) for bound in wilson(lost, count))
        low, high = min(low, floor) * scale, min(max(high, ceiling) * scale, 1.0)
    return Estimate("hidden_positives", rate, low, high, count, notes)


def hide(collection: Collection, share: float, seed: int) -> tuple[Collection, dict[int, IntArray]]:
    """Returns the collection with fewer positives, and the hidden ones by query row."""
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


def _sampled(collection: Collection, hidden: dict[int, IntArray], count: int) -> Collection:
    """Returns the collection with the queries that have hidden positives, and `count` others."""
    judgments = collection.judgments
    others = np.setdiff1d(judgments.queries_with_positives, list(hidden))
    drawn = others[np.argsort(collection.queries.id_keys[others], kind="stable")[:count]]
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
) -> tuple[Floats, Floats, int]:
    """Returns per query its hidden positives among negatives and candidates, and the number of negatives."""
    chosen, present, total = dict.fromkeys(hidden, 0.0), dict.fromkeys(hidden, 0.0), 0
    for table in tables:
        queries = collection.queries.rows(table["query_id"].to_pylist())
        docs = collection.documents.rows(table["doc_id"].to_pylist())
        negative = np.array(table["decision"].to_pylist()) == Decision.NEGATIVE
        ranked = ~np.isnan(table["rank"].to_numpy(zero_copy_only=False).astype(np.float64))
        total += int((negative & np.isin(queries, list(hidden))).sum())
        for query in np.unique(queries).tolist():
            is_hidden = (queries == query) & np.isin(docs, hidden.get(query, ()))
            if query in hidden:
                chosen[query] += float((is_hidden & negative).sum())
                present[query] += float((is_hidden & ranked).sum())
    return np.array(list(chosen.values())), np.array(list(present.values())), total
