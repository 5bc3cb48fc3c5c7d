"""Prompts: a text with places for the query and the document, which are data and nothing else."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from dataclasses import dataclass
from pathlib import Path

from hardneg.errors import ConfigError, DataError, unknown_name

_PLACE = re.compile(r"\{(query|document|mark)\}")
_MARK_LENGTH = 8


@dataclass(frozen=True)
class Prompt:
    """A template with the places `{query}` and `{document}`, and `{mark}` for a code that neither holds.

    Attributes:
        name: One of `prompt_names()`, or the file it was read from.
        text: The template.
    """

    name: str
    text: str

    @property
    def digest(self) -> str:
        """sha256 of the template, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fill(self, query: str, document: str) -> str:
        """Returns the prompt for one pair; places named inside the texts themselves stay as they are."""
        texts = {"query": query, "document": document, "mark": _mark(query, document)}
        return _PLACE.sub(lambda place: texts[place[1]], self.text)


def prompt_names() -> list[str]:
    """Returns the names of the prompts that come with hardneg, sorted."""
    files = importlib.resources.files("hardneg.judge.prompts").iterdir()
    return sorted(file.name.removesuffix(".txt") for file in files if file.name.endswith(".txt"))


def read_prompt(name: str) -> Prompt:
    """Returns a prompt by name, or from a UTF-8 text file.

    Raises:
        ConfigError: There is no prompt of this name, or the template lacks a place.
        DataError: The file cannot be read.
    """
    if name in prompt_names():
        file = importlib.resources.files("hardneg.judge.prompts") / f"{name}.txt"
        return Prompt(name, file.read_text(encoding="utf-8"))
    if not ("." in name or "/" in name or Path(name).exists()):
        raise unknown_name("prompt", name, prompt_names())
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read prompt {name}: {getattr(error, 'strerror', None) or error}") from None
    for place in ("{query}", "{document}"):
        if place not in text:
            raise ConfigError(f"prompt {name} has no {place}: put it where the {place[1:-1]} belongs")
    return Prompt(name, text)


def _mark(query: str, document: str) -> str:
    """Returns a code that stands in neither text, the same for the same texts."""
    both = f"{query}\0{document}"
    digest = hashlib.sha256(both.encode("utf-8", "replace")).hexdigest()
    while digest[:_MARK_LENGTH] in both:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest[:_MARK_LENGTH]
