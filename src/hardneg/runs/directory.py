"""A run directory: locked while it is written, resumed when it was interrupted, described by run.json."""

from __future__ import annotations

import importlib.metadata
import platform
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from hardneg.calibration.calibration import Calibration
from hardneg.calibration.noisy_positives import NoisyPositives
from hardneg.core.components import RANKERS, VALIDATORS
from hardneg.core.errors import ConfigError, DataError, unreadable
from hardneg.core.files import TEMPORARY, open_locked, real_path
from hardneg.core.state_files import CHECKSUM, fingerprint, parse_state, write_state
from hardneg.core.tables import flat
from hardneg.runs.ledger import FolderLedger, Ledger, MemoryLedger, check_rankers
from hardneg.runs.run_info import check
from hardneg.sources import chunks

_CALIBRATION = "calibration.json"
_POSITIVES = "positives.json"
_OWN = {
    *("run.json", _CALIBRATION, _POSITIVES, "README.md", "ledger", "judge"),
    *("audit.json", "audit_sample.jsonl", "judgments.jsonl", chunks.FOLDER),
}
"""Files and folders of a run, but for its training set and report."""
_LIBRARIES = ("hardneg", "numpy", "pyarrow", "torch", "sentence-transformers", "transformers")
_IGNORED = ("format", "description", "engine")
_ANOTHER = "{path} holds another run, which differs in {differs}; choose another --out, or delete it"
_SHOWN = 3


class Clock:
    """Adds up the seconds of named stages."""

    def __init__(self, seconds: Mapping[str, float] | None = None) -> None:
        self.seconds: dict[str, float] = dict(seconds or {})

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Counts the time of a block towards a stage."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            spent = self.seconds.get(name, 0.0) + time.perf_counter() - begin
            self.seconds[name] = round(spent, 3)


class RunInMemory:
    """A place for a run that is kept in memory: always free, and gone with the process."""

    path = None

    def __init__(self) -> None:
        self.ledger: Ledger = MemoryLedger()
        self._calibration: Mapping[str, Any] | None = None
        self._positives: Mapping[str, Any] | None = None

    def check_free(self, run: Mapping[str, Any]) -> None:
        """Does nothing; see `RunFolder`."""

    def claim(self, run: Mapping[str, Any]) -> bool:
        """Returns False: no such run was begun before."""
        return False

    def read_calibration(self) -> Mapping[str, Any] | None:
        """Returns what calibration learned; None before it has."""
        return self._calibration

    def write_calibration(self, calibration: Mapping[str, Any]) -> None:
        """Keeps what calibration learned."""
        self._calibration = calibration

    def read_positives(self) -> Mapping[str, Any] | None:
        """Returns what was learned of the positives; None before it was."""
        return self._positives

    def write_positives(self, positives: Mapping[str, Any]) -> None:
        """Keeps what was learned of the positives."""
        self._positives = positives


