"""A file or a folder of an object store."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError, HardnegError, MissingExtra
from hardneg.core.files import atomic
from hardneg.core.stores.names import PROBE, WEB, is_temporary, refuse_secrets, safe

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hf": "hub", "http": "http", "https": "http"}
_IN_PLACE = ("file", "local", "sftp", "ssh", "ftp", "smb")
"""Where a file that is being put is there before all of it is: elsewhere it appears when it is whole."""
_UNSEEN = {"hf": "; if it is private, set HF_TOKEN"}
"""Stores that do not tell what may not be read from what is not there."""

_VERSIONS = (
    *("ETag", "etag", "content_md5", "md5Hash", "blob_id", "generation"),
    *("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "modified", "created"),
)
"""What stores call that which changes with a file, the surest first."""

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Version:
    """What a store says of one file.

    Attributes:
        size: Bytes, -1 where it does not tell.
        stamp: Changes with the file.
    """

    size: int
    stamp: str


class Place:
    """A file or a folder of a store.

    Credentials come from the environment, as the store's own library reads it.

    Attributes:
        url: Where it is.
        name: The last part of it.
        alone: Whether it is one file, as `listing` has found.
        unseen: Why there may seem to be nothing there.

    Args:
        url: Where it is; of the web, a folder ends with a slash.

    Raises:
        ConfigError: The URL has a secret in it.
        MissingExtra: The library of the store is not installed.
        DataError: There is no such kind of store.
    """

    def __init__(self, url: str) -> None:
        refuse_secrets(url)
        self.url = url.rstrip("/")
        self._scheme = url.partition("://")[0].lower()
        self._files, root = _opened(url, self._scheme)
        self._root = root.rstrip("/")
        self._folder_of_the_web = self._scheme in WEB and url.endswith("/")
        self.alone = False
        self.unseen = _UNSEEN.get(self._scheme, "")
        self.name = safe(posixpath.basename(self._root) or self._scheme, self.url)

    def listing(self) -> dict[str, Version]:
        """Returns the files below, by their paths; a file by its own name alone.

        Raises:
            DataError: The store cannot be asked.
        """
        with _told(self.url):
            self._files.invalidate_cache()
            try:
                found = self._found()
            except FileNotFoundError as error:
                if error.__cause__ is not None and self._scheme in WEB:  # whatever went wrong there
                    raise error.__cause__ from None
                return {}
            self.alone = list(found) == [self._root]
            files = {
                self.name if self.alone else self._below(path): self._version(path, facts)
                for path, facts in found.items()
                if facts.get("type") != "directory" and path[-1:] != "/"
            }
            return {name: version for name, version in files.items() if not is_temporary(name)}

    def beside(self, names: Iterable[str]) -> dict[str, Version]:
        """Returns files in the folder of one that is alone, by their names.

        Raises:
            DataError: One is not there, or the store cannot be asked.
        """
        found = {}
        for name in names:
            with _told(f"{self.url}: {name}, which goes with it"):
                found[name] = self._version(self._path(name), self._files.info(self._path(name)))
        return found

    def get(self, name: str, version: Version, to: Path, advance: Advance) -> None:
        """Fetches a file; it is there whole or not at all.

        Raises:
            DataError: It cannot be fetched, or is not as long as the store said.
        """
        with atomic(to) as temporary:
            with _told(f"{self.url}: {name}"):
                self._files.get_file(self._path(name), str(temporary), callback=_callback(advance))
            size = temporary.stat().st_size
            if version.size not in (-1, size):
                raise DataError(
                    f"{self.url}: {name}: {size:,} of {version.size:,} bytes came; try the same command again"
                )

    def put(self, path: Path, name: str, advance: Advance) -> Version:
        """Puts a file there and returns its version.

        Raises:
            DataError: It cannot be put, or is not as long there as here.
        """
        self.refuse_commits()
        with _told(f"{self.url}: {name}"):
            if self._scheme in _IN_PLACE:
                folder, _, last = self._path(name).rpartition("/")
                self._files.put_file(str(path), f"{folder}/.{last}.tmp", callback=_callback(advance))
                self._files.mv(f"{folder}/.{last}.tmp", self._path(name))
            else:
                self._files.put_file(str(path), self._path(name), callback=_callback(advance))
            self._files.invalidate_cache()
            version = self._version(self._path(name), self._files.info(self._path(name)))
        if version.size not in (-1, path.stat().st_size):
            raise DataError(
                f"{self.url}: {name} has {version.size:,} bytes there, {path.stat().st_size:,} here"
            )
        return version

    def remove(self, name: str) -> None:
        """Removes a file.

        Raises:
            DataError: It cannot be removed.
        """
        with _told(f"{self.url}: {name}"):
            self._files.rm_file(self._path(name))

    def check_writable(self) -> None:
        """Finds out, before any work, that files can be put there.

        Raises:
            DataError: They cannot.
        """
        self.refuse_commits()
        with _told(f"cannot write to {self.url}"):
            self._files.pipe_file(self._path(PROBE), b"hardneg")
            self._files.rm_file(self._path(PROBE))

    def refuse_commits(self) -> None:
        """Refuses repositories of the hub, where each file that is put would be a commit.

        Raises:
            DataError: It is one.
        """
        if self._scheme == "hf" and not self._root.startswith("buckets/"):
            raise DataError(
                f"{self.url} takes no files, as each would be a commit; work in a folder of the disk, and "
                "upload the run with hardneg push"
            )

    def _found(self) -> Mapping[str, Any]:
        """Returns what the store says of each file, by its path there."""
        if self._folder_of_the_web:
            found: Mapping[str, Any] = self._files.find(f"{self._root}/", detail=True)
            return found
        facts = self._files.info(self._root)
        if facts["type"] == "file":
            return {self._root: facts}
        found = self._files.find(self._root, detail=True)
        return found

    def _version(self, path: str, facts: Mapping[str, Any]) -> Version:
        stamp = _stamp(facts)
        if stamp is None:
            facts = self._files.info(path)
            stamp = _stamp(facts)
        size = facts.get("size")
        return Version(-1 if size is None else int(size), stamp or "")

    def _below(self, path: str) -> str:
        return safe(path.removeprefix(self._root).removeprefix("/"), self.url)

    def _path(self, name: str) -> str:
        return f"{posixpath.dirname(self._root) if self.alone else self._root}/{name}"


def _stamp(facts: Mapping[str, Any]) -> str | None:
    found = next((facts[key] for key in _VERSIONS if facts.get(key)), None)
    if isinstance(found, datetime):
        found = found.timestamp()
    return None if found is None else f"{facts.get('size')} {found}".replace('"', "")


def _opened(url: str, scheme: str) -> tuple[Any, str]:
    """Returns the file system of a URL, and the path there."""
    try:
        from fsspec import available_protocols
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtra("fsspec", "stores") from None
    if scheme not in available_protocols():
        raise DataError(f'{url}: there is no store of kind "{scheme}"; s3, gs, hf and https are some')
    more = {"auto_mkdir": True} if scheme in ("file", "local") else {}
    try:
        with _told(url):
            files, root = url_to_fs(url, **more)
    except ImportError as error:
        if scheme in _EXTRAS:
            raise MissingExtra(f"what reads {scheme}://", _EXTRAS[scheme]) from None
        raise DataError(f"{url}: {error}") from None
    return files, str(root)


@contextmanager
def _told(where: str) -> Iterator[None]:
    """Turns whatever a store's library raises into one line; a missing library stays what it is.

    Raises:
        DataError: `where`, the exception's kind and the first line that it says.
    """
    try:
        yield
    except (HardnegError, ImportError):
        raise
    except PermissionError as error:
        raise DataError(
            f"{where}: no permission ({_first_line(error)}); see the store's credentials"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{where}: not found ({_first_line(error)})") from error
    except Exception as error:
        raise DataError(f"{where}: {type(error).__name__}: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return next(iter(str(getattr(error, "strerror", None) or error).splitlines()), "")


def _callback(advance: Advance) -> Any:
    """Returns what tells of the bytes that have passed, as fsspec wants it."""
    from fsspec.callbacks import Callback

    passed = 0

    def told(size: int | None, value: int, **_: Any) -> None:
        nonlocal passed
        advance(value - passed)
        passed = value

    return Callback(hooks={"told": told})
