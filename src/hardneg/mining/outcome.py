"""What a finished ledger shows of the run: the rankers' quality, queries left without negatives, verdicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.records import JUDGED_RELEVANT, NEUTRAL, Collection, Decision
from hardneg.mining.recipe import Recipe
from hardneg.mining.verdict_changes import verdict_changes
from hardneg.runs.ledger import Ledger, add_counts
from hardneg.runs.table import first_pairs

TOP = 10
"""Ranks that recall counts."""

_TEXTS = 200
_EXCLUDED = ("query_text", "duplicate_of_positive", *NEUTRAL)


def outcome(
    ledger: Ledger, collection: Collection, recipe: Recipe, calibration: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Returns what run.json holds of a finished ledger: `ranking`, `lost_queries`, `languages`, `verdicts`.

    `verdicts` is there only if people or models judged candidates, `relabelled`, examples of what changed,
    only if they relabel; `positives_left_out` only under a cap, `positives` only if they were examined.
    """
    scored = dict(recipe.rank.scorers)
    sums: dict[str, dict[str, float]] = {name: {} for name in scored}
    lost = left_out = 0
    bounds: tuple[float, float] | None = None
    examined: dict[str, Any] = {}
    for block in ledger:
        kept = block.table.filter(pc.greater(block.table["copies"], 0))
        queries = set(block.table["query_id"].unique().to_pylist())
        lost += len(queries.difference(kept["query_id"].unique().to_pylist()))
        pools = first_pairs(block.table)
        left_out += _left_out(pools, recipe.select.max_positives)
        add_counts(examined, _positives(pools, recipe.positives.max_p))
        bounds = _bounds(block.table, f"score.{recipe.select.by}", bounds)
        for name, comparable in scored.items():
            add_counts(sums[name], _ranked(pools, name, comparable, recipe.rank.depth))
    found: dict[str, Any] = {
        "ranking": {name: _means(own) for name, own in sums.items()},
        "lost_queries": lost,
        "languages": languages(collection),
    }
    if bounds is not None:
        scale = {"ranker": recipe.select.by, "scale": recipe.select.scores}
        found["scores"] = {**scale, "low": bounds[0], "high": bounds[1]}
    if recipe.select.max_positives is not None:
        found["positives_left_out"] = left_out
    if recipe.positives.estimate:
        examined["expected"] = round(examined["expected"], 1)
        found["positives"] = examined
    return found | verdict_changes(ledger, collection, recipe, calibration)


def _bounds(table: pa.Table, column: str, known: tuple[float, float] | None) -> tuple[float, float] | None:
    """Returns the lowest and the highest score of the training set so far, before they are scaled."""
    used = table.filter(pc.not_equal(table["decision"], Decision.DROPPED))[column].drop_null()
    if not len(used):
        return known
    found = pc.min_max(used).as_py()
    low, high = known or (found["min"], found["max"])
    return min(low, found["min"]), max(high, found["max"])


def _positives(pools: pa.Table, bound: float) -> dict[str, Any]:
    """Returns how many positives were examined, how many may be wrong, and by what.

    `expected` is the sum of the probabilities, `suspected` counts those above the bound, `suspected_by` those
    of them by what finds them: what judges have cleared is not suspected.
    """
    found: dict[str, Any] = {"examined": 0, "expected": 0.0, "suspected": 0, "suspected_by": {}}
    if "p_noisy" not in pools.column_names:
        return found
    own = pools.filter(pc.is_valid(pools["p_noisy"]))
    probability = own["p_noisy"].to_numpy().astype(np.float64)
    found["examined"], found["expected"] = len(own), float(probability.sum())
    found["suspected"] = int((probability > bound).sum())
    for name in own.column_names:
        if name.startswith("noise."):
            by = (own[name].to_numpy() > bound) & (probability > bound)
            found["suspected_by"][name.removeprefix("noise.")] = int(by.sum())
    return found


