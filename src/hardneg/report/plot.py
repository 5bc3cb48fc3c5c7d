"""The report's figures for a notebook: each is an Altair chart, to be shown, changed or saved."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from hardneg.core.errors import DataError
from hardneg.report.figures import FIGURES, candidates, compared
from hardneg.report.figures.style import FILE, AnyChart
from hardneg.report.gather import Findings, gather
from hardneg.report.i18n import Words


class Plots:
    """The figures of one run.

    Args:
        folder: The run directory.
        language: `en` or `ru`.
    """

    def __init__(self, folder: Path, language: str = "en") -> None:
        self._folder = folder
        self._words = Words(language)
        self._look = FILE.speaking(self._words)

    @cached_property
    def findings(self) -> Findings:
        """What the figures are drawn from, read once."""
        return gather(self._folder)

    def funnel(self) -> AnyChart:
        """Returns how many candidates each reason took away, and how many negatives are left."""
        return self._drawn("funnel")

    def scores(self, ranker: str | None = None) -> AnyChart:
        """Returns how one ranker's scores are spread, by default those that thresholds read.

        Raises:
            DataError: The run has no such ranker.
        """
        return self._must(
            candidates.scores(self.findings, self._words, self._look, ranker), f"scores by {ranker}"
        )

    def margins(self) -> AnyChart:
        """Returns how far below the weakest positive the candidates score."""
        return self._drawn("margins")

    def ranks(self) -> AnyChart:
        """Returns at which ranks positives and negatives stand."""
        return self._drawn("ranks")

    def doubt(self) -> AnyChart:
        """Returns how p(false negative) is spread. Raises DataError where it was not estimated."""
        return self._drawn("doubt")

    def margin_doubt(self) -> AnyChart:
        """Returns margin against p(false negative). Raises DataError where it was not estimated."""
        return self._drawn("margin_doubt")

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
        """Returns what near-duplicate checks and the like point at. Raises DataError if nothing was."""
        return self._drawn("checks")

    def compared(self, metric: str | None = None) -> AnyChart:
        """Returns what the comparison that the run belongs to measured. Raises DataError without one."""
        return self._must(compared.compared(self.findings, self._words, self._look, metric), "compared")

    def _drawn(self, name: str) -> AnyChart:
        return self._must(FIGURES[name](self.findings, self._words, self._look), name)

    def _must(self, chart: AnyChart | None, name: str) -> AnyChart:
        if chart is None:
            raise DataError(f"{self._folder} holds nothing to draw for {name}")
        return chart
