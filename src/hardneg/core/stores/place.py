"""A file or a folder of an object store, reached through fsspec."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from hardneg.core.errors import ConfigError, DataError, HardnegError, MissingExtra
from hardneg.core.files import atomic

Advance = Callable[[int], None]

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_PASSWORD = re.compile(r"://[^/@\s]*:[^/@\s]*@")
_WEB = ("http", "https")
_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs", "hf": "hub", "http": "http", "https": "http"}
_IN_PLACE = ("file", "local", "sftp", "ssh", "ftp", "smb")
"""Stores in which a file is visible before it is whole: it is uploaded under a temporary name."""
_HIDDEN = {"hf": "; if it is private, set HF_TOKEN"}
"""Stores that answer in the same way for what is missing and for what may not be read."""
_PROBE = ".hardneg-may-write"
"""A file that is written and removed, to find out whether files can be."""
_VERSIONS = (
    *("ETag", "etag", "content_md5", "md5Hash", "blob_id", "generation"),
    *("mtime", "LastModified", "last_modified", "Last-Modified", "updated", "modified", "created"),
)
"""What stores call that which changes with a file, the surest first; `ukey` of fsspec is not sure enough:
it never changes on the web, and may change without the file."""


class Version(NamedTuple):
    """What a store says of a file: its bytes, -1 where it does not say, and a stamp that changes with it."""

    size: int
    stamp: str


class Place:
    """A file or a folder of a store. Credentials come from the environment, as the store's library reads it.

    On the web, the URL of a folder ends with a slash.

    Attributes:
        url: The URL.
        name: The last part of it.
        alone: Whether it is one file, once it is listed.
        hint: Why it may seem to be empty.
    """

    def __init__(self, url: str) -> None:
        _refuse_secrets(url)
        self.url = url.rstrip("/")
        self._scheme = url.partition("://")[0].lower()
        self._files, root = _file_system(url, self._scheme)
        self._root = root.rstrip("/")
        self._web_folder = self._scheme in _WEB and url.endswith("/")
        self.alone = False
        self.hint = _HIDDEN.get(self._scheme, "")
        self.name = self._safe(posixpath.basename(self._root) or self._scheme)

    def listing(self) -> dict[str, Version]:
        """Returns the versions of the files below, by their paths; of a single file, by its name."""
        with _errors(self.url):
            self._files.invalidate_cache()
            try:
                found = self._find()
            except FileNotFoundError as error:
                if error.__cause__ is not None and self._scheme in _WEB:  # any error of the connection
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
        """Returns the versions of files in the folder of a single one, by their names."""
        versions = {}
        for name in names:
            with _errors(f"{self.url}: {name}, which goes with it"):
                versions[name] = self._version(self._path(name))
        return versions

    def get(self, name: str, version: Version, to: Path, advance: Advance) -> None:
        """Downloads a file: it is whole, or not there."""
        with atomic(to) as temporary:
            with _errors(f"{self.url}: {name}"):
                self._files.get_file(self._path(name), str(temporary), callback=_callback(advance))
            size = temporary.stat().st_size
            if version.size not in (-1, size):
                raise DataError(
                    f"{self.url}: {name}: {size:,} of {version.size:,} bytes came; try the same command again"
                )

    def put(self, path: Path, name: str, advance: Advance) -> Version:
        """Uploads a file and returns its version."""
        self.refuse_commits()
        with _errors(f"{self.url}: {name}"):
            folder, last = posixpath.split(self._path(name))
            target = f"{folder}/.{last}.tmp" if self._scheme in _IN_PLACE else self._path(name)
            self._files.put_file(str(path), target, callback=_callback(advance))
            if target != self._path(name):
                self._files.mv(target, self._path(name))
            self._files.invalidate_cache()
            version = self._version(self._path(name))
        if version.size not in (-1, path.stat().st_size):
            raise DataError(
                f"{self.url}: {name} has {version.size:,} bytes there, {path.stat().st_size:,} here"
            )
        return version

    def remove(self, name: str) -> None:
        """Removes a file."""
        with _errors(f"{self.url}: {name}"):
            self._files.rm_file(self._path(name))

    def check_writable(self) -> None:
        """Checks before any work that files can be uploaded."""
        self.refuse_commits()
        with _errors(f"cannot write to {self.url}"):
            self._files.pipe_file(self._path(_PROBE), b"hardneg")
            self._files.rm_file(self._path(_PROBE))

    def refuse_commits(self) -> None:
        """Refuses repositories of the hub, where each upload would be a commit."""
        if self._scheme == "hf" and not self._root.startswith("buckets/"):
            raise DataError(
                f"{self.url} takes no files, as each would be a commit; work in a folder of the disk, and "
                "upload the run with hardneg push"
            )

    def _find(self) -> Mapping[str, Any]:
        """Returns what the store says of each file, by its path in the store."""
        if not self._web_folder:
            facts = self._files.info(self._root)
            if facts["type"] == "file":
                return {self._root: facts}
        root = f"{self._root}/" if self._web_folder else self._root
        found: Mapping[str, Any] = self._files.find(root, detail=True)
        return found

    def _version(self, path: str, facts: Mapping[str, Any] | None = None) -> Version:
        stamp = _stamp(facts or {})
        if facts is None or stamp is None:
            facts = self._files.info(path)
            stamp = _stamp(facts)
        size = facts.get("size")
        return Version(-1 if size is None else int(size), stamp or "")

    def _below(self, path: str) -> str:
        return self._safe(path.removeprefix(self._root).removeprefix("/"))

    def _safe(self, name: str) -> str:
        """Returns the path of a file in the store, if it stays below a local folder."""
        parts = name.split("/")
        if not all(parts) or ".." in parts or "." in parts or "\\" in name or "\0" in name:
            raise DataError(f"{self.url}: {name!r} there is no name that a file can have here; rename it")
        return name

    def _path(self, name: str) -> str:
        return f"{posixpath.dirname(self._root) if self.alone else self._root}/{name}"


def is_url(place: str | Path) -> bool:
    """Returns whether a place is in a store, not on a disk."""
    return _URL.match(str(place)) is not None


def is_temporary(name: str) -> bool:
    """Returns whether a file exists only while something is written: a lock, a probe, half a file."""
    last = posixpath.basename(name)
    return last in (".lock", _PROBE) or (last.startswith(".") and last.endswith(".tmp"))


def _refuse_secrets(url: str) -> None:
    """Refuses a URL with a password, or on the web with a query, as URLs are recorded."""
    scheme, _, rest = url.partition("://")
    if _PASSWORD.search(url):
        raise ConfigError(
            f"{scheme}://{rest.partition('@')[2]} was given with a password, which would stay in records; "
            "give credentials through the environment, as the store's own library reads them"
        )
    if scheme.lower() in _WEB and ("?" in rest or "#" in rest):
        raise ConfigError(
            f"{re.split(r'[?#]', url)[0]} was given with a query, which may be a signature and would stay in "
            "records; leave it out, or fetch the file and name it here"
        )


def _stamp(facts: Mapping[str, Any]) -> str | None:
    value = next((facts[key] for key in _VERSIONS if facts.get(key)), None)
    if isinstance(value, datetime):
        value = value.timestamp()
    return None if value is None else f"{facts.get('size')} {value}".replace('"', "")


def _file_system(url: str, scheme: str) -> tuple[Any, str]:
    """Returns the file system of a URL, and the path in it."""
    try:
        from fsspec import available_protocols
        from fsspec.core import url_to_fs
    except ImportError:
        raise MissingExtra("fsspec", "stores") from None
    if scheme not in available_protocols():
        raise DataError(f'{url}: there is no store of kind "{scheme}"; s3, gs, hf and https are some')
    options = {"auto_mkdir": True} if scheme in ("file", "local") else {}
    try:
        with _errors(url):
            files, root = url_to_fs(url, **options)
    except ImportError as error:
        if scheme in _EXTRAS:
            raise MissingExtra(f"what reads {scheme}://", _EXTRAS[scheme]) from None
        raise DataError(f"{url}: {error}") from None
    return files, str(root)


@contextmanager
def _errors(where: str) -> Iterator[None]:
    """Turns exceptions of a store's library into one line; a missing library stays an ImportError."""
    try:
        yield
    except (HardnegError, ImportError):
        raise
    except Exception as error:
        line = next(iter(str(getattr(error, "strerror", None) or error).splitlines()), "")
        reason = f"{type(error).__name__}: {line}"
        if isinstance(error, PermissionError):
            reason = f"no permission ({line}); see the store's credentials"
        elif isinstance(error, FileNotFoundError):
            reason = f"not found ({line})"
        raise DataError(f"{where}: {reason}") from error


def _callback(advance: Advance) -> Any:
    """Returns the callback of fsspec that reports bytes to `advance`."""
    from fsspec.callbacks import Callback

    done = 0

    def report(size: int | None, value: int, **_: Any) -> None:
        nonlocal done
        advance(value - done)
        done = value

    return Callback(hooks={"report": report})
