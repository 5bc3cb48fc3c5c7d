"""What becomes of weights in a format that may carry none, and the line that says so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from hardneg.core.components import Format
from hardneg.core.records import Example

LOST = "weights_left_out"
"""The note that counts documents that weigh less than 1 in a format without weights."""


class CountedWeights:
    """Examples that count, whenever they are iterated, how many of their documents weigh less than 1."""

    def __init__(self, examples: Iterable[Example]) -> None:
        self._examples = examples
        self.below_one = 0

    def __iter__(self) -> Iterator[Example]:
        self.below_one = 0
        for example in self._examples:
            self.below_one += sum(doc.weight < 1 for doc in (*example.positives, *example.negatives))
            yield example


def left_out(counted: CountedWeights, form: Format) -> dict[str, int]:
    """Returns the note on an export that was written from counted examples; {} where no weight was lost."""
    return {} if form.carries_weights or not counted.below_one else {LOST: counted.below_one}


def weights_note(export: Mapping[str, Any]) -> str | None:
    """Returns the line that says that an export's format left weights out; None where it did not."""
    count = export["notes"].get(LOST)
    if not count:
        return None
    form = export["format"]
    name = form if isinstance(form, str) else next(iter(form))
    return (
        f"the format {name} carries no weights: {count:,} documents weigh less than 1 in the ledger, 1 here; "
        "mining or hardneg select with --set select.attenuate=true draws negatives in proportion instead"
    )
