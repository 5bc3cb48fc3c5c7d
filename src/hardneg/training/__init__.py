"""Trains students on mined runs: data, losses, early stopping, checkpoints, rounds.

Reads finished runs and writes model directories. Light to import: libraries are loaded by what needs them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hardneg.training.model_directory import Trained
    from hardneg.training.train_settings import TrainSettings
    from hardneg.training.training_run import train, train_in_rounds

__all__ = ["TrainSettings", "Trained", "train", "train_in_rounds"]

_HOMES = {
    "TrainSettings": "train_settings",
    "Trained": "model_directory",
    "train": "training_run",
    "train_in_rounds": "training_run",
}


def __getattr__(name: str) -> Any:
    """Imports a name of this package when it is first used."""
    if name not in _HOMES:
        raise AttributeError(f"module 'hardneg.training' has no attribute {name!r}")
    return getattr(importlib.import_module(f"hardneg.training.{_HOMES[name]}"), name)
