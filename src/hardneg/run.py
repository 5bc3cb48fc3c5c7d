"""A run directory: locked while it is written, resumed when it was interrupted, described by run.json."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hardneg.errors import ConfigError, DataError
from hardneg.files import write_text

_CALIBRATION = "calibration.json"
_LIBRARIES = ("hardneg", "numpy", "pyarrow", "bm25s", "torch", "sentence-transformers", "transformers")


_ANOTHER = "{path} holds another run, which differs in {differs}; choose another --out, or delete it"


class Clock:
    """Adds up the seconds of named stages."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the time of a block towards a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = self.seconds.get(name, 0.0) + time.perf_counter() - begin
            self.seconds[name] = round(spent, 3)


class RunFolder:
    """A run directory that one process writes.

    Args:
        path: The directory; made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Holds the directory's lock.

        Raises:
            ConfigError: Another process holds it.
            DataError: The directory cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = (self.path / ".lock").open("w")
        except OSError as error:
            raise DataError(f"cannot write to {self.path}: {error.strerror or error}") from None
        with lock:
            _lock(lock, self.path)
            for left_by_a_kill in self.path.rglob(".*.tmp"):
                left_by_a_kill.unlink()
            yield
        with suppress(OSError):
            (self.path / ".lock").unlink()

    def refuse_another(self, run: Mapping[str, Any]) -> None:
        """Finds out, before any work, that the directory is not free for a run.

        Args:
            run: What run.json will hold; what the rankers tell of themselves may still be missing.

        Raises:
            ConfigError: The directory holds another run, or files of something else.
        """
        if (self.path / "run.json").exists():
            differs = _difference(self.read(), run, ("collection", "recipe"))
            if differs:
                raise ConfigError(_ANOTHER.format(path=self.path, differs=differs))
            return
        others = sorted(p.name for p in self.path.iterdir() if not p.name.startswith("."))
        if others:
            raise ConfigError(f"{self.path} holds other files ({others[0]}, ...); choose an empty --out")

    def begin(self, run: Mapping[str, Any]) -> bool:
        """Claims the directory for a run; returns whether the same run had been begun here before.

        Raises:
            ConfigError: The directory holds another run.
        """
        if not (self.path / "run.json").exists():
            self.write({**run, "finished": False})
            return False
        known = self.read()
        if known.get("fingerprint") != run["fingerprint"]:
            differs = _difference(known, run, ("collection", "recipe", "rankers")) or "versions"
            raise ConfigError(_ANOTHER.format(path=self.path, differs=differs))
        return True

    def read(self) -> dict[str, Any]:
        """Returns run.json.

        Raises:
            DataError: It is not there or damaged.
        """
        path = self.path / "run.json"
        try:
            run: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(f"{self.path} is no run directory: there is no run.json in it") from None
        except (OSError, ValueError) as error:
            raise DataError(f"{path} is damaged: {error}") from None
        return run

    def write(self, run: Mapping[str, Any]) -> None:
        """Writes run.json atomically."""
        self._write("run.json", run)

    def read_calibration(self) -> dict[str, Any] | None:
        """Returns calibration.json; None if it is not there or damaged and must be made again."""
        try:
            known: dict[str, Any] = json.loads((self.path / _CALIBRATION).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return known

    def write_calibration(self, calibration: Mapping[str, Any]) -> None:
        """Writes calibration.json atomically."""
        self._write(_CALIBRATION, calibration)

    def _write(self, name: str, content: Mapping[str, Any]) -> None:
        write_text(self.path / name, json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def fingerprint(*parts: Any) -> str:
    """Returns the sha256 of plain settings, hexadecimal."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that results depend on."""
    found = {"python": platform.python_version()}
    for library in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[library] = importlib.metadata.version(library)
    return found


def decisive(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings of a recipe that decisions depend on: all but how they are written and told."""
    return {key: value for key, value in recipe.items() if key not in ("format", "description")}


def _difference(known: Mapping[str, Any], run: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """Returns in what two runs differ, empty if in nothing."""
    both = [{**each, "recipe": decisive(each.get("recipe", {}))} for each in (known, run)]
    return " and ".join(key for key in keys if fingerprint(both[0].get(key)) != fingerprint(both[1].get(key)))


def _lock(lock: Any, path: Path) -> None:
    try:
        import fcntl
    except ImportError:  # Windows has none
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise ConfigError(f"another process is writing to {path}") from None
