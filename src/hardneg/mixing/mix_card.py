"""The dataset card of a mixture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.exporters.card import training_set, write_sections
from hardneg.exporters.markdown import code, plain


def write_card(info: Mapping[str, Any], out: Path) -> None:
    """Writes the card, from what mix.json holds."""
    export = info["export"]
    sections = [
        "# A mixture of training sets with hard negatives\n\n"
        f"{info['rows']:,} rows of {len(info['parts'])} collections, mixed by "
        "[hardneg](https://pypi.org/project/hardneg/). Ids begin with the name of the collection.",
        _parts(info),
        _batches(info),
        _holdout(info),
        "\n".join(["## Files\n", *(f"- {code(name)}" for name in export["files"]), f"- {code('mix.json')}"]),
        training_set.columns(out.parent, export["files"], training_set.meanings(export)),
        training_set.loading(export),
    ]
    write_sections(sections, out)


def _parts(info: Mapping[str, Any]) -> str:
    rows = [
        f"| {code(part['name'])} | {code(part['recipe'])} | {part['rows_found']:,} "
        f"| {part['distinct_rows']:,} | {part['rows']:,} | {part['share']:.1%} | {_left_out(part)} "
        f"| {_prompt(part)} |"
        for part in info["parts"]
    ]
    head = "| collection | recipe | rows of the run | used | with repeats | share | left out | prompt |"
    return "\n".join(["## Parts\n", head, "|---|---|---:|---:|---:|---:|---|---|", *rows])


def _prompt(part: Mapping[str, Any]) -> str:
    return code(part["prompt"]) if part["prompt"] else ""


def _left_out(part: Mapping[str, Any]) -> str:
    return plain(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in part["left_out"].items()))


def _batches(info: Mapping[str, Any]) -> str:
    kind, size, count = (info["batches"][name] for name in ("kind", "size", "count"))
    which = "of one collection" if kind == "one" else "of all collections by their shares"
    kept = (
        f"Read the rows in their order, {size} at a time, to have these batches."
        if info["batches"]["kept"]
        else "This format has another number of rows than the mixture, so the batches are lost in it."
    )
    return (
        f"## Batches\n\n{count:,} batches of {size} rows {which}. In a batch no document is a known or "
        f"suspected positive of another row's query, and no query occurs twice. {kept}"
    )


def _holdout(info: Mapping[str, Any]) -> str:
    if not info["holdout"]:
        return ""
    lines = [f"- {code(Path(source).name)}: {count:,} queries" for source, count in info["holdout"].items()]
    return "\n".join(["## Evaluation sets that were kept out\n", *lines])
