"""The report's texts in a language, from `languages/LANGUAGE.*.yaml`, and its number formats."""

from __future__ import annotations

import importlib.resources
import re
from typing import Any

import yaml

from hardneg.core.errors import unknown_name
from hardneg.core.tables import flat

LANGUAGES = ("en", "ru")
_PARTS = ("report", "pages")

TEXT = 320
"""Characters of a text that pages show."""


class Locale:
    """Texts and number formats of one language."""

    def __init__(self, language: str = "en") -> None:
        if language not in LANGUAGES:
            raise unknown_name("language", language, LANGUAGES)
        self.language = language
        folder = importlib.resources.files("hardneg.report") / "languages"
        files = [folder / f"{language}.{part}.yaml" for part in _PARTS]
        texts = [pair for file in files for pair in flat(yaml.safe_load(file.read_text("utf-8")))]
        self.texts = {path: " ".join(text.split()) for path, text in texts}

    def __call__(self, key: str, **values: Any) -> str:
        """Returns a text by its path, with `{name}` filled in."""
        text = self.texts[key]
        return text.format(**values) if values else text

    def why(self, reason: str) -> str:
        """Returns in this language why something is not known, of which run.json has the English words."""
        if self.language == "en":
            return reason
        for key, text in Locale("en").under("why.").items():
            pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(text))
            if match := re.fullmatch(pattern, reason):
                return self(key, **{name: self._point(value) for name, value in match.groupdict().items()})
        return reason

    def under(self, *prefixes: str) -> dict[str, str]:
        """Returns the texts whose paths begin with one of the prefixes."""
        return {key: text for key, text in self.texts.items() if key.startswith(prefixes)}

    def number(self, value: float) -> str:
        """Returns a number with its thousands separated."""
        text = f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
        return text if self.language == "en" else text.replace(",", "\u202f").replace(".", ",")

    def decimal(self, value: float | None, places: int = 3) -> str:
        """Returns a score, or a dash where there is none."""
        return "–" if value is None or value != value else self._point(f"{value:.{places}f}")

    def signed(self, value: float, places: int = 3) -> str:
        """Returns a difference of scores, with its sign."""
        return ("+" if value > 0 else "") + self.decimal(value, places)

    def figures(self, value: float, count: int | None = None) -> str:
        """Returns a number to `count` significant figures, by default as many as it needs up to six."""
        return self._point(f"{value:g}" if count is None else f"{value:.{count}g}")

    def percent(self, share: float) -> str:
        """Returns a share as a percentage, with one decimal below ten unless it is whole."""
        value = 100 * share
        whole = abs(value - round(value)) < 1e-9
        places = 0 if value >= 9.95 or whole else 1 if value >= 0.095 else 2
        return f"{self.decimal(value, places)}\u202f%"

    @property
    def d3_numbers(self) -> dict[str, Any]:
        """The number format of D3 in this language, for the axes of figures; empty for its default."""
        if self.language == "en":
            return {}
        return {
            "decimal": ",",
            "thousands": "\u202f",
            "grouping": [3],
            "currency": ["", "\u00a0₽"],
            "percent": "\u202f%",
        }

    def _point(self, text: str) -> str:
        return text if self.language == "en" else text.replace(".", ",")


def cut(text: str, length: int = TEXT) -> str:
    """Returns the beginning of a text, cut between words."""
    if len(text) <= length:
        return text
    kept = text[:length].rsplit(maxsplit=1)
    return f"{kept[0]} …" if kept else "…"
