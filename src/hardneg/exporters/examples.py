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
    """Yields the examples that have a positive and a negative.

    Args:
        examples: The examples in order.
        notes: Where the others are counted, as `no_positives` or `no_negatives`.
        scored: Leave out documents without a score first, counted as `documents_without_score`.
    """
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
    """Yields the usable examples with the same number of negatives each.

    Args:
        examples: The examples in order; iterated twice when `width` is None.
        width: Negatives an example, the hardest; None for as many as the widest example has.
        short: What to do with an example that has fewer: `drop` it, as sentence-transformers'
            `mine_hard_negatives` does, `repeat` its negatives in turn, or stop with an `error`.
        notes: Where dropped examples are counted as `short`, lengthened ones as `repeated_negatives`.
        scored: Leave out documents without a score first.

    Raises:
        DataError: An example has fewer negatives and `short` is `error`.
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
    """Returns an id for a file whose columns are parted by white space.

    Raises:
        DataError: The id is empty or has white space in it.
    """
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
