"""What counts as the same text, and the text that rankers read."""

from __future__ import annotations

import hashlib
import unicodedata


def text_key(text: str) -> int:
    """Returns a 64-bit key under which texts meet that differ only in case, spacing or Unicode form."""
    return id_key(folded(text))


def id_key(name: str) -> int:
    """Returns a 64-bit key of an id, from which random numbers are drawn."""
    digest = hashlib.blake2b(name.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest, "little")


def folded(text: str) -> str:
    """Returns the text without differences of case, spacing or Unicode form (NFKC)."""
    return " ".join(unicodedata.normalize("NFKC", text).split()).casefold()


def full_text(title: str, text: str) -> str:
    """Returns what a ranker reads of a document: its title, when it has one, a space and its text."""
    return f"{title} {text}".strip() if title else text
