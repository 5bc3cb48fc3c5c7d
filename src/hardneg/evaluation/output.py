"""An evaluation as files (the summary, the values per query, the runs) and as tables on the screen."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rich import box
from rich.table import Table

from hardneg.core.display import counted
from hardneg.core.files import remove_unfinished, write_json, write_text
from hardneg.evaluation import Evaluation
from hardneg.evaluation.systems import write_run
from hardneg.runs.directory import RunFolder

SUMMARY = "evaluation.json"
PER_QUERY = "per_query.tsv"


def check_free(folder: Path) -> None:
    """Makes a folder; one that holds anything but an earlier evaluation is refused."""
    with RunFolder(folder, SUMMARY).opened():
        pass


def save(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Writes `evaluation.json`, `per_query.tsv` and `runs/NAME.trec`; returns their paths."""
    with RunFolder(folder, SUMMARY).opened():
        written = _write(evaluation, folder)
        for path in written:
            remove_unfinished(path)
    return written


def _write(evaluation: Evaluation, folder: Path) -> list[Path]:
    lines = ["system\tquery_id\tmeasure\tvalue"]
    for system in evaluation.systems:
        for measure, values in system.values.items():
            for query, value in zip(evaluation.query_ids, values.tolist(), strict=True):
                lines.append(f"{system.name}\t{query}\t{measure}\t{value!r}")
    written = [folder / SUMMARY, folder / PER_QUERY]
    write_json(written[0], evaluation.facts())
    write_text(written[1], "".join(f"{line}\n" for line in lines))
    for system in evaluation.systems:
        written.append(folder / "runs" / f"{file_name(system.name)}.trec")
        write_run(system.run, written[-1])
    return written


def file_name(name: str) -> str:
    """Returns a name without characters that file systems refuse."""
    return re.sub(r"[^\w.+-]+", "_", name).strip("._") or "run"


def tables(evaluation: Evaluation) -> Iterator[Table]:
    """Yields the table of means, and the table of comparisons if there is more than one system."""
    yield _means(evaluation)
    if len(evaluation.systems) > 1:
        yield _comparisons(evaluation)


def notes(evaluation: Evaluation) -> Iterator[str]:
    """Yields remarks on the means, one line each."""
    facts = evaluation.facts()["collection"]
    if facts["queries_without_positives"]:
        yield f"{facts['queries_without_positives']:,} judged queries have no positive and count as 0"
    for system in evaluation.systems:
        if system.without_results:
            yield f"{system.name}: {len(system.without_results):,} queries without results count as 0"
        if system.run.unjudged_queries:
            yield f"{system.name}: {system.run.unjudged_queries:,} queries without judgments are left out"


def _means(evaluation: Evaluation) -> Table:
    title = f"{evaluation.collection.name}: {counted(len(evaluation.query_ids), 'query')}"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    table.add_column("system", overflow="fold")
    for measure in evaluation.measures:
        table.add_column(str(measure), justify="right", no_wrap=True)
    for system in evaluation.systems:
        means = [f"{system.intervals[measure].mean:.4f}" for measure in evaluation.measures]
        table.add_row(system.name, *means)
    return table


def _comparisons(evaluation: Evaluation) -> Table:
    title = f"difference from {evaluation.baseline}, 95 % interval, two-sided p"
    table = Table(title=title, box=box.SIMPLE_HEAD)
    table.add_column("system", overflow="fold")
    table.add_column("measure", no_wrap=True)
    for heading in ("diff.", "low", "high", "p random", "p t", "p Holm"):
        table.add_column(heading, justify="right", no_wrap=True)
    for measure, tests in evaluation.comparisons.items():
        for name, test in tests.items():
            ends = [f"{value:+.4f}" for value in test.difference]
            ps = [f"{p:.4f}" for p in (test.p_randomisation, test.p_t, test.p_holm)]
            table.add_row(name, str(measure), *ends, *ps)
        table.add_section()
    return table
