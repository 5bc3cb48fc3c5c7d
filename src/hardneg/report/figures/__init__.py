"""The report's figures by name; each drawn from the findings, None where there is nothing to show."""

from __future__ import annotations

from collections.abc import Callable

from hardneg.report.figures import candidates, checks, compared, doubt, rates
from hardneg.report.figures.style import AnyChart, Look
from hardneg.report.gather import Findings
from hardneg.report.i18n import Words

Figure = Callable[[Findings, Words, Look], AnyChart | None]

FIGURES: dict[str, Figure] = {
    "funnel": candidates.funnel,
    "scores": candidates.scores,
    "margins": candidates.margins,
    "ranks": candidates.ranks,
    "doubt": doubt.doubt,
    "margin_doubt": doubt.margin_doubt,
    "reliability": doubt.reliability,
    "audit": rates.audit,
    "trade_off": rates.trade_off,
    "agreement": rates.agreement,
    "checks": checks.checks,
    "compared": compared.compared,
}
"""One figure a name; `scores` takes a ranker too."""
