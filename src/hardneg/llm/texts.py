"""Texts of prompts and answers: documents cut to a length, answers without thoughts and code fences."""

from __future__ import annotations

import re

_CUT = "(shortened)"
_THOUGHT = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_UNFINISHED = re.compile(r"<think(?:ing)?>", re.IGNORECASE)
_FENCE = re.compile(r"^\s*```\w*\s*$", re.MULTILINE)


def cut(title: str, body: str, longest: int) -> tuple[str, bool]:
    """Returns a document as prompts show it, its title on a line of its own, and whether its end is cut off.

    Args:
        title: Empty for none.
        body: The text.
        longest: Most characters.
    """
    text = f"{title}\n{body}" if title else body
    return (f"{text[:longest]} {_CUT}", True) if len(text) > longest else (text, False)


def without_thoughts(answer: str) -> str | None:
    """Returns an answer without thoughts in `<think>` tags and lines of code fences.

    None where a thought has no end: the answer is missing then.
    """
    text = _FENCE.sub("", _THOUGHT.sub("", answer)).strip()
    return None if _UNFINISHED.search(text) else text
