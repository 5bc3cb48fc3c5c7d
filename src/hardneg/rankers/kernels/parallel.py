"""Work over many rows, spread over the cores by threads of our own, in each of which libraries use one.

A kernel and a matrix product that follow each other on the same rows then share no cores with threads of the
other, which go on turning round for a while; and what one makes is still in the cache for the next.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import numba

__all__ = ["parallel_for", "single_threaded_blas", "threads"]

_SHARES = 4
"""Parts for each thread: those that are done early take more."""


def threads() -> int:
    """Returns how many threads there are to work; NUMBA_NUM_THREADS sets it."""
    return int(numba.get_num_threads())


def parallel_for(work: Callable[[slice], None], count: int, size: int | None = None) -> None:
    """Does some work for all rows, a part of them at a time, in several threads; in one of those, at once.

    Args:
        work: Is called with each part of the rows; releases the interpreter's lock while it computes.
        count: How many rows there are.
        size: Rows of a part; unless given, a quarter of a thread's share.

    Raises:
        Exception: What `work` raises.
    """
    many = threads()
    size = size or -(-count // (many * _SHARES)) or 1
    parts = [slice(begin, min(begin + size, count)) for begin in range(0, count, size)]
    if len(parts) < 2 or many < 2 or _inside.here:
        for part in parts:
            work(part)
        return
    running = [_pool(many).submit(work, part) for part in parts]
    _finish(running)


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """Keeps the libraries that multiply matrices to the threads that call them, until it is left."""
    _limits.enter()
    try:
        yield
    finally:
        _limits.leave()


def _finish(running: list[Future[None]]) -> None:
    try:
        for part in running:
            part.result()
    finally:
        for part in running:  # after a failure what has not begun is not begun
            part.cancel()


class _Inside(threading.local):
    """Whether this thread is one of the pool's."""

    here = False


_inside = _Inside()


def _enter() -> None:
    _inside.here = True


@lru_cache(maxsize=1)
def _pool(size: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(size, "hardneg", initializer=_enter)


if hasattr(os, "register_at_fork"):  # threads do not live on in a child
    os.register_at_fork(after_in_child=_pool.cache_clear)


class _Limits:
    """The limit of the libraries' threads: set by the first who enters, lifted by the last to leave."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._blas: Any = None
        self._torch: int | None = None

    def enter(self) -> None:
        from threadpoolctl import threadpool_limits

        with self._lock:
            if not self._users:
                self._blas = threadpool_limits(1, user_api="blas")
                torch = sys.modules.get("torch")
                if torch is not None:
                    self._torch = torch.get_num_threads()
                    torch.set_num_threads(1)
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._blas.restore_original_limits()
                if self._torch is not None:
                    sys.modules["torch"].set_num_threads(self._torch)
                    self._torch = None


_limits = _Limits()
