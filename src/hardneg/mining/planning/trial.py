"""A trial run on few documents and a growing number of queries: what deciding takes per query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.progress import NullProgress
from hardneg.core.records import FloatArray, IntArray
from hardneg.mining.miner import Miner
from hardneg.mining.part_jobs import write_ledger
from hardneg.mining.planning.measure import GROWTH, Line, Measured, Samples, grow
from hardneg.mining.recipe import Recipe
from hardneg.runs.directory import Clock
from hardneg.runs.ledger import FolderLedger
from hardneg.runs.training_set import TrainingSet

_BUDGET = 15.0
_FEWEST, _MOST = 16, 256
"""Documents of a trial run."""


@dataclass(frozen=True)
class Trial:
    """What a trial run on some documents took, by queries, and the bytes that it wrote."""

    documents: int
    calibrating: Line
    deciding: Line  # to rank, validate and select
    exporting: Line
    bytes_per_query: float


def try_out(samples: Samples, recipe: Recipe, rankers: Mapping[str, Measured]) -> Trial:
    """Returns what deciding takes: a few queries are ranked, validated, selected and exported.

    The documents are as few as are encoded in a third of the budget; there is no report.
    """
    encoding = sum(ranker.opening.slope for ranker in rankers.values()) * samples.mean_characters()
    size = int(np.clip(_BUDGET / 3 / max(encoding, 1e-9), _FEWEST, _MOST))
    collection, queries, docs = samples.part(size)
    ready = {name: _PartOf(r.whole, queries, docs) for name, r in rankers.items() if r.whole is not None}
    miner = Miner.opened(collection, recipe, Context(samples.folder / "trial"), Clock(), ready)
    rows = np.concatenate([*miner.blocks, np.empty(0, np.int32)]).astype(np.int32)
    ends = np.minimum(np.cumsum([GROWTH**n for n in range(len(rows).bit_length())] or [0]), len(rows))
    blocks = {len(block): block for block in np.split(rows, ends[:-1]) if len(block)}  # scores are remembered
    points = grow(partial(_run, miner, recipe, blocks, samples), sorted(blocks), _BUDGET, samples.timer)
    runs = [(point.size, point.made) for point in points]
    calibrating, deciding, exporting = (
        _line([(size, made[stage]) for size, made in runs]) for stage in range(3)
    )
    written = runs[-1][1][3] / runs[-1][0]
    return Trial(len(collection.documents), calibrating, deciding, exporting, written)


def _run(
    miner: Miner, recipe: Recipe, blocks: Mapping[int, IntArray], samples: Samples, size: int
) -> tuple[float, float, float, int]:
    """Returns the seconds to calibrate, to decide and to export, and the bytes written."""
    folder = samples.folder / f"run-{size}"
    folder.mkdir()
    miner.blocks, miner.sizes = [blocks[size]], [size]
    calibrating = samples.timed(miner.calibrate)[1] if recipe.validation.calibrate else 0.0
    ledger = FolderLedger(folder)
    deciding = samples.timed(lambda: write_ledger(miner, ledger, NullProgress()))[1]
    training_set = TrainingSet(ledger, miner.collection, recipe.select.by or "")
    out = folder / f"train{recipe.format.suffix}"
    exporting = samples.timed(lambda: recipe.format.write(training_set, out))[1]
    written = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return calibrating, deciding, exporting, written


def _line(points: list[tuple[int, float]]) -> Line:
    """Returns the line through the last two points; the first one, which compiles, does not count."""
    return Line.through(points[-2], points[-1]) if len(points) > 2 else Line.through((0, 0.0), points[-1])


class _PartOf:
    """A ranker over the whole collection, as one over a part of it: the rows of queries and documents."""

    retrieves = True

    def __init__(self, whole: OpenedRanker, queries: IntArray, docs: IntArray) -> None:
        self.facts = whole.facts
        self._whole, self._queries, self._docs = whole, queries, docs

    def search(self, queries: IntArray, depth: int) -> tuple[IntArray, FloatArray]:
        """Returns the best documents of the part; see `OpenedRanker.search`."""
        scores = self.score(queries, np.tile(np.arange(len(self._docs), dtype=np.int32), (len(queries), 1)))
        docs = np.argsort(-scores, axis=1, kind="stable")[:, :depth].astype(np.int32)  # NaN last
        scores = np.take_along_axis(scores, docs, axis=1)
        return np.where(np.isnan(scores), np.int32(-1), docs), scores

    def score(self, queries: IntArray, docs: IntArray) -> FloatArray:
        """Returns the scores of given documents; see `OpenedRanker.score`."""
        return self._whole.score(self._queries[queries], self._rows(docs))

    def alike(self, docs: IntArray, others: IntArray) -> FloatArray:
        """Returns the similarity of documents to others; see `Ranker.compares_documents`."""
        whole: Any = self._whole
        return np.asarray(whole.alike(self._rows(docs), self._rows(others)), np.float32)

    def _rows(self, docs: IntArray) -> IntArray:
        return np.where(docs >= 0, self._docs[docs], np.int32(-1))
