"""The terminal: what others wrote reaches it as visible text, never as an order to it."""

from __future__ import annotations

import json
import re
from typing import Any

import typer
from rich.console import Console
from rich.text import Text

from hardneg.core.display import visible

_UNSEEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


class Terminal(Console):
    """A console on which texts are what they are: no markup, no emoji codes, control characters escaped."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Returns a text to print."""
        return super().render_str(visible(text), **options)


def echo(text: str, *, err: bool = False) -> None:
    """Prints a text to standard output or error, its control characters escaped."""
    typer.echo(visible(text), err=err)


def echo_json(content: Any) -> None:
    """Prints JSON to standard output; what terminals obey is escaped as JSON allows."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    typer.echo(_UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text))
