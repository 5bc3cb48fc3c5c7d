"""What the reasons of a run's ledger are called and mean, in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from hardneg.core.components import DRAWS, RULES, Rule
from hardneg.core.errors import ConfigError
from hardneg.core.registry import Component, Registry, text_in
from hardneg.report.i18n import Locale

T = TypeVar("T")


class Reasons:
    """Names and meanings of reasons, from run.json; else from the rule or draw of that name.

    The report has texts of its own only for why a query got too few negatives.
    """

    def __init__(self, locale: Locale, *runs: Mapping[str, Any]) -> None:
        self._locale = locale
        self._described = {
            reason: texts for run in runs for reason, texts in (run.get("reasons") or {}).items()
        }

    def label(self, reason: str) -> str:
        """Returns what people call a reason, else its name in the ledger with spaces."""
        return self._text(reason, "label") or reason.replace("_", " ")

    def meaning(self, reason: str) -> str:
        """Returns one sentence on what a reason means, empty where nothing is known of it."""
        return self._text(reason, "meaning") or first_line(_component(reason))

    def labels(self, reasons: Iterable[str]) -> dict[str, str]:
        """Returns {reason: label}."""
        return {reason: self.label(reason) for reason in sorted(set(reasons))}

    def _text(self, reason: str, part: Literal["label", "meaning"]) -> str:
        language = self._locale.language
        return (
            text_in(language, self._described.get(reason, {}).get(part) or "")
            or self._locale.texts.get(f"short.{reason}.{part}", "")
            or text_in(language, getattr(_component(reason), part, ""))
        )


def first_line(component: type[Component] | None) -> str:
    """Returns the first line of a component's docstring, empty without one."""
    return ((component and component.__doc__) or "").strip().partition("\n")[0]


def known(registry: Registry[T], name: str) -> type[T] | None:
    """Returns a component's class; None if there is none of that name, or it cannot be imported."""
    try:
        return registry.get(name)
    except ConfigError:
        return None


def _component(reason: str) -> type[Any] | None:
    """Returns the rule or draw whose name the reason is."""
    name = reason.replace("_", "-")
    return known(RULES, name) or known(DRAWS, name)


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
