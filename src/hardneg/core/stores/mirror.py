"""The local copy of a place in a store: downloaded before it is read, uploaded when the work is done."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import cache_folder, digest_file, exclusive, locked, write_text
from hardneg.core.progress import NullProgress, Progress
from hardneg.core.stores.place import Advance, Place, Version, is_temporary, is_url

_AT_ONCE = 8
_LAST = "run.json"
"""The file that says that a run is finished: it is uploaded when all others are there."""

_URLS: dict[str, str] = {}
"""The URLs of the copies that this process has used, by their paths."""

Companions = Callable[[Path], Iterable[str]]
"""Returns the names of files beside a file that are read with it."""


class SyncedFile(NamedTuple):
    """A file that was the same in store and copy: the store's stamp, the sha256 of its bytes, their count."""

    stamp: str
    digest: str
    size: int


class Mirror:
    """The local copy of one place, with a list of the files that were the same in both."""

    def __init__(self, url: str, progress: Progress | None = None) -> None:
        self._place = Place(url)
        self._progress = progress or NullProgress()
        key = hashlib.sha256(self._place.url.encode()).hexdigest()[:32]
        self._folder = cache_folder().absolute() / "stores" / key
        self._copy = self._folder / self._place.name
        self._list = self._folder / "known.jsonl"

    def pull(self, companions: Companions | None = None) -> Path:
        """Makes the copy equal to the store, but for a run's own new files, and returns its path."""
        with self._exclusive():
            listing = self._listing()
            if not listing:
                raise DataError(f"there is nothing at {self._place.url}{self._place.hint}")
            own_run = (self._copy / _LAST).exists() and _LAST not in self._synced()
            if _LAST not in listing and own_run:
                raise DataError(
                    f"{self._place.url} is not finished; run the same hardneg mine command to finish it"
                )
            self._download(listing)
            if not self._place.alone:
                return self._copy
            path = self._copy / self._place.name
            if companions is not None:
                self._download(self._place.beside(companions(path)))
        return path

    def begin(self) -> Path:
        """Prepares the copy for a run to be written or resumed, and returns its path."""
        self._place.refuse_commits()
        with self._exclusive():
            listing, synced = self._listing(), self._synced()
            if _LAST in listing:
                self._download(listing)
                return self._copy
            foreign = [name for name in listing if not (self._copy / name).is_file()]
            if foreign:
                raise ConfigError(
                    f"{self._place.url} holds other files ({min(foreign)}, ...), or a run that another "
                    "machine has not finished; choose another --out, or delete it"
                )
            self._place.check_writable()
            if _LAST in synced:  # the run was finished, and has been deleted in the store
                shutil.rmtree(self._copy, ignore_errors=True)
            self._write_synced(
                {n: file for n, file in synced.items() if n in listing and file.stamp == listing[n].stamp}
            )
        return self._copy

    def push(self) -> int:
        """Uploads what has changed, and returns how many files."""
        with self._exclusive():
            synced = self._synced()
            digests = {name: digest_file(self._copy / name) for name in self._names()}
            changed = [n for n, digest in digests.items() if n not in synced or synced[n].digest != digest]
            removed = synced.keys() - digests.keys()
            if synced and (changed or removed):
                self._refuse_conflicts({*changed, *removed} & synced.keys(), self._place.listing(), synced)

            def put(name: str, advance: Advance) -> SyncedFile:
                path = self._copy / name
                stamp = self._place.put(path, name, advance).stamp
                return SyncedFile(stamp, digests[name], path.stat().st_size)

            for names in ([n for n in changed if n != _LAST], [n for n in changed if n == _LAST]):
                self._transfer("put", {name: (self._copy / name).stat().st_size for name in names}, put)
            for name in removed:
                self._place.remove(name)
            self._write_synced({n: file for n, file in self._synced().items() if n in digests})
        return len(changed)

    def _listing(self) -> dict[str, Version]:
        listing = self._place.listing()
        _URLS[str(self._copy)] = self._place.url.rpartition("/")[0] if self._place.alone else self._place.url
        return listing

    def _download(self, listing: Mapping[str, Version]) -> None:
        self._refuse_while_written()
        for temporary in self._folder.rglob(".*.tmp"):  # of a process that was killed
            temporary.unlink(missing_ok=True)
        synced = self._synced()
        own = {n for n in self._names() if self._is_own(n, listing, synced)} if _LAST in listing else set()
        self._refuse_conflicts(own, listing, synced)
        if not self._place.alone:
            for name in set(self._names()) - listing.keys() - own:
                (self._copy / name).unlink()
            synced = {name: synced[name] for name in synced.keys() & listing.keys()}
        missing = {
            name: version
            for name, version in listing.items()
            if name not in own and not self._is_same(synced.get(name), name, version)
        }
        self._write_synced({name: synced[name] for name in synced.keys() - missing.keys()})

        def get(name: str, advance: Advance) -> SyncedFile:
            path = self._copy / name
            self._place.get(name, missing[name], path, advance)
            return SyncedFile(missing[name].stamp, digest_file(path), path.stat().st_size)

        self._transfer("fetch", {name: max(version.size, 0) for name, version in missing.items()}, get)

    def _refuse_conflicts(
        self, names: Iterable[str], listing: Mapping[str, Version], synced: Mapping[str, SyncedFile]
    ) -> None:
        """Refuses files that have changed in the copy and in the store too."""
        for name in sorted(listing.keys() & set(names)):
            if name not in synced or synced[name].stamp != listing[name].stamp:
                raise ConfigError(
                    f"{name} has changed both in {self._copy} and at the store; put what both have into the "
                    "one at the store, and delete the other"
                )

    def _is_own(self, name: str, listing: Mapping[str, Version], synced: Mapping[str, SyncedFile]) -> bool:
        """Returns whether a file of a run is new in the copy, or has grown there since it was the same."""
        path = self._copy / name
        size = path.stat().st_size
        if name not in synced:  # one of the same size has been downloaded, and the process killed
            return name not in listing or listing[name].size != size
        if size <= synced[name].size:
            return False
        with path.open("rb") as opened:
            return hashlib.sha256(opened.read(synced[name].size)).hexdigest() == synced[name].digest

    def _is_same(self, file: SyncedFile | None, name: str, version: Version) -> bool:
        path = self._copy / name
        if file is None or file.stamp != version.stamp or not path.is_file():
            return False
        return digest_file(path) == file.digest

    def _transfer(
        self, verb: str, sizes: Mapping[str, int], work: Callable[[str, Advance], SyncedFile]
    ) -> None:
        """Transfers files, several at once, and lists each at once, so that a killed transfer goes on."""
        if not sizes:
            return
        with (
            self._progress.task(f"{verb} {self._place.name}", sum(sizes.values()), "bytes") as task,
            self._list.open("a", encoding="utf-8", buffering=1) as synced,
            ThreadPoolExecutor(_AT_ONCE) as pool,
        ):
            calls = {pool.submit(work, name, task.advance): name for name in sizes}
            try:
                for done in as_completed(calls):
                    synced.write(_line(calls[done], done.result()))
            finally:
                pool.shutdown(cancel_futures=True)

    def _synced(self) -> dict[str, SyncedFile]:
        """Returns the list, of each file its last line; a line that was cut off is ignored."""
        synced: dict[str, SyncedFile] = {}
        lines = self._list.read_text(encoding="utf-8", errors="replace") if self._list.exists() else ""
        for line in lines.splitlines():
            try:
                name, *file = json.loads(line)
                synced[name] = SyncedFile(*file)
            except (ValueError, TypeError):
                continue
        return synced

    def _write_synced(self, synced: Mapping[str, SyncedFile]) -> None:
        write_text(self._list, "".join(_line(name, file) for name, file in sorted(synced.items())))

    def _names(self) -> list[str]:
        """Returns the files of the copy, by their paths below it."""
        paths = (path for path in self._copy.rglob("*") if path.is_file())
        names = sorted(path.relative_to(self._copy).as_posix() for path in paths)
        return [name for name in names if not is_temporary(name)]

    def _exclusive(self) -> AbstractContextManager[None]:
        return exclusive(self._folder, lambda: self._progress.task("wait for another process", None, "files"))

    def _refuse_while_written(self) -> None:
        if (lock := self._copy / ".lock").exists():
            with lock.open("a") as opened:
                if not locked(opened, wait=False):
                    raise ConfigError(f"another process is writing to {self._place.url}; wait for it")


