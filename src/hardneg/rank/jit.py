"""Compiles the numeric kernels: the one place that knows numba, which brings no types."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
from numba import prange

__all__ = ["ONE_AT_A_TIME", "jit", "loose", "parallel", "prange", "threads"]

F = TypeVar("F", bound=Callable[..., Any])

# Numba's fallback threading layer dies when two Python threads start parallel kernels at once.
ONE_AT_A_TIME = threading.Lock()


def jit(function: F) -> F:
    """Returns the function compiled on its first call, the machine code cached on disk."""
    return _compile(function, parallel=False)


def loose(function: F) -> F:
    """Returns the function compiled as `jit` does, free to sum in any order, which is quicker."""
    return _compile(function, parallel=False, fastmath={"reassoc", "contract"})


def parallel(function: F) -> F:
    """Returns the function compiled as `jit` does, its `prange` loops spread over the cores."""
    compiled = _compile(function, parallel=True)

    def guarded(*args: Any) -> Any:
        with ONE_AT_A_TIME:
            return compiled(*args)

    return cast(F, guarded)


def threads() -> int:
    """Returns how many threads a `parallel` function uses."""
    return int(numba.get_num_threads())


def _compile(function: F, **options: Any) -> F:
    try:
        return cast(F, numba.njit(function, cache=True, nogil=True, **options))
    except RuntimeError:  # no folder to cache in, as in a read-only container
        return cast(F, numba.njit(function, nogil=True, **options))
