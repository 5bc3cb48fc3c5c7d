"""Compiles the numeric kernels: the one place that knows numba, which brings no types."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["njit", "njit_fastmath"]

F = TypeVar("F", bound=Callable[..., Any])


def njit(function: F) -> F:
    """Returns the function compiled on its first call, the machine code cached on disk.

    It does not hold the interpreter's lock, so that `threads.spread` may call it.
    """
    return _compile(function)


def njit_fastmath(function: F) -> F:
    """Returns the function compiled as `njit` does, free to sum in any order, which is quicker."""
    return _compile(function, fastmath={"reassoc", "contract"})


def _compile(function: F, **options: Any) -> F:
    try:
        return cast(F, numba.njit(function, cache=True, nogil=True, **options))
    except RuntimeError:  # no folder to cache in, as in a read-only container
        return cast(F, numba.njit(function, nogil=True, **options))