class RunFolder:
    """A directory that one process writes: a run, a model, or what another command makes.

    A directory with files of other programs, and without `marker`, is refused before anything is written.
    """

    def __init__(self, path: Path, marker: str = "run.json") -> None:
        self.path = path
        self.ledger: Ledger = FolderLedger(path)
        self._marker = marker

    @contextmanager
    def opened(self) -> Iterator[RunFolder]:
        """Yields the folder while the directory's lock is held."""
        try:
            self._refuse_other_files()
            self.path.mkdir(parents=True, exist_ok=True)
            lock = open_locked(self.path / ".lock", "a", wait=False)
        except OSError as error:
            raise DataError(f"cannot write to {self.path}: {error.strerror or error}") from None
        if lock is None:
            raise ConfigError(
                f"another process is writing to {self.path}; wait for it, or choose another --out"
            )
        with lock:
            if lock.tell():
                raise ConfigError(f"{self.path / '.lock'} is another program's; choose another --out")
            try:
                yield self
            finally:
                with suppress(OSError):  # while it is held: later it may be another process's
                    (self.path / ".lock").unlink()

    def _refuse_other_files(self) -> None:
        if not self.path.is_dir():
            return
        entries = sorted(self.path.iterdir())
        files = [entry.name for entry in entries if not (entry.name.startswith(".") or self._is_begun(entry))]
        if files and self._marker not in files:
            raise ConfigError(f"{self.path} holds other files ({files[0]}, ...); choose an empty --out")
        for entry in entries:
            if entry.is_symlink() and (entry.is_dir() or entry.name == ".lock"):
                raise ConfigError(
                    f"{entry} is a symbolic link, which is not written through; choose another --out, or "
                    "delete the link"
                )
            if entry.exists() and not (entry.is_file() or entry.is_dir()):
                raise ConfigError(f"{entry} is a pipe or a device; choose another --out, or delete it")

    def _is_begun(self, entry: Path) -> bool:
        """Returns whether an entry holds the chunks of a run that is not begun itself."""
        return self._marker == "run.json" and entry.name == chunks.FOLDER and chunks.is_begun(entry)

    def sweep(self) -> None:
        """Removes what killed processes had not finished, from a directory known to be this program's."""
        for folder in (self.path, self.path / "ledger"):
            for left in folder.glob(TEMPORARY):
                left.unlink(missing_ok=True)

    @property
    def searches(self) -> Path:
        """Where workers store the lists that they found, until the run is finished."""
        return self.path / ".hardneg-searches"

    def delete_searches(self) -> None:
        """Removes the lists that workers found."""
        shutil.rmtree(self.searches, ignore_errors=True)

    def remove_export(self, keep: Sequence[str]) -> None:
        """Removes the files of the training set that run.json names, if they are not among those to keep."""
        for name in self.read().get("export", {}).get("files", []):
            path = self.path / name
            if (
                name.startswith("train")
                and name not in keep
                and path.parent == self.path
                and not path.is_dir()
            ):
                path.unlink(missing_ok=True)

    def refuse_own(self, out: str | Path) -> None:
        """Refuses to replace a file of the run, from which others are made."""
        folder, path = real_path(self.path), real_path(out)
        own = _OWN.union(self.read().get("export", {}).get("files", []))
        if folder in path.parents and path.relative_to(folder).parts[0] in own:
            raise ConfigError(f"{out} is a file of the run itself; choose another file")

    def check_free(self, run: Mapping[str, Any]) -> None:
        """Checks, before any work, that the directory is free for a run."""
        if (self.path / "run.json").exists():
            differs = _difference(self.read(), run, ("collection", "recipe"))
            if differs:
                raise ConfigError(_ANOTHER.format(path=self.path, differs=differs))

    def claim(self, run: Mapping[str, Any]) -> bool:
        """Claims the directory for a run; returns whether the same run was begun in it before."""
        if not (self.path / "run.json").exists():
            self.write({**run, "finished": False})
            return False
        stored = self.read()
        if stored.get("fingerprint") != run["fingerprint"]:
            differs = _difference(stored, run, ("collection", "recipe", "rankers")) or "versions"
            raise ConfigError(_ANOTHER.format(path=self.path, differs=differs))
        self.sweep()
        return True

    def read(self) -> dict[str, Any]:
        """Returns run.json."""
        path = self.path / "run.json"
        try:
            info = parse_state(path)
            check(info)
            return info
        except FileNotFoundError:
            raise DataError(f"{self.path} is no run directory: there is no run.json in it") from None
        except (OSError, ValueError) as error:
            raise unreadable(path, error, f"delete {self.path} and mine again") from None

    def finished(self) -> dict[str, Any]:
        """Returns run.json of a run that is finished, with all parts of its ledger."""
        run = self.read()
        if not run.get("finished"):
            raise DataError(f"{self.path} is not finished; run the same hardneg mine command to finish it")
        parts = list((self.path / "ledger").glob("part-*.parquet"))
        if len(parts) != run.get("parts", len(parts)):
            raise DataError(
                f"{self.path}/ledger has {len(parts)} of {run['parts']} parts; "
                "run the same hardneg mine or select command again to rebuild it"
            )
        for path in parts:
            check_rankers(path, run["rankers"])
        return run

    def write(self, run: Mapping[str, Any]) -> dict[str, Any]:
        """Writes run.json atomically and returns what it holds: the run and its checksum."""
        return write_state(self.path / "run.json", run)

    def read_calibration(self) -> dict[str, Any] | None:
        """Returns calibration.json; None if it is missing or damaged and must be computed again.

        Raises:
            DataError: It is there and cannot be read.
        """
        return _read_or_none(self.path / _CALIBRATION, Calibration.build)

    def write_calibration(self, calibration: Mapping[str, Any]) -> None:
        """Writes calibration.json atomically."""
        write_state(self.path / _CALIBRATION, calibration)

    def read_positives(self) -> dict[str, Any] | None:
        """Returns positives.json; None if it is missing or damaged and must be computed again.

        Raises:
            DataError: It is there and cannot be read.
        """
        return _read_or_none(self.path / _POSITIVES, NoisyPositives.build)

    def write_positives(self, positives: Mapping[str, Any]) -> None:
        """Writes positives.json atomically."""
        write_state(self.path / _POSITIVES, positives)


