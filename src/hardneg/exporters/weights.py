"""What becomes of weights and prompts in a format that may carry none, and the lines that say so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hardneg.core.components import Format
from hardneg.core.records import Example

LOST = "weights_left_out"
"""The note that counts documents that weigh less than 1 in a format without weights."""
LOST_PROMPTS = "prompts_left_out"
"""The note that counts examples with a prompt in a format without prompts."""


class CountedExamples:
    """Examples that count, whenever they are iterated, what some formats cannot carry.

    Attributes:
        below_one: Documents that weigh less than 1.
        prompted: Examples with a prompt.
    """

    def __init__(self, examples: Iterable[Example]) -> None:
        self._examples = examples
        self.below_one = self.prompted = 0

    def __iter__(self) -> Iterator[Example]:
        self.below_one = self.prompted = 0
        for example in self._examples:
            self.prompted += bool(example.prompt)
            self.below_one += sum(doc.weight < 1 for doc in (*example.positives, *example.negatives))
            yield example


def left_out(counted: CountedExamples, form: Format) -> dict[str, int]:
    """Returns the notes on an export that was written from counted examples; {} where nothing was lost."""
    lost = {
        LOST: 0 if form.carries_weights else counted.below_one,
        LOST_PROMPTS: 0 if form.carries_prompts else counted.prompted,
    }
    return {name: count for name, count in lost.items() if count}


def left_out_notes(export: Mapping[str, Any]) -> list[str]:
    """Returns the lines that say what an export's format left out."""
    return [note for note in (weights_note(export), prompts_note(export)) if note is not None]


def prompts_note(export: Mapping[str, Any]) -> str | None:
    """Returns the line that says that an export's format left prompts out; None where it did not."""
    count = export["notes"].get(LOST_PROMPTS)
    if not count:
        return None
    return (
        f"the format {format_name(export)} has no place for prompts: {count:,} queries have one in the "
        "source and none here; hardneg mix puts prompts before queries, in all formats"
    )


def weights_note(export: Mapping[str, Any]) -> str | None:
    """Returns the line that says that an export's format left weights out; None where it did not."""
    count = export["notes"].get(LOST)
    if not count:
        return None
    return (
        f"the format {format_name(export)} carries no weights: {count:,} documents weigh less than 1 in the "
        "ledger, 1 here; mining or hardneg select with --set select.attenuate=true draws negatives in "
        "proportion instead"
    )


def format_name(export: Mapping[str, Any]) -> str:
    """Returns the name of the format of an export."""
    form = export["format"]
    return str(next(iter(form)) if isinstance(form, Mapping) else form)
