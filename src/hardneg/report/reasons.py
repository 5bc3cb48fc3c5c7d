"""What the reasons of a run's ledger are called and mean, in one language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, TypeVar

from hardneg.core.components import DRAWS, RULES
from hardneg.core.errors import ConfigError
from hardneg.core.registry import Component, Registry, text_in
from hardneg.report.i18n import Locale

T = TypeVar("T", bound=Component)


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
