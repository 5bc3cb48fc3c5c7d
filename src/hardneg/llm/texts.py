"""What prompts and answers are made of: documents cut to a length, answers without thoughts and fences."""

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
        longest: Characters that are shown, at most.
    """
    text = f"{title}\n{body}" if title else body
    return (f"{text[:longest]} {_CUT}", True) if len(text) > longest else (text, False)


def said(answer: str) -> str | None:
    """Returns an answer without thoughts in `<think>` tags and lines of code fences.

    None where a thought has no end: what was meant to be said then never came.
    """
    text = _FENCE.sub("", _THOUGHT.sub("", answer)).strip()
    return None if _UNFINISHED.search(text) else text
