"""Model directories: `train.json` beside a saved model, which one training claims."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import write_text
from hardneg.core.tables import differing
from hardneg.runs.directory import fingerprint, versions

if TYPE_CHECKING:
    from hardneg.training.train_settings import TrainSettings

FILE = "train.json"
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Trained:
    """A trained model.

    Attributes:
        folder: The model directory.
        facts: The content of its train.json.
    """

    folder: Path
    facts: Mapping[str, Any]

    @property
    def best_ndcg(self) -> float:
        """The best nDCG@10 on the development split."""
        return float(self.facts["training"]["development"]["best"])


def conditions(
    run_folder: str | Path, run: Mapping[str, Any], settings: TrainSettings, **more: Any
) -> dict[str, Any]:
    """Returns what train.json holds from the beginning, with a fingerprint of all that the model depends on.

    Args:
        run_folder: The run directory.
        run: Its run.json.
        settings: The training's settings.
        more: Further settings, which only the fingerprint holds.
    """
    return {
        "fingerprint": fingerprint(
            settings.plain(), run["fingerprint"], versions(), *([more] if more else [])
        ),
        "run": {"folder": str(run_folder), "fingerprint": run["fingerprint"]},
        "settings": settings.plain(),
        "versions": versions(),
    }


def claim(folder: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Returns train.json of a model directory that is free for a training; {} of a new one.

    Args:
        folder: The model directory.
        expected: The training's `conditions`.

    Raises:
        ConfigError: The directory holds another training.
        DataError: train.json is corrupt.
    """
    if not (folder / FILE).exists():
        return {}
    stored = read(folder)
    if stored.get("fingerprint") != expected["fingerprint"]:
        changed = [name for name in differing(stored, expected) if name not in ("fingerprint", "run.folder")]
        raise ConfigError(
            f"{folder} holds another training, which differs in {', '.join(changed[:3]) or 'rounds'}; "
            "choose another --out, or delete it"
        )
    return stored


def read(folder: Path) -> dict[str, Any]:
    """Returns train.json of a model directory.

    Raises:
        DataError: It is missing or corrupt.
    """
    try:
        facts: dict[str, Any] = json.loads((folder / FILE).read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise ValueError("an object is expected")
    except FileNotFoundError:
        raise DataError(f"{folder} is no model that hardneg trained: there is no {FILE} in it") from None
    except (OSError, ValueError) as error:
        raise DataError(f"{folder / FILE} is corrupt: {error}; delete {folder} and train again") from None
    return facts


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes train.json atomically.

    Raises:
        DataError: It cannot be written.
    """
    write_text(folder / FILE, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")


def save(model: Any, folder: Path, facts: Mapping[str, Any]) -> None:
    """Saves a model of sentence-transformers with its train.json, and deletes the checkpoints.

    Raises:
        DataError: It cannot be written.
    """
    from hardneg.rankers.dense.models import quietly

    saved = folder / ".saving"
    try:
        shutil.rmtree(saved, ignore_errors=True)
        with quietly():
            model.save_pretrained(str(saved))
        for path in sorted(saved.iterdir()):
            target = folder / path.name
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)
        saved.rmdir()
        write(folder, facts)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror or error}") from error
