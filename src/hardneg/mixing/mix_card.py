"""The dataset card of a mixture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hardneg.exporters.card import training_set, write_sections
from hardneg.exporters.markdown import code, plain

_HARDNESS = ("score", "relative_margin")
_KINDS = {
    "one": "of one collection",
    "clustered": "of one collection, their queries near to each other",
    "all": "of all collections by their shares",
}


def write_card(info: Mapping[str, Any], out: Path) -> None:
    """Writes the card, from what mix.json holds."""
    export = info["export"]
    sections = [
        "# A mixture of training sets with hard negatives\n\n"
        f"{info['rows']:,} rows of {len(info['parts'])} collections, mixed by "
        "[hardneg](https://pypi.org/project/hardneg/). Ids begin with the name of the collection.",
        _parts(info),
        _quality(info),
        _prompts(info),
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
        f"| {part['distinct_rows']:,} | {part['rows']:,} | {part['share']:.1%} | {_left_out(part)} |"
        for part in info["parts"]
    ]
    head = "| collection | recipe | rows of the run | used | with repeats | share | left out |"
    return "\n".join(["## Parts\n", head, "|---|---|---:|---:|---:|---:|---|", *rows])


def _quality(info: Mapping[str, Any]) -> str:
    rows = []
    for part in info["parts"]:
        hardness, rate = part["hardness"], part["false_negatives"]
        numbers = (f"{hardness[name]:.3f}" if hardness[name] is not None else "" for name in _HARDNESS)
        expected = "" if rate["expected"] is None else f"{rate['expected']:.1%}"
        rows.append(
            f"| {code(part['name'])} | {code(hardness['by'])} | {' | '.join(numbers)} | {expected} "
            f"| {_measured(rate['measured'])} |"
        )
    head = (
        "| collection | ranker | mean score of the negatives | median relative margin "
        "| false negatives, expected | measured |"
    )
    return "\n".join(["## Hardness and false negatives\n", head, "|---|---|---:|---:|---:|---:|", *rows])


def _measured(rate: Mapping[str, Any] | None) -> str:
    return "" if rate is None else f"{rate['rate']:.1%} [{rate['low']:.1%}, {rate['high']:.1%}]"


def _prompts(info: Mapping[str, Any]) -> str:
    rows = [
        f"| {code(part['name'])} | {code(own['first'])} | {own['rows']:,} | {own['distinct']:,} |"
        for part in info["parts"]
        if (own := part["prompts"])["rows"]
    ]
    head = "| collection | the first | rows | different ones |"
    intro = "## Prompts\n\nText that stands before the query.\n"
    return "\n".join([intro, head, "|---|---|---:|---:|", *rows]) if rows else ""


def _left_out(part: Mapping[str, Any]) -> str:
    return plain(", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in part["left_out"].items()))


def _batches(info: Mapping[str, Any]) -> str:
    kind, size, count = (info["batches"][name] for name in ("kind", "size", "count"))
    which = _KINDS[kind]
    kept = (
        f"Read the rows in their order, {size} at a time, to have these batches."
        if info["batches"]["kept"]
        else "This format has another number of rows than the mixture, so the batches are lost in it."
    )
    if "masks" in info["batches"]:
        kept += (
            f" {code(info['batches']['masks'])} has a row for each of them, with the weight of each document "
            "as a negative for each query: 0 where it must not count."
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
