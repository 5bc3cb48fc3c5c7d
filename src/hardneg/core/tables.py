"""Small HTML tables for notebooks, all text escaped, and differences between nested settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any


def html_table(title: str, rows: Iterable[Sequence[Any]], heads: Sequence[str] = ()) -> str:
    """Returns an HTML table under a title, as notebooks show it."""
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    cells = [[f'<td style="text-align: left">{escape(_shown(cell))}</td>' for cell in row] for row in rows]
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in cells)
    top = f"<thead><tr>{head}</tr></thead>" if head else ""
    return f"<table><caption>{escape(title)}</caption>{top}<tbody>{body}</tbody></table>"


def flat(settings: Any, path: str = "") -> list[tuple[str, str]]:
    """Returns (path, value) of nested settings, as (`select.draw.top.by`, `None`)."""
    if isinstance(settings, Mapping) and settings:
        return [pair for key, inner in settings.items() for pair in flat(inner, f"{path}.{key}".strip("."))]
    if isinstance(settings, list) and settings and isinstance(settings[0], Mapping):
        return [pair for inner in settings for pair in flat(inner, path)]
    return [(path, str(settings))]


def differing(before: Any, after: Any) -> list[str]:
    """Returns the paths of the settings of `after` that differ from `before`."""
    old = dict(flat(before))
    return [path for path, value in flat(after) if old.get(path) != value]


def _shown(cell: Any) -> str:
    if isinstance(cell, float):
        return f"{cell:.3g}"
    text = f"{cell:,}" if isinstance(cell, int) else str(cell)
    return text if len(text) <= 160 else f"{text[:160].rstrip()} …"
