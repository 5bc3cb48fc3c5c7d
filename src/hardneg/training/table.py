"""What a person reads of a training."""

from __future__ import annotations

from rich import box
from rich.markup import escape
from rich.table import Table

from hardneg.training import Trained


def summary(trained: Trained) -> Table:
    """Returns the table that ends a training."""
    facts = trained.facts
    training, told = facts["training"], facts["development"]
    looks = training["development"]
    title = f"{facts['student']['kind']} student {facts['student']['model']}"
    table = Table(title=escape(title), show_header=False, box=box.SIMPLE_HEAD)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("rows", "queries", "negatives"):
        table.add_row(name, f"{facts['rows'][name]:,}")
    table.add_row("steps", f"{training['steps']:,} of {training['planned_steps']:,}")
    table.add_row("learning rate", f"{training['learning_rate']:g}")
    table.add_row("development", f"{told['queries']:,} queries, {told['origin']}")
    table.add_row("nDCG@10 before", f"{looks['before']:.4f}")
    for look in looks["looks"]:
        best = " (kept)" if look["step"] == looks["best_step"] else ""
        table.add_row(f"nDCG@10 at step {look['step']:,}{best}", f"{look['ndcg@10']:.4f}")
    for one in facts.get("rounds", ()):
        kept = " (kept)" if one["round"] == facts["best_round"] else ""
        table.add_row(f"round {one['round']}{kept}", f"{one['before']:.4f} -> {one['best']:.4f}")
    for stage, seconds in facts["seconds"].items():
        table.add_row(f"seconds: {stage}", f"{seconds:,.1f}")
    return table
