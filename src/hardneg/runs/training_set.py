"""The examples of a run, read from its ledger."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from hardneg.core.components import FORMATS, Format
from hardneg.core.errors import ConfigError, DataError, optional_library
from hardneg.core.records import RELABELLED, Collection, Decision, Example, IntArray, Scored
from hardneg.core.tables import html_table
from hardneg.runs.ledger import Ledger
from hardneg.runs.score_scales import scaled
from hardneg.runs.table import known_rows, wrong_positives


class TrainingSet:
    """The examples of a run, in the ledger's order; may be iterated any number of times."""

    def __init__(
        self,
        ledger: Ledger,
        collection: Collection,
        scorer: str,
        max_positives: int | None = None,
        scale: str = "raw",
    ) -> None:
        self.ledger = ledger
        self.collection = collection
        self._scorer = scorer
        self._max_positives = max_positives
        self._scale = scale

    def __iter__(self) -> Iterator[Example]:
        for block in self.ledger:
            for example in self._examples(block.table):
                yield scaled(example, self._scale)

    def to_arrow(self, format: str | Mapping[str, Any] | Format = "jsonl") -> pa.Table:
        """Returns the rows of the main file of a format; by default one row per query, as `jsonl` has them.

        What a format puts into further files, as texts by id, is not in it.

        Args:
            format: The name of a format, `{name: {option: value}}`, or a `Format`.

        Raises:
            ConfigError: There is no such format, or its main file is no table of rows.
            DataError: The format cannot carry an example.
        """
        form = FORMATS.make(format)
        if form.suffix not in (".jsonl", ".parquet"):
            raise ConfigError(f"the format {FORMATS.name_of(form)} has no table of rows; export it to a file")
        with tempfile.TemporaryDirectory(prefix="hardneg-rows-") as folder:
            out = Path(folder) / "train.parquet"
            with suppress(DataError):  # of a format that has no Parquet form
                return pq.read_table(form.write(self, out).files[0], memory_map=False)
            main = form.write(self, out.with_suffix(form.suffix)).files[0]
            with main.open(encoding="utf-8") as lines:
                return pa.Table.from_pylist([json.loads(line) for line in lines])

    def to_dataset(self, format: str | Mapping[str, Any] | Format = "sentence-transformers-triplet") -> Any:
        """Returns a `datasets.Dataset` of the rows of a format, as a trainer takes them.

        Args:
            format: As for `to_arrow`.

        Raises:
            HardnegError: As for `to_arrow`.
            MissingExtra: datasets is not installed.
        """
        return optional_library("datasets", "hf").Dataset(self.to_arrow(format))

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
        return html_table(f"Training set of {self.ledger.name}", rows, ("query", "positive", "negatives"))

    def _examples(self, table: pa.Table) -> Iterator[Example]:
        for name in ("copies", "weight", f"score.{self._scorer}"):
            if name not in table.column_names:
                raise DataError(f"the ledger of {self.ledger.name} has no column {name}")
        used = table.filter(pc.not_equal(table["decision"], Decision.DROPPED))
        wrong = wrong_positives(table, self.collection)
        grouped = list(_grouped(used.to_pylist()))
        queries = known_rows(self.collection.queries.rows([query_id for query_id, _, _ in grouped]), "query")
        texts = self.collection.queries.texts(queries)
        found = self.collection.queries.prompts(queries)
        prompts: Sequence[str | None] = [None] * len(texts) if found is None else found
        ids = used["doc_id"].unique().to_pylist()
        docs = known_rows(self.collection.documents.rows(ids), "document")
        documents = self._documents(ids, docs)
        names = dict(zip(docs.tolist(), ids, strict=True))
        most = self._max_positives
        asked = zip(queries.tolist(), texts, prompts, strict=True)
        for (query_id, pair, own), (query, text, prompt) in zip(grouped, asked, strict=True):
            rows = {row["doc_id"]: row for row in own}
            if pair is not None and most is None:
                positives = [pair]
            else:
                positives = self._positives(query, own, names, wrong)[:most]
            if pair is not None and pair not in positives:
                continue
            positives = positives if pair is None else [pair]
            missing = [doc_id for doc_id in positives if doc_id not in rows]
            if missing:
                raise DataError(
                    f'the ledger of {self.ledger.name} lacks "{missing[0]}" of query "{query_id}"'
                )
            negatives = [row for row in own for _ in range(row["copies"])]
            yield Example(
                query_id,
                text,
                [self._scored(rows[doc_id], documents) for doc_id in positives],
                [self._scored(row, documents) for row in negatives],
                prompt,
            )

    def _positives(
        self,
        query: int,
        own: list[dict[str, Any]],
        names: Mapping[int, str],
        wrong: Container[tuple[int, int]],
    ) -> list[str]:
        """Returns the ids of a query's positives, the judged ones first, without the wrong ones."""
        judged = [
            doc for doc in self.collection.judgments.positives(query).tolist() if (query, doc) not in wrong
        ]
        missing = [doc for doc in judged if doc not in names]
        if missing:
            doc_id = self.collection.documents.ids(missing)[0]
            raise DataError(f"the ledger of {self.ledger.name} lacks {doc_id}")
        return [
            *(names[doc] for doc in judged),
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
            row.get("grade"),
        )


def _grouped(rows: list[dict[str, Any]]) -> Iterator[tuple[str, str | None, list[dict[str, Any]]]]:
    """Yields (query_id, positive_id or None, rows) for each example."""
    for (query_id, pair), own in groupby(rows, key=lambda row: (row["query_id"], row.get("positive_id"))):
        yield query_id, pair, list(own)
