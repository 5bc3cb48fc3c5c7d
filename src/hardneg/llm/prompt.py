"""Prompt templates, whose places are filled with texts that count as data only; texts cut and read."""

from __future__ import annotations

import hashlib
import importlib.resources
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hardneg.core.errors import ConfigError, DataError, unknown_name
from hardneg.core.files import read_regular

_PLACE = re.compile(r"\{(\w+)\}")
_MARK_LENGTH = 8
_CUT = "(shortened)"
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_UNFINISHED = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)


@dataclass(frozen=True)
class Prompt:
    """A template with places as `{document}`, and `{mark}` for a code that none of the texts contains."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """sha256 of the template, hexadecimal."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def fill(self, **texts: str) -> str:
        """Returns the template with texts in their places; places inside the texts are not filled."""
        filled = {"mark": mark_of(*texts.values()), **texts}
        return _PLACE.sub(lambda place: filled.get(place[1], place[0]), self.text)


def prompt_names(package: str) -> list[str]:
    """Returns the names of the prompts in a package, sorted."""
    files = importlib.resources.files(package).iterdir()
    return sorted(file.name.removesuffix(".txt") for file in files if file.name.endswith(".txt"))


def read_prompt(name: str, package: str, needed: Sequence[str]) -> Prompt:
    """Returns a prompt by name, or from a UTF-8 text file."""
    if name in prompt_names(package):
        file = importlib.resources.files(package) / f"{name}.txt"
        return Prompt(name, file.read_text(encoding="utf-8"))
    if not ("." in name or "/" in name or Path(name).exists()):
        raise unknown_name("prompt", name, prompt_names(package))
    try:
        text = read_regular(Path(name)).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot read prompt {name}: {getattr(error, 'strerror', None) or error}") from None
    for place in needed:
        if f"{{{place}}}" not in text:
            raise ConfigError(f"prompt {name} has no {{{place}}}: put it where the {place} belongs")
    return Prompt(name, text)


def mark_of(*texts: str) -> str:
    """Returns a code that none of the texts contains, the same for the same texts."""
    whole = "\0".join(texts)
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()
    while digest[:_MARK_LENGTH] in whole:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest[:_MARK_LENGTH]


def cut(title: str, body: str, longest: int) -> tuple[str, bool]:
    """Returns a document as prompts show it, title first, and whether it is cut at `longest` characters."""
    text = f"{title}\n{body}" if title else body
    return (f"{text[:longest]} {_CUT}", True) if len(text) > longest else (text, False)


def without_thoughts(answer: str) -> str | None:
    """Returns an answer without thoughts in `<think>` tags and lines of code fences.

    None where a thought has no end: the answer is missing then.
    """
    text = _FENCE.sub("", _THOUGHT.sub("", answer)).strip()
    return None if _UNFINISHED.search(text) else text


def json_form(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the `response_format` of an answer that is an object with one field, and nothing else."""
    whole = {
        "type": "object",
        "properties": {name: schema},
        "required": [name],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": name, "strict": True, "schema": whole}}
