"""What a person sees: progress bars while it runs, a table when it is done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any

from rich import progress as bars
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hardneg.core.progress import Task
from hardneg.core.records import Example

if TYPE_CHECKING:
    from hardneg.mining.planning import Plan


class Bars:
    """A `Progress` drawn on standard error: done, total, rate and time left of each stage."""

    def __init__(self) -> None:
        self._bars = bars.Progress(
            bars.TextColumn("{task.description}"),
            bars.BarColumn(),
            bars.MofNCompleteColumn(),
            bars.TextColumn("{task.fields[rate]}"),
            bars.TimeElapsedColumn(),
            bars.TimeRemainingColumn(),
            console=Console(stderr=True),
        )

    def __enter__(self) -> Bars:
        """Starts nothing yet: a run that fails at once draws no bars."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Stops drawing."""
        if self._bars.tasks:
            self._bars.stop()

    @contextmanager
    def task(self, name: str, total: int | None, unit: str) -> Iterator[Task]:
        """Returns a context that draws one bar."""
        self._bars.start()
        yield _Bar(self._bars, self._bars.add_task(name, total=total, rate=unit), unit)


class _Bar:
    def __init__(self, drawn: bars.Progress, number: bars.TaskID, unit: str) -> None:
        self._drawn, self._number, self._unit = drawn, number, unit

    def advance(self, steps: int = 1) -> None:
        """Moves the bar and renews the rate beside it."""
        self._drawn.advance(self._number, steps)
        speed = self._drawn.tasks[self._number].speed
        if speed:
            rate = f"{speed:,.0f} {self._unit}/s" if speed >= 1 else f"{1 / speed:,.0f} s each"
            self._drawn.update(self._number, rate=rate)


