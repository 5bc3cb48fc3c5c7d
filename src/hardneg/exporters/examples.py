"""Which examples a format can carry: those left out are counted, never lost silently."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

from hardneg.core.components import Written
from hardneg.core.errors import DataError
from hardneg.core.records import Example, Scored

Short = Literal["drop", "repeat", "error"]


class Notes(Counter[str]):
    """Counts by reason what an export left out or repeated."""

    skipped = 0

    def skip(self, reason: str) -> None:
        """Counts an example that gets no row."""
        self[reason] += 1
        self.skipped += 1

    def written(self, files: Iterable[Path], rows: int) -> Written:
        """Returns the record of a finished export."""
        return Written(tuple(files), rows, self.skipped, dict(sorted(self.items())))


def usable(examples: Iterable[Example], notes: Notes, scored: bool = False) -> Iterator[Example]:
    """Yields the examples that have a positive and a negative."""
    for example in examples:
        if scored:
            example = _scored_only(example, notes)
        if example.positives and example.negatives:
            yield example
        else:
            notes.skip("no_negatives" if example.positives else "no_positives")


def uniform(
    examples: Iterable[Example], width: int | None, short: Short, notes: Notes, scored: bool = False
) -> Iterator[Example]:
    """Yields the usable examples with the same number of negatives each, the hardest.

    Without a width it is that of the widest example, and the examples are iterated twice.
    """
    wanted = width or _widest(usable(examples, Notes(), scored))
    for example in usable(examples, notes, scored):
        missing = wanted - len(example.negatives)
        if missing <= 0 or short == "repeat":
            notes.update({"repeated_negatives": 1} if missing > 0 else {})
            yield example._replace(negatives=_cycle(example.negatives, wanted))
        elif short == "drop":
            notes.skip("short")
        else:
            raise DataError(
                f'query "{example.query_id}" has {len(example.negatives)} negatives, expected {wanted}; '
                "set short to drop or repeat, or ask for fewer negatives"
            )


def no_spaces(kind: str, identifier: str) -> str:
    """Returns an id for a file whose columns are parted by white space."""
    if identifier.split() != [identifier]:
        raise DataError(
            f"{kind} {identifier!r} is empty or has white space in it, which this format cannot carry"
        )
    return identifier


def _scored_only(example: Example, notes: Notes) -> Example:
    positives = [doc for doc in example.positives if math.isfinite(doc.score)]
    negatives = [doc for doc in example.negatives if math.isfinite(doc.score)]
    unscored = len(example.positives) + len(example.negatives) - len(positives) - len(negatives)
    notes.update({"documents_without_score": unscored} if unscored else {})
    return example._replace(positives=positives, negatives=negatives)


def _widest(examples: Iterable[Example]) -> int:
    return max((len(example.negatives) for example in examples), default=0)


def _cycle(negatives: Sequence[Scored], width: int) -> list[Scored]:
    return [negatives[place % len(negatives)] for place in range(width)]
