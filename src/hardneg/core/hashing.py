"""Digests of code, which name what caches hold."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from typing import Any


@cache
def code_digest(*code: Any) -> str:
    """Returns the sha256 of the source of modules, classes or functions, hexadecimal.

    A cache entry whose key has the digest of the code that made it is never read by changed code. Where the
    source is not installed, the version of hardneg stands for it.

    Args:
        code: All that decides on the content, the layout of its file included.
    """
    return hash_texts(map(_source, code))


def hash_texts(texts: Iterable[str], prefix: bytes = b"") -> str:
    """Returns the sha256 of some bytes and of texts, each behind its length, hexadecimal."""
    digest = hashlib.sha256(prefix)
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()


def _source(part: Any) -> str:
    try:
        return inspect.getsource(part)
    except (OSError, TypeError):  # compiled files without their source
        return version("hardneg")