def summary(run: Mapping[str, Any]) -> Table:
    """Returns the table that ends a run: what was looked at, kept, dropped and why, and how long."""
    table = Table(title=f"{run['recipe']['name']} on {run['collection']['name']}", show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    counts = run["counts"]
    for name in ("queries", "candidates", "positives", "negatives"):
        table.add_row(name, f"{counts.get(name, 0):,}")
    _section(table, "dropped", counts.get("dropped", {}))
    _section(table, "short queries", run["short"])
    _section(table, "notes", {**run["collection"]["notes"], **run["export"]["notes"]})
    _section(table, "seconds", run["seconds"])
    return table


def examples(training_set: Iterable[Example], count: int) -> Table:
    """Returns a table of the first examples: queries, their positives and their negatives with scores."""
    table = Table(title="the first examples", show_lines=True)
    for heading in ("query", "positives", "negatives"):
        table.add_column(heading, overflow="fold")
    for example in islice(training_set, count):
        positives, negatives = (
            "\n".join(f"{document.score:.2f} {document.doc_id}" for document in documents)
            for documents in (example.positives, example.negatives)
        )
        table.add_row(*map(escape, (example.query, positives, negatives)))
    return table


_RESTS_ON = {
    "judged_sample": "verdicts",
    "hidden_positives": "hidden positives",
    "calibrated": "known positives",
}


def audited(told: Mapping[str, Any]) -> Table:
    """Returns the table of an audit: the rates by every method, hardness, and what thresholds would bring."""
    table = Table(title="false negatives among the negatives", show_header=False)
    table.add_column(style="bold")
    table.add_column()
    for name, found in told["estimates"].items():
        table.add_row(name.replace("_", " "), f"{rate(found)} by {found['judged']:,} {_RESTS_ON[name]}")
        for note in found["notes"]:
            table.add_row("", escape(note))
    table.add_section()
    for name, value in told["hardness"].items():
        average = "median" if name == "relative_margin" else "mean"
        table.add_row(f"{average} {name.replace('_', ' ')}", "-" if value is None else f"{value:,.3f}")
    for kind, rates in told["by"].items():
        table.add_section()
        for name, found in rates.items():
            table.add_row(f"{kind} {name}", f"{rate(found)}, {found['count']:,} negatives")
    if told["trade_off"]:
        table.add_section()
        setting = told["trade_off"][0]["setting"].removeprefix("select.rules.")
        table.add_row(setting, "rate, mean score, negatives")
    for point in told["trade_off"]:
        hardness = "-" if point["hardness"] is None else f"{point['hardness']:.3f}"
        table.add_row(f"{point['threshold']:g}", f"{rate(point)}, {hardness}, {point['negatives']:,}")
    if told["target"] is not None:
        table.add_section()
        wanted, flag = told["target"]["rate"], told["target"].get("flag", "no threshold reaches it")
        table.add_row(f"for {wanted:.1%}", escape(flag))
    return table


def rate(found: Mapping[str, float]) -> str:
    """Returns a rate and its interval as people read them, with two decimals where the interval is narrow."""
    places = 1 if found["high"] - found["low"] >= 0.01 or found["high"] == found["low"] else 2
    return f"{found['rate']:.{places}%} [{found['low']:.{places}%}, {found['high']:.{places}%}]"


def judgement(told: Mapping[str, Any]) -> Table:
    """Returns the table that ends `hardneg judge`: what the models said, what is left, what it cost."""
    models = " then ".join(model["model"] for model in told["models"])
    table = Table(title=escape(f"judged by {models}"), show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("pairs", "judged"):
        table.add_row(name, f"{told[name]:,}")
    _section(table, "verdict", told["verdicts"])
    _section(table, "grade", told["grades"])
    rest = ("passed_on", "unreadable", "shortened", "failed", "left")
    _section(table, "pairs", {name: told[name] for name in rest if told[name]})
    _spent(table, told)
    return table


def generated(told: Mapping[str, Any]) -> Table:
    """Returns the table that ends `hardneg generate`: what was written, what is left, what it cost."""
    table = Table(title=escape(f"{told['writes']} by {told['model']}"), show_header=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    rest = ("asked", "answered", "unreadable", "asked_again", "failed", "left")
    _section(table, told["unit"], {name: told[name] for name in rest if told[name] or name == "asked"})
    _section(table, told["writes"], {name: told[name] for name in ("written", "kept")})
    _section(table, "dropped", told["dropped"])
    _spent(table, told)
    return table


def _spent(table: Table, told: Mapping[str, Any]) -> None:
    costs = ("requests", "repeated", "cached", "tokens", "seconds")
    _section(table, "spent", {name: told[name] for name in costs})
    if told["stopped"]:
        table.add_row("stopped by", f"--{told['stopped'].replace('_', '-')}")


def _section(table: Table, title: str, numbers: Mapping[str, float]) -> None:
    if numbers:
        table.add_section()
    for name, number in numbers.items():
        shown = f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"
        table.add_row(f"{title}: {name.replace('_', ' ')}", shown)


def expected(plan: Plan) -> str:
    """Returns what a job will take, as text."""
    lines = [f"{plan.documents:,} documents, {plan.queries:,} queries"]
    lines += [f"{stage.name:<20} {_time(stage.seconds):>10}  {stage.basis}" for stage in plan.stages]
    lines.append(f"{'in all':<20} {_time(plan.seconds):>10}")
    sizes = {"memory": plan.memory, "vectors in the cache": plan.cache}
    sizes |= {"temporary files": plan.temporary, "run directory": plan.run}
    lines += [f"{name:<20} {size / 1e9:>7,.2f} GB" for name, size in sizes.items()]
    return "\n".join(lines)


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.1f} s"
    return f"{seconds / 60:,.1f} min" if seconds < 7_200 else f"{seconds / 3_600:,.1f} h"


def surroundings(found: Mapping[str, Any]) -> list[Table]:
    """Returns tables of what `hardneg.cli.environment` found: the whole, the core, the extras."""
    device, threads, memory, cache = (found[name] for name in ("device", "threads", "memory", "cache"))
    whole = Table(title=f"hardneg {found['hardneg']}", show_header=False)
    whole.add_column(style="bold")
    whole.add_column(overflow="fold")
    models = f"{threads['models']} for models" if threads["models"] else "no torch"
    rows = [
        ("python", f"{found['python']}, {found['system']}"),
        ("device", device["name"] if device else "no models: torch is not installed"),
        ("precision auto", f"{device['precision']}: {device['why']}" if device else "-"),
        ("threads", f"{threads['search']} for search, {models}; {threads['cores']} cores"),
        ("memory", f"{_size(memory['free'])} free of {_size(memory['total'])}"),
        ("cache", f"{cache['folder']}{'' if cache['writable'] else ' (cannot be written to)'}"),
        ("in it", f"{_size(cache['size'])} in {cache['files']:,} files; {_size(cache['free'])} free on disk"),
    ]
    for row in rows:
        whole.add_row(*map(escape, row))
    extras = Table("extra", "installed", "what it adds", title="Extras")
    for name, extra in found["extras"].items():
        missing = [package for package, version in extra["packages"].items() if version is None]
        told = _versions(extra["packages"]) if not missing else f"no: pip install 'hardneg[{name}]'"
        extras.add_row(name, escape(told), extra["adds"])
    core = Table("package", "version", title="Core")
    for name, version in found["core"].items():
        core.add_row(name, version or "MISSING")
    return [whole, core, extras]


def _versions(packages: Mapping[str, str | None]) -> str:
    return ", ".join(f"{name} {version}" for name, version in packages.items())


def _size(count: int | None) -> str:
    """Returns bytes as a person reads them."""
    if count is None:
        return "unknown"
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"
