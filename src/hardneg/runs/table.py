"""Candidates and decisions as rows of the ledger, and rows of the ledger as candidates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import (
    JUDGED_RELEVANT,
    NOISY_POSITIVE,
    RELABELLED,
    Candidates,
    Collection,
    Decision,
    IntArray,
)

POSITIVE_EVIDENCE = ("percentile.", "noise.")
"""How the columns begin that hold what is known of positives."""

_POSITIVE = (JUDGED_RELEVANT, RELABELLED)
_DECISIONS = (Decision.NEGATIVE, Decision.DROPPED, Decision.POSITIVE)


def block_table(
    collection: Collection,
    candidates: Candidates,
    reasons: tuple[str, ...],
    reason: npt.NDArray[np.int16],
    copies: npt.NDArray[np.int16],
    weighted: bool = False,
    positives_weighted: bool = False,
) -> pa.Table:
    """Returns the ledger's rows for a block, in the order of the queries and their pools.

    Args:
        collection: Gives the ids.
        candidates: The block.
        reasons: All reasons.
        reason: (n_queries, depth) int16, an index into `reasons`.
        copies: (n_queries, depth) int16, how often a candidate is a negative.
        weighted: Whether a negative weighs 1 less its probability of being a false one.
        positives_weighted: Whether a positive weighs 1 less its probability of being wrong; else none has a
            weight.
    """
    rows, columns = np.nonzero(candidates.docs >= 0)
    docs, taken = candidates.docs[rows, columns], copies[rows, columns]
    codes = reason[rows, columns]
    decision = np.where(taken > 0, _DECISIONS.index(Decision.NEGATIVE), _DECISIONS.index(Decision.DROPPED))
    decision[np.array([name in _POSITIVE for name in reasons])[codes]] = _DECISIONS.index(Decision.POSITIVE)
    ranks = candidates.ranks[rows, columns]
    data = {"query_id": _distinct(collection.queries.ids, candidates.queries[rows])}
    if candidates.pair is not None:
        data["positive_id"] = _distinct(collection.documents.ids, candidates.pair[rows])
    data["doc_id"] = _distinct(collection.documents.ids, docs)
    data["rank"] = pa.array(ranks, pa.int32(), mask=ranks == 0)
    for name, values in candidates.scores.items():
        data[f"score.{name}"] = _nullable(values[rows, columns])
    for name, anchors in candidates.positive.items():
        data[f"positive.{name}"] = _nullable(anchors[rows])
    data["decision"] = pa.array(_DECISIONS, pa.string()).take(pa.array(decision))
    data["reason"] = pa.array(reasons, pa.string()).take(pa.array(codes))
    for name, values in candidates.evidence.items():
        data[f"evidence.{name}"] = _nullable(values[rows, columns])
    probability = np.full(len(rows), np.nan, np.float32)
    if candidates.probability is not None:
        probability = candidates.probability[rows, columns]
    data["p_false_negative"] = _nullable(probability)
    if candidates.grades is not None:
        data["grade"] = _nullable(candidates.grades[rows, columns])
    weights = np.where(np.isnan(probability) | (not weighted), 1, 1 - probability)
    weightless = taken == 0
    for name, values in candidates.positive_evidence.items():
        data[name] = _nullable(values[rows, columns])
    if candidates.p_noisy is not None:
        wrong = candidates.p_noisy[rows, columns]
        data["p_noisy"] = _nullable(wrong)
        known = (decision == _DECISIONS.index(Decision.POSITIVE)) & ~np.isnan(wrong) & positives_weighted
        weights, weightless = np.where(known, 1 - wrong, weights), weightless & ~known
    data["weight"] = pa.array(weights.astype(np.float32), mask=weightless)
    data["copies"] = pa.array(taken, pa.int16())
    return pa.table(data)


def stored_candidates(table: pa.Table, collection: Collection, scorer: str) -> Candidates:
    """Returns the candidates of a part as the rankers gave them, before any decision."""
    table = first_pairs(table)
    queries = known_rows(rows_in(collection.queries.rows, table["query_id"]), "query")
    docs = known_rows(rows_in(collection.documents.rows, table["doc_id"]), "document")
    starts = np.flatnonzero(np.r_[True, queries[1:] != queries[:-1]]) if len(queries) else np.empty(0, int)
    row = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(queries)]))
    column = np.arange(len(queries)) - starts[row]
    shape = (len(starts), int(column.max(initial=-1)) + 1)

    def spread(values: npt.NDArray[Any], empty: Any, dtype: Any) -> npt.NDArray[Any]:
        wide = np.full(shape, empty, dtype)
        wide[row, column] = values
        return wide

    def named(prefix: str) -> dict[str, npt.NDArray[np.float32]]:
        names = [name.removeprefix(prefix) for name in table.column_names if name.startswith(prefix)]
        return {name: spread(table[prefix + name].to_numpy(), np.nan, np.float32) for name in names}

    positive_evidence = {
        prefix + name: values for prefix in POSITIVE_EVIDENCE for name, values in named(prefix).items()
    }

    ranks = spread(table["rank"].fill_null(0).to_numpy(), 0, np.int32)
    return Candidates(
        queries[starts],
        spread(docs, -1, np.int32),
        ranks,
        named("score."),
        {},
        scorer,
        evidence=named("evidence."),
        positive_evidence=positive_evidence,
        collection=collection,
    )


def first_pairs(table: pa.Table) -> pa.Table:
    """Returns each query's rows once: those of its first positive, where every pair has its own."""
    if "positive_id" not in table.column_names:
        return table
    query, pair = table["query_id"].to_numpy(), table["positive_id"].to_numpy()
    first: dict[str, str] = {}
    keep = [first.setdefault(q, p) == p for q, p in zip(query, pair, strict=True)]
    return table.filter(pa.array(keep))


