"""Makes a mixture: reads runs, drops what overlaps, orders rows in batches, writes the training set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError
from hardneg.core.files import remove_unfinished
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.records import Example
from hardneg.core.state_files import fingerprint, read_state, write_state
from hardneg.mixing.batches import Batch, batches, shares
from hardneg.mixing.mix_card import write_card
from hardneg.mixing.mix_settings import MixSettings
from hardneg.mixing.overlap import remove_overlap
from hardneg.mixing.part import Part
from hardneg.runs.finished import FinishedRun

FILE = "mix.json"


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
    task = (progress or NullProgress()).task
    names, form = _names(runs, settings), FORMATS.make(settings.format)
    origin = fingerprint(settings.model_dump(mode="json"), [run.info["fingerprint"] for run in runs])
    _claim(out, origin)
    with task("read runs", None, "rows"):
        parts = [
            Part(name, run, part, settings.negatives)
            for name, run, part in zip(names, runs, settings.parts, strict=True)
        ]
    with task("compare queries", None, "rows"):
        held_out = remove_overlap(parts, settings)
        for part in parts:
            part.cap(settings.seed)
            if not part.rows:
                raise ConfigError(
                    f"{part.name}: no row is left: {_reasons(part.left_out)}; leave the run out"
                )
    counts = _counts(parts, settings)
    with task("batches", sum(counts), "rows") as bar:
        ordered: list[Batch] = []
        for batch in batches(parts, counts, settings):
            ordered.append(batch)
            bar.advance(len(batch))
    info = _described(parts, ordered, held_out, settings, origin)
    written = form.write(_Examples(parts, ordered), out / f"train{form.suffix}")
    for path in written.files:
        remove_unfinished(path)
    if written.rows:
        form.lint(written.files[0])
    info["export"] = {
        "format": FORMATS.describe(form),
        "files": [path.name for path in written.files],
        "rows": written.rows,
        "skipped": written.skipped,
        "notes": written.notes,
    }
    info["batches"]["kept"] = written.rows == info["rows"]
    write_card(info, out / "README.md")
    return write_state(out / FILE, {**info, "finished": True})


class _Examples:
    """The examples of a mixture, batch after batch; may be iterated any number of times."""

    def __init__(self, parts: Sequence[Part], ordered: Sequence[Batch]) -> None:
        self._parts = parts
        self._ordered = ordered

    def __iter__(self) -> Iterator[Example]:
        for batch in self._ordered:
            for part, rows in groupby(batch, key=lambda member: member[0]):
                yield from self._parts[part].examples([number for _, number in rows])


def _counts(parts: Sequence[Part], settings: MixSettings) -> list[int]:
    """Returns the rows of each part, enough for a batch."""
    counts = shares(parts, settings)
    for part, count in zip(parts, counts, strict=True):
        most = count if settings.batches == "one" else sum(counts)
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


def _claim(out: Path, origin: str) -> None:
    """Claims a folder that is empty or holds the same mixture."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        entries = sorted(entry.name for entry in out.iterdir())
    except OSError as error:
        raise ConfigError(f"cannot write into {out}: {error.strerror or error}") from None
    if not entries:
        write_state(out / FILE, {"fingerprint": origin, "finished": False})
        return
    if FILE not in entries:
        raise ConfigError(f"{out} is not empty and holds no mixture ({entries[0]}); choose another --out")
    stored = read_state(out / FILE, f"delete {out} and mix again")
    if stored.get("finished") is not False and stored.get("fingerprint") != origin:
        raise ConfigError(f"{out} holds another mixture, of other runs or settings; choose another --out")


def _described(
    parts: Sequence[Part],
    ordered: Sequence[Batch],
    held_out: Mapping[str, int],
    settings: MixSettings,
    origin: str,
) -> dict[str, Any]:
    used = Counter(number for batch in ordered for number, _ in batch)
    distinct = Counter(number for number, _ in {member for batch in ordered for member in batch})
    total = sum(used.values())
    return {
        "fingerprint": origin,
        "settings": settings.model_dump(mode="json"),
        "parts": [
            {
                "name": part.name,
                "run": part.settings.run,
                "fingerprint": part.run.info["fingerprint"],
                "recipe": part.run.info["recipe"]["name"],
                "prompt": part.settings.prompt,
                "rows_found": len(part.rows) + sum(part.left_out.values()),
                "left_out": part.left_out,
                "rows": used[number],
                "distinct_rows": distinct[number],
                "share": round(used[number] / total, 6),
            }
            for number, part in enumerate(parts)
        ],
        "rows": total,
        "batches": {"kind": settings.batches, "size": settings.batch_size, "count": len(ordered)},
        "holdout": dict(held_out),
    }


def _reasons(left_out: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {reason.replace('_', ' ')}" for reason, count in left_out.items())
