"""Plain settings: parsed from untrusted YAML, checked, and changed by paths such as `select.negatives`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from hardneg.core.errors import ConfigError, DataError

LISTS = ("rankers", "rules", "validators")
"""Settings that are lists of components."""

_MOST_VALUES = 10_000


def parse_yaml(text: str, where: str) -> Any:
    """Returns the content of a YAML text."""
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise DataError(f"{where}{line}: not YAML: {getattr(error, 'problem', None) or error}") from None
    except Exception as error:  # what a value of a wrong tag, or too deep a nesting, raises inside the parser
        raise DataError(f"{where}: not YAML: {type(error).__name__}: {error}") from None
    _check_size(content, where)
    return content


def check_names(settings: Mapping[Any, Any], where: str) -> None:
    """Checks that all settings have names."""
    for key in settings:
        if not isinstance(key, str):
            raise ConfigError(f"{where}: {key!r} is no setting; settings have names")


def override(settings: dict[str, Any], overrides: Sequence[str]) -> None:
    """Changes settings in place by `KEY=VALUE` each, the key a path, the value YAML."""
    for given in overrides:
        key, equals, value = given.partition("=")
        if not equals:
            raise ConfigError(f'a setting is changed by KEY=VALUE, as in select.negatives=4; found "{given}"')
        put(settings, key.split("."), parse_yaml(value, given), key)


def put(settings: Any, path: Sequence[str], value: Any, key: str) -> None:
    """Sets one setting by its path, in place; items of a list are found by number or by component name.

    Errors call it `key`.
    """
    *parents, last = path
    for step in parents:
        settings = _child(settings, step, key)
    if isinstance(settings, list) and last.isdecimal() and int(last) < len(settings):
        settings[int(last)] = value
    elif isinstance(settings, dict):
        settings[last] = value
    else:
        raise ConfigError(f'setting "{key}" leads nowhere: there is no "{last}" to set')


def _check_size(content: Any, where: str) -> None:
    """Counts values, each as often as an alias repeats it."""
    left = [content]
    for _ in range(_MOST_VALUES):
        if not left:
            return
        value = left.pop()
        if isinstance(value, Mapping):
            left.extend(value.values())
        elif isinstance(value, list | tuple | set):
            left.extend(value)
    raise DataError(f"{where}: more than {_MOST_VALUES:,} settings; no recipe has so many")


def _child(settings: Any, step: str, key: str) -> Any:
    if isinstance(settings, dict):
        if settings.get(step) is None:
            settings[step] = [] if step in LISTS else {}
        return settings[step]
    items = settings if isinstance(settings, list) else []
    if step.isdecimal() and int(step) < len(items):
        return items[int(step)]
    named = [item[step] for item in items if isinstance(item, dict) and step in item]
    if len(named) != 1:
        raise ConfigError(f'setting "{key}" leads nowhere: {len(named) or "no"} "{step}" found there')
    return named[0]
