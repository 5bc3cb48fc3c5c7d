"""From plain settings to a component, and from a component to plain settings."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import math
import re
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic.errors import PydanticUserError

from hardneg.core.errors import ConfigError
from hardneg.core.settings import check_names

T = TypeVar("T")

OBJECT = "object"
"""The one setting of a component whose settings are no plain values: a digest."""

SHOWN = 200
"""Characters of a value that an error shows."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def build(made: type[T], settings: Mapping[str, Any], where: str) -> T:
    """Returns the component of these settings, their values converted to the fields' types.

    Args:
        made: Its class.
        settings: Plain values.
        where: What errors call it.

    Raises:
        ConfigError: A setting is unknown or missing, or a value does not fit its type or is not finite.
    """
    check_names(settings, where)
    if set(settings) == {OBJECT}:
        raise ConfigError(f"{where} was given as an object, which run.json cannot hold; pass it again")
    try:
        component = made(**(settings if is_pydantic_dataclass(made) else _converted(made, settings)))
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_problem(error)}") from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {next(iter(str(error).splitlines()), '')}") from None
    check_finite(component, where)
    return component


def check_finite(component: Any, where: str) -> None:
    """Checks the numbers among the settings of a dataclass.

    Raises:
        ConfigError: One is infinite or not a number.
    """
    for key, value in settings_of(component).items():
        if not all(map(math.isfinite, _floats(value))):
            raise ConfigError(f"{where}: {key}: a finite number is needed, found {repr(value)[:SHOWN]}")


def settings_of(component: Any) -> dict[str, Any]:
    """Returns the fields of a dataclass and their values; empty for another object."""
    return {name: getattr(component, name) for name in field_names(component)}


def field_names(component: Any) -> list[str]:
    """Returns the names of a dataclass's fields, given it or an instance; empty for another object."""
    return (
        [field.name for field in dataclasses.fields(component)] if dataclasses.is_dataclass(component) else []
    )


def plain(component: Any) -> dict[str, Any]:
    """Returns the settings of a component as JSON holds them; `{"object": digest}` if it cannot."""
    if not dataclasses.is_dataclass(component) or isinstance(component, type):
        return {OBJECT: _digest(component)} if getattr(component, "__dict__", None) else {}
    try:
        settings = dataclasses.asdict(component)
        json.dumps(settings, allow_nan=False)
    except Exception:  # a value that is neither plain nor can be copied
        return {OBJECT: _digest(component)}
    return settings


def first_problem(error: ValidationError, *setting: str) -> str:
    """Returns the first problem of a failed validation, of a setting if one is named, in one line."""
    problem = error.errors()[0]
    place = ".".join(str(part) for part in (*setting, *problem["loc"]))
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f'unknown setting "{place}"'
    if problem["type"] in ("missing", "missing_argument"):
        return f'setting "{place}" is missing'
    message = problem["msg"].removeprefix("Value error, ")
    found = "" if problem["type"] == "value_error" else f", found {repr(problem['input'])[:SHOWN]}"
    return f"{place}: {message}{found}" if place else f"{message}"


def import_path(definition: Any) -> str:
    """Returns where a class or function is defined, as `package.module:Name`."""
    return f"{definition.__module__}:{definition.__qualname__}"


def _converted(made: type[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings with values of the types that a plain class declares, as pydantic's do by themselves.

    Raises:
        TypeError: A setting is unknown or missing.
        ValueError: A value does not fit its type.
    """
    parameters = inspect.signature(made).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        for name in settings:
            if name not in parameters:
                raise TypeError(f'unknown setting "{name}"')
    for name, parameter in parameters.items():
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if named and parameter.default is parameter.empty and name not in settings:
            raise TypeError(f'setting "{name}" is missing')
    types = _types(made)
    return {name: _as_type(types.get(name, Any), value, name) for name, value in settings.items()}


def _as_type(expected: Any, value: Any, name: str) -> Any:
    try:
        return TypeAdapter(expected).validate_python(value)
    except ValidationError as error:
        raise ValueError(first_problem(error, name)) from None
    except PydanticUserError:  # a type that pydantic does not know
        return value


def _types(made: type[Any]) -> dict[str, Any]:
    """Returns the types of a dataclass's fields; empty where one cannot be resolved."""
    if not dataclasses.is_dataclass(made):
        return {}
    try:
        return typing.get_type_hints(made, include_extras=True)
    except Exception:  # an annotation is any expression, as of names imported for type checkers alone
        return {}


def _floats(value: Any) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, Mapping):
        yield from _floats(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _floats(item)


def _digest(component: Any) -> str:
    """Returns a digest of an object that holds more than plain values."""
    attributes = getattr(component, "__dict__", {})
    try:
        content = json.dumps(attributes, default=_content, sort_keys=True)
    except (TypeError, ValueError, RecursionError):  # as of objects that hold each other
        content = _ADDRESS.sub("", repr(attributes))
    return hashlib.sha256(f"{import_path(type(component))} {content}".encode()).hexdigest()


def _content(value: Any) -> Any:
    """Returns what stands for a value that JSON does not know, the same in every process."""
    if hasattr(value, "tobytes"):
        return hashlib.sha256(value.tobytes()).hexdigest()
    if hasattr(value, "__qualname__"):
        return import_path(value)
    return vars(value) if hasattr(value, "__dict__") else _ADDRESS.sub("", repr(value))
