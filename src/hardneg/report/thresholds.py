"""The thresholds that a run's recipe sets on scores, margins and p(false negative)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hardneg.core.components import RULES, Rule
from hardneg.core.errors import ConfigError
from hardneg.report.i18n import Locale

if TYPE_CHECKING:
    from hardneg.report.summary import RunSummary


def score_limits(summary: RunSummary, ranker: str, locale: Locale) -> list[tuple[float, str]]:
    """Returns (score, label) of the thresholds that the recipe sets on a ranker's scores."""
    limits = []
    for rule in rules(summary.run):
        if rule.reads == "score" and (rule.by or summary.scorer) == ranker:
            setting, value = _setting(rule)
            key = f"threshold.{setting}" if f"threshold.{setting}" in locale.texts else "threshold.other"
            limits.append((value, locale(key, name=setting, at=locale.figures(value))))
    return limits


def margin_limits(summary: RunSummary) -> list[float]:
    """Returns the margins to the scorer's anchor that the recipe sets, of the kind of `summary.margins`."""
    own = [rule for rule in rules(summary.run) if (rule.by or summary.scorer) == summary.scorer]
    limits: list[float | None] = [
        _setting(rule)[1] for rule in own if rule.reads == "anchor" and rule.relative == summary.relative
    ]
    if summary.relative and not summary.probabilities.total:
        limits += [getattr(rule, "otherwise", None) for rule in own if rule.reads == "probability"]
    return [float(limit) for limit in limits if limit is not None]


def probability_limits(summary: RunSummary) -> list[float]:
    """Returns the p(false negative) above which the recipe drops candidates."""
    return [_setting(rule)[1] for rule in rules(summary.run) if rule.reads == "probability"]


def suspected_reasons(run: Mapping[str, Any]) -> frozenset[str]:
    """Returns the reasons that suspected false negatives are dropped for: rules that read the probability."""
    names = (RULES.name_of(rule) for rule in rules(run) if rule.reads == "probability")
    return frozenset(name.replace("-", "_") for name in names)


def relative_margins(run: Mapping[str, Any]) -> bool:
    """Returns whether margins are shown as shares of the anchor score: unless a rule sets absolute ones."""
    return not any(rule.reads == "anchor" and not rule.relative for rule in rules(run))


def rules(run: Mapping[str, Any]) -> list[Rule]:
    """Returns the rules of a run's recipe, without those that this installation does not know."""
    known = []
    for described in run["recipe"]["select"]["rules"]:
        try:
            known.append(RULES.make(described))
        except ConfigError:
            continue
    return known


def _setting(rule: Rule) -> tuple[str, float]:
    """Returns the name and value of the setting that is the rule's threshold."""
    name = rule.threshold.setting if rule.threshold else str(rule.shorthand)
    return name, float(getattr(rule, name))
