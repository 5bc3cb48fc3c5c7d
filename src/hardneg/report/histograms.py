"""Counts that add up over the parts of a ledger."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


class Histogram:
    """Values of several groups, counted in equal bins; values outside count in the outermost.

    Args:
        low: The lower edge of the first bin.
        high: The upper edge of the last.
        groups: The groups' names.
        bins: How many bins.
    """

    def __init__(self, low: float, high: float, groups: tuple[str, ...], bins: int = 40) -> None:
        self.low, self.high = low, high if high > low else low + 1.0
        self.groups = groups
        self.counts = np.zeros((len(groups), bins), np.int64)

    @property
    def edges(self) -> npt.NDArray[np.float64]:
        """(n_bins + 1,) float64: the edges of the bins."""
        return np.linspace(self.low, self.high, self.counts.shape[1] + 1)

    @property
    def total(self) -> int:
        """All values counted."""
        return int(self.counts.sum())

    def add(self, values: npt.NDArray[np.float64], groups: npt.NDArray[np.int8]) -> None:
        """Counts (n,) values by their (n,) groups; NaN is passed over."""
        valid = ~np.isnan(values)
        bins = _bins(values[valid], self.low, self.high, self.counts.shape[1])
        place = groups[valid].astype(np.int64) * self.counts.shape[1] + bins
        self.counts += np.bincount(place, minlength=self.counts.size).reshape(self.counts.shape)

    def shares(self) -> dict[str, npt.NDArray[np.float64]]:
        """Returns for each group that has values (n_bins,) float64, the share of its values in each bin."""
        rows = zip(self.groups, self.counts, strict=True)
        return {group: row / row.sum() for group, row in rows if row.sum()}


class Histogram2D:
    """Pairs of values, counted in (n_x, n_y) equal bins; values outside count in the outermost."""

    def __init__(self, x_low: float, x_high: float, n_x: int, y_low: float, y_high: float, n_y: int) -> None:
        self.x = (x_low, x_high if x_high > x_low else x_low + 1.0)
        self.y = (y_low, y_high)
        self.counts = np.zeros((n_x, n_y), np.int64)

    def add(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> None:
        """Counts (n,) pairs; where either is NaN the pair is passed over."""
        valid = ~(np.isnan(x) | np.isnan(y))
        n_x, n_y = self.counts.shape
        place = _bins(x[valid], *self.x, n_x) * n_y + _bins(y[valid], *self.y, n_y)
        self.counts += np.bincount(place, minlength=self.counts.size).reshape(self.counts.shape)

    def edges(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Returns the edges of the bins along both axes."""
        n_x, n_y = self.counts.shape
        return np.linspace(*self.x, n_x + 1), np.linspace(*self.y, n_y + 1)


def _bins(values: npt.NDArray[np.float64], low: float, high: float, bins: int) -> npt.NDArray[np.int64]:
    places = np.floor((values - low) * (bins / (high - low)))
    return np.clip(places, 0, bins - 1).astype(np.int64)
