"""A comparison as CSV, as text and as a table on the screen."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

WIDE = 160
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")


def as_csv(facts: Mapping[str, Any]) -> str:
    """Returns one line per arm, numbers in full; no text starts like a spreadsheet's formula."""
    flat = [{name: _escaped(value) for name, value in _flat(row).items()} for row in facts["rows"]]
    names = list(dict.fromkeys(name for row in flat for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(flat)
    return text.getvalue()


def _escaped(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def as_text(facts: Mapping[str, Any]) -> str:
    """Returns the table as plain text, with the conditions below it."""
    text = io.StringIO()
    console = Console(file=text, width=WIDE, no_color=True, highlight=False, markup=False, emoji=False)
    console.print(comparison_table(facts))
    for line in conditions(facts):
        console.print(line)
    return text.getvalue()


def comparison_table(facts: Mapping[str, Any]) -> Table:
    """Returns the table of arms; `*` marks p < 0.05 after Holm's correction."""
    first = facts["rows"][2]["arm"]
    best = next(row["arm"] for row in facts["rows"] if row["best"])
    shown = Table(
        title=f"{facts['collection']['name']}: nDCG@10 on {facts['settings']['test']}", box=box.SIMPLE_HEAD
    )
    shown.add_column("", no_wrap=True)
    compared = (f"vs {first}", f"vs {best}")
    others = ("recall@100", "shared", "false neg.", "hardness", "seconds")
    for heading in ("nDCG@10", "95 %", "seeds", "gain", *compared, *others):
        shown.add_column(heading, justify="right")
    for row in facts["rows"]:
        ndcg = row["measures"]["nDCG@10"]
        mined = row["mined"] or {}
        hardness = (mined.get("hardness") or {}).get("score")
        shown.add_row(
            row["arm"] + (" (best)" if row["best"] else ""),
            f"{ndcg['mean']:.4f}",
            f"{ndcg['low']:.3f}-{ndcg['high']:.3f}",
            "" if row["spread"] is None else f"±{row['spread']:.4f}",
            f"{row['gain']:+.4f}",
            _versus(row["against_first"]),
            _versus(row["against_best"]),
            f"{row['measures']['recall@100']['mean']:.4f}",
            _share(mined.get("shared_with_first")),
            _share((mined.get("false_negatives") or {}).get("rate"), 1),
            "" if hardness is None else f"{hardness:.3f}",
            f"{row['seconds']['train']:,.0f}",
        )
    return shown


def conditions(facts: Mapping[str, Any]) -> list[str]:
    """Returns the conditions of the comparison, one line each."""
    settings, collection = facts["settings"], facts["collection"]
    training, development, test = settings["train"], facts["development"], collection["test"]
    lines = [
        f"student {training['student']}, {settings['seeds']} seeds, {settings['negatives']} negatives, "
        f"loss {next(iter(training['loss']))}",
        f"{collection['queries']:,} training queries, {development['queries']:,} development queries "
        f"({development['origin']}), {test['queries']:,} test queries, {collection['documents']:,} documents",
        "gain: over untrained; vs: difference and p of the randomisation test, * p < 0.05 (Holm); "
        f"shared: negatives that {facts['rows'][2]['arm']} also has; hardness: mean score of the negatives",
    ]
    none = [row["arm"] for row in facts["rows"] if row["mined"] and not row["mined"]["negatives"]]
    if none:
        lines.append(
            f"{', '.join(none)}: no negatives were chosen; the student learns from in-batch negatives"
        )
    if collection["shared_query_texts"]:
        lines.append(f"{collection['shared_query_texts']:,} test queries have the text of a training query")
    return lines


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    mined = row["mined"] or {}
    flat: dict[str, Any] = {"arm": row["arm"]}
    for name, value in row["measures"].items():
        flat |= {name: value["mean"], f"{name} low": value["low"], f"{name} high": value["high"]}
    flat |= {"seeds": " ".join(map(str, row["seeds"])), "spread": row["spread"], "gain": row["gain"]}
    for name in ("against_first", "against_best"):
        test = row[name] or {}
        flat[f"{name} difference"] = (test.get("difference") or {}).get("mean")
        flat |= {f"{name} {p}": test.get(p) for p in ("p_randomisation", "p_t", "p_holm")}
    rate = mined.get("false_negatives") or {}
    flat |= {f"false_negatives {name}": rate.get(name) for name in ("rate", "low", "high")}
    hard = mined.get("hardness") or {}
    flat |= {f"hardness {name}": hard.get(name) for name in ("score", "relative_margin", "rank")}
    return {
        **flat,
        "negatives": mined.get("negatives"),
        "shared_with_first": mined.get("shared_with_first"),
        **{f"seconds {k}": v for k, v in row["seconds"].items()},
    }


def _versus(test: Mapping[str, Any] | None) -> str:
    if test is None:
        return ""
    mark = "*" if test["p_holm"] < 0.05 else " "
    return f"{test['difference']['mean']:+.4f} {test['p_randomisation']:.3f}{mark}"


def _share(share: float | None, places: int = 0) -> str:
    return "" if share is None else f"{share:.{places}%}"
