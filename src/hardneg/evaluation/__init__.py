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

__all__ = ["Evaluation", "System", "evaluate", "baseline_of", "judgments_of", "query_values"]


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

    def facts(self) -> dict[str, Any]:
        """Returns what `evaluation.json` holds of the system."""
        return {
            "name": self.name,
            "means": {str(measure): interval._asdict() for measure, interval in self.intervals.items()},
            "queries_without_results": len(self.without_results),
            "without_results": list(self.without_results),
            "unjudged_queries": self.run.unjudged_queries,
            "copies_left_out": self.run.copies,
            "facts": dict(self.run.facts),
        }


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
            "systems": [system.facts() for system in self.systems],
            "baseline": self.baseline,
            "comparisons": {
                str(measure): {name: test.as_dict() for name, test in tests.items()}
                for measure, tests in self.comparisons.items()
            },
            "seed": self.seed,
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

    Raises:
        ConfigError: There is no such baseline, or a measure does not fit the judgments.
        MissingExtra: ir-measures or scipy is not installed.
    """
    baseline = baseline_of(baseline, [run.name for run in runs])
    systems = tuple(_system(run, collection, measures, seed) for run in runs)
    first = next(system for system in systems if system.name == baseline)
    compared = [system for system in systems if system is not first]
    comparisons = {}
    for measure in measures:
        tests = paired_tests([system.values[measure] for system in compared], first.values[measure], seed)
        comparisons[measure] = {system.name: test for system, test in zip(compared, tests, strict=True)}
    query_ids = tuple(collection.queries.table["query_id"].to_pylist())
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


def query_values(
    run: SystemRun, collection: Collection, measures: Sequence[Measure]
) -> dict[Measure, Floats]:
    """Returns (n_queries,) float64 by measure, in the collection's order; 0 for queries without results."""
    by_query = values(measures, judgments_of(collection), run.scores, collection.judgments.min_relevance)
    ids = collection.queries.table["query_id"].to_pylist()
    return {measure: np.array([by_query[measure].get(query, 0.0) for query in ids]) for measure in measures}


def _system(run: SystemRun, collection: Collection, measures: Sequence[Measure], seed: int) -> System:
    columns = query_values(run, collection, measures)
    intervals = {measure: bootstrap_mean(column, seed) for measure, column in columns.items()}
    ids = collection.queries.table["query_id"].to_pylist()
    return System(run, columns, intervals, tuple(query for query in ids if not run.scores.get(query)))
