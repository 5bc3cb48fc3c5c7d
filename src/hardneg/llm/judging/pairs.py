"""Pairs to judge: the most doubtful negatives or positives of a run's ledger, or those of a file."""

from __future__ import annotations

import json
from collections.abc import Sequence, Set
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.errors import DataError, problem
from hardneg.core.lines import text_lines
from hardneg.core.records import Collection, Decision
from hardneg.core.verdicts import texts_digests
from hardneg.llm.prompt import cut
from hardneg.runs import ledger
from hardneg.runs.table import examined_positives


class Pair(NamedTuple):
    """A query and a document to judge, with their texts."""

    query_id: str
    doc_id: str
    query: str
    document: str
    shortened: bool = False
    texts: str | None = None  # the digest of both texts, unshortened


def doubtful_negatives(
    folder: Path, scorer: str, dropped_for: Set[str], limit: int, *, graded: bool = True
) -> list[tuple[str, str]]:
    """Returns the (query_id, doc_id) of a run's doubtful negatives, the most doubtful first.

    With them come the candidates that were dropped for the reasons given. Without `graded`, pairs
    of which the run knows a grade are left out.

    Those with a probability of being false come first, in that order; then the others, by
    their relative margin to the anchor score, (anchor - score) / |anchor|. Ties stay in the ledger's order.
    """
    table = pa.concat_tables([_chosen(path, scorer, dropped_for, graded) for path in ledger.parts(folder)])
    p, score, anchor = (table[name].to_numpy() for name in ("p", "score", "anchor"))
    with np.errstate(divide="ignore", invalid="ignore"):
        margin = np.where(anchor == 0, anchor - score, (anchor - score) / np.abs(anchor))
    order = np.lexsort((_last(margin), _last(-p)))
    pairs: dict[tuple[str, str], None] = {}
    for row in order.tolist():
        if len(pairs) == limit:
            break
        pairs[table["query_id"][row].as_py(), table["doc_id"][row].as_py()] = None
    return list(pairs)


def doubtful_positives(folder: Path, limit: int) -> list[tuple[str, str]]:
    """Returns the (query_id, doc_id) of a run's labelled positives, those that are most probably wrong first.

    Raises:
        ConfigError: The run did not examine its positives.
    """
    columns = ["query_id", "doc_id", "p_noisy"]
    parts = (ledger.read_table(path, columns) for path in ledger.parts(folder))
    table = examined_positives(parts, folder)
    order = pa.array(np.argsort(-table["p_noisy"].to_numpy(), kind="stable"))
    ids = (table[name].take(order).to_pylist() for name in ("query_id", "doc_id"))
    return list(islice(dict.fromkeys(zip(*ids, strict=True)), limit))


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Returns the (query_id, doc_id) of a JSON lines file, each once, in the file's order."""
    pairs: dict[tuple[str, str], None] = {}
    for where, line in text_lines(path):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{where}: broken JSON: {problem(error)}") from None
        ids = (row.get("query_id"), row.get("doc_id")) if isinstance(row, dict) else (None, None)
        if not (isinstance(ids[0], str) and isinstance(ids[1], str)):
            raise DataError(f'{where}: each line needs "query_id" and "doc_id", both text')
        pairs[ids[0], ids[1]] = None
    return list(pairs)


def with_texts(ids: Sequence[tuple[str, str]], collection: Collection, max_characters: int) -> list[Pair]:
    """Returns the pairs with their texts, long documents shortened at their end."""
    queries = collection.queries.rows([query_id for query_id, _ in ids])
    docs = collection.documents.rows([doc_id for _, doc_id in ids])
    for rows, kind, place in ((queries, "query", 0), (docs, "document", 1)):
        if (rows < 0).any():
            unknown = ids[int(np.flatnonzero(rows < 0)[0])][place]
            raise DataError(f'there is no {kind} "{unknown}" in the collection of the run')
    asked, digests = collection.queries.texts(queries), texts_digests(collection, ids)
    titles, bodies = collection.documents.titles(docs), collection.documents.bodies(docs)
    return [
        Pair(query_id, doc_id, query, *cut(title, body, max_characters), digest)
        for (query_id, doc_id), query, digest, title, body in zip(
            ids, asked, digests, titles, bodies, strict=True
        )
    ]


def _chosen(path: Path, scorer: str, dropped_for: Set[str], graded: bool) -> pa.Table:
    """Returns query_id, doc_id, p, score and anchor of one part's rows to judge."""
    names = {"p": "p_false_negative", "score": f"score.{scorer}", "anchor": f"positive.{scorer}"}
    table = ledger.read_table(path, ["query_id", "doc_id", "decision", "reason", "grade", *names.values()])
    keep = pc.equal(table["decision"], Decision.NEGATIVE)
    if dropped_for:
        dropped = pc.equal(table["decision"], Decision.DROPPED)
        reasons = pa.array(sorted(dropped_for), pa.string())
        keep = pc.or_(keep, pc.and_(dropped, pc.is_in(table["reason"].cast(pa.string()), reasons)))
    if not graded and "grade" in table.column_names:
        keep = pc.and_(keep, pc.is_null(table["grade"]))
    table = table.filter(keep)
    doubtful = {name: table[name] for name in ("query_id", "doc_id")}
    for name, column in names.items():
        values = table[column] if column in table.column_names else pa.nulls(table.num_rows, pa.float32())
        doubtful[name] = pc.fill_null(values.cast(pa.float64()), float("nan"))
    return pa.table(doubtful)


def _last(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Returns sorting keys that put NaN last."""
    return np.where(np.isnan(values), np.inf, values)
