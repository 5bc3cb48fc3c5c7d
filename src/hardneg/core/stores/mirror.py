"""The copy of a place in the cache: made like the store, and put back into it."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder, digest_file, exclusive, locked, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.stores.known import KnownFiles, SyncedFile
from hardneg.core.stores.names import is_temporary, is_url
from hardneg.core.stores.place import Advance, Place, Version

_AT_ONCE = 8
_NAMED = "named.json"
_WHOLE = "run.json"
"""What tells that a run is whole: it is put when all else is there."""

Move = Callable[[str, Advance], SyncedFile]
Companions = Callable[[Path], Iterable[str]]
"""Returns the names of files beside a file that are read with it."""


def alone(path: Path) -> Iterable[str]:
    """Returns no names: the file is read without any other."""
    return ()


class Mirror:
    """The copy of one place.

    Beside it lies the list of what was the same here and there: what was killed goes on where it ended.

    Args:
        url: The place.
        progress: Is told of the bytes that pass.

    Raises:
        HardnegError: The URL cannot be used; see `Place`.
    """

    def __init__(self, url: str, progress: Progress | None = None) -> None:
        self._place = Place(url)
        self._progress = progress or NullProgress()
        self._folder = _copies() / hashlib.sha256(self._place.url.encode()).hexdigest()[:32]
        self._copy = self._folder / self._place.name
        self._list = KnownFiles(self._folder / "known.jsonl")

    def pull(self, companions: Companions = alone) -> Path:
        """Makes the copy like the store and returns where it is.

        Args:
            companions: Of one file, the files beside it that are fetched with it.

        Raises:
            ConfigError: Another process writes the run that is here.
            DataError: There is nothing there, half a run, or it cannot be fetched.
        """
        with self._turn():
            found = self._place.listing()
            if not found:
                raise DataError(f"there is nothing at {self._place.url}{self._place.unseen}")
            if _WHOLE not in found and self._begun():
                raise DataError(
                    f"{self._place.url} is not finished; run the same hardneg mine command to finish it"
                )
            self._call()
            self._fetch(found)
            if not self._place.alone:
                return self._copy
            path = self._copy / self._place.name
            self._fetch(self._place.beside(companions(path)))
        return path

    def begin(self) -> Path:
        """Makes the copy ready for a run to be written, or to go on, and returns where it is.

        Raises:
            ConfigError: The place holds something else, or another process writes the run that is here.
            DataError: The place cannot be written to.
        """
        self._place.refuse_commits()
        with self._turn():
            found, known = self._place.listing(), self._list.read()
            self._call()
            if _WHOLE in found:
                self._fetch(found)
                return self._copy
            others = [name for name in found if not (self._copy / name).is_file()]
            if others:
                raise ConfigError(
                    f"{self._place.url} holds other files ({min(others)}, ...), or a run that another "
                    "machine has not finished; choose another --out, or delete it"
                )
            self._place.check_writable()
            if _WHOLE in known:  # the run was finished, and has been deleted there
                shutil.rmtree(self._copy, ignore_errors=True)
            self._list.write(
                {
                    name: same
                    for name, same in known.items()
                    if name in found and same.stamp == found[name].stamp
                }
            )
        return self._copy

    def push(self) -> int:
        """Puts what has changed into the store, and returns how many files that are.

        Raises:
            DataError: It cannot be put.
        """
        with self._turn():
            known, own = self._list.read(), {name: digest_file(self._copy / name) for name in self._names()}

            def put(name: str, advance: Advance) -> SyncedFile:
                path = self._copy / name
                return SyncedFile(self._place.put(path, name, advance).stamp, own[name], path.stat().st_size)

            changed = [name for name in own if name not in known or known[name].digest != own[name]]
            for names in ([n for n in changed if n != _WHOLE], [n for n in changed if n == _WHOLE]):
                self._move("put", {name: (self._copy / name).stat().st_size for name in names}, put)
            for name in known.keys() - own.keys():
                self._place.remove(name)
            self._list.write({name: same for name, same in self._list.read().items() if name in own})
        return len(changed)

    def _fetch(self, found: Mapping[str, Version]) -> None:
        self._refuse_while_written()
        for left in self._folder.rglob(".*.tmp"):  # by a process that was killed
            left.unlink(missing_ok=True)
        known = self._list.read()
        own = self._own_work(found, known) if _WHOLE in found else set()
        if not self._place.alone:
            for name in set(self._names()) - found.keys() - own:
                (self._copy / name).unlink()
            known = {name: known[name] for name in known.keys() & found.keys()}
        missing = {
            name: version
            for name, version in found.items()
            if name not in own and not self._same(known, name, version)
        }
        self._list.write({name: known[name] for name in known.keys() - missing.keys()})

        def get(name: str, advance: Advance) -> SyncedFile:
            path = self._copy / name
            self._place.get(name, missing[name], path, advance)
            return SyncedFile(missing[name].stamp, digest_file(path), path.stat().st_size)

        self._move("fetch", {name: max(version.size, 0) for name, version in missing.items()}, get)

    def _own_work(self, found: Mapping[str, Version], known: Mapping[str, SyncedFile]) -> set[str]:
        """Returns the files of a run that were begun or lengthened here and have not been put there yet.

        Raises:
            ConfigError: One has changed there too.
        """
        own = {name for name in self._names() if self._is_own(name, found, known)}
        for name in own & found.keys():
            if name not in known or known[name].stamp != found[name].stamp:
                raise ConfigError(
                    f"{name} has changed both in {self._copy} and at the store; put what both have into the "
                    "one at the store, and delete the other"
                )
        return own

    def _is_own(self, name: str, found: Mapping[str, Version], known: Mapping[str, SyncedFile]) -> bool:
        size = (self._copy / name).stat().st_size
        if name not in known:  # a file of just that size has been fetched, and the process killed
            return name not in found or found[name].size != size
        return size > known[name].size and _digest(self._copy / name, known[name].size) == known[name].digest

    def _begun(self) -> bool:
        """Returns whether there is a run here that has never been there as a whole."""
        return (self._copy / _WHOLE).exists() and _WHOLE not in self._list.read()

    def _move(self, what: str, sizes: Mapping[str, int], move: Move) -> None:
        """Moves files, several at once, and adds each to the list of what is the same."""
        if not sizes:
            return
        with (
            self._progress.task(f"{what} {self._place.name}", sum(sizes.values()), "bytes") as task,
            self._list.appender() as add,
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            moves = {pool.submit(move, name, task.advance): name for name in sizes}
            try:
                for done in as_completed(moves):
                    add(moves[done], done.result())
            finally:
                pool.shutdown(cancel_futures=True)

    def _same(self, known: Mapping[str, SyncedFile], name: str, version: Version) -> bool:
        path = self._copy / name
        if name not in known or known[name].stamp != version.stamp or not path.is_file():
            return False
        return digest_file(path) == known[name].digest

    def _names(self) -> list[str]:
        """Returns the files of the copy, by their paths below it."""
        paths = (path for path in self._copy.rglob("*") if path.is_file())
        names = sorted(path.relative_to(self._copy).as_posix() for path in paths)
        return [name for name in names if not is_temporary(name)]

    def _call(self) -> None:
        """Puts down what the copy stands for; see `display_url`."""
        url = self._place.url.rpartition("/")[0] if self._place.alone else self._place.url
        write_text(self._folder / _NAMED, json.dumps([str(self._copy), url]))

    def _turn(self) -> AbstractContextManager[None]:
        return exclusive(self._folder, lambda: self._progress.task("wait for another process", None, "files"))

    def _refuse_while_written(self) -> None:
        lock = self._copy / ".lock"
        if not lock.exists():
            return
        with lock.open("a") as opened:
            if not locked(opened, wait=False):
                raise ConfigError(f"another process is writing to {self._place.url}; wait for it")


def fetched(place: str | Path, progress: Progress | None = None, companions: Companions = alone) -> Path:
    """Returns where a place can be read: itself if it is on a disk, else its copy, made like the store.

    Args:
        place: A path or a URL.
        progress: Is told of the bytes that pass.
        companions: Of one file, the files beside it that are fetched with it.

    Raises:
        HardnegError: The URL cannot be used, or there is nothing there.
    """
    return Mirror(str(place), progress).pull(companions) if is_url(place) else Path(place)


@contextmanager
def output_dir(place: str | Path, progress: Progress | None = None) -> Iterator[Path]:
    """Yields where a run is to be written: the place itself, or its copy, put there when all went well.

    Raises:
        HardnegError: The URL cannot be used, or holds something else, or cannot be written to.
    """
    if not is_url(place):
        yield Path(place)
        return
    mirror = Mirror(str(place), progress)
    yield mirror.begin()
    mirror.push()


@contextmanager
def output_file(place: str | Path) -> Iterator[Path]:
    """Yields where a file is to be written; with a URL, it and what is beside it are put there in the end.

    Raises:
        HardnegError: The URL cannot be used or written to.
    """
    if not is_url(place):
        yield Path(place)
        return
    folder, _, name = str(place).rpartition("/")
    there = Place(folder)
    there.check_writable()
    with tempfile.TemporaryDirectory(prefix="hardneg-put-") as temporary:
        out = Path(temporary) / name
        yield out
        for path in sorted(out.parent.iterdir(), key=lambda path: path == out):
            there.put(path, path.name, lambda count: None)


def display_url(text: str) -> str:
    """Returns a text in which copies are called by the URLs that they stand for."""
    copies = _copies()
    for key in set(re.findall(re.escape(f"{copies}{os.sep}") + "([0-9a-f]{32})", text)):
        try:
            path, url = json.loads((copies / key / _NAMED).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        text = text.replace(path, url)
    return text


def _digest(path: Path, size: int) -> str:
    """Returns the sha256 of a file's first bytes, hexadecimal."""
    with path.open("rb") as opened:
        return hashlib.sha256(opened.read(size)).hexdigest()


def _copies() -> Path:
    return cache_folder().absolute() / "stores"
