"""A component: its base, how plain settings or a function become one, and its settings as plain values."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import math
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic.errors import PydanticUserError

from hardneg.core.errors import ConfigError
from hardneg.core.settings import check_names
from hardneg.core.trust import SETTING, how_to_trust

T = TypeVar("T")

OBJECT = "object"
"""The one setting of a component whose settings are no plain values: a digest."""

SHOWN = 200
"""Characters of a value that an error shows."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


class Component:
    """The base of all kinds of components.

    Attributes:
        shorthand: The field that `name:value` fills; None if the name takes no value.
        label: What people call it, by language (`{"en": ..., "ru": ...}`) or one text for all; empty for its
            name.
        meaning: One sentence for people, likewise; empty for the first line of its docstring.
        operational: Settings that say how the work is done and change no result, as the number of retries: a
            run may be resumed with others.
    """

    shorthand: ClassVar[str | None] = None
    label: ClassVar[str | Mapping[str, str]] = ""
    meaning: ClassVar[str | Mapping[str, str]] = ""
    operational: ClassVar[tuple[str, ...]] = ()

    def check_installed(self) -> None:
        """Checks that the optional libraries it needs are installed, before any work is done.

        Raises:
            MissingExtra: One is missing.
        """


def text_in(language: str, given: str | Mapping[str, str]) -> str:
    """Returns a label or meaning in a language, else in English, else empty."""
    return given if isinstance(given, str) else given.get(language, given.get("en", ""))


def build(made: type[T], settings: Mapping[str, Any], where: str) -> T:
    """Returns the component of these settings, their values converted to the fields' types."""
    check_names(settings, where)
    if set(settings) == {OBJECT}:
        raise ConfigError(f"{where} was given as an object, which run.json cannot hold; pass it again")
    settings = _without_trust(settings, where)
    try:
        component = made(**(settings if is_pydantic_dataclass(made) else _converted(made, settings)))
    except ValidationError as error:
        raise ConfigError(f"{where}: {first_problem(error)}") from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {_first_line(error)}") from None
    check_finite(component, where)
    return component


def _without_trust(settings: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    """Returns settings as files may hold them; those of earlier versions said that a model is not trusted."""
    if settings.get(SETTING):
        raise ConfigError(f"{where}: {SETTING} is not taken from settings; {how_to_trust()}")
    return {name: value for name, value in settings.items() if name != SETTING}


def check_finite(component: Any, where: str) -> None:
    """Raises ConfigError if a number among the settings of a dataclass is infinite or not a number."""
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
        is_trust = problem["loc"][-1:] == (SETTING,)
        return f'unknown setting "{place}"{f"; {how_to_trust()}" if is_trust else ""}'
    if problem["type"] in ("missing", "missing_argument"):
        return f'setting "{place}" is missing'
    message = problem["msg"].removeprefix("Value error, ")
    found = "" if problem["type"] == "value_error" else f", found {repr(problem['input'])[:SHOWN]}"
    return f"{place}: {message}{found}" if place else f"{message}"


def invalid_field(error: ValidationError) -> str:
    """Returns the first invalid field of a file's content, and why, as `rate: Field required`."""
    problem = error.errors()[0]
    return f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"


def restored(cls: type[T], described: Mapping[str, Any]) -> T:
    """Returns the dataclass whose fields are described by a file's content.

    Raises:
        ValueError: A field is missing or invalid.
    """
    try:
        return TypeAdapter(cls).validate_python(dict(described), strict=False)
    except ValidationError as error:
        raise ValueError(invalid_field(error)) from None


def reason_of(error: Exception) -> str:
    """Returns the kind of an error and the first line of its message."""
    return f"{type(error).__name__}: {_first_line(error)}"


def import_path(definition: Any) -> str:
    """Returns where a class or function is defined, as `package.module:Name`."""
    return f"{definition.__module__}:{definition.__qualname__}"


def function_class(base: Any, function: Callable[..., Any], given: int, **members: Any) -> Any:
    """Returns a component class, a frozen dataclass that has further members, around a function.

    The function's keyword-only parameters become the fields, with their types and defaults; it is `given` so
    many positional arguments.
    """
    path, count = import_path(function), positional_count(function)
    if count != given:
        raise ConfigError(
            f"{path} takes {count} positional arguments, expected {given}; keyword-only ones are its settings"
        )
    own = {
        "__doc__": function.__doc__,
        "__module__": function.__module__ or "__main__",
        "__qualname__": function.__qualname__,
        "function": staticmethod(function),
        **members,
    }
    types, fields = _types(function), []
    for parameter in inspect.signature(function).parameters.values():
        name, default = parameter.name, parameter.default
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        if default is parameter.empty:
            raise ConfigError(f'{path}: the setting "{name}" needs a default')
        if name in own:
            raise ConfigError(f'{path}: a setting cannot be called "{name}"; rename it')
        inferred = type(default) if isinstance(default, bool | int | float | str) else Any
        fields.append((name, types.get(name, inferred), dataclasses.field(default=default)))
    return dataclasses.make_dataclass(function.__name__, fields, bases=(base,), frozen=True, namespace=own)


def positional_count(function: Callable[..., Any]) -> int:
    """Returns how many arguments a function takes by position."""
    parameters = inspect.signature(function).parameters.values()
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


def adapting(base: Any, given: int, **members: Any) -> Callable[[Callable[..., Any]], Any]:
    """Returns what makes a component class of a plain function; see `function_class`."""
    return lambda function: function_class(base, function, given, **members)


def call_function(component: Any, *given: Any) -> Any:
    """Returns what the function of a component returns, called with its settings: a method of its class."""
    return component.function(*given, **settings_of(component))


def _converted(made: type[Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """Returns settings with values of the types that a plain class declares, as pydantic's classes do."""
    parameters = inspect.signature(made).parameters
    if not any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        for name in settings:
            if name not in parameters:
                raise TypeError(f'unknown setting "{name}"')
    for name, parameter in parameters.items():
        named = parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
        if named and parameter.default is parameter.empty and name not in settings:
            raise TypeError(f'setting "{name}" is missing')
    types = _types(made) if dataclasses.is_dataclass(made) else {}
    return {name: _as_type(types.get(name, Any), value, name) for name, value in settings.items()}


def _as_type(expected: Any, value: Any, name: str) -> Any:
    try:
        return TypeAdapter(expected).validate_python(value)
    except ValidationError as error:
        raise ValueError(first_problem(error, name)) from None
    except PydanticUserError:  # a type that pydantic does not know
        return value


def _types(definition: Any) -> dict[str, Any]:
    """Returns the types of a dataclass's fields or a function's parameters; empty if one is not resolved."""
    try:
        return typing.get_type_hints(definition, include_extras=True)
    except Exception:  # an annotation is any expression, as of names imported for type checkers alone
        return {}


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "")


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
