"""Optional libraries: errors in one line when one is missing or raises."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hardneg.core.errors import DataError, HardnegError, MissingExtra


def optional_library(name: str, extra: str) -> Any:
    """Returns an optional library."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra(name, extra) from None


@contextmanager
def wrap_errors(where: str) -> Iterator[None]:
    """Turns an exception of any kind, raised inside the block by a foreign library, into a `DataError`."""
    try:
        yield
    except HardnegError:
        raise
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise DataError(f"{where}: {type(error).__name__}: {reason}") from error
