"""Examples with class labels, as in `classes:FILE` or `classes:hf:ID`.

An example is a query, its positive another example of its class, or the label: NV-Embed (arXiv 2405.17428),
section 4.2.

Columns are found by the names that `load.columns` gives, else by these, in any case:

- the text: `text`, `sentence`, `utterance` or `content`;
- the class: `label`, `class`, `category` or `intent`, a text or a whole number;
- the name of the class, where that is a number: `label_text` or `label_name`;
- `id` or `_id`; without one `d1`, `d2`... in the order of the rows;
- `split`: rows of other splits are not read at all.

All examples are the corpus. Those of the query's class are neither positives nor negatives, but for the one
that is drawn: `hardneg.core.records.Neutral`. With `class_positive: label` the labels are the corpus.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from hardneg.core import noise
from hardneg.core.components import source
from hardneg.core.errors import DataError
from hardneg.core.records import (
    SAME_CLASS,
    Collection,
    Documents,
    IntArray,
    Judgments,
    Neutral,
    Queries,
    id_key,
)
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.cells import check_text
from hardneg.sources.columns import Notes
from hardneg.sources.example_rows import ExampleSource, examples, is_missing, text_in
from hardneg.sources.label_names import is_name, leak_of, without_name
from hardneg.sources.tables import Row, Rows, id_of, kind_of

COLUMNS = {
    "text": ("text", "sentence", "utterance", "content"),
    "label": ("label", "class", "category", "intent"),
    "label_text?": ("label_text", "label_name"),
    "id?": ("id", "_id"),
}


@source("classes")
@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Classes(ExampleSource):
    """Examples with class labels: a file, a URL, or a data set as `hf:ID`."""

    def collection(
        self, name: str, table: Rows, options: LoadOptions, split_is_read: bool, notes: Notes
    ) -> Collection:
        """Returns the collection that labelled rows make."""
        builder = CollectionBuilder(name, options, notes)
        rows = examples(table, options, notes, COLUMNS, split_is_read)
        found = _examples(rows, options, notes)
        made = _of_labels if options.class_positive == "label" else _of_examples
        return made(found, builder)


class _Example(NamedTuple):
    where: str
    name: str
    text: str
    label: str
    label_text: str


def _examples(
    rows: Iterator[tuple[str, Row, dict[str, str]]], options: LoadOptions, notes: Notes
) -> Iterator[_Example]:
    for number, (where, row, columns) in enumerate(rows, 1):
        label = _class(row, columns["label"], where)
        column = columns.get("label_text")
        named = "" if column is None else text_in(row, column, where).strip()
        own = columns.get("id")
        name = f"d{number}" if own is None else id_of(row, own, where, "each example needs an id")
        text = text_in(row, columns["text"], where)
        if options.cut_labels:
            text = without_name(text, named or label)
        if leak := leak_of(text, named or label):
            notes[leak] += 1
        yield _Example(where, name, text, label, named or label)


def _class(row: Row, column: str, where: str) -> str:
    """Returns a class by its name or number."""
    value = row.get(column)
    if is_missing(value) or value == -1:
        raise DataError(
            f'{where}: "{column}" is {"-1" if value == -1 else "empty"}; each example needs a class: fill it '
            "in, or leave the row out"
        )
    if isinstance(value, str):
        check_text(row, column, value, where)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, str | int):
        raise DataError(f'{where}: "{column}" is {kind_of(value)}; a class is a string or a whole number')
    return str(value).strip()


def _of_labels(found: Iterator[_Example], builder: CollectionBuilder) -> Collection:
    """Returns the collection whose documents are the names of the classes."""
    for where, name, text, label, label_text in found:
        if not is_name(label_text):
            raise DataError(
                f'{where}: the class "{label}" is a number, which says nothing as a positive; give its '
                "name in a column label_text, or set load.class_positive=example"
            )
        builder.add_document(label, label_text, where=where, again=True)
        builder.add_query(name, text, where=where)
        builder.add_judgment(name, label, builder.options.min_relevance, where=where)
    made = builder.build()
    if len(made.documents) < 2:
        raise _one_class(builder.name, made.documents.ids([0])[0])
    return made


def _of_examples(found: Iterator[_Example], builder: CollectionBuilder) -> Collection:
    """Returns the collection whose documents and queries are the examples."""
    numbers: dict[str, int] = {}
    classes = array("i")
    for where, name, text, label, _ in found:
        number = numbers.setdefault(label, len(numbers))
        builder.add_document(name, text, where=where)
        [row] = builder.rows_of([name]).tolist()
        if row == len(classes):
            classes.append(number)
        elif row >= 0 and classes[row] != number:
            classes[row] = Neutral.SEVERAL
    if len(numbers) == 1:
        raise _one_class(builder.name, next(iter(numbers)))
    built = builder.build(documents_alone=True)
    of_docs = _settled(np.array(classes, np.int32), built.documents, builder.notes)
    queries, positives = _drawn(of_docs, built.documents, builder.options.seed)
    singles = len(numbers) - len(np.unique(of_docs[queries]))
    builder.notes.update({"classes_of_one_example": singles} if singles else {})
    if not len(queries):
        raise DataError(
            f"{builder.name}: none of its {len(numbers):,} classes has two examples with different texts; is "
            "the label a class? Another column is named with --column label=COLUMN"
        )
    builder.check_strict()
    return _joined(built, of_docs, queries, positives, builder)


def _one_class(name: str, label: str) -> DataError:
    return DataError(
        f'{name}: all examples are of the class "{label}"; negatives come from others, so two are needed'
    )


def _settled(classes: IntArray, documents: Documents, notes: Notes) -> IntArray:
    """Returns (n_docs,) int32: the class of each document, `SEVERAL` for all copies of a text of several."""
    first = documents.first_alike
    low, high = np.full(len(first), len(first), np.int32), np.full(len(first), -1, np.int32)
    np.minimum.at(low, first, classes)
    np.maximum.at(high, first, classes)
    settled = np.where((low == high)[first], classes, np.int32(Neutral.SEVERAL)).astype(np.int32)
    if several := len(np.unique(first[settled == Neutral.SEVERAL])):
        notes["texts_of_several_classes"] = several
    return settled


def _drawn(classes: IntArray, documents: Documents, seed: int) -> tuple[IntArray, IntArray]:
    """Returns the rows of examples, ascending, and of the positive of each.

    The examples of a class stand in a circle, in an order drawn from the seed and their ids; the positive is
    the next one. So each is a positive once, and one more example changes the positive of one other. Copies
    of an earlier example, texts of several classes and what is alone in its class have none.
    """
    rows = np.flatnonzero((classes >= 0) & (documents.first_alike == np.arange(len(classes))))
    keys = np.array([id_key(name) for name in documents.ids(rows.tolist())], np.uint64)
    order = rows[np.lexsort((noise.uniform(seed, keys, np.zeros(len(keys), np.uint64)), classes[rows]))]
    begins = np.flatnonzero(np.r_[True, classes[order][1:] != classes[order][:-1]][: len(order)])
    ends = np.r_[begins[1:], len(order)][: len(begins)].astype(np.int64) - 1
    after = np.arange(1, len(order) + 1)
    after[ends] = begins
    paired = order[after] != order
    queries, positives = order[paired], order[after][paired]
    ascending = np.argsort(queries)
    return queries[ascending].astype(np.int32), positives[ascending].astype(np.int32)


def _joined(
    built: Collection, of_docs: IntArray, queries: IntArray, positives: IntArray, builder: CollectionBuilder
) -> Collection:
    """Returns the documents with some of them as queries, each with its positive."""
    table = built.documents.table.select(["doc_id", "text"]).take(pa.array(queries))
    none, least = np.empty(0, np.int32), builder.options.min_relevance
    neutral = Neutral(of_docs[queries], of_docs, none, none, SAME_CLASS)
    place = np.arange(len(queries), dtype=np.int32)
    return replace(
        built,
        queries=Queries(table.rename_columns(["query_id", "text"]), built.documents.keys[queries]),
        judgments=Judgments(place, positives, np.full(len(queries), least, np.int32), least),
        neutral=neutral,
        digest=neutral.digest(f"{built.digest} {builder.options.seed} {least}"),
        notes=dict(builder.notes),
    )
