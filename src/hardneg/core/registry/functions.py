"""Plain functions as components: keyword-only parameters are the settings."""

from __future__ import annotations

import dataclasses
import inspect
import typing
from collections.abc import Callable
from typing import Any

from hardneg.core.errors import ConfigError
from hardneg.core.registry.building import import_path


def function_class(base: Any, function: Callable[..., Any], given: int, **members: Any) -> Any:
    """Returns a component class, a frozen dataclass, around a function.

    Args:
        base: What the class derives from.
        function: The function; its keyword-only parameters become the fields, with their types and defaults.
        given: How many positional arguments it takes.
        members: What the class has besides.

    Raises:
        ConfigError: It takes another number of positional arguments, or a setting has no default.
    """
    count = positional_count(function)
    if count != given:
        raise ConfigError(
            f"{import_path(function)} takes {count} positional arguments, expected {given}; "
            "keyword-only ones are its settings"
        )
    settings = [p for p in _parameters(function) if p.kind is p.KEYWORD_ONLY]
    for parameter in settings:
        if parameter.default is parameter.empty:
            raise ConfigError(f'{import_path(function)}: the setting "{parameter.name}" needs a default')
    own = {
        "__doc__": function.__doc__,
        "__module__": function.__module__ or "__main__",
        "__qualname__": function.__qualname__,
        "function": staticmethod(function),
        **members,
    }
    taken = next((p.name for p in settings if p.name in own), None)
    if taken is not None:
        raise ConfigError(f'{import_path(function)}: a setting cannot be called "{taken}"; rename it')
    types = _types(function)
    fields = [
        (p.name, types.get(p.name, _type_of(p.default)), dataclasses.field(default=p.default))
        for p in settings
    ]
    return dataclasses.make_dataclass(function.__name__, fields, bases=(base,), frozen=True, namespace=own)


def positional_count(function: Callable[..., Any]) -> int:
    """Returns how many arguments a function takes by position."""
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in _parameters(function))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _types(function: Callable[..., Any]) -> dict[str, Any]:
    """Returns the types of annotated parameters; empty where an annotation cannot be resolved."""
    try:
        return typing.get_type_hints(function, include_extras=True)
    except Exception:  # an annotation is any expression, as of names imported for type checkers alone
        return {}


def _type_of(default: Any) -> Any:
    """Returns the type of a setting without an annotation: its default's, if that is a plain value."""
    return type(default) if isinstance(default, bool | int | float | str) else Any
