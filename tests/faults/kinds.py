"""The kinds of faults: each draws its place and returns what the child is to do, or does it to a file."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from tests.faults.child import Arm
from tests.faults.world import World

_SIZES = (1_000, 6_000, 20_000)  # bytes: of a shard, of run.json, of the largest file


def watched(world: World, count: int, strike: Callable[[], None]) -> None:
    """Strikes at one of the file operations (opening, renaming, removing) on what the command writes."""
    left = count
    roots = tuple(str(path) for path in (world.cache, world.out, world.again, world.stored))

    def on_event(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event not in ("open", "os.rename", "os.remove", "os.mkdir"):
            return
        if isinstance(arguments[0], str | os.PathLike) and os.fspath(arguments[0]).startswith(roots):
            left -= 1
            if left == 0:
                strike()

    sys.addaudithook(on_event)


def operations(world: World, counted: Path) -> Arm:
    """Counts the file operations of a whole command; the count is in the file when it has ended."""

    def arm() -> None:
        def count() -> None:
            raise AssertionError

        seen = 0
        roots = tuple(str(path) for path in (world.cache, world.out, world.again, world.stored))

        def on_event(event: str, arguments: tuple[object, ...]) -> None:
            nonlocal seen
            if event in ("open", "os.rename", "os.remove", "os.mkdir") and isinstance(
                arguments[0], str | os.PathLike
            ):
                if os.fspath(arguments[0]).startswith(roots):
                    seen += 1
                    os.pwrite(opened, f"{seen:9}".encode(), 0)

        opened = os.open(counted, os.O_CREAT | os.O_WRONLY)
        sys.addaudithook(on_event)

    return arm


def kill_at_operation(world: World, draw: random.Random, most: int) -> Arm:
    """Kills between two file operations."""
    place = draw.randint(1, most)
    return lambda: watched(world, place, _die)


def kill_in_write(world: World, draw: random.Random, most: int) -> Arm:
    """Kills in the middle of a write, so that half a file is on disk."""
    size = _size(draw)

    def arm() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return arm


def kill_after_time(world: World, draw: random.Random, most: int) -> Arm:
    """Kills wherever it happens to be."""
    seconds = draw.uniform(0.01, 0.6)

    def arm() -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, seconds)

    return arm


def disk_full_in_write(world: World, draw: random.Random, most: int) -> Arm:
    """Lets no file grow beyond a size: writes fail in the middle."""
    size = _size(draw)
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def disk_full_at_operation(world: World, draw: random.Random, most: int) -> Arm:
    """Fails one file operation for want of space, and lets the command tell of it."""
    place = draw.randint(1, most)

    def strike() -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return lambda: watched(world, place, strike)


def ranker_raises(world: World, draw: random.Random, most: int) -> Arm:
    """Lets the dense ranker fail at one of its calls."""
    place = draw.randint(1, 20)

    def arm() -> None:
        from hardneg.rankers.dense import DenseRanker

        left = place

        def failing(own):
            def call(self, *arguments):
                nonlocal left
                left -= 1
                if left == 0:
                    raise RuntimeError("the device is lost")
                return own(self, *arguments)

            return call

        DenseRanker.search, DenseRanker.score = failing(DenseRanker.search), failing(DenseRanker.score)

    return arm


WHILE_RUNNING = (
    kill_at_operation,
    kill_in_write,
    kill_after_time,
    disk_full_in_write,
    disk_full_at_operation,
    ranker_raises,
)


def remove(path: Path, draw: random.Random) -> None:
    """Removes a file."""
    path.unlink()


def truncate(path: Path, draw: random.Random) -> None:
    """Cuts a file off."""
    os.truncate(path, draw.randrange(max(1, path.stat().st_size)))


def flip(path: Path, draw: random.Random) -> None:
    """Changes one bit of a file."""
    content = bytearray(path.read_bytes())
    content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


DAMAGES = (remove, truncate, flip)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _size(draw: random.Random) -> int:
    return draw.randint(1, draw.choice(_SIZES))
