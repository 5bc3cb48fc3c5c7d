"""Collections of ir_datasets, by their ids, as in `ir:beir/scifact/train`.

An id that has documents, queries and judgments is read as it is. For one without judgments, the subset named
for the split is read: `ir:beir/scifact` with `--split test` is `beir/scifact/test`.
"""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Source, source
from hardneg.core.errors import DataError, optional_library, wrap_errors
from hardneg.core.records import Collection
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.tables import relevance_of


@source("ir")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class IrDatasets(Source):
    """Collections of ir_datasets by id, as in `ir:beir/scifact/train`."""

    def read(self, name: str, options: LoadOptions) -> Collection:
        """Returns the collection of an id."""
        with wrap_errors(f"ir:{name}"):
            return read_dataset(name, _dataset(name, options.split), options)


def read_dataset(name: str, dataset: Any, options: LoadOptions) -> Collection:
    """Returns the collection in an `ir_datasets.Dataset`."""
    builder = CollectionBuilder(name, options)
    for number, doc in enumerate(dataset.docs_iter(), 1):
        title, text = getattr(doc, "title", None), getattr(doc, "text", None)
        if not (isinstance(title, str) and isinstance(text, str)):
            title, text = "", _text(doc)
        builder.add_document(doc.doc_id, text, title, where=f"ir:{name}: document {number}")
    for number, query in enumerate(dataset.queries_iter(), 1):
        text = _text(query)
        builder.add_query(query.query_id, text, where=f"ir:{name}: query {number}")
    for number, qrel in enumerate(dataset.qrels_iter(), 1):
        where = f"ir:{name}: judgment {number}"
        builder.add_judgment(qrel.query_id, qrel.doc_id, relevance_of(qrel.relevance, where), where=where)
    return builder.build()


def _dataset(name: str, split: str) -> Any:
    ir_datasets = optional_library("ir_datasets", "ir")
    if name not in ir_datasets.registry:
        raise DataError(f"ir:{name}: ir_datasets knows no such id; see https://ir-datasets.com")
    dataset = ir_datasets.load(name)
    if not dataset.has_qrels() and f"{name}/{split}" in ir_datasets.registry:
        dataset = ir_datasets.load(f"{name}/{split}")
    parts = {"docs": dataset.has_docs(), "queries": dataset.has_queries(), "qrels": dataset.has_qrels()}
    lacking = [part for part, there in parts.items() if not there]
    if lacking:
        raise DataError(
            f"ir:{name}: it has no {' and no '.join(lacking)}; choose a subset that has: ir:{name}/..."
        )
    return dataset


def _text(entry: Any) -> str:
    return str(entry.default_text() if hasattr(entry, "default_text") else entry.text)
