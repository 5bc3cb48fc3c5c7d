"""Batches as rows of a Parquet file, for trainers that make none of their own: texts and masks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from hardneg.core.files import atomic
from hardneg.core.records import Example, FloatArray
from hardneg.mixing.batches import Batch
from hardneg.mixing.part import Part

FILE = "batches.parquet"
_ROW_GROUP = 16
"""Batches that are in memory at once."""
_TEXTS = pa.list_(pa.string())
_ROWS = pa.list_(pa.int32())
_SCHEMA = pa.schema(
    [
        ("batch", pa.int32()),
        ("query_ids", _TEXTS),
        ("queries", _TEXTS),
        ("doc_ids", _TEXTS),
        ("documents", _TEXTS),
        ("positives", _ROWS),
        ("negatives", pa.list_(_ROWS)),
        ("weights", pa.list_(pa.list_(pa.float32()))),
        ("loss_weights", pa.list_(pa.float32())),
    ]
)


def write_batches(parts: Sequence[Part], ordered: Sequence[Batch], out: Path) -> None:
    """Writes one row per batch.

    `documents` are distinct; `positives` and `negatives` are places in it, of each query. `weights` has for
    each query the weight of each document as a negative: 1, less for a suspected false negative, 0 for what
    must not count, as the query's positives. `loss_weights` has how much each query counts in the loss.
    """
    with atomic(out) as temporary, pq.ParquetWriter(temporary, _SCHEMA, compression="zstd") as writer:
        for begin in range(0, len(ordered), _ROW_GROUP):
            some = enumerate(ordered[begin : begin + _ROW_GROUP], begin)
            rows = [{"batch": number, **_row(parts, batch)} for number, batch in some]
            writer.write_table(pa.Table.from_pylist(rows, _SCHEMA))


def examples(parts: Sequence[Part], batch: Batch) -> Iterator[Example]:
    """Yields the examples of a batch, in its order."""
    for part, rows in groupby(batch, key=lambda member: member[0]):
        yield from parts[part].examples([number for _, number in rows])


def _row(parts: Sequence[Part], batch: Batch) -> dict[str, Any]:
    places: dict[str, int] = {}
    ids: list[str] = []
    own: list[list[int]] = []
    listed = list(examples(parts, batch))
    for example in listed:
        for document in (*example.positives, *example.negatives):
            if document.full not in places:
                places[document.full] = len(ids)
                ids.append(document.doc_id)
        own.append([places[each.full] for each in (*example.positives, *example.negatives)])
    return {
        "query_ids": [example.query_id for example in listed],
        "queries": [example.query for example in listed],
        "doc_ids": ids,
        "documents": list(places),
        "positives": [row[0] for row in own],
        "negatives": [row[1:] for row in own],
        "weights": list(_weights(parts, batch, own, len(ids))),
        "loss_weights": [example.positives[0].weight for example in listed],
    }


def _weights(
    parts: Sequence[Part], batch: Batch, own: Sequence[Sequence[int]], n_documents: int
) -> FloatArray:
    """Returns (n_rows, n_documents) float32: what each part knows of its queries and documents, 1 for others.

    Args:
        parts: All parts.
        batch: The rows.
        own: The places of each row's positive and negatives.
        n_documents: Distinct documents.
    """
    weights = np.ones((len(batch), n_documents), np.float32)
    for number in {part for part, _ in batch}:
        members = [place for place, (part, _) in enumerate(batch) if part == number]
        rows = [parts[number].rows[batch[place][1]] for place in members]
        docs = dict(
            pair
            for place, row in zip(members, rows, strict=True)
            for pair in zip(own[place], (row.positive, *row.negatives), strict=True)
        )
        known = parts[number].weights([row.query for row in rows], list(docs.values()))
        weights[np.ix_(members, list(docs))] = known
    weights[np.arange(len(batch)), [places[0] for places in own]] = 0
    return weights
