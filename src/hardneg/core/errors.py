"""What can go wrong, said in one line each: the message names the place, what was found and what to do."""

from __future__ import annotations

import difflib
import errno
import importlib
import importlib.util
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_SHOWN = 20
_MEMORY = "there is not enough memory"
_LIMITS = {
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: "too many files are open",
    errno.ENFILE: "too many files are open",
}
_FULL = re.compile(r"os error (?:27|28|122)\b|PytorchStreamWriter")
"""How libraries say that a file cannot be written: EFBIG, ENOSPC, EDQUOT."""


class HardnegError(Exception):
    """Any error that a user can mend; the command line prints it as one line and exits with 2."""


class ConfigError(HardnegError):
    """A setting is unknown, contradictory or out of range."""


class DataError(HardnegError):
    """An input file, its content, or a place to write to is not usable."""


class MissingExtra(HardnegError):
    """Optional libraries, by name, are not installed; the message says which extra brings each."""

    def __init__(self, what: str, extra: str, **others: str) -> None:
        self.extras = {what: extra, **others}
        are = "is" if len(self.extras) == 1 else "are"
        names, extras = " and ".join(self.extras), ",".join(dict.fromkeys(self.extras.values()))
        super().__init__(f"{names} {are} not installed; run: pip install 'hardneg[{extras}]'")


def problem(error: Exception) -> str:
    """Returns what is wrong with a file that cannot be read, in other words than those of its library."""
    if isinstance(error, json.JSONDecodeError):
        found = error.doc[error.pos :][:_SHOWN]
        return (
            f"it ends too early, at character {error.pos + 1}"
            if not found.strip()
            else (f"character {error.pos + 1} is not expected, where {found!r} begins")
        )
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not UTF-8"
    if "sys.set_int_max_str_digits" in str(error):
        return "a number has too many digits"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if type(error).__module__.startswith("pyarrow") or isinstance(error, OSError):
        return "it is damaged or cut off"
    return next(iter(str(error).splitlines()), type(error).__name__)


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ConfigError:
    """Returns the error for a name that is not among the known ones, with the nearest guess."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1) or [n for n in names if name and n.startswith(name)]
    guess = f'; did you mean "{close[0]}"?' if close else "."
    return ConfigError(f'unknown {kind} "{name}"{guess} Known: {", ".join(names)}')


def optional_library(name: str, extra: str) -> Any:
    """Returns an optional library."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise MissingExtra(name, extra) from None


def require(module: str, extra: str, what: str | None = None) -> None:
    """Checks that an optional library is installed, without importing it."""
    try:
        found = importlib.util.find_spec(module)
    except ValueError:  # it stands in for the library, as in a notebook or a test
        return
    if found is None:
        raise MissingExtra(what or module.replace("_", "-"), extra)


def require_all(components: Iterable[Any]) -> None:
    """Checks that the libraries of all components are installed; one error names all that are missing."""
    missing: dict[str, str] = {}
    for component in components:
        try:
            component.check_installed()
        except MissingExtra as error:
            missing |= error.extras
    if missing:
        (what, extra), *others = missing.items()
        raise MissingExtra(what, extra, **dict(others))


def shortage(error: BaseException) -> str:
    """Returns what this process or machine lacks, if that is why something failed; empty for other errors."""
    if isinstance(error, MemoryError) or "failed to map segment" in str(error):  # of a library
        return _MEMORY
    if "thread" in str(error) and ("start" in str(error) or "launch" in str(error)):
        return "no more threads can be started"
    if _FULL.search(str(error)):
        return "the disk is full"
    return _LIMITS.get(error.errno or 0, "") if isinstance(error, OSError) else ""


def check_shortage(path: Path, error: BaseException) -> None:
    """Raises DataError if a file could not be read for want of memory, threads or open files."""
    if why := shortage(error):
        raise DataError(f"cannot read {path}: {why}") from None


def unreadable(path: Path, error: Exception, mend: str) -> DataError:
    """Returns the error for a file of this program that cannot be read: why, or that it is damaged.

    Where the system does not let it be read, the file may be whole: `mend`, as to delete it, is not advised.
    """
    why = shortage(error) or (error.strerror if isinstance(error, OSError) and error.errno else "")
    if why:
        return DataError(f"cannot read {path}: {why}")
    return DataError(f"{path} is damaged: {problem(error)}; {mend}")


@contextmanager
def wrap_errors(where: str) -> Iterator[None]:
    """Turns an exception of any kind, raised inside the block by a foreign library, into a `DataError`."""
    try:
        yield
    except HardnegError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {next(iter(str(error).splitlines()), '')}"
        raise DataError(f"{where}: {shortage(error) or reason}") from error