def examined_positives(tables: Iterable[pa.Table], folder: Path) -> pa.Table:
    """Returns the rows of positives whose probability of being wrong is known, of the parts of a run.

    Raises:
        ConfigError: None was examined.
    """
    known = (table for table in tables if "p_noisy" in table.column_names)
    examined = [table.filter(pc.is_valid(table["p_noisy"])) for table in known]
    if not any(len(table) for table in examined):
        raise ConfigError(
            f"the positives of {folder} were not examined; mine with --set positives.estimate=true, and a "
            "ranker that compares meanings"
        )
    return pa.concat_tables(examined, promote_options="default")


def wrong_positives(table: pa.Table, collection: Collection) -> set[tuple[int, int]]:
    """Returns the (query, document) rows of the positives that were left out as wrong."""
    rows = table.filter(pc.equal(table["reason"], NOISY_POSITIVE))
    queries = collection.queries.rows(rows["query_id"].to_pylist())
    docs = collection.documents.rows(rows["doc_id"].to_pylist())
    return set(zip(queries.tolist(), docs.tolist(), strict=True))


def known_rows(rows: IntArray, kind: str) -> IntArray:
    """Returns rows as they are."""
    if (rows < 0).any():
        raise DataError(f"the ledger names a {kind} that is not in the collection: the source has changed")
    return rows


def _nullable(values: npt.NDArray[np.float32]) -> pa.Array:
    return pa.array(values, pa.float32(), mask=np.isnan(values))


def rows_in(rows_of_ids: Callable[[list[str]], IntArray], ids: pa.ChunkedArray) -> IntArray:
    """Returns the rows of ids, each distinct id looked up once."""
    encoded = ids.combine_chunks().dictionary_encode()
    places: IntArray = encoded.indices.to_numpy()
    return rows_of_ids(encoded.dictionary.to_pylist())[places]


def _distinct(ids: Any, rows: IntArray) -> pa.Array:
    """Returns the ids of rows as strings, each distinct row looked up once."""
    distinct, places = np.unique(rows, return_inverse=True)
    return pa.array(ids(distinct), pa.string()).take(pa.array(places.ravel()))
