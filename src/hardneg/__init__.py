"""Hard negatives for contrastive training: mined, selected by published rules, every decision on record.

from hardneg import Recipe, mine

result = mine("my-beir-folder", Recipe.named("perc-pos"), "run")
for example in result.training_set:
    print(example.query, [negative.text for negative in example.negatives])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hardneg.errors import ConfigError, DataError, HardnegError, MissingExtra

if TYPE_CHECKING:
    from hardneg.load import LoadOptions
    from hardneg.pipeline import mine
    from hardneg.recipe import Recipe, recipe_names
    from hardneg.records import Collection, Example, Scored
    from hardneg.reopen import Result, open_run

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
    "Collection": "records",
    "Example": "records",
    "LoadOptions": "load",
    "Recipe": "recipe",
    "Result": "reopen",
    "Scored": "records",
    "mine": "pipeline",
    "open_run": "reopen",
    "recipe_names": "recipe",
}


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first asked for, so that `import hardneg` stays light."""
    if name not in _HOMES:
        raise AttributeError(f"module 'hardneg' has no attribute {name!r}")
    return getattr(importlib.import_module(f"hardneg.{_HOMES[name]}"), name)
