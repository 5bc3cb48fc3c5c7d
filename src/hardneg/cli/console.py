"""Tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from rich.table import Table

from hardneg.cli.progress import duration
from hardneg.core.display import counted, counts, printable
from hardneg.core.records import Example

if TYPE_CHECKING:
    from hardneg.mining.planning import Plan


def run_table(run: Mapping[str, Any]) -> Table:
    """Returns the table of a finished run: counts, reasons of drops, notes and seconds."""
    table = _plain_table(f"{run['recipe']['name']} on {run['collection']['name']}")
    counts = run["counts"]
    for name in ("queries", "candidates", "positives", "negatives"):
        table.add_row(name, f"{counts.get(name, 0):,}")
    if "prompts" in run["collection"]:
        table.add_row("queries with a prompt", f"{run['collection']['prompts']:,}")
    _add_chunks(table, run["collection"].get("chunks") or {})
    if "positives_left_out" in run:
        table.add_row("positives left out", f"{run['positives_left_out']:,}")
    _add_positives(table, run.get("positives") or {})
    _add_ranking(table, run.get("ranking", {}))
    validators = run.get("validation", {}).get("validators", {})
    _add_trained(table, validators)
    _add_truncation(table, {**run.get("rankers", {}), **validators}, run["collection"])
    _add_section(table, "verdicts", run.get("verdicts", {}))
    _add_section(table, "dropped", counts.get("dropped", {}))
    _add_section(table, "short queries", run["short"])
    _add_section(table, "notes", {**run["collection"]["notes"], **run["export"]["notes"]})
    for field, label in (("judged_empty", "judged, without a text"), ("unread_columns", "columns not read")):
        if names := run["collection"].get(field):
            table.add_row(label, printable(", ".join(names), 400))
    _add_section(table, "seconds", run["seconds"])
    return table


def example_table(training_set: Iterable[Example], count: int) -> Table:
    """Returns a table of the first examples: queries, their positives and their negatives with scores."""
    table = Table(title="the first examples", show_lines=True)
    for heading in ("query", "positives", "negatives"):
        table.add_column(heading, overflow="fold")
    for example in islice(training_set, count):
        positives, negatives = (
            "\n".join(f"{document.score:.2f} {document.doc_id}" for document in documents)
            for documents in (example.positives, example.negatives)
        )
        table.add_row(example.query, positives, negatives)
    return table


_COUNTED = {
    "judged_sample": "verdicts",
    "hidden_positives": "hidden positives",
    "calibrated": "known positives",
}

_DISCRIMINATION = {"auc": "AUC of the probabilities", "auc_first_20": "in the first 20 ranks"}


def audit_table(audit: Mapping[str, Any]) -> Table:
    """Returns the table of an audit: rates by method and group, hardness, rates at other thresholds."""
    table = _plain_table("false negatives among the negatives", justify="left")
    for name, estimate in audit["estimates"].items():
        basis = f"{estimate['judged']:,} {_COUNTED[name]}"
        table.add_row(name.replace("_", " "), f"{rate(estimate)} by {basis}")
        for note in estimate["notes"]:
            table.add_row("", note)
    if "verdicts_left_out" in audit:
        table.add_row("verdicts", audit["verdicts_left_out"])
    table.add_section()
    for name, value in audit["hardness"].items():
        average = "median" if name == "relative_margin" else "mean"
        table.add_row(f"{average} {name.replace('_', ' ')}", "-" if value is None else f"{value:,.3f}")
    known = {name: value for name, value in audit["discrimination"].items() if value is not None}
    for name, value in known.items():
        table.add_row(_DISCRIMINATION[name], f"{value:.3f}")
    for kind, rates in audit["by"].items():
        table.add_section()
        for name, group in rates.items():
            table.add_row(f"{kind} {name}", f"{rate(group)}, {counted(group['count'], 'negative')}")
    _add_trade_off(table, audit["trade_off"])
    if audit["target"] is not None:
        table.add_section()
        flag = audit["target"].get("flag")
        shown = f"hardneg select with {flag}" if flag else "no threshold reaches it"
        table.add_row(f"for {audit['target']['rate']:.1%}", shown)
    return table


def _add_trade_off(table: Table, points: Sequence[Mapping[str, Any]]) -> None:
    """Adds rate, hardness and number of negatives at each threshold."""
    if points:
        table.add_section()
        table.add_row(points[0]["setting"].removeprefix("select.rules."), "rate, mean score, negatives")
    for point in points:
        hardness = "-" if point["hardness"] is None else f"{point['hardness']:.3f}"
        table.add_row(f"{point['threshold']:g}", f"{rate(point)}, {hardness}, {point['negatives']:,}")


def rate(estimate: Mapping[str, float]) -> str:
    """Returns a rate and its interval in percent, with two decimals where the interval is narrow."""
    low, high = estimate["low"], estimate["high"]
    places = 1 if high - low >= 0.01 or high == low else 2
    return f"{estimate['rate']:.{places}%} [{low:.{places}%}, {high:.{places}%}]"


def judge_table(summary: Mapping[str, Any]) -> Table:
    """Returns the table of `hardneg judge`: verdicts, grades, pairs that are left, and costs."""
    table = _plain_table(f"judged by {' then '.join(model['model'] for model in summary['models'])}")
    for name in ("pairs", "judged"):
        table.add_row(name, f"{summary[name]:,}")
    _add_section(table, "verdict", summary["verdicts"])
    _add_section(table, "grade", summary["grades"])
    rest = ("passed_on", "unreadable", "shortened", "failed", "left")
    _add_section(table, "pairs", {name: summary[name] for name in rest if summary[name]})
    if own := summary.get("known_positives"):
        table.add_row("known positives found relevant", f"{own['relevant']:,} of {own['graded']:,}")
    _add_costs(table, summary)
    if "budget" in summary:
        _add_budget(table, summary["budget"])
    if selected := summary.get("selected"):
        changed = f"{selected['removed']:,} removed, {selected['added']:,} added"
        _add_section(table, "decided again", {"negatives": selected["negatives"]})
        table.add_row("by the verdicts", changed)
        if "relabelled" in selected:
            table.add_row("new positives", f"{selected['relabelled']:,}")
            table.add_row("left out, relevant in part", f"{selected['partly_relevant']:,}")
    return table


def _add_budget(table: Table, budget: Mapping[str, Any]) -> None:
    """Adds what a budget bought, and what more would buy."""
    table.add_section()
    expected, more, left = budget["expected"], budget["more"], budget["left"]
    rows = {
        "pairs near the decision": f"{budget['near']:,}",
        "false negatives found": f"{budget['found']:,} of {expected['found']:,} expected",
        "hard negatives admitted": f"{budget['admitted']:,} of {expected['admitted']:,} expected",
        f"with {more['pairs']:,} pairs more": f"{more['found']:,} and {more['admitted']:,} more expected",
        "with all of them": f"{left['found']:,} and {left['admitted']:,} more expected",
    }
    for name, text in rows.items():
        table.add_row(name, text)


def generate_table(summary: Mapping[str, Any]) -> Table:
    """Returns the table of `hardneg generate`: texts written, kept and dropped, and costs."""
    table = _plain_table(f"{summary['writes']} by {summary['model']}")
    rest = ("asked", "answered", "unreadable", "asked_again", "failed", "left")
    _add_section(
        table, summary["unit"], {name: summary[name] for name in rest if summary[name] or name == "asked"}
    )
    _add_section(table, summary["writes"], {name: summary[name] for name in ("written", "kept")})
    _add_section(table, "dropped", summary["dropped"])
    _add_costs(table, summary)
    return table


def _plain_table(title: str, justify: Literal["left", "right"] = "right") -> Table:
    """Returns a table of two columns, names and values, without a header."""
    table = Table(title=title, show_header=False)
    table.add_column(style="bold")
    table.add_column(justify=justify, overflow="fold")
    return table


def _add_costs(table: Table, summary: Mapping[str, Any]) -> None:
    costs = ("requests", "repeated", "cached", "tokens", "seconds")
    _add_section(table, "spent", {name: summary[name] for name in costs})
    if summary["stopped"]:
        given = str(summary.get("budget", {}).get("given", ""))
        of_budget = summary["stopped"] == "max_tokens" and given.endswith(("tokens", "money"))
        limit = "judge_budget" if of_budget else summary["stopped"]
        table.add_row("stopped by", f"--{limit.replace('_', '-')}")


def _add_positives(table: Table, positives: Mapping[str, Any]) -> None:
    if not positives:
        return
    if positives.get("share") is not None:
        share, low, high = (f"{positives[name]:.1%}" for name in ("share", "low", "high"))
        table.add_row("wrong positives", f"{share} ({low} to {high})")
    elif positives.get("why"):
        table.add_row("wrong positives", f"not estimated: {positives['why']}")
    if positives.get("suspected"):
        table.add_row(f"suspected, p > {positives['max_p']:g}", f"{positives['suspected']:,}")
        table.add_row("suspected by", counts(positives.get("suspected_by", {})))


def _add_ranking(table: Table, ranking: Mapping[str, Mapping[str, float]]) -> None:
    """Adds what each ranker makes of the known positives."""
    if ranking:
        table.add_section()
    for name, own in ranking.items():
        shown = f"MRR {own['mrr']:.2f}, recall@10 {own['recall_at_10']:.2f}"
        shown = f"{shown}, {own['beyond_depth']:.0%} beyond depth"
        table.add_row(f"known positives by {name}", shown)


def _add_trained(table: Table, validators: Mapping[str, Mapping[str, Any]]) -> None:
    """Adds how well models that the run trained find positives of queries that they did not see."""
    for name, facts in validators.items():
        if trained := facts.get("trained"):
            shown = f"{counted(trained['queries'], 'query')} in {counted(trained['folds'], 'fold')}"
            table.add_row(f"{name} trained on", f"{shown}, AUC {trained['auc']:.2f} out of fold")


def _add_chunks(table: Table, chunks: Mapping[str, Any]) -> None:
    """Adds how documents were cut into chunks, where they were."""
    if chunks:
        cut = f"{chunks['longer']:,} of {chunks['documents']:,} at {chunks['tokens']:,} tokens"
        table.add_row("documents cut", f"{cut}, {chunks['chunks']:,} chunks")


def _add_truncation(table: Table, models: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int]) -> None:
    """Adds how many texts each model cuts, and how much of them; says so where a sample was counted."""
    for name, facts in models.items():
        for unit, own in facts.get("truncation", {}).items():
            if own["cut"]:
                of = "a sample of " if own["sample"] < counts.get(unit, 0) else ""
                share = f"{own['cut']:,} of {of}{own['sample']:,} ({own['cut'] / own['sample']:.0%})"
                lost = f"{own['text']:.0%} of the text lost"
                table.add_row(f"{unit} cut by {name}", f"{share} at {facts['max_length']:,} tokens, {lost}")


def _add_section(table: Table, title: str, numbers: Mapping[str, float]) -> None:
    if numbers:
        table.add_section()
    for name, number in numbers.items():
        shown = f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"
        table.add_row(f"{title}: {name.replace('_', ' ')}", shown)


def plan_text(plan: Plan) -> str:
    """Returns the estimated time of each stage, memory and disk, as lines of text."""
    lines = [f"{counted(plan.documents, 'document')}, {counted(plan.queries, 'query')}"]
    lines += [f"{stage.name:<20} {duration(stage.seconds):>10}  {stage.basis}" for stage in plan.stages]
    lines.append(f"{'in all':<20} {duration(plan.seconds):>10}")
    sizes = {"memory": plan.memory, "vectors in the cache": plan.cache}
    sizes |= {"temporary files": plan.temporary, "run directory": plan.run}
    lines += [f"{name:<20} {size / 1e9:>7,.2f} GB" for name, size in sizes.items()]
    return "\n".join(lines)


def environment_tables(environment: Mapping[str, Any]) -> list[Table]:
    """Returns tables of what `inspect_environment` returned: the machine, the core's packages, the extras."""
    device, threads, memory, cache = (environment[name] for name in ("device", "threads", "memory", "cache"))
    machine = _plain_table(f"hardneg {environment['hardneg']}", justify="left")
    models = f"{threads['models']} for models" if threads["models"] else "no torch"
    rows = {
        "python": f"{environment['python']}, {environment['system']}",
        "device": device["name"] if device else "no models: torch is not installed",
        "precision auto": f"{device['precision']}: {device['why']}" if device else "-",
        "threads": f"{threads['search']} for search, {models}; {threads['cores']} cores",
        "memory": f"{_size(memory['free'])} free of {_size(memory['total'])}",
        "cache": f"{cache['folder']}{'' if cache['writable'] else ' (cannot be written to)'}",
        "in it": f"{_size(cache['size'])} in {counted(cache['files'], 'file')}; {_size(cache['free'])} free",
    }
    for name, text in rows.items():
        machine.add_row(name, text)
    extras = Table("extra", "installed", "what it adds", title="Extras")
    for name, extra in environment["extras"].items():
        versions = ", ".join(f"{package} {version}" for package, version in extra["packages"].items())
        installed = versions if extra["installed"] else f"no: pip install 'hardneg[{name}]'"
        extras.add_row(name, installed, extra["adds"])
    core = Table("package", "version", title="Core")
    for name, version in environment["core"].items():
        core.add_row(name, version or "MISSING")
    return [machine, core, extras]


def _size(count: int | None) -> str:
    """Returns bytes in GiB or MiB."""
    if count is None:
        return "unknown"
    return f"{count / 2**30:,.1f} GiB" if count >= 2**30 else f"{count / 2**20:,.1f} MiB"
