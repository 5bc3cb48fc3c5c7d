"""Evaluates ranked runs: per-query values of trec_eval's measures, intervals and paired tests.

Reads collections and rankers, and trains nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hardneg.core.errors import unknown_name
from hardneg.core.records import Collection
from hardneg.core.statistics import Floats, Interval, bootstrap_mean
from hardneg.evaluation.measures import DEFAULT, Judged, Measure, values
from hardneg.evaluation.significance import PairedTest, paired_tests
from hardneg.evaluation.systems import SystemRun

__all__ = ["Evaluation", "System", "evaluate", "baseline_of", "judgments_of"]


@dataclass(frozen=True)
class System:
    """The measured quality of one system.

    Attributes:
        run: Its results.
        values: (n_queries,) float64 by measure, in the order of the evaluation's queries; 0 for queries
            without results.
        intervals: The mean of each measure with its 95 % bootstrap interval.
        without_results: Ids of the queries without results.
    """

    run: SystemRun
    values: Mapping[Measure, Floats]
    intervals: Mapping[Measure, Interval]
    without_results: tuple[str, ...]

    @property
    def name(self) -> str:
        """The system's name."""
        return self.run.name


@dataclass(frozen=True)
class Evaluation:
    """The measured quality of several systems over the same queries.

    Attributes:
        collection: What was searched.
        measures: The measures, in order.
        query_ids: All judged queries, also those without a positive, as `trec_eval -c` takes them.
        systems: The systems, in order.
        baseline: The name of the system that the others are compared with.
        comparisons: Tests of every other system against the baseline, by measure and system name.
        seed: Seed of the resampling.
    """

    collection: Collection
    measures: tuple[Measure, ...]
    query_ids: tuple[str, ...]
    systems: tuple[System, ...]
    baseline: str
    comparisons: Mapping[Measure, Mapping[str, PairedTest]]
    seed: int

    def facts(self) -> dict[str, Any]:
        """Returns the content of `evaluation.json`."""
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
                str(measure): {name: _plain(test) for name, test in tests.items()}
                for measure, tests in self.comparisons.items()
            },
            "seed": self.seed,
        }

    def _system(self, system: System) -> dict[str, Any]:
        return {
            "name": system.name,
            "means": {str(measure): interval._asdict() for measure, interval in system.intervals.items()},
            "queries_without_results": len(system.without_results),
            "without_results": list(system.without_results),
            "unjudged_queries": system.run.unjudged_queries,
            "copies_left_out": system.run.copies,
            "facts": dict(system.run.facts),
        }


def evaluate(
    collection: Collection,
    runs: Sequence[SystemRun],
    measures: Sequence[Measure] = DEFAULT,
    *,
    baseline: str | None = None,
    seed: int = 42,
) -> Evaluation:
    """Returns the quality of runs over one collection, with intervals and tests of their differences.

    Args:
        collection: Gives the judgments.
        runs: One or more runs.
        measures: The measures.
        baseline: System that the others are compared with; None for the first.
        seed: Seed of the resampling.

    Raises:
        ConfigError: There is no such baseline, or a measure does not fit the judgments.
        MissingExtra: ir-measures or scipy is not installed.
    """
    baseline = baseline_of(baseline, [run.name for run in runs])
    judged = judgments_of(collection)
    query_ids = tuple(collection.queries.table["query_id"].to_pylist())
    min_relevance = collection.judgments.min_relevance
    systems = tuple(_system(run, judged, query_ids, measures, min_relevance, seed) for run in runs)
    first = next(system for system in systems if system.name == baseline)
    compared = [system for system in systems if system is not first]
    names = [system.name for system in compared]
    comparisons = {}
    for measure in measures:
        tests = paired_tests([system.values[measure] for system in compared], first.values[measure], seed)
        comparisons[measure] = dict(zip(names, tests, strict=True))
    return Evaluation(collection, tuple(measures), query_ids, systems, first.name, comparisons, seed)


def baseline_of(baseline: str | None, names: Sequence[str]) -> str:
    """Returns the name of the system that the others are compared with, by default the first."""
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
    run: SystemRun,
    judged: Judged,
    query_ids: tuple[str, ...],
    measures: Sequence[Measure],
    min_relevance: int,
    seed: int,
) -> System:
    by_query = values(measures, judged, run.scores, min_relevance)
    columns = {
        measure: np.array([by_query[measure].get(query, 0.0) for query in query_ids]) for measure in measures
    }
    intervals = {measure: bootstrap_mean(column, seed) for measure, column in columns.items()}
    missing = tuple(query for query in query_ids if not run.scores.get(query))
    return System(run, columns, intervals, missing)


def _plain(test: PairedTest) -> dict[str, Any]:
    return {**test._asdict(), "difference": test.difference._asdict()}
