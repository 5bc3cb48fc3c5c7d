"""For scripts of sentence-transformers: batches as they were written, negatives drawn anew each epoch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any

import numpy as np
import pyarrow.compute as pc

from hardneg.core.errors import ConfigError, DataError, optional_library
from hardneg.core.noise import uniform
from hardneg.core.records import full_text, id_key

__all__ = ["EpochNegatives", "OrderedBatches", "in_order"]


class OrderedBatches:
    """Batches of rows that follow each other; the batches are shuffled anew each epoch, their rows are not.

    Args:
        rows: Number of rows.
        batch_size: Rows per batch, as in the mixture.
        drop_last: Whether a last batch of fewer rows is left out.
        seed: Seed of the order.
    """

    def __init__(self, rows: int, batch_size: int, drop_last: bool = False, seed: int = 0) -> None:
        self.batch_size = batch_size
        self.drop_last = drop_last
        self._rows = rows
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return self._rows // self.batch_size if self.drop_last else -(-self._rows // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch, which determines the order."""
        self._epoch = epoch

    def __iter__(self) -> Iterator[list[int]]:
        for number in np.random.default_rng((self._seed, self._epoch)).permutation(len(self)).tolist():
            begin = number * self.batch_size
            yield list(range(begin, min(begin + self.batch_size, self._rows)))


def in_order(
    dataset: Sized, batch_size: int, drop_last: bool = False, *, seed: int = 0, **_: Any
) -> OrderedBatches:
    """Returns the batches of a mixture: `SentenceTransformerTrainingArguments(batch_sampler=in_order)`."""
    return OrderedBatches(len(dataset), batch_size, drop_last, seed)


class EpochNegatives:
    """Draws a positive and negatives for each query anew in every epoch, from all that were mined.

    A document is drawn with a probability in proportion to its weight. The draws depend on seed, epoch, query
    and document alone.

    Args:
        dataset: A `datasets.Dataset` in the format `jsonl`, as `run.training_set.to_dataset("jsonl")`, with
            more negatives than are drawn.
        negatives: Negatives per row.
        seed: Seed of the draws.
        batch_size: Rows per batch of a mixture: a batch with a row that is left out is left out whole, so
            that the others stay as they are; None where rows stand alone.

    Raises:
        ConfigError: The data set has another format.
        DataError: No row, or no batch, has a positive and so many negatives.

    Attributes:
        dataset: Rows of `anchor, positive, negative_1, ...` of the current epoch.
        left_out: Rows with fewer negatives, or no positive, and those of their batches.

    Example:
        >>> drawn = EpochNegatives(run.training_set.to_dataset("jsonl"), negatives=4)
        >>> SentenceTransformerTrainer(model, args, drawn.dataset, loss=loss, callbacks=[drawn.callback()])
    """

    def __init__(
        self, dataset: Any, negatives: int = 4, seed: int = 42, batch_size: int | None = None
    ) -> None:
        missing = {"query_id", "query", "positives", "negatives"} - set(dataset.column_names)
        if missing:
            raise ConfigError(f"the data set has no column {min(missing)}; it must have the format jsonl")
        table = dataset.with_format("arrow")[:]
        sizes = [pc.list_value_length(table[name]).to_numpy() for name in ("positives", "negatives")]
        batch = np.arange(len(dataset)) // (batch_size or 1)
        lacking = np.unique(batch[(sizes[0] == 0) | (sizes[1] < negatives)])
        enough = np.flatnonzero(~np.isin(batch, lacking))
        if not len(enough):
            unit = "row has" if batch_size is None else "batch has in each row"
            raise DataError(f"no {unit} a positive and {negatives} negatives; mine more, or draw fewer")
        self.left_out = len(dataset) - len(enough)
        self._negatives = negatives
        self._seed = seed
        self._epoch = 0
        self.dataset = dataset.select(enough).with_transform(self._drawn)

    def set_epoch(self, epoch: int) -> None:
        """Sets the epoch, from 0, whose negatives `dataset` gives."""
        self._epoch = epoch

    def callback(self) -> Any:
        """Returns what tells the epoch, for a trainer's `callbacks`."""
        callback = optional_library("transformers", "dense").TrainerCallback()
        callback.on_epoch_begin = lambda args, state, control, **_: self.set_epoch(int(state.epoch or 0))
        return callback

    def _drawn(self, rows: Mapping[str, Sequence[Any]]) -> dict[str, list[str]]:
        columns: dict[str, list[str]] = {"anchor": list(rows["query"]), "positive": []}
        columns |= {f"negative_{place}": [] for place in range(1, self._negatives + 1)}
        for query_id, positives, negatives in zip(
            rows["query_id"], rows["positives"], rows["negatives"], strict=True
        ):
            drawn = [*self._of(query_id, positives, 1), *self._of(query_id, negatives, self._negatives)]
            for column, text in zip(list(columns)[1:], drawn, strict=True):
                columns[column].append(text)
        return columns

    def _of(self, query_id: str, documents: Sequence[Mapping[str, Any]], count: int) -> list[str]:
        """Returns the texts of documents drawn without replacement (Efraimidis and Spirakis, 2006)."""
        ids = np.array([id_key(f"{self._epoch} {document['doc_id']}") for document in documents], np.uint64)
        noise = uniform(self._seed, np.array([id_key(query_id)], np.uint64), ids).astype(np.float64)
        weights = np.array([document.get("weight") or 1e-9 for document in documents])
        order = np.argsort(np.log(noise) / weights, kind="stable")[::-1][:count]
        return [full_text(documents[i].get("title") or "", documents[i]["text"]) for i in order]
