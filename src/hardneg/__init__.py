"""Hard negatives for contrastive training: mined, selected by published rules, every decision on record.

import hardneg

run = hardneg.mine("my-beir-folder", hardneg.Recipe.named("perc-pos"), "run")
for example in run.training_set:
    print(example.query, [negative.text for negative in example.negatives])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hardneg._version import __version__
from hardneg.core.errors import ConfigError, DataError, HardnegError, MissingExtra

if TYPE_CHECKING:
    from hardneg.api import (
        Run,
        audit,
        chunk,
        clean,
        compare,
        evaluate,
        export,
        generate,
        judge,
        mine,
        mix,
        open_run,
        push,
        select,
        train,
        write_report,
    )
    from hardneg.core.components import (
        Draw,
        Format,
        Ranker,
        Rule,
        Source,
        Validator,
        component,
        draw,
        file_format,
        loss,
        ranker,
        rule,
        source,
        validator,
    )
    from hardneg.core.records import Example, Scored
    from hardneg.mining.recipe import Recipe, recipe_names
    from hardneg.sources import Collection, LoadOptions

_MODULES = ("core.components", "sources", "core.records", "mining.recipe", "api")
"""Where public names are looked up, in this order: `sources` says how a `Collection` reads objects."""

__all__ = [
    "__version__",
    "Collection",
    "ConfigError",
    "DataError",
    "Draw",
    "Example",
    "Format",
    "HardnegError",
    "LoadOptions",
    "MissingExtra",
    "Ranker",
    "Recipe",
    "Rule",
    "Run",
    "Scored",
    "Source",
    "Validator",
    "audit",
    "chunk",
    "clean",
    "compare",
    "component",
    "draw",
    "evaluate",
    "export",
    "file_format",
    "generate",
    "judge",
    "loss",
    "mine",
    "mix",
    "open_run",
    "push",
    "ranker",
    "recipe_names",
    "rule",
    "select",
    "source",
    "train",
    "validator",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """Imports a public name when it is first used, so that `import hardneg` stays light."""
    for module in _MODULES if name in __all__ else ():
        imported = importlib.import_module(f"hardneg.{module}")
        if hasattr(imported, name):
            return getattr(imported, name)
    raise AttributeError(f"module 'hardneg' has no attribute {name!r}")
