"""The report's words in a language, from `languages/LANGUAGE.*.yaml`; numbers as that language has them."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from typing import Any

import yaml

from hardneg.core.errors import unknown_name

LANGUAGES = ("en", "ru")
_PARTS = ("report", "pages")


class Words:
    """What the report says, in one language.

    Args:
        language: One of `LANGUAGES`.

    Raises:
        ConfigError: The report is not written in that language.
    """

    def __init__(self, language: str = "en") -> None:
        if language not in LANGUAGES:
            raise unknown_name("language", language, LANGUAGES)
        self.language = language
        place = importlib.resources.files("hardneg.report") / "languages"
        files = [place / f"{language}.{part}.yaml" for part in _PARTS]
        self.all = dict(pair for file in files for pair in _flat(yaml.safe_load(file.read_text("utf-8"))))

    def __call__(self, key: str, **values: Any) -> str:
        """Returns a text by its path, as `axis.rank`, with `{name}` filled in."""
        text = self.all[key]
        return text.format(**values) if values else text

    def reason(self, reason: str) -> str:
        """Returns what a reason of the ledger is called."""
        return self.all.get(f"reason.{reason}", reason.replace("_", " "))

    def why(self, reason: str) -> str:
        """Returns what a reason of the ledger means, empty where nothing is known of it."""
        return self.all.get(f"why.{reason}", "")

    def check(self, name: str, kind: str) -> str:
        """Returns what a check is called; `name` is that of its column, numbered where a kind repeats."""
        number = name.removeprefix(kind.replace("-", "_")).replace("_", " ")
        return self(f"check.{kind}") + number

    def number(self, value: float) -> str:
        """Returns a number with its thousands set apart."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return text if self.language == "en" else text.replace(",", "\u202f").replace(".", ",")

    def decimal(self, value: float | None, places: int = 3) -> str:
        """Returns a score, or a dash where there is none."""
        if value is None or value != value:
            return "–"
        text = f"{value:.{places}f}"
        return text if self.language == "en" else text.replace(".", ",")

    def figures(self, value: float, count: int | None = None) -> str:
        """Returns a number to `count` significant figures, by default as many as it needs up to six."""
        text = f"{value:g}" if count is None else f"{value:.{count}g}"
        return text if self.language == "en" else text.replace(".", ",")

    @property
    def locale(self) -> dict[str, Any]:
        """How D3 writes numbers in this language, for the axes of figures; empty for its own way."""
        if self.language == "en":
            return {}
        return {
            "decimal": ",",
            "thousands": "\u202f",
            "grouping": [3],
            "currency": ["", "\u00a0₽"],
            "percent": "\u202f%",
        }

    def percent(self, share: float) -> str:
        """Returns a share as a percentage, with one decimal below ten unless it is whole."""
        value = 100 * share
        whole = abs(value - round(value)) < 1e-9
        places = 0 if value >= 9.95 or whole else 1 if value >= 0.095 else 2
        return f"{self.decimal(value, places)}\u202f%"


def _flat(nested: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in nested.items():
        path = f"{prefix}{key}"
        pairs += _flat(value, f"{path}.") if isinstance(value, Mapping) else [(path, " ".join(value.split()))]
    return pairs
