"""Pieces of Markdown that sections of a card share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from hardneg.core.display import visible
from hardneg.exporters.markdown import plain


def table(head: tuple[str, str], rows: Iterable[tuple[str, Any]]) -> str:
    """Returns a table of names and values; whole numbers have thousands separators."""
    shown = [
        f"| {plain(name.replace('_', ' '))} | {f'{n:,}' if isinstance(n, int) else plain(n)} |"
        for name, n in rows
    ]
    return "\n".join([f"| {head[0]} | {head[1]} |", "|---|---:|", *shown])


def yaml_text(value: Any) -> str:
    """Returns plain settings as YAML."""
    return visible(yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=100)).rstrip()
