"""What a training reads from the ledger: rows of queries with negatives, weights of pairs as negatives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.components import Loss
from hardneg.core.display import squeezed
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Collection, Decision, FloatArray, IntArray, KeyArray
from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder
from hardneg.runs.table import rows_in, wrong_positives
from hardneg.training.train_settings import Mask


class Row(NamedTuple):
    """One query with one positive and the negatives chosen for it, hardest first.

    Attributes:
        query: Query row.
        positive: Document row.
        negatives: Document rows, as many as the ledger has copies.
        weights: One per negative, 0 to 1.
        scores: The teacher's: the positive's, then the negatives', NaN where there is none.
        loss_weight: That of the positive, 0 to 1: how much the row counts in the loss.
    """

    query: int
    positive: int
    negatives: list[int]
    weights: list[float]
    scores: list[float]
    loss_weight: float = 1.0


def read(
    folder: Path, collection: Collection, teacher: str, negatives: int | None, held_out: KeyArray
) -> list[Row]:
    """Returns the rows of a run directory, in the ledger's order."""
    excluded = set(held_out.tolist())
    rows: list[Row] = []
    for block in ledger.iterate(folder):
        column = f"score.{teacher}"
        if column not in block.table.column_names:
            names = [c.removeprefix("score.") for c in block.table.column_names if c.startswith("score.")]
            raise ConfigError(f'the run has no ranker "{teacher}"; it has {", ".join(names)}')
        rows += _rows(block.table, collection, column, negatives, excluded)
    if not rows:
        raise DataError(f"{folder}: {_why_none(folder, excluded)}")
    return rows


def arrow_table(rows: list[Row]) -> pa.Table:
    """Returns the rows as an Arrow table, for `datasets`."""
    columns = zip(*rows, strict=True)
    lists = [pa.list_(pa.int32()), pa.list_(pa.float32()), pa.list_(pa.float32())]
    types = [pa.int32(), pa.int32(), *lists, pa.float32()]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    return pa.Table.from_arrays(arrays, names=list(Row._fields))


def _rows(
    part: pa.Table, collection: Collection, column: str, negatives: int | None, excluded: set[int]
) -> Iterator[Row]:
    used = part.filter(pc.not_equal(part["decision"], Decision.DROPPED))
    queries = collection.queries.rows(used["query_id"].to_pylist())
    docs = collection.documents.rows(used["doc_id"].to_pylist())
    if (queries < 0).any() or (docs < 0).any():
        raise DataError("the ledger has ids that the collection lacks: the source has changed; mine it again")
    scores = np.asarray(used[column].fill_null(np.nan).to_numpy(), np.float32)
    weights = np.asarray(used["weight"].fill_null(1.0).to_numpy(), np.float32)
    wrong = wrong_positives(part, collection)
    copies = np.asarray(used["copies"].to_numpy(), np.int64)
    named = "positive_id" in used.column_names
    pairs = collection.documents.rows(used["positive_id"].to_pylist()) if named else None
    for begin, end in _groups(queries, pairs):
        query = int(queries[begin])
        if int(collection.queries.keys[query]) in excluded:
            continue
        listed = docs[begin:end].tolist()
        score_of = dict(zip(listed, scores[begin:end].tolist(), strict=True))
        weight_of = dict(zip(listed, weights[begin:end].tolist(), strict=True))
        places = np.repeat(np.arange(begin, end), copies[begin:end])[:negatives]
        judged = collection.judgments.positives(query).tolist()
        positives = [doc for doc in judged if (query, doc) not in wrong]
        for positive in positives if pairs is None else [int(pairs[begin])]:
            row_scores = [score_of.get(positive, np.nan), *scores[places].tolist()]
            weight = weight_of.get(positive, 1.0)
            yield Row(query, positive, docs[places].tolist(), weights[places].tolist(), row_scores, weight)


def _why_none(folder: Path, excluded: set[int]) -> str:
    mined = sum(block.counts()["queries"] for block in ledger.iterate(folder))
    if not mined or not excluded:
        return "the run has no query with a positive, so there is nothing to learn; mine another split"
    return (
        f"all {mined:,} queries of the run are development queries, so none is left to learn from; "
        "mine more queries, or name a --dev split with other queries"
    )


def _groups(queries: IntArray, pairs: IntArray | None) -> Iterator[tuple[int, int]]:
    """Yields the (begin, end) of each example's rows."""
    if not len(queries):
        return
    changes = queries[1:] != queries[:-1]
    if pairs is not None:
        changes = changes | (pairs[1:] != pairs[:-1])
    starts = np.flatnonzero(np.r_[True, changes])
    yield from zip(starts.tolist(), [*starts[1:].tolist(), len(queries)], strict=True)


