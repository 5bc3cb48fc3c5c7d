"""Models whose own code may run: named by the user at the keyboard, never by a file that is read."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

TRUSTED = "HARDNEG_TRUST_REMOTE_CODE"
"""The environment variable that names trusted models, separated by commas: hub ids, folders or `default`."""

OPTION = "--trust-remote-code"

SETTING = "trust_remote_code"
"""What trust is called in files, where it is not taken from."""


def how_to_trust(model: str = "MODEL") -> str:
    """Returns how a model is trusted, for errors."""
    return f"if you trust its code, pass {OPTION} {model} or set {TRUSTED}={model}"


def is_trusted(model: str) -> bool:
    """Returns whether the user named a model: the same hub id, or the same folder."""
    named = [name.strip() for name in os.environ.get(TRUSTED, "").split(",")]
    return _place(model) in {_place(name) for name in named if name}


@contextmanager
def trusting(models: Sequence[str]) -> Iterator[None]:
    """Trusts further models inside the block, in this process and those that it starts."""
    before = os.environ.get(TRUSTED)
    if models:
        os.environ[TRUSTED] = ",".join([*([before] if before else []), *map(_place, models)])
    try:
        yield
    finally:
        if before is not None:
            os.environ[TRUSTED] = before
        elif models:
            del os.environ[TRUSTED]


def without_trust(arguments: Sequence[str]) -> list[str]:
    """Returns the arguments of a command as files may show them: whoever copies the command trusts nobody."""
    pairs = zip(["", *arguments], arguments, strict=False)
    return [given for before, given in pairs if OPTION not in (before, given.partition("=")[0])]


def _place(model: str) -> str:
    """Returns a folder's path, the same from every working directory; a hub id as it is."""
    folder = Path(model).expanduser()
    return str(folder.resolve()) if folder.is_dir() else model
