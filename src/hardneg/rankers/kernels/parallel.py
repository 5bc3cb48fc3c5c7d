"""Work over many rows, divided over our own threads, in each of which BLAS and torch use one thread.

A kernel and a matrix product that follow each other on the same rows then do not compete for cores with the
spinning threads of BLAS, and the result of one is still in the cache for the next.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import numba

_PARTS_PER_THREAD = 4
"""A thread that finishes early takes more of them."""


def threads() -> int:
    """Returns the number of threads; NUMBA_NUM_THREADS sets it."""
    return int(numba.get_num_threads())


def parallel_for(work: Callable[[slice], None], count: int, size: int | None = None) -> None:
    """Calls a function for slices of `count` rows in several threads; nested calls run in their thread.

    The function should release the GIL while it computes; what it raises is raised. A slice has `size` rows,
    by default a quarter of a thread's share.
    """
    n_threads = threads()
    size = size or -(-count // (n_threads * _PARTS_PER_THREAD)) or 1
    parts = [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]
    if len(parts) < 2 or n_threads < 2 or _current.in_pool:
        for part in parts:
            work(part)
        return
    running = [_pool(n_threads).submit(work, part) for part in parts]
    try:
        for future in running:
            future.result()
    finally:
        for future in running:  # after a failure the parts that wait are not started
            future.cancel()


class _Thread(threading.local):
    """Whether the current thread is one of the pool's."""

    in_pool = False


_current = _Thread()


def _enter() -> None:
    _current.in_pool = True


@lru_cache(maxsize=1)
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, "hardneg", initializer=_enter)


if hasattr(os, "register_at_fork"):  # a forked child has no threads
    os.register_at_fork(after_in_child=_pool.cache_clear)


class _Limits:
    """The limit of the libraries' threads: set on the first entry, lifted when the last user leaves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._blas: Any = None
        self._torch: int | None = None

    def __enter__(self) -> None:
        from threadpoolctl import threadpool_limits

        with self._lock:
            if not self._users:
                self._blas = threadpool_limits(1, user_api="blas")
                torch = sys.modules.get("torch")
                if torch is not None:
                    self._torch = torch.get_num_threads()
                    torch.set_num_threads(1)
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._blas.restore_original_limits()
                if self._torch is not None:
                    sys.modules["torch"].set_num_threads(self._torch)
                    self._torch = None


_limits = _Limits()


def single_threaded_blas() -> _Limits:
    """Limits BLAS and torch to one thread inside the block."""
    return _limits
