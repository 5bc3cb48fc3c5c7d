"""Hard negatives for contrastive training: mined, selected by published rules, every decision on record.

from hardneg import Recipe, mine

result = mine("my-beir-folder", Recipe.named("perc-pos"), "run")
for example in result.training_set:
    print(example.query, [negative.text for negative in example.negatives])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hardneg.core.errors import ConfigError, DataError, HardnegError, MissingExtra

if TYPE_CHECKING:
    from hardneg.core.records import Collection, Example, Scored
    from hardneg.mining.pipeline import mine
    from hardneg.mining.recipe import Recipe, recipe_names
    from hardneg.runs.finished import Result, open_run
    from hardneg.sources import LoadOptions

__all__ = [
    "Collection",
    "ConfigError",
    "DataError",
    "Example",
    "HardnegError",
    "LoadOptions",
    "MissingExtra",
    "Recipe",
    "Result",
    "Scored",
    "mine",
    "open_run",
    "recipe_names",
]

_HOMES = {
    "Collection": "core.records",
    "Example": "core.records",
    "LoadOptions": "sources",
    "Recipe": "mining.recipe",
    "Result": "runs.finished",
    "Scored": "core.records",
    "mine": "mining.pipeline",
    "open_run": "runs.finished",
    "recipe_names": "mining.recipe",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for, so that `import hardneg` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'hardneg' has no attribute {name!r}")
    return getattr(importlib.import_module(f"hardneg.{_HOMES[name]}"), name)
