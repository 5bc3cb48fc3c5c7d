"""Makes a mixture: reads runs, drops what overlaps, orders rows in batches, writes the training set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Example
from hardneg.core.state_files import fingerprint, read_state, write_state
from hardneg.exporters.export import export
from hardneg.mixing import batch_file
from hardneg.mixing.batches import Batch, batches, shares
from hardneg.mixing.clusters import likeness
from hardneg.mixing.mix_card import write_card
from hardneg.mixing.mix_settings import MixSettings
from hardneg.mixing.overlap import remove_overlap
from hardneg.mixing.part import Part
from hardneg.mixing.part_facts import TEXT, part_facts
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import FinishedRun

FILE = "mix.json"
_SHOWN = 10
"""Queries of a batch that are shown."""


def mix(
    runs: Sequence[FinishedRun],
    settings: MixSettings,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes the mixture of runs, one for each part of the settings, into a folder; returns `mix.json`.

    Raises:
        ConfigError: The folder holds something else, or the settings do not fit the runs.
        DataError: A run has no rows.
    """
    progress = progress or NullProgress()
    names, form = _names(runs, settings), FORMATS.make(settings.format)
    origin = fingerprint(settings.model_dump(mode="json"), [run.info["fingerprint"] for run in runs])
    with RunFolder(out, FILE).opened() as folder:
        _claim(folder, origin)
        parts, held_out = _read(names, runs, settings, progress)
        ordered = _ordered(parts, settings, progress)
        info = _described(parts, ordered, held_out, settings, origin)
        info["export"] = export(_Examples(parts, ordered), form, out / f"train{form.suffix}")
        info["batches"]["kept"] = info["export"]["rows"] == info["rows"]
        _write_masks(parts, ordered, settings, folder.path)
        write_card(info, out / "README.md")
        return write_state(out / FILE, {**info, "finished": True})


def _read(
    names: Sequence[str], runs: Sequence[FinishedRun], settings: MixSettings, progress: Progress
) -> tuple[list[Part], dict[str, int]]:
    """Returns the parts without what is left out, and the sizes of the evaluation sets."""
    with progress.task("read runs", None, "rows"):
        parts = [
            Part(name, run, part, settings.negatives)
            for name, run, part in zip(names, runs, settings.parts, strict=True)
        ]
    with progress.task("compare queries", None, "rows"):
        held_out = remove_overlap(parts, settings)
    for part in parts:
        part.cap(settings.seed)
        if not part.rows:
            raise ConfigError(f"{part.name}: no row is left: {_reasons(part.left_out)}; leave the run out")
    return parts, held_out


def _ordered(parts: Sequence[Part], settings: MixSettings, progress: Progress) -> list[Batch]:
    """Returns all batches."""
    counts, ordered = _counts(parts, settings), list[Batch]()
    with progress.task("batches", sum(counts), "rows") as task:
        for batch in batches(parts, counts, settings):
            ordered.append(batch)
            task.advance(len(batch))
    return ordered


class _Examples:
    """The examples of a mixture, batch after batch; may be iterated any number of times."""

    def __init__(self, parts: Sequence[Part], ordered: Sequence[Batch]) -> None:
        self._parts = parts
        self._ordered = ordered

    def __iter__(self) -> Iterator[Example]:
        for batch in self._ordered:
            yield from batch_file.examples(self._parts, batch)


def _write_masks(parts: Sequence[Part], ordered: Sequence[Batch], settings: MixSettings, out: Path) -> None:
    """Writes the batches with their masks, if they are wanted."""
    if settings.masks:
        batch_file.write_batches(parts, ordered, out / batch_file.FILE)


def _counts(parts: Sequence[Part], settings: MixSettings) -> list[int]:
    """Returns the rows of each part, enough for a batch."""
    counts = shares(parts, settings)
    for part, count in zip(parts, counts, strict=True):
        most = sum(counts) if settings.batches == "all" else count
        if most < settings.batch_size:
            raise ConfigError(
                f"{part.name}: its {count:,} rows make no batch of {settings.batch_size}; make batch_size "
                "smaller, its weight greater, or the batches `all`"
            )
    return counts


def _names(runs: Sequence[FinishedRun], settings: MixSettings) -> list[str]:
    """Returns the names of the parts, which must differ."""
    names = [
        part.name or str(run.info["collection"]["name"])
        for part, run in zip(settings.parts, runs, strict=True)
    ]
    name, count = Counter(names).most_common(1)[0]
    if count > 1:
        raise ConfigError(f'{count} runs are of a collection "{name}"; give each part a `name` of its own')
    return names


def _claim(folder: RunFolder, origin: str) -> None:
    """Claims a folder for a mixture; one that was not finished holds none yet."""
    try:
        stored = read_state(folder.path / FILE, f"delete {folder.path} and mix again")
    except FileNotFoundError:
        write_state(folder.path / FILE, {"fingerprint": origin, "finished": False})
        return
    if stored.get("finished") is not False and stored.get("fingerprint") != origin:
        raise ConfigError(
            f"{folder.path} holds another mixture, of other runs or settings; choose another --out"
        )
    folder.sweep()


def _described(
    parts: Sequence[Part],
    ordered: Sequence[Batch],
    held_out: Mapping[str, int],
    settings: MixSettings,
    origin: str,
) -> dict[str, Any]:
    used: list[list[int]] = [[] for _ in parts]
    for batch in ordered:
        for number, row in batch:
            used[number].append(row)
    total = sum(map(len, used))
    return {
        "fingerprint": origin,
        "settings": settings.model_dump(mode="json"),
        "parts": [
            {
                "name": part.name,
                "run": part.settings.run,
                "fingerprint": part.run.info["fingerprint"],
                "rows_found": len(part.rows) + sum(part.left_out.values()),
                "left_out": part.left_out,
                "rows": len(rows),
                "distinct_rows": len(set(rows)),
                "share": round(len(rows) / total, 6),
                **part_facts(part, rows),
                **_likeness(part, number, ordered, settings),
            }
            for number, (part, rows) in enumerate(zip(parts, used, strict=True))
        ],
        "rows": total,
        "batches": {
            "kind": settings.batches,
            "size": settings.batch_size,
            "count": len(ordered),
            "example": _queries(parts, ordered[0]),
            **({"masks": batch_file.FILE} if settings.masks else {}),
        },
        "holdout": dict(held_out),
    }


def _queries(parts: Sequence[Part], batch: Batch) -> list[str]:
    """Returns the first queries of a batch, to be shown."""
    return [example.query[:TEXT] for example in batch_file.examples(parts, batch[:_SHOWN])]


def _likeness(
    part: Part, number: int, ordered: Sequence[Batch], settings: MixSettings
) -> dict[str, dict[str, float]]:
    """Returns how like the queries of a batch of a part are, and of any two of it, {} unless clustered."""
    if settings.batches != "clustered":
        return {}
    own = [[row for _, row in batch] for batch in ordered if batch[0][0] == number]
    in_batch, at_random = likeness(part.vectors, own)
    return {"likeness": {"in_batch": round(in_batch, 4), "at_random": round(at_random, 4)}}


def _reasons(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in left_out.items())
