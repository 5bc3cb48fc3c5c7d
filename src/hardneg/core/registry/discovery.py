"""Where components come from: hardneg's own modules, those that the user names, and entry points."""

from __future__ import annotations

import importlib
import os
import pkgutil
from importlib.metadata import EntryPoint, entry_points

from hardneg.core.errors import ConfigError

IMPORTS = "HARDNEG_IMPORT"
"""The environment variable that names modules to import, separated by commas: they register components."""


def named_modules() -> list[str]:
    """Returns the modules that the environment names."""
    return [name.strip() for name in os.environ.get(IMPORTS, "").split(",") if name.strip()]


def import_named(name: str) -> None:
    """Imports a module that the environment names.

    Raises:
        ConfigError: It cannot be imported.
    """
    try:
        importlib.import_module(name)
    except Exception as error:
        reason = next(iter(str(error).splitlines()), "")
        raise ConfigError(
            f"{IMPORTS} names {name}, which cannot be imported: {type(error).__name__}: {reason}"
        ) from error


def import_own(package: str) -> None:
    """Imports the modules of a package of hardneg, but for those whose names begin with an underscore."""
    for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
        if not module.name.startswith("_"):
            importlib.import_module(f"{package}.{module.name}")


def offered(group: str, name: str, kind: str) -> EntryPoint | None:
    """Returns the entry point of a name, None if no package has one.

    Raises:
        ConfigError: Two packages have one.
    """
    points = list(entry_points(group=group, name=name))
    if len({point.value for point in points}) > 1:
        offers = " and by ".join(sorted(point.value for point in points))
        raise ConfigError(f'{kind} "{name}" is offered by {offers}; uninstall one')
    return next(iter(points), None)
