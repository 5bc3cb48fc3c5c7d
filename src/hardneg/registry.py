"""Components by name: a ranker, rule, draw or format is found by the name of its module.

Adding one means adding a file: the first name in its `__all__` is the component, a frozen pydantic
dataclass whose fields are its settings. In recipes and flags a component is written as `name`,
`name:value` (the value fills the field that its `shorthand` names) or `{name: {setting: value}}`.
"""

from __future__ import annotations

import dataclasses
import importlib
import math
import pkgutil
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from hardneg.errors import ConfigError, unknown_name
from hardneg.settings import check_names

T = TypeVar("T")

_SHOWN = 200


class Registry(Generic[T]):
    """The components of one package.

    Args:
        package: The package whose modules are the components.
        kind: What one of them is called, for errors.
        helpers: Modules of the package that are no components.
    """

    def __init__(self, package: str, kind: str, helpers: tuple[str, ...] = ()) -> None:
        self.package = package
        self.kind = kind
        self._helpers = helpers

    def names(self) -> list[str]:
        """Returns the names of all components, sorted."""
        path = importlib.import_module(self.package).__path__
        modules = (module.name for module in pkgutil.iter_modules(path))
        return sorted(m.replace("_", "-") for m in modules if m not in self._helpers)

    def get(self, name: str) -> type[T]:
        """Returns the component class of this name.

        Raises:
            ConfigError: There is none; the message suggests the nearest.
        """
        known = self.names()
        if name.replace("_", "-") not in known:
            raise unknown_name(self.kind, name, known)
        module = importlib.import_module(f"{self.package}.{name.replace('-', '_')}")
        component: type[T] = getattr(module, module.__all__[0])
        return component

    def make(self, given: Any) -> T:
        """Returns the component that a recipe's entry or a flag describes; an instance is returned as is.

        Raises:
            ConfigError: The name or a setting is unknown, or a value is out of range.
        """
        if not isinstance(given, str | Mapping):
            self.name_of(given)
            instance: T = given
            return instance
        name, settings = self.parse(given)
        component = self.get(name)
        check_names(settings, f"{self.kind} {name}")
        try:
            made = component(**settings)
        except ValidationError as error:
            raise ConfigError(f"{self.kind} {name}: {first_problem(error)}") from None
        for key, value in vars(made).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ConfigError(f"{self.kind} {name}: {key}: a finite number is needed, found {value}")
        return made

    def parse(self, given: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Returns (name, settings) of a component in any of its notations.

        Raises:
            ConfigError: A mapping does not have just one name, or a `:value` has nowhere to go.
        """
        if isinstance(given, str):
            name, colon, value = given.partition(":")
            return name, {self._shorthand(name): value} if colon else {}
        if len(given) != 1:
            found = repr(dict(given))[:_SHOWN]
            raise ConfigError(f"a {self.kind} is written {{name: {{setting: value}}}}, found {found}")
        [(name, settings)] = given.items()
        if isinstance(settings, Mapping):
            return str(name), dict(settings)
        return str(name), {} if settings is None else {self._shorthand(str(name)): settings}

    def describe(self, component: T) -> dict[str, dict[str, Any]]:
        """Returns the mapping `{name: {setting: value}}` from which `make` builds the same component."""
        fields: Any = component
        return {self.name_of(component): dataclasses.asdict(fields)}

    def name_of(self, component: T) -> str:
        """Returns the component's name.

        Raises:
            ConfigError: It is not one of this package's.
        """
        module = type(component).__module__
        name = module.removeprefix(f"{self.package}.").split(".")[0]
        if name == module or not dataclasses.is_dataclass(component):
            raise ConfigError(f"a {self.kind} is expected, found {repr(component)[:_SHOWN]}")
        return name.replace("_", "-")

    def _shorthand(self, name: str) -> str:
        field = getattr(self.get(name), "shorthand", None)
        if field is None:
            raise ConfigError(f'{self.kind} {name} takes no ":value"; write {{{name}: {{setting: value}}}}')
        return str(field)


def first_problem(error: ValidationError) -> str:
    """Returns the first problem of a failed validation in one line."""
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    if problem["type"] in ("unexpected_keyword_argument", "extra_forbidden"):
        return f'unknown setting "{place}"'
    if problem["type"] in ("missing", "missing_argument"):
        return f'setting "{place}" is missing'
    message = problem["msg"].removeprefix("Value error, ")
    found = "" if problem["type"] == "value_error" else f", found {repr(problem['input'])[:_SHOWN]}"
    return f"{place}: {message}{found}" if place else f"{message}"
