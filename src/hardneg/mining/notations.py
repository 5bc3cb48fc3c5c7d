"""Settings with all components in one notation, so that paths as `rank.rankers.dense.model` enter them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hardneg.core.components import DRAWS, ENGINES, FORMATS, RANKERS, RULES, VALIDATORS
from hardneg.core.registry import Registry
from hardneg.core.settings import LISTS


def spelled_out(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns settings with every component as `{name: {setting: value}}`, for paths."""
    nested = (settings.get("rank"), settings.get("validation"), settings.get("select"))
    rank, validate, select = (part if isinstance(part, dict) else {} for part in nested)
    spelled: list[tuple[dict[str, Any], str, Registry[Any]]] = [
        (rank, "rankers", RANKERS),
        (validate, "validators", VALIDATORS),
        (select, "rules", RULES),
        (select, "draw", DRAWS),
        (settings, "format", FORMATS),
        (settings, "engine", ENGINES),
    ]
    for owner, key, registry in spelled:
        if key in LISTS and isinstance(owner.get(key), str | Mapping):
            owner[key] = [owner[key]]
        if isinstance(owner.get(key), list | tuple):
            owner[key] = [_spell(item, registry) for item in owner[key]]
        elif owner.get(key) is not None:
            owner[key] = _spell(owner[key], registry)
    return settings


def _spell(given: Any, registry: Registry[Any]) -> Any:
    """Returns a component as `{name: {setting: value}}`, or as it is if that cannot be built again."""
    if isinstance(given, str | Mapping):
        name, settings = registry.parse(given)
        return {name: settings}
    described = registry.describe(given)
    return described if registry.can_make(described) else registry.make(given)


def copied(settings: Any) -> Any:
    """Returns plain settings whose mappings and lists are new; components stay what they are."""
    if isinstance(settings, Mapping):
        return {key: copied(value) for key, value in settings.items()}
    return [copied(value) for value in settings] if isinstance(settings, list | tuple) else settings
