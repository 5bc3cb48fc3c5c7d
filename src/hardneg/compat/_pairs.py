"""A dataset of pairs as a `Collection` of distinct texts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from hardneg.compat._arguments import InvalidArgument
from hardneg.core.errors import DataError, unknown_name
from hardneg.core.records import Collection, Documents, Judgments, KeyArray, Queries, id_key


@dataclass(frozen=True)
class Pairs:
    """The (query, positive) pairs of a dataset.

    Texts are the same only when they are equal to the character, as in sentence-transformers; the loaders of
    `hardneg.sources` ignore case and spacing.

    Attributes:
        collection: Queries by first appearance; the given corpus, then the positives, each text once. The id
            of a document is its row, that of a query a digest of its text, so that draws depend on texts.
        anchor_column: The dataset's column of queries.
        positive_column: Its column of positives.
        most_positives: The most pairs that any query has in the dataset, repetitions counted.
    """

    collection: Collection
    anchor_column: str
    positive_column: str
    most_positives: int


def read_pairs(dataset: Any, anchor: str | None, positive: str | None, corpus: Sequence[str] | None) -> Pairs:
    """Returns the pairs of a dataset.

    Args:
        dataset: A `datasets.Dataset`.
        anchor: The column of queries; None for the first.
        positive: The column of positives; None for the second.
        corpus: Further documents; they come before the positives.

    Raises:
        InvalidArgument: There is no such column, or no pair.
        DataError: A text is not a string.
    """
    anchor, positive = _columns(dataset, anchor, positive)
    anchors = _texts(dataset[anchor], f'column "{anchor}"')
    positives = _texts(dataset[positive], f'column "{positive}"')
    if isinstance(corpus, str):
        raise InvalidArgument("corpus must be a list of texts, found one text")
    documents = list(dict.fromkeys([*_texts(corpus or (), "corpus"), *positives]))
    queries = list(dict.fromkeys(anchors))
    query_rows = {text: row for row, text in enumerate(queries)}
    doc_rows = {text: row for row, text in enumerate(documents)}
    pairs = dict.fromkeys((query_rows[a], doc_rows[p]) for a, p in zip(anchors, positives, strict=True))
    judged = np.array(sorted(pairs, key=lambda pair: pair[0]), np.int32)
    collection = Collection(
        "pairs",
        _documents(documents),
        Queries(pa.table({"query_id": list(map(_digest, queries)), "text": queries}), _keys(queries)),
        Judgments(judged[:, 0], judged[:, 1], np.ones(len(judged), np.int32)),
    )
    return Pairs(collection, anchor, positive, max(Counter(anchors).values()))


def _documents(texts: list[str]) -> Documents:
    ids = np.arange(len(texts)).astype(str)
    table = pa.table({"doc_id": ids, "title": pa.repeat("", len(texts)), "text": texts})
    keys = _keys(texts)
    return Documents(table, keys, keys)


def _keys(texts: list[str]) -> KeyArray:
    return np.fromiter(map(id_key, texts), np.uint64, len(texts))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).hexdigest()


def _columns(dataset: Any, anchor: str | None, positive: str | None) -> tuple[str, str]:
    columns = getattr(dataset, "column_names", None)
    if not isinstance(columns, list) or not hasattr(dataset, "__len__"):
        kind = type(dataset).__name__
        raise InvalidArgument(f"dataset must be a datasets.Dataset, found {kind}; choose one split of it")
    if len(dataset) == 0:
        raise InvalidArgument("the dataset is empty; it needs at least one (anchor, positive) pair")
    for name in (anchor, positive):
        if name and name not in columns:
            raise InvalidArgument(str(unknown_name("column", name, columns)))
    if not positive and len(columns) < 2:
        raise InvalidArgument(f"the dataset must have two columns or more, found {', '.join(columns)}")
    anchor, positive = anchor or columns[0], positive or columns[1]
    if anchor == positive:
        raise InvalidArgument(f'"{anchor}" is both anchor and positive column; name two different columns')
    return anchor, positive


def _texts(values: Iterable[Any], where: str) -> list[str]:
    texts = list(values)
    for row, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"{where}, row {row}: a text is expected, found {str(text)[:80]!r}")
    return texts
