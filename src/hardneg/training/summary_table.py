"""The table that ends a training on the command line."""

from __future__ import annotations

from rich import box
from rich.table import Table

from hardneg.training.model_directory import Trained


def summary_table(trained: Trained) -> Table:
    """Returns what was learned from, nDCG@10 over the steps and rounds, and seconds."""
    facts = trained.facts
    training, dev_set = facts["training"], facts["development"]
    history = training["development"]
    title = f"{facts['student']['kind']} student {facts['student']['model']}"
    table = Table(title=title, show_header=False, box=box.SIMPLE_HEAD)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("rows", "queries", "negatives"):
        table.add_row(name, f"{facts['rows'][name]:,}")
    table.add_row("steps", f"{training['steps']:,} of {training['planned_steps']:,}")
    table.add_row("learning rate", f"{training['learning_rate']:g}")
    table.add_row("development", f"{dev_set['queries']:,} queries, {dev_set['origin']}")
    table.add_row("nDCG@10 before", f"{history['before']:.4f}")
    for check in history["looks"]:
        best = " (kept)" if check["step"] == history["best_step"] else ""
        table.add_row(f"nDCG@10 at step {check['step']:,}{best}", f"{check['ndcg@10']:.4f}")
    for round_ in facts.get("rounds", ()):
        kept = " (kept)" if round_["round"] == facts["best_round"] else ""
        table.add_row(f"round {round_['round']}{kept}", f"{round_['before']:.4f} -> {round_['best']:.4f}")
    for stage, seconds in facts["seconds"].items():
        table.add_row(f"seconds: {stage}", f"{seconds:,.1f}")
    return table
