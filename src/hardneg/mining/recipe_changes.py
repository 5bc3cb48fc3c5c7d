"""Changes to the plain settings of a recipe, before they become one: by flags, and to decide again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hardneg.core.components import (
    DRAWS,
    ENGINES,
    FORMATS,
    POSITIVE_VALIDATORS,
    RANKERS,
    RULES,
    VALIDATORS,
)
from hardneg.core.errors import ConfigError
from hardneg.core.registry import Registry
from hardneg.core.settings import LISTS


def copied(settings: Any) -> Any:
    """Returns plain settings whose mappings and lists are new; components stay what they are."""
    if isinstance(settings, Mapping):
        return {key: copied(value) for key, value in settings.items()}
    return [copied(value) for value in settings] if isinstance(settings, list | tuple) else settings


def spelled_out(settings: dict[str, Any]) -> dict[str, Any]:
    """Returns settings with every component as `{name: {setting: value}}`, for paths."""
    nested = (settings.get(part) for part in ("rank", "validation", "positives", "select"))
    rank, validate, positives, select = (part if isinstance(part, dict) else {} for part in nested)
    spelled: list[tuple[dict[str, Any], str, Registry[Any]]] = [
        (rank, "rankers", RANKERS),
        (validate, "validators", VALIDATORS),
        (positives, "validators", POSITIVE_VALIDATORS),
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


def bound(settings: dict[str, Any], rule: str, setting: str, value: float | None) -> None:
    """Sets the bound of a rule, added where the recipe lacks it, in place; None changes nothing."""
    if value is None:
        return
    rules = settings.setdefault("select", {}).setdefault("rules", [])
    own = [each[rule] for each in rules if isinstance(each, Mapping) and rule in each]
    if not own:
        rules.append({rule: {setting: value}})
    for options in own:
        options[setting] = value


def without_verdicts(validators: Sequence[Any]) -> list[Any]:
    """Returns the validators that are not a file of verdicts."""
    return [validator for validator in validators if not VALIDATORS.make(validator).judges]


def keep_ranking(settings: dict[str, Any], ranked_by: Mapping[str, Any], changes: Sequence[str]) -> None:
    """Puts loading, ranking and validators of another recipe into settings, in place."""
    settings.update(rank=ranked_by["rank"], load=ranked_by["load"])
    validation = settings.setdefault("validation", {})
    validation["validators"] = ranked_by.get("validation", {}).get("validators", [])
    kept = dict(ranked_by.get("positives", {}))
    settings["positives"] = {**kept, **_taken(settings.get("positives", {}))}
    for path in changes:
        fixed = path.startswith(("validation.validators", "positives.validators", "positives.estimate"))
        if path.split(".")[0] in ("rank", "load") or fixed:
            raise ConfigError(f"{path} cannot be changed when deciding again: mine again")


def _taken(positives: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a recipe says of wrong positives that a finished run can be decided on again by."""
    return {key: value for key, value in positives.items() if key in ("action", "max_p")}
