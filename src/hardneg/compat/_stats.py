"""What a call did, in numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from hardneg.compat._output import Rows
from hardneg.compat._settings import Settings, Window
from hardneg.core.records import FloatArray

_QUANTILES = {"min": 0.0, "25%": 0.25, "median": 0.5, "75%": 0.75, "max": 1.0}


@dataclass(frozen=True)
class MiningStats:
    """What a call of `mine_hard_negatives` did.

    Attributes:
        queries: Distinct queries.
        pairs: Distinct (anchor, positive) pairs.
        negatives: Negatives written, counted once a pair.
        short: Queries with fewer negatives than were asked for.
        skipped: Candidates dropped, by the first rule that dropped them.
        range_max: Where among the survivors the choice stopped.
        seed: The seed of random draws.
        scores: For `positive`, `negative` and `difference`: mean, std, min, 25%, median, 75% and max;
            empty where there is nothing to measure.
    """

    queries: int
    pairs: int
    negatives: int
    short: int
    skipped: Mapping[str, int]
    range_max: int
    seed: int
    scores: Mapping[str, Mapping[str, float]]

    def lines(self) -> Iterator[str]:
        """Yields the lines that a verbose call logs."""
        yield f"{self.queries:,} queries, {self.pairs:,} pairs: {self.negatives:,} negatives written"
        yield f"range_max {self.range_max}, seed {self.seed}"
        for name, numbers in self.scores.items():
            yield f"{name} scores: " + ", ".join(f"{key} {value:.4f}" for key, value in numbers.items())
        for rule, count in self.skipped.items():
            yield f"{count:,} candidates skipped by {rule}"
        if self.short:
            yield (
                f"{self.short:,} queries found too few negatives ({self.short / self.queries:.2%}); "
                "deepen=True looks further down, looser bounds keep more"
            )


def measure(rows: Rows, settings: Settings, window: Window) -> MiningStats:
    """Returns what was done.

    Args:
        rows: The rows written.
        settings: What was asked.
        window: The ranks that were looked at first.
    """
    pair, column = np.nonzero(rows.kept)
    negative = rows.scores[pair, column]
    positive = rows.mined.positive
    scores = {"positive": positive, "negative": negative, "difference": positive[pair] - negative}
    return MiningStats(
        queries=len(rows.pairs.queries),
        pairs=len(rows.pairs.query),
        negatives=len(pair),
        short=int(rows.mined.short.sum()),
        skipped={rule: int(counts.sum()) for rule, counts in rows.mined.skipped.items()},
        range_max=window.range_max,
        seed=settings.seed,
        scores={name: _describe(values) for name, values in scores.items()},
    )


def _describe(values: FloatArray) -> dict[str, float]:
    if not len(values):
        return {}
    wide = values.astype(np.float64)
    found = {"mean": float(wide.mean()), "std": float(wide.std())}
    quantiles = np.quantile(wide, list(_QUANTILES.values())).tolist()
    return found | dict(zip(_QUANTILES, quantiles, strict=True))
