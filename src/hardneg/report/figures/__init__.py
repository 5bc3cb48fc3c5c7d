"""The report's figures by name; each drawn from a run's summary, None where there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable

from hardneg.report.figures import candidates, rates
from hardneg.report.figures.style import AnyChart, Style
from hardneg.report.i18n import Locale
from hardneg.report.summary import RunSummary

FIGURES: dict[str, Callable[[RunSummary, Locale, Style], AnyChart | None]] = {
    "funnel": candidates.funnel,
    "scores": candidates.scores,
    "margins": candidates.margins,
    "ranks": candidates.ranks,
    "probabilities": candidates.probabilities,
    "margin_probabilities": candidates.margins_and_probabilities,
    "reliability": rates.reliability,
    "audit": rates.audit,
    "trade_off": rates.trade_off,
    "agreement": rates.agreement,
    "checks": candidates.checks,
    "compared": rates.compared,
}
"""One figure a name; `scores` takes a ranker too, `compared` a measure."""
