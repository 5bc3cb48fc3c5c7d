"""Retrieval tasks of mteb, by their names, as in `mteb:SciFact`, or `mteb:MIRACLRetrieval:ru` for a subset.

A task is loaded as mteb loads it, and its queries read as mteb reads them: an instruction follows its query.
Only the splits that a task evaluates are read: for another, mteb may give the one that there is in its place.
"""

from __future__ import annotations

import warnings
from typing import Any

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core.components import Source, source
from hardneg.core.errors import DataError, optional_library, wrap_errors
from hardneg.core.records import Collection
from hardneg.sources import beir
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.columns import some
from hardneg.sources.tables import Rows, relevance_of


@source("mteb")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Mteb(Source):
    """Retrieval tasks of mteb by name, as in `mteb:SciFact`, or `mteb:MIRACLRetrieval:ru` for a subset."""

    def read(self, name: str, options: LoadOptions) -> Collection:
        """Returns one split of a task."""
        with wrap_errors(f"mteb:{name}"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of mteb, about tasks that are renamed or in beta
            task_name, _, subset = name.partition(":")
            task = _task(task_name)
            return _collection(name, _loaded(task, _subset(task, subset), options.split), options)


def _task(name: str) -> Any:
    mteb = optional_library("mteb", "mteb")
    try:
        task = mteb.get_task(name)
    except KeyError as error:
        raise DataError(f"mteb:{name}: {error.args[0].removeprefix('KeyError: ')}") from None
    if not hasattr(task, "convert_v1_dataset_format_to_v2"):
        raise DataError(f"mteb:{name}: it is a task of {task.metadata.type}; one of Retrieval is needed")
    return task


def _subset(task: Any, name: str) -> str:
    """Returns the subset to read: the one asked for, or the only one."""
    subsets = list(task.metadata.hf_subsets)
    if name in subsets or (not name and len(subsets) == 1):
        return name or subsets[0]
    task_name = task.metadata.name
    problem = (
        f'there is no subset "{name}"' if name else f"name a subset, as in mteb:{task_name}:{subsets[0]}"
    )
    raise DataError(f"mteb:{task_name}: {problem}; subsets: {some(subsets)}")


def _loaded(task: Any, subset: str, split: str) -> Any:
    """Returns mteb's `RetrievalSplitData`: `corpus`, `queries` and `relevant_docs`."""
    if split not in task.metadata.eval_splits:
        raise DataError(
            f'mteb:{task.metadata.name}: the task has no split "{split}"; splits: '
            f"{', '.join(task.metadata.eval_splits)}. There may be more in hf:{task.metadata.dataset['path']}"
        )
    task.filter_eval_splits([split])
    task.hf_subsets = [subset]
    task.load_data()
    task.convert_v1_dataset_format_to_v2(num_proc=None)
    return task.dataset[subset][split]


def _collection(name: str, data: Any, options: LoadOptions) -> Collection:
    builder = CollectionBuilder(name.replace(":", "-"), options)
    beir.add_documents(builder, _rows(f"mteb:{name}: document", data["corpus"]))
    beir.add_queries(builder, _rows(f"mteb:{name}: query", data["queries"]))
    for query_id, relevances in data["relevant_docs"].items():
        where = f"mteb:{name}: judgments of {query_id}"
        for doc_id, relevance in relevances.items():
            builder.add_judgment(query_id, doc_id, relevance_of(relevance, where), where=where)
    return builder.build()


def _rows(where: str, table: Any) -> Rows:
    for number, row in enumerate(table, 1):
        text, instruction = row.get("text"), row.get("instruction")
        if isinstance(text, str) and instruction:
            text = f"{text} {instruction}"
        yield f"{where} {number}", {"_id": row["id"], "title": row.get("title"), "text": text}
