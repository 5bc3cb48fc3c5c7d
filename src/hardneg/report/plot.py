"""The report's figures for a notebook: each is an Altair chart, to show, change or save."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.report.figures import FIGURES, candidates, rates
from hardneg.report.figures.style import FILE_STYLE, AnyChart
from hardneg.report.i18n import Locale
from hardneg.report.summary import RunSummary, summarize


class Plots:
    """The figures of one run.

    Args:
        folder: The run directory.
        language: `en` or `ru`.
    """

    def __init__(self, folder: Path, language: str = "en") -> None:
        self._folder = folder
        self._locale = Locale(language)
        self._style = FILE_STYLE.localized(self._locale)

    @cached_property
    def summary(self) -> RunSummary:
        """The data of the figures, read once."""
        return summarize(self._folder)

    def funnel(self) -> AnyChart:
        """Returns how many candidates each reason took away, and how many negatives are left."""
        return self._drawn("funnel")

    def scores(self, ranker: str | None = None) -> AnyChart:
        """Returns the distribution of one ranker's scores, by default those that thresholds read.

        Raises:
            DataError: The run has no such ranker.
        """
        chart = candidates.scores(self.summary, self._locale, self._style, ranker)
        return self._checked(chart, f"scores by {ranker}")

    def margins(self) -> AnyChart:
        """Returns how far below the weakest positive the candidates score."""
        return self._drawn("margins")

    def ranks(self) -> AnyChart:
        """Returns at which ranks positives and negatives are."""
        return self._drawn("ranks")

    def probabilities(self) -> AnyChart:
        """Returns the distribution of p(false negative). Raises DataError where it was not estimated."""
        return self._drawn("probabilities")

    def margin_probabilities(self) -> AnyChart:
        """Returns margin against p(false negative). Raises DataError where it was not estimated."""
        return self._drawn("margin_probabilities")

    def reliability(self) -> AnyChart:
        """Returns predicted against observed false negatives. Raises DataError without a calibration."""
        return self._drawn("reliability")

    def audit(self) -> AnyChart:
        """Returns the measured false-negative rate. Raises DataError without an audit."""
        return self._drawn("audit")

    def trade_off(self) -> AnyChart:
        """Returns hardness against false negatives. Raises DataError without an audit."""
        return self._drawn("trade_off")

    def agreement(self) -> AnyChart:
        """Returns the share of the top 10 that rankers have in common. Raises DataError with one ranker."""
        return self._drawn("agreement")

    def checks(self) -> AnyChart:
        """Returns what the checks for near-duplicates and leakage found. Raises DataError without them."""
        return self._drawn("checks")

    def compared(self, metric: str | None = None) -> AnyChart:
        """Returns what the run's comparison measured. Raises DataError without one."""
        chart = rates.compared(self.summary, self._locale, self._style, metric)
        return self._checked(chart, "compared")

    def _drawn(self, name: str) -> AnyChart:
        return self._checked(FIGURES[name](self.summary, self._locale, self._style), name)

    def _checked(self, chart: AnyChart | None, name: str) -> AnyChart:
        if chart is None:
            raise DataError(f"{self._folder} has no data to draw {name}")
        return chart
