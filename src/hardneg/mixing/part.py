"""A part of a mixture: the rows of one run, what is known of their pairs, and their texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import BoolArray, Example, FloatArray, IntArray, KeyArray, Scored
from hardneg.mixing.clusters import candidate_vectors
from hardneg.mixing.mix_settings import PartSettings
from hardneg.runs.finished import FinishedRun
from hardneg.training import rows
from hardneg.training.rows import PairWeights, Row

_NOBODY: KeyArray = np.empty(0, np.uint64)
_OWN = "{prompt}"
"""In a setting: the query's own prompt."""


class Part:
    """The rows of one run; `rows` may be thinned out, `left_out` counts by reason."""

    def __init__(self, name: str, run: FinishedRun, settings: PartSettings, negatives: int | None) -> None:
        self.name = name
        self.run = run
        self.settings = settings
        self.left_out: dict[str, int] = {}
        self._collection = run.collection
        found = rows.read(run.directory, run.collection, run.scorer, negatives, _NOBODY)
        self.rows: Sequence[Row] = [row for row in found if row.negatives]
        self._count("no_negatives", len(found) - len(self.rows))
        if not self.rows:
            raise DataError(f"{run.name} has no row with a negative; mine it again with other rules")
        self._weights = PairWeights.of_run(run.directory, run.collection, "suspected")
        self._has_prompts = run.collection.queries.prompts(()) is not None
        if not self._has_prompts and _OWN in (settings.prompt or ""):
            raise ConfigError(
                f"{name}: its prompt holds {_OWN}, the query's own, and its source has none; write a text"
            )

    def drop(self, dropped: BoolArray, reason: str) -> None:
        """Drops the rows where (n,) `dropped` is true."""
        before = len(self.rows)
        self.rows = [row for row, drop in zip(self.rows, dropped.tolist(), strict=True) if not drop]
        self._count(reason, before - len(self.rows))

    def cap(self, seed: int) -> None:
        """Keeps `cap` of the rows, drawn at random, in their order."""
        most = self.settings.cap
        if most is not None and most < len(self.rows):
            drawn = np.random.default_rng((seed, len(self.rows))).permutation(len(self.rows))[:most]
            self.drop(~np.isin(np.arange(len(self.rows)), drawn), "over_the_cap")

    def query_texts(self) -> list[str]:
        """Returns the query of each row, without the prompt."""
        return self._collection.queries.texts([row.query for row in self.rows])

    @cached_property
    def vectors(self) -> Any:
        """(n_rows, n_documents) sparse: the vector of each row's query; no row may be dropped after it."""
        return candidate_vectors(self.run)[[row.query for row in self.rows]]

    def prompts(self, numbers: Sequence[int]) -> list[str]:
        """Returns the text that is put before the query of each of these rows."""
        template = self.settings.prompt
        if template is not None and _OWN not in template:
            return [template] * len(numbers)
        own = self._collection.queries.prompts([self.rows[number].query for number in numbers])
        if own is None:
            return [""] * len(numbers)
        if template is None:
            return [each if not each or each[-1].isspace() else f"{each} " for each in own]
        return [template.replace(_OWN, each) if each else "" for each in own]

    def query_key(self, row: Row) -> int:
        """Returns the key of a row's query text."""
        return int(self._collection.queries.keys[row.query])

    def doc_keys(self, docs: Sequence[int]) -> list[int]:
        """Returns the keys of documents' texts, equal for copies."""
        documents = self._collection.documents
        return [int(key) for key in documents.keys[documents.first_alike[np.array(docs, np.int32)]]]

    def weights(self, queries: Sequence[int], docs: Sequence[int]) -> FloatArray:
        """Returns (n_queries, n_docs) float32: weights as negatives, 0 for known and suspected positives."""
        return self._weights.weight(_rows(queries), _rows(docs))

    def examples(self, numbers: Sequence[int]) -> Iterator[Example]:
        """Yields the examples of some rows, ids after the part's name, queries after the prompt."""
        some = [self.rows[number] for number in numbers]
        queries, documents = self._collection.queries, self._collection.documents
        docs = sorted({doc for row in some for doc in (row.positive, *row.negatives)})
        ids, titles, bodies = (take(docs) for take in (documents.ids, documents.titles, documents.bodies))
        texts = {doc: (f"{self.name}/{ids[n]}", titles[n], bodies[n]) for n, doc in enumerate(docs)}
        asked = [row.query for row in some]
        texts_of = queries.ids(asked), self.prompts(numbers), queries.texts(asked)
        for row, query_id, prompt, text in zip(some, *texts_of, strict=True):
            of_row = zip(row.negatives, row.scores[1:], row.weights, strict=True)
            yield Example(
                f"{self.name}/{query_id}",
                prompt + text,
                [Scored(*texts[row.positive], row.scores[0], row.loss_weight)],
                [Scored(*texts[doc], score, weight) for doc, score, weight in of_row],
            )

    def _count(self, reason: str, count: int) -> None:
        if count:
            self.left_out[reason] = self.left_out.get(reason, 0) + count


def _rows(numbers: Sequence[int]) -> IntArray:
    return np.array(numbers, np.int32)
