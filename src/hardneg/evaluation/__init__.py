"""How well systems rank: per-query values of trec_eval's measures, intervals and paired tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.core.errors import unknown_name
from hardneg.core.records import Collection
from hardneg.evaluation import measures as measured
from hardneg.evaluation.measures import Judged, Measure
from hardneg.evaluation.runs import Run
from hardneg.evaluation.significance import Comparison, Interval, Values, compare, interval

__all__ = ["Evaluation", "System", "evaluate", "baseline_of", "judgments_of"]


@dataclass(frozen=True)
class System:
    """What one system is worth.

    Attributes:
        run: What it gave.
        values: (n_queries,) float64 by measure, in the order of the evaluation's queries; 0 for queries
            without results.
        intervals: The mean of each measure with its 95 % bootstrap interval.
        without_results: Ids of the queries for which it gave nothing.
    """

    run: Run
    values: Mapping[Measure, Values]
    intervals: Mapping[Measure, Interval]
    without_results: tuple[str, ...]

    @property
    def name(self) -> str:
        """The system's name."""
        return self.run.name


@dataclass(frozen=True)
class Evaluation:
    """Several systems over the same queries.

    Attributes:
        collection: What was searched.
        measures: In the order asked.
        query_ids: All judged queries, also those without a positive, as `trec_eval -c` takes them.
        systems: In the order given.
        baseline: The name of the system that the others are compared with.
        comparisons: Of every other system with the baseline, by measure and system name.
        seed: Of the resampling.
    """

    collection: Collection
    measures: tuple[Measure, ...]
    query_ids: tuple[str, ...]
    systems: tuple[System, ...]
    baseline: str
    comparisons: Mapping[Measure, Mapping[str, Comparison]]
    seed: int

    def facts(self) -> dict[str, Any]:
        """Returns what `evaluation.json` holds."""
        positives = len(self.collection.judgments.queries_with_positives)
        return {
            "collection": {
                "name": self.collection.name,
                "digest": self.collection.digest,
                "documents": len(self.collection.documents),
                "queries": len(self.query_ids),
                "queries_without_positives": len(self.query_ids) - positives,
                "min_relevance": self.collection.judgments.min_relevance,
            },
            "measures": [str(measure) for measure in self.measures],
            "systems": [self._system(system) for system in self.systems],
            "baseline": self.baseline,
            "comparisons": {
                str(measure): {name: _compared(found) for name, found in own.items()}
                for measure, own in self.comparisons.items()
            },
            "seed": self.seed,
        }

    def _system(self, system: System) -> dict[str, Any]:
        return {
            "name": system.name,
            "means": {str(measure): found._asdict() for measure, found in system.intervals.items()},
            "queries_without_results": len(system.without_results),
            "without_results": list(system.without_results),
            "unjudged_queries": system.run.unjudged_queries,
            "copies_left_out": system.run.copies,
            "facts": dict(system.run.facts),
        }


def evaluate(
    collection: Collection,
    runs: Sequence[Run],
    measures: Sequence[Measure] = measured.DEFAULT,
    *,
    baseline: str | None = None,
    seed: int = 42,
) -> Evaluation:
    """Returns what runs over one collection are worth, and how sure their differences are.

    Args:
        collection: Whose judgments count.
        runs: At least one.
        measures: Which.
        baseline: The run that the others are compared with; the first unless named.
        seed: Of the resampling.

    Raises:
        ConfigError: There is no such baseline, or a measure does not fit the judgments.
        MissingExtra: ir-measures or scipy is not installed.
    """
    named = baseline_of(baseline, [run.name for run in runs])
    judged = judgments_of(collection)
    query_ids = tuple(collection.queries.table["query_id"].to_pylist())
    least = collection.judgments.min_relevance
    systems = tuple(_system(run, judged, query_ids, measures, least, seed) for run in runs)
    first = next(system for system in systems if system.name == named)
    others = [system for system in systems if system is not first]
    comparisons = {
        measure: dict(
            zip(
                (system.name for system in others),
                compare([system.values[measure] for system in others], first.values[measure], seed),
                strict=True,
            )
        )
        for measure in measures
    }
    return Evaluation(collection, tuple(measures), query_ids, systems, first.name, comparisons, seed)


def baseline_of(baseline: str | None, names: Sequence[str]) -> str:
    """Returns the name of the system that the others are compared with; the first unless named.

    Raises:
        ConfigError: There is no such system.
    """
    if baseline is not None and baseline not in names:
        raise unknown_name("baseline", baseline, names)
    return baseline or names[0]


def judgments_of(collection: Collection) -> Judged:
    """Returns the relevance of every judged document by query id and document id."""
    judgments = collection.judgments
    queries = collection.queries.ids(judgments.query)
    docs = collection.documents.ids(judgments.doc)
    judged: dict[str, dict[str, int]] = {}
    for query, doc, relevance in zip(queries, docs, judgments.relevance.tolist(), strict=True):
        judged.setdefault(query, {})[doc] = relevance
    return judged


def _system(
    run: Run, judged: Judged, query_ids: tuple[str, ...], measures: Sequence[Measure], least: int, seed: int
) -> System:
    found = measured.values(measures, judged, run.scores, least)
    values = {
        measure: np.array([found[measure].get(query, 0.0) for query in query_ids]) for measure in measures
    }
    intervals = {measure: interval(own, seed) for measure, own in values.items()}
    missing = tuple(query for query in query_ids if not run.scores.get(query))
    return System(run, values, intervals, missing)


def _compared(found: Comparison) -> dict[str, Any]:
    return {**found._asdict(), "difference": found.difference._asdict()}
