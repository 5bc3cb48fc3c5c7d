"""How far judges agree beyond chance."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from hardneg.core.verdicts import Judged, Verdict, by_judge

_DECIDED = (Verdict.RELEVANT, Verdict.NOT_RELEVANT)


def kappa(one: Sequence[bool], other: Sequence[bool]) -> float | None:
    """Returns Cohen's kappa (1960) of two judges' answers on the same pairs.

    1 is full agreement, 0 chance agreement; None without pairs, or where both always gave one answer.
    """
    count = len(one)
    if not count:
        return None
    observed = sum(a == b for a, b in zip(one, other, strict=True)) / count
    yes = (sum(one) / count, sum(other) / count)
    expected = yes[0] * yes[1] + (1 - yes[0]) * (1 - yes[1])
    return None if expected == 1 else (observed - expected) / (1 - expected)


def agreements(verdicts: list[Judged]) -> list[dict[str, Any]]:
    """Returns for each two `judges` the number of pairs that `both` decided, and `kappa`."""
    answers = {
        judge: {pair: verdict == Verdict.RELEVANT for pair, verdict in own.items() if verdict in _DECIDED}
        for judge, own in by_judge(verdicts)
    }
    rows = []
    for one, other in combinations(answers, 2):
        pairs = [pair for pair in answers[one] if pair in answers[other]]
        if pairs:
            value = kappa([answers[one][pair] for pair in pairs], [answers[other][pair] for pair in pairs])
            rows.append({"judges": [one, other], "both": len(pairs), "kappa": value})
    return rows
