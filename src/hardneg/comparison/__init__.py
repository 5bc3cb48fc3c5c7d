"""Compares recipes by the students trained on their negatives.

Mines, trains and evaluates in one folder; the command line and the report show what it writes. Light to
import: libraries are loaded by what needs them.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hardneg.comparison.compare_settings import CompareSettings
    from hardneg.comparison.recipe_comparison import Comparison, compare

__all__ = ["CompareSettings", "Comparison", "compare"]


def __getattr__(name: str) -> Any:
    """Imports a name of this package when it is first used."""
    if name not in __all__:
        raise AttributeError(f"module 'hardneg.comparison' has no attribute {name!r}")
    home = "compare_settings" if name == "CompareSettings" else "recipe_comparison"
    return getattr(importlib.import_module(f"hardneg.comparison.{home}"), name)
