"""Digests of code, which name what caches hold."""

from __future__ import annotations

import hashlib
import inspect
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
    digest = hashlib.sha256()
    for part in code:
        source = _source(part).encode()
        digest.update(len(source).to_bytes(8, "little") + source)
    return digest.hexdigest()


def _source(part: Any) -> str:
    try:
        return inspect.getsource(part)
    except (OSError, TypeError):  # compiled files without their source
        return version("hardneg")
