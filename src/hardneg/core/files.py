"""Local files: written atomically, checked by digests, locked, temporary; and the folder of the cache."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from io import BufferedReader
from pathlib import Path
from typing import IO, Any, TypeVar, cast

import numpy as np

from hardneg.core.errors import DataError, check_shortage

T = TypeVar("T")
TEMPORARY = ".*.hardneg.tmp"
"""The names of files that `atomic` has not finished; a killed process leaves them."""
_NO_WAIT = getattr(os, "O_NONBLOCK", 0)
"""So that a named pipe is opened at once, whoever writes to it."""
_CHECKSUM = hashlib.sha256().digest_size


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; when the block ends well, it becomes `path`, synced to disk."""
    if not path.name:
        raise DataError(f"cannot write {path}: it names no file")
    temporary = path.with_name(f".{path.name}.{os.getpid():x}-{secrets.token_hex(4)}.hardneg.tmp")
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"cannot write {path}: it is a folder, a pipe or a device")
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def remove_unfinished(path: Path) -> None:
    """Removes what processes that were killed while they wrote a file have left beside it."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*-*.hardneg.tmp"):
        process = int(left.name.removesuffix(".hardneg.tmp").rpartition(".")[2].partition("-")[0], 16)
        if not _is_running(process):
            left.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    if os.name == "nt":  # where signal 0 ends the process
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def write_text(path: Path, text: str, *, private: bool = False) -> None:
    """Writes a UTF-8 text file atomically; a private one is its owner's alone to read."""
    with atomic(path) as temporary:
        if private:
            temporary.touch(mode=0o600, exist_ok=False)
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_json(path: Path, content: Any) -> None:
    """Writes plain data as an indented JSON file, atomically."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def cache_folder() -> Path:
    """Returns the folder of the cache: `HARDNEG_CACHE`, or a folder of the user's cache directory."""
    given = os.environ.get("HARDNEG_CACHE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "hardneg"


def open_regular(path: Path) -> BufferedReader:
    """Opens a file to read, unless it is a pipe, a device or a folder, which have no end or are read once.

    Raises:
        DataError: It cannot be opened, or is no regular file.
    """
    try:
        return _opened_regular(path)
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise DataError(f"cannot read {path}: {getattr(error, 'strerror', None) or error}") from None


def read_regular(path: Path) -> bytes:
    """Returns the bytes of a file.

    Raises:
        OSError: It cannot be opened, or is no regular file.
    """
    with _opened_regular(path) as opened:
        return opened.read()


def _opened_regular(path: Path) -> BufferedReader:
    opened = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAIT))
    if stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        return opened
    opened.close()
    raise OSError(errno.EINVAL, "it is a pipe or a device; a regular file is needed")


def user_path(path: str | Path) -> Path:
    """Returns a path with its `~` or `~name` replaced by the folder of that user.

    Raises:
        DataError: There is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError:
        raise DataError(f"{path}: there is no such user; write the path out, or as ./{path}") from None


def real_path(path: str | Path) -> Path:
    """Returns a path from the root, without symbolic links.

    Raises:
        DataError: Links lead in a circle, or it is no path.
    """
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise DataError(f"{str(path)!r} leads nowhere: {error}") from None


def digest_file(path: Path) -> str:
    """Returns the sha256 of a file's bytes, hexadecimal."""
    with open_regular(path) as opened:
        try:
            return hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror or error}") from error


def append_checksum(path: Path) -> None:
    """Appends the sha256 of a file's bytes to it."""
    digest = digest_file(path)
    with path.open("ab") as opened:
        opened.write(bytes.fromhex(digest))


def has_valid_checksum(path: Path) -> bool:
    """Returns whether a file exists and ends in the sha256 of the bytes before it.

    Raises:
        DataError: There is too little memory, or too many files are open, to know it.
    """
    digest = hashlib.sha256()
    try:
        left = content_length(path)
        with path.open("rb") as opened:
            while left > 0:
                read = opened.read(min(left, 1 << 20))
                digest.update(read)
                left -= len(read) or left
            return opened.read() == digest.digest()
    except OSError as error:
        check_shortage(path, error)
        return False


def content_length(path: Path) -> int:
    """Returns the bytes of a file before its checksum."""
    return path.stat().st_size - _CHECKSUM


def locked(opened: Any, *, wait: bool) -> bool:
    """Returns whether this process has the lock of an open file; where there are no locks, it always has."""
    try:
        import fcntl
    except ImportError:  # Windows has none
        return True
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError:  # as on some network disks, where each process works for itself
        return True
    return True


def open_locked(path: Path, mode: str, *, wait: bool) -> IO[Any] | None:
    """Opens a file for one process at a time; the lock is released when it is closed.

    Args:
        path: The file that is opened is the one that has this name once it is locked, whatever other
            processes put in its place before.
        mode: As of `open`; one that makes the file.
        wait: Whether to wait for another process.

    Returns:
        The open file, None if another process holds it.

    Raises:
        OSError: It cannot be opened, or is a symbolic link.
    """
    while True:
        opened = _open_unlinked(path, mode)
        if not locked(opened, wait=wait):
            opened.close()
            return None
        with suppress(OSError):
            if os.path.samestat(os.fstat(opened.fileno()), path.stat()):
                return opened
        opened.close()


def _open_unlinked(path: Path, mode: str) -> IO[Any]:
    """Opens a file to write, unless its name is a symbolic link or a pipe that nobody reads."""
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return open(path, mode, opener=lambda name, flags: os.open(name, flags | more, 0o666))


@contextmanager
def exclusive(
    folder: Path, waiting: Callable[[], AbstractContextManager[Any]] = nullcontext
) -> Iterator[None]:
    """Lets one process at a time work in the block; the lock is released when the process ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        opened = _open_unlinked(folder / ".lock", "a")
    except OSError as error:
        raise DataError(f"cannot write to {folder}: {error.strerror or error}") from error
    with opened:
        if not locked(opened, wait=False):
            with waiting():
                locked(opened, wait=True)
        yield


def build_once(
    read: Callable[[], T | None],
    make: Callable[[], T],
    folder: Path,
    waiting: Callable[[], AbstractContextManager[Any]] = nullcontext,
) -> T:
    """Returns what is read, or what is made where there is nothing; one process at a time makes it."""
    result = read()
    if result is None:
        with exclusive(folder, waiting):
            result = read()
            if result is None:
                result = make()
    return result


def unlinked_file(folder: Path) -> IO[bytes]:
    """Returns a new file without a name, which is removed when it is closed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return cast(IO[bytes], tempfile.TemporaryFile(dir=folder))
    except OSError as error:
        raise DataError(f"cannot write to {folder}: {error.strerror or error}") from error


def temp_memmap(shape: Sequence[int], kind: Any, folder: Path | None = None) -> Any:
    """Returns an array in a file without a name, which is removed with the array."""
    place = folder or Path(tempfile.gettempdir())
    try:
        with unlinked_file(place) as file:
            size = int(np.prod(shape, dtype=np.int64)) * np.dtype(kind).itemsize
            if size and hasattr(os, "posix_fallocate"):  # a full disk is an error now, not a signal later
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, kind, "w+", shape=tuple(shape))
    except OSError as error:
        raise DataError(f"cannot write to {place}: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows cannot open folders
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
