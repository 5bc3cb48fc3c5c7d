"""The examples of a run, read from its ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hardneg.core.errors import DataError
from hardneg.core.records import RELABELLED, Collection, Decision, Example, IntArray, Scored
from hardneg.core.tables import html_table
from hardneg.runs.ledger import iterate, known_rows


class TrainingSet:
    """The examples of a run directory, in the ledger's order; may be iterated any number of times.

    Args:
        folder: The run directory.
        collection: The collection that it was mined from.
        scorer: The ranker whose scores the examples carry.
    """

    def __init__(self, folder: Path, collection: Collection, scorer: str) -> None:
        self._folder = folder
        self.collection = collection
        self._scorer = scorer

    def __iter__(self) -> Iterator[Example]:
        for block in iterate(self._folder):
            yield from self._examples(block.table)

    def _repr_html_(self) -> str:
        """Returns a table of the first examples, for notebooks."""
        rows = [
            (
                example.query,
                " | ".join(document.full[:150] for document in example.positives[:1]),
                " | ".join(f"{document.score:.2f} {document.full[:60]}" for document in example.negatives),
            )
            for example in islice(self, 5)
        ]
        return html_table(f"Training set of {self._folder}", rows, ("query", "positive", "negatives"))

    def _examples(self, table: pa.Table) -> Iterator[Example]:
        for name in ("copies", "weight", f"score.{self._scorer}"):
            if name not in table.column_names:
                raise DataError(f"the ledger of {self._folder} has no column {name}")
        used = table.filter(pc.not_equal(table["decision"], Decision.DROPPED))
        grouped = list(_grouped(used.to_pylist()))
        queries = known_rows(self.collection.queries.rows([query_id for query_id, _, _ in grouped]), "query")
        texts = self.collection.queries.texts(queries)
        ids = used["doc_id"].unique().to_pylist()
        docs = known_rows(self.collection.documents.rows(ids), "document")
        documents = self._documents(ids, docs)
        names = dict(zip(docs.tolist(), ids, strict=True))
        for (query_id, pair, own), query, text in zip(grouped, queries.tolist(), texts, strict=True):
            known = {row["doc_id"]: row for row in own}
            wanted = [pair] if pair is not None else self._positives(query, own, names)
            lacking = [doc_id for doc_id in wanted if doc_id not in known]
            if lacking:
                raise DataError(f'the ledger of {self._folder} lacks "{lacking[0]}" of query "{query_id}"')
            negatives = [row for row in own for _ in range(row["copies"])]
            yield Example(
                query_id,
                text,
                [self._scored(known[doc_id], documents) for doc_id in wanted],
                [self._scored(row, documents) for row in negatives],
            )

    def _positives(self, query: int, own: list[dict[str, Any]], names: Mapping[int, str]) -> list[str]:
        """Returns the ids of a query's positives, the judged ones first."""
        judged = self.collection.judgments.positives(query)
        lacking = [doc for doc in judged.tolist() if doc not in names]
        if lacking:
            raise DataError(f"the ledger of {self._folder} lacks {self.collection.documents.ids(lacking)[0]}")
        return [
            *(names[doc] for doc in judged.tolist()),
            *(row["doc_id"] for row in own if row["reason"] == RELABELLED),
        ]

    def _documents(self, ids: list[str], docs: IntArray) -> dict[str, tuple[str, str]]:
        titles = self.collection.documents.titles(docs)
        bodies = self.collection.documents.bodies(docs)
        return dict(zip(ids, zip(titles, bodies, strict=True), strict=True))

    def _scored(self, row: dict[str, Any], documents: dict[str, tuple[str, str]]) -> Scored:
        score = row[f"score.{self._scorer}"]
        weight = row["weight"]
        return Scored(
            row["doc_id"],
            *documents[row["doc_id"]],
            float("nan") if score is None else score,
            1.0 if weight is None else weight,
        )


def _grouped(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str | None, list[dict[str, Any]]]]:
    """Yields (query_id, positive_id or None, rows) for each example."""
    for (query_id, pair), own in groupby(rows, key=lambda row: (row["query_id"], row.get("positive_id"))):
        yield query_id, pair, list(own)
