"""Plain settings: parsed from untrusted YAML, checked, and changed by paths such as `select.negatives`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from hardneg.core.errors import ConfigError, DataError, HardnegError

LISTS = ("rankers", "rules", "validators")
"""Settings that are lists of components."""

_MOST_VALUES = 20_000
"""Most names and values of a YAML text, each as often as an alias repeats it."""
_LONGEST = 1 << 16
_MOST_DIGITS = 100
_NO_YAML = "is a bracket open, an indent uneven, a tag unknown, or a text with : # [ or { in it not quoted?"


def parse_yaml(text: str, where: str) -> Any:
    """Returns the content of a YAML text.

    Raises:
        DataError: It is not YAML, gives a name twice, or goes beyond the limits.
    """
    if len(text) > _LONGEST:
        raise DataError(f"{where}: longer than {_LONGEST:,} characters; no recipe is so long")
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if node is not None:
            _check(node, where)
        return None if node is None else loader.construct_document(node)
    except HardnegError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise DataError(f"{where}{line}: not YAML; {_NO_YAML}") from None
    except Exception:  # what a value of a wrong tag, or too deep a nesting, raises inside the parser
        raise DataError(f"{where}: not YAML: a value is not what it seems, or nested too deeply") from None


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


def _check(root: yaml.Node, where: str) -> None:
    """Counts the values of a YAML text, each as often as an alias repeats it, and looks for repeated names.

    It is done before any value is made: merge keys (`<<`) would make all that aliases repeat.
    """
    left = [root]
    for _ in range(_MOST_VALUES):
        if not left:
            return
        node = left.pop()
        if isinstance(node, yaml.MappingNode):
            seen = set[tuple[str, str]]()
            for name in (name for name, _ in node.value if isinstance(name, yaml.ScalarNode)):
                if (name.tag, name.value) in seen:
                    line = name.start_mark.line + 1
                    raise DataError(f'{where}:{line}: "{name.value}" is given twice; keep one')
                seen.add((name.tag, name.value))
            left.extend(part for pair in node.value for part in pair)
        elif isinstance(node, yaml.SequenceNode):
            left.extend(node.value)
        elif node.tag.endswith(":int") and len(node.value) > _MOST_DIGITS:
            raise DataError(f"{where}:{node.start_mark.line + 1}: a number of {len(node.value):,} digits")
    raise DataError(f"{where}: more than {_MOST_VALUES // 2:,} settings; no recipe has so many")


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