def fetched(
    place: str | Path, progress: Progress | None = None, companions: Companions | None = None
) -> Path:
    """Returns where a place can be read: a path itself, or the copy of a URL, made equal to the store."""
    return Mirror(str(place), progress).pull(companions) if is_url(place) else Path(place)


@contextmanager
def output_dir(place: str | Path, progress: Progress | None = None) -> Iterator[Path]:
    """Yields where to write a run: a path itself, or the copy of a URL, uploaded when all went well."""
    if not is_url(place):
        yield Path(place)
        return
    mirror = Mirror(str(place), progress)
    yield mirror.begin()
    mirror.push()


@contextmanager
def output_file(place: str | Path) -> Iterator[Path]:
    """Yields where to write a file; for a URL, it is uploaded in the end, with the files beside it."""
    if not is_url(place):
        yield Path(place)
        return
    folder, _, name = str(place).rpartition("/")
    target = Place(folder)
    target.check_writable()
    with tempfile.TemporaryDirectory(prefix="hardneg-put-") as temporary:
        out = Path(temporary) / name
        yield out
        for path in sorted(out.parent.iterdir(), key=lambda path: path == out):
            target.put(path, path.name, lambda count: None)


def display_url(text: str) -> str:
    """Returns a text in which the paths of copies are replaced by their URLs."""
    for path, url in _URLS.items():
        text = text.replace(path, url)
    return text


def _line(name: str, file: SyncedFile) -> str:
    return json.dumps([name, *file]) + "\n"
