"""Names of classes in the texts of their examples, which tell the class before anything is learned."""

from __future__ import annotations

import re
from functools import lru_cache

BEGINS = "texts_that_begin_with_their_label"
NAMES = "texts_that_name_their_label"


def is_name(label: str) -> bool:
    """Returns whether a label is a name, not a number."""
    return any(map(str.isalpha, label))


def leak_of(text: str, label: str) -> str | None:
    """Returns how a text tells its class, `BEGINS` or `NAMES`; None if it does not, or the label is a number.

    Case, and what stands between the words of the name, do not count: `card_payment` is `Card payment`.
    """
    if not is_name(label):
        return None
    begins, anywhere = _patterns(label)
    return BEGINS if begins.match(text) else NAMES if anywhere.search(text) else None


def without_name(text: str, label: str) -> str:
    """Returns the text without the name of its class, and the marks behind it, where it begins with that."""
    return _patterns(label)[0].sub("", text, count=1) if is_name(label) else text


@lru_cache(maxsize=4096)
def _patterns(label: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Returns what finds a name where a text begins, and anywhere."""
    words = r"[\W_]+".join(map(re.escape, re.findall(r"[^\W_]+", label)))
    begins = re.compile(rf"\A[\W_]*{words}(?![^\W_])[\W_]*", re.IGNORECASE)
    return begins, re.compile(rf"(?<![^\W_]){words}(?![^\W_])", re.IGNORECASE)