def languages(collection: Collection) -> dict[str, str | None]:
    """Returns the language of most of the queries and documents, by a sample; None where it is not clear."""
    found = {}
    for kind, texts in (("queries", collection.queries), ("documents", collection.documents)):
        rows = np.unique(np.linspace(0, max(len(texts) - 1, 0), _TEXTS).astype(np.int32))
        found[kind] = _language(texts.texts(rows) if len(texts) else ())
    return found


def _language(texts: Iterable[str]) -> str | None:
    import py3langid

    votes: Counter[str] = Counter()
    for text in texts:
        letters = sum(character.isalpha() for character in text[:1_000])
        if letters:
            votes[py3langid.classify(text[:1_000])[0]] += letters
    code, count = votes.most_common(1)[0] if votes else ("", 0)
    return code if count >= max(50, 0.6 * votes.total()) else None


def _ranked(pools: pa.Table, ranker: str, comparable: bool, depth: int) -> dict[str, float]:
    """Returns sums over queries of what one ranker makes of their known positives, by its scores.

    A ranker retrieves its first `depth` documents, so that ranks to there are those of the whole corpus. Of
    equal scores half are taken to be before. BM25's score of 0 retrieves nothing.
    """
    kept = ~pc.is_in(pools["reason"], pa.array(_EXCLUDED)).to_numpy()
    group = np.asarray(pools["query_id"].combine_chunks().dictionary_encode().indices)[kept]
    scores = pools[f"score.{ranker}"].to_numpy().astype(np.float64)[kept]
    scores[np.isnan(scores) | ((scores == 0) & (not comparable))] = -np.inf
    ranks = _ranks(group, scores)
    ranks[(scores == -np.inf) | (ranks > depth)] = np.iinfo(np.int64).max
    positive = pc.equal(pools["reason"], JUDGED_RELEVANT).fill_null(False).to_numpy()[kept]
    queries, owners = np.unique(group[positive], return_inverse=True)
    own = ranks[positive]
    best = np.full(len(queries), np.iinfo(np.int64).max)
    np.minimum.at(best, owners, own)
    found = np.bincount(owners, own <= TOP, len(queries)) / np.bincount(owners, minlength=len(queries))
    beyond = best == np.iinfo(np.int64).max
    return {
        "queries": len(queries),
        "positives": len(own),
        "reciprocal": float(np.where(beyond, 0, 1 / best).sum()),
        "recall": float(found.sum()),
        "top": int((own <= TOP).sum()),
        "beyond": int((own > depth).sum()),
    }


def _ranks(group: npt.NDArray[Any], scores: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Returns (n,) int64: the rank of each row in its group, equal scores sharing the middle."""
    order = np.lexsort((-scores, group))
    new_group = np.r_[True, group[order][1:] != group[order][:-1]]
    new_score = new_group | np.r_[True, scores[order][1:] != scores[order][:-1]]
    places = np.arange(len(order))
    first = np.maximum.accumulate(np.where(new_group, places, 0))
    run = np.cumsum(new_score) - 1
    begins = np.flatnonzero(new_score)
    middle = begins + (np.diff(np.r_[begins, len(order)]) // 2)
    ranks = np.empty(len(order), np.int64)
    ranks[order] = middle[run] - first + 1
    return ranks


def _means(sums: Mapping[str, float]) -> dict[str, Any]:
    if not sums:
        return {"mrr": 0.0, f"recall_at_{TOP}": 0.0, "beyond_depth": 0.0, "positives": 0, f"in_top_{TOP}": 0}
    queries, positives = max(sums["queries"], 1), max(sums["positives"], 1)
    return {
        "mrr": round(sums["reciprocal"] / queries, 4),
        f"recall_at_{TOP}": round(sums["recall"] / queries, 4),
        "beyond_depth": round(sums["beyond"] / positives, 4),
        "positives": sums["positives"],
        f"in_top_{TOP}": sums["top"],
    }


def _left_out(pools: pa.Table, most: int | None) -> int:
    """Returns how many positives a cap leaves out of the training set."""
    if most is None:
        return 0
    positives = pools.filter(pc.equal(pools["decision"], Decision.POSITIVE))
    counts = [each["counts"] for each in positives["query_id"].value_counts().to_pylist()]
    return sum(max(0, count - most) for count in counts)
