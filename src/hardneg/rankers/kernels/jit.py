"""Compiles the numeric kernels: the only module that imports the untyped decorators of numba."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def njit(function: F) -> F:
    """Returns the function compiled on its first call, the machine code cached on disk.

    It releases the GIL, so that `parallel_for` can run it in threads.
    """
    return _compile(function)


def njit_fastmath(function: F) -> F:
    """Returns the function compiled as `njit` does, free to sum in any order, which is faster."""
    return _compile(function, fastmath={"reassoc", "contract"})


def _compile(function: F, **options: Any) -> F:
    try:
        return cast(F, numba.njit(function, cache=True, nogil=True, **options))
    except RuntimeError:  # no writable folder for the cache, as in a read-only container
        return cast(F, numba.njit(function, nogil=True, **options))
