"""Named recipes: each file one published method, its source cited in it; other packages add theirs.

A package offers recipes by entry points of the group `hardneg.recipes`: each a mapping of settings, the path
of a YAML file, or a function that returns one of these.
"""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from hardneg.core.components import ENGINES
from hardneg.core.errors import ConfigError, DataError, problem, unknown_name
from hardneg.core.files import open_regular
from hardneg.core.registry import reason_of
from hardneg.core.settings import parse_yaml

GROUP = "hardneg.recipes"
"""The group of the entry points."""

_LONGEST = 1 << 20
"""Most bytes of a file that are read: more characters than a recipe may have."""

_REGISTERED: dict[str, Any] = {}


def recipe_names() -> list[str]:
    """Returns the names of all recipes, of hardneg and of other packages, sorted."""
    return sorted({*_own(), *_REGISTERED, *_offered()})


def register_recipe(name: str, settings: Mapping[str, Any] | str | Path) -> None:
    """Adds a named recipe.

    Args:
        name: What `Recipe.named` and `--recipe` call it.
        settings: As `Recipe.build` takes them, or the path of a YAML file.

    Raises:
        ConfigError: Another recipe has the name.
    """
    if name in _own() or name in _offered() or _REGISTERED.get(name, settings) != settings:
        raise ConfigError(f'a recipe "{name}" exists already; choose another name')
    _REGISTERED[name] = settings


def read_recipe(name: str) -> dict[str, Any]:
    """Returns the plain settings of a named recipe or a YAML file."""
    if name.endswith((".yaml", ".yml")) or "/" in name:
        return _read(Path(name), name)
    own = _own()
    if name in own:
        return _parsed((importlib.resources.files(__name__) / f"{name}.yaml").read_text("utf-8"), name)
    given = _REGISTERED.get(name)
    if given is None and name in _offered():
        given = _loaded(name, _offered()[name])
    if given is None:
        raise unknown_name("recipe", name, recipe_names())
    if isinstance(given, str | Path):
        return {"name": name, **_read(Path(given), name)}
    if not isinstance(given, Mapping):
        raise DataError(
            f"recipe {name} is a {type(given).__name__}, not a mapping of settings or a YAML file"
        )
    return {"name": name, **given}


def _own() -> set[str]:
    files = importlib.resources.files(__name__).iterdir()
    return {file.name.removesuffix(".yaml") for file in files if file.name.endswith(".yaml")}


def _offered() -> dict[str, EntryPoint]:
    """Returns the entry points of other packages, by name."""
    return {point.name: point for point in entry_points(group=GROUP)}


def _loaded(name: str, point: EntryPoint) -> Any:
    try:
        given = point.load()
        return given() if callable(given) else given
    except Exception as error:
        raise ConfigError(f"recipe {name} of {point.value} cannot be loaded: {reason_of(error)}") from error


def _read(path: Path, name: str) -> dict[str, Any]:
    with open_regular(path) as file:
        try:
            text = file.read(_LONGEST).decode("utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"cannot read recipe {name}: {problem(error)}") from None
    settings = _parsed(text, name)
    if settings.get("engine") is not None and ENGINES.parse(settings["engine"])[1].get("address"):
        raise ConfigError(
            f"{name}: engine: the address of a cluster, which can run code here, is not taken from a file; "
            "pass --engine ray:ADDRESS or set RAY_ADDRESS"
        )
    return settings


def _parsed(text: str, name: str) -> dict[str, Any]:
    settings = parse_yaml(text, name)
    if not isinstance(settings, dict):
        raise DataError(f"recipe {name} is not a mapping of settings")
    return settings
