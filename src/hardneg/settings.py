"""Plain settings, as YAML gives them, from text that anybody may have written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from hardneg.errors import ConfigError, DataError

_MOST_VALUES = 10_000


def parse_yaml(text: str, where: str) -> Any:
    """Returns what a YAML text says.

    Args:
        text: The text.
        where: What errors call it.

    Raises:
        DataError: It is not YAML, or holds more values than any recipe has.
    """
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
    """Checks that all settings have names.

    Raises:
        ConfigError: One is called by a number or something else.
    """
    for key in settings:
        if not isinstance(key, str):
            raise ConfigError(f"{where}: {key!r} is no setting; settings have names")


def _check_size(content: Any, where: str) -> None:
    """Counts values, each as often as an alias repeats it.

    Raises:
        DataError: There are more than any recipe has: aliases of aliases grow beyond all memory.
    """
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