def _read_or_none(path: Path, check: Callable[[dict[str, Any]], object]) -> dict[str, Any] | None:
    """Returns a state file that `check` raises no ValueError for; None where it is missing or damaged."""
    try:
        content = parse_state(path)
        check({key: value for key, value in content.items() if key != CHECKSUM})
    except (FileNotFoundError, ValueError):
        return None
    except OSError as error:
        raise unreadable(path, error, "delete it") from None
    return content


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the libraries that results depend on."""
    installed = {"python": platform.python_version()}
    for library in _LIBRARIES:
        with suppress(importlib.metadata.PackageNotFoundError):
            installed[library] = importlib.metadata.version(library)
    return installed


def fingerprinted(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the settings that decisions depend on: not how work is done and rows are read and written."""
    kept = {key: value for key, value in recipe.items() if key not in _IGNORED}
    for group, name, registry in (("rank", "rankers", RANKERS), ("validation", "validators", VALIDATORS)):
        listed = kept[group].get(name) if isinstance(kept.get(group), Mapping) else None
        if isinstance(listed, list):
            kept[group] = {**kept[group], name: [registry.without_operational(entry) for entry in listed]}
    if isinstance(kept.get("load"), Mapping):
        kept["load"] = {key: value for key, value in kept["load"].items() if key != "strict"}
    if isinstance(kept.get("select"), Mapping):
        kept["select"] = {key: value for key, value in kept["select"].items() if key != "max_positives"}
    return kept


def _difference(known: Mapping[str, Any], run: Mapping[str, Any], keys: tuple[str, ...]) -> str:
    """Returns in what two runs differ, as `recipe (seed: 42 stored, 7 asked for)`; empty if in nothing."""
    stored, asked = ({**each, "recipe": fingerprinted(each.get("recipe", {}))} for each in (known, run))
    differing = [key for key in keys if fingerprint(stored.get(key)) != fingerprint(asked.get(key))]
    return " and ".join(f"{key}{_settings(stored.get(key), asked.get(key))}" for key in differing)


def _settings(stored: Any, asked: Any) -> str:
    """Returns the first settings that differ, in brackets; empty if they have no other names or values."""
    before, after = dict(flat(stored)), dict(flat(asked))
    paths = [path for path in dict.fromkeys((*before, *after)) if before.get(path) != after.get(path)]
    shown = []
    for path in paths[:_SHOWN]:
        old, new = (each.get(path, "")[:40] or "nothing" for each in (before, after))
        shown.append(f"{path}: {old} stored, {new} asked for")
    return f" ({'; '.join(shown)}{', ...' if len(paths) > _SHOWN else ''})" if shown else ""
