"""The common parts of generating queries and negatives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.noise import uniform
from hardneg.core.records import Collection, IntArray
from hardneg.core.records.text import id_key
from hardneg.exporters.lines import rows_to
from hardneg.llm.generating.generate_settings import GenerateSettings
from hardneg.llm.generating.json_requester import GeneratedTexts
from hardneg.llm.prompt import Prompt

PREFIX = "generated:"
"""Prefix of the ids of generated texts."""
RECORD = "generated.jsonl"


@dataclass(frozen=True)
class GenerationJob:
    """A call of `generate`; the split is that of the collection's queries."""

    collection: Collection
    settings: GenerateSettings
    prompt: Prompt
    split: str = "train"

    @property
    def origin(self) -> dict[str, Any]:
        """The origin of generated texts: model, prompt, seed."""
        version = f"{Path(self.prompt.name).stem}-{self.prompt.digest[:12]}"
        return {"model": self.settings.model, "prompt": version, "seed": self.settings.seed}


def sample_rows(seed: int, ids: Sequence[str], rows: IntArray, limit: int) -> IntArray:
    """Returns the first rows in an order drawn from the seed and their ids.

    A larger limit gives the same rows and more.
    """
    keys = np.fromiter((id_key(name) for name in ids), np.uint64, len(ids))
    order = np.argsort(uniform(seed, keys, np.zeros(1, np.uint64)), kind="stable")
    return rows[order[:limit]]


def write_record(folder: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Writes the record of all generated texts, and returns its counts: written, kept, dropped by reason."""
    reasons: Counter[str] = Counter()
    count = 0
    with rows_to(folder / RECORD) as add:
        for row in rows:
            add(row)
            count += "answer" not in row
            reasons.update([row["dropped"]] if row["dropped"] and "answer" not in row else [])
    return {"written": count, "kept": count - reasons.total(), "dropped": dict(sorted(reasons.items()))}


def unreadable(result: GeneratedTexts, key: str, name: str) -> dict[str, Any]:
    """Returns the record's row for an answer that could not be read."""
    return {key: name, "dropped": "unreadable", "answer": result.answer}