def warnings(rows: list[Row], loss: Loss) -> list[str]:
    """Returns what a user should know of the teacher's scores: that they leave a loss no margins."""
    scores = np.array([score for row in rows for score in row.scores], np.float32)
    scores = scores[~np.isnan(scores)]
    if not loss.margins or not len(scores) or scores.min() < 0 or scores.max() > 1:
        return []
    return [squeezed("the teacher", float(scores.min()), float(scores.max()))]


def counts(rows: list[Row]) -> dict[str, Any]:
    """Returns the counts of the rows for `train.json`."""
    weights = [weight for row in rows for weight in row.weights]
    return {
        "rows": len(rows),
        "queries": len({row.query for row in rows}),
        "negatives": len(weights),
        "mean_weight": round(float(np.mean(weights)), 6) if weights else None,
    }


class PairWeights:
    """The weight of any pair as a negative: 0 for a known positive, below 1 for a suspected one, else 1.

    Queries of the same text count as one query, documents of the same text as one document. A document that
    is neither positive nor negative, as one of the query's class, weighs 0 in a batch and keeps no row out.
    """

    def __init__(
        self, collection: Collection, pairs: Iterable[tuple[IntArray, IntArray, FloatArray]] = ()
    ) -> None:
        self._collection = collection
        self._same_text = np.unique(collection.queries.keys, return_inverse=True)[1].ravel().astype(np.int64)
        judgments = collection.judgments
        positive = judgments.relevance >= judgments.min_relevance
        queries, docs = judgments.query[positive], judgments.doc[positive]
        parts = [(queries, docs, np.zeros(len(queries), np.float32)), *pairs]
        codes = np.concatenate([self._codes(q, d) for q, d, _ in parts])
        weights = np.concatenate([w for *_, w in parts])
        order = np.lexsort((weights, codes))
        self._known, first = np.unique(codes[order], return_index=True)
        self._weights = weights[order][first].astype(np.float32)

    @classmethod
    def of_run(cls, folder: Path, collection: Collection, mask: Mask) -> PairWeights:
        """Returns the weights by judgments and a run's ledger."""
        reasons = RunFolder(folder).finished()["reasons"]
        suspicious = [name for name, reason in reasons.items() if reason["implies_doubt"]]
        return cls(
            collection,
            (_uncertain(block.table, collection, mask, suspicious) for block in ledger.iterate(folder)),
        )

    def weight(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n_queries, n_docs) float32: the weight of every pair of these rows."""
        weights = self.of_judged(queries, docs)
        if (neutral := self._collection.neutral) is not None:
            weights[neutral.has(queries, np.repeat(docs[None, :], len(queries), axis=0))] = 0
        return weights

    def of_judged(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns (n_queries, n_docs) float32: the weights by judgments and ledger alone."""
        codes = self._codes(queries[:, None], docs[None, :])
        if not len(self._known):
            return np.ones(codes.shape, np.float32)
        places = np.minimum(np.searchsorted(self._known, codes), len(self._known) - 1)
        return np.where(self._known[places] == codes, self._weights[places], np.float32(1))

    def _codes(self, queries: IntArray, docs: IntArray) -> npt.NDArray[np.int64]:
        """Returns one number per pair of texts, the query's in the upper half."""
        first = self._collection.documents.first_alike[docs]
        return np.asarray(self._same_text[queries] << 32 | first)


def _uncertain(
    table: pa.Table, collection: Collection, mask: Mask, suspicious: Sequence[str]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Returns the pairs of a ledger's part that weigh less than 1, with their weights."""
    decision = table["decision"].to_numpy()
    negative = decision == Decision.NEGATIVE
    weight = np.where(negative, _filled(table, "weight", 1.0), 1.0)
    if mask == "suspected":
        reason = table["reason"].to_numpy().astype(str)
        dropped = (decision == Decision.DROPPED) & np.isin(reason, suspicious)
        weight = np.where(negative, weight, 1 - _filled(table, "p_false_negative", 0.0))
        weight = np.where(dropped, 0.0, weight)
    weight = np.where(decision == Decision.POSITIVE, 0.0, weight)
    kept = np.flatnonzero(weight < 1)
    uncertain = table.take(pa.array(kept))
    queries = rows_in(collection.queries.rows, uncertain["query_id"])
    docs = rows_in(collection.documents.rows, uncertain["doc_id"])
    return queries, docs, weight[kept].astype(np.float32)


def _filled(table: pa.Table, column: str, empty: float) -> npt.NDArray[np.float32]:
    if column not in table.column_names:
        return np.full(table.num_rows, empty, np.float32)
    filled: Any = table[column].fill_null(empty).to_numpy()
    return np.asarray(filled, np.float32)
