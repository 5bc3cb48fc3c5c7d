"""What writing queries and writing negatives have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from hardneg.core.components import Context
from hardneg.core.noise import uniform
from hardneg.core.records import Collection, IntArray
from hardneg.core.records.text import id_key
from hardneg.exporters.lines import rows_to
from hardneg.llm.generating.generate_settings import GenerateSettings
from hardneg.llm.generating.json_requester import Outcome, Question
from hardneg.llm.prompt import Prompt

PREFIX = "generated:"
"""How the ids of everything begin that a model wrote."""
RECORD = "generated.jsonl"


@dataclass(frozen=True)
class GenerationJob:
    """What is to be written.

    Attributes:
        collection: For whose documents or queries.
        settings: How.
        prompt: The template.
        split: Whose queries the collection has.
    """

    collection: Collection
    settings: GenerateSettings
    prompt: Prompt
    split: str = "train"

    @property
    def origin(self) -> dict[str, Any]:
        """Where what is written comes from: model, prompt, seed."""
        version = f"{Path(self.prompt.name).stem}-{self.prompt.digest[:12]}"
        return {"model": self.settings.model, "prompt": version, "seed": self.settings.seed}


class Task(Protocol):
    """Writing of one sort: what is asked, and what becomes of the answers.

    Attributes:
        name: `queries` or `negatives`.
        unit: What is asked about, as in `documents`.
        rows: (n,) int32, the rows to ask about, in order.
    """

    name: str
    unit: str
    rows: IntArray

    def question(self, row: int) -> Question:
        """Returns what is asked about a row."""

    def write(self, outcomes: Sequence[Outcome], folder: Path, context: Context) -> dict[str, Any]:
        """Writes what came of the rows; returns the counts of it: written, kept, dropped by reason.

        Raises:
            HardnegError: The ranker does not fit, or the folder cannot be written to.
        """


def drawn(seed: int, ids: Sequence[str], rows: IntArray, most: int) -> IntArray:
    """Returns at most so many of the rows, in an order drawn from the seed and their ids.

    A larger number gives the same rows and more.

    Args:
        seed: Of the draw.
        ids: (n,) the rows' ids.
        rows: (n,) int32.
        most: How many.
    """
    keys = np.fromiter((id_key(name) for name in ids), np.uint64, len(ids))
    order = np.argsort(uniform(seed, keys, np.zeros(1, np.uint64)), kind="stable")
    return rows[order[:most]]


def write_record(folder: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Writes the record of all that was written, and returns its counts.

    Args:
        folder: Where.
        rows: One a text, with `dropped`, the reason why it is not used, or None.
    """
    reasons: Counter[str] = Counter()
    count = 0
    with rows_to(folder / RECORD) as add:
        for row in rows:
            add(row)
            count += "answer" not in row
            reasons.update([row["dropped"]] if row["dropped"] and "answer" not in row else [])
    return {"written": count, "kept": count - reasons.total(), "dropped": dict(sorted(reasons.items()))}


def unreadable(outcome: Outcome, key: str, name: str) -> dict[str, Any]:
    """Returns the record's row for an answer that could not be read."""
    return {key: name, "dropped": "unreadable", "answer": outcome.answer}
