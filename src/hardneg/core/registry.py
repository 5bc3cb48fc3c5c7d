"""Components by name: rankers, rules, draws, validators, formats, sources, losses and engines.

A component is a frozen dataclass whose fields are its settings. Its name is given where it is defined, by the
decorator of its kind (`@rule("max-score")`); other packages register theirs through entry points (the group
`hardneg.rules` and so on), or simply by the same decorator. In recipes and flags a component is written as
`name`, `name:value` (the value fills the field that its `shorthand` names) or `{name: {setting: value}}`; in
Python an instance, a class, or for some kinds a plain function stands wherever a name does. An instance that
has no name is recorded by its import path: `{"my_package.rules:MinLength": {setting: value}}`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import inspect
import json
import logging
import math
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar, Generic, TypeVar

from pydantic import ValidationError

from hardneg.core.errors import ConfigError, unknown_name
from hardneg.core.settings import check_names

T = TypeVar("T")
C = TypeVar("C")
Adapter = Callable[[Callable[..., Any]], type[T]]

IMPORTS = "HARDNEG_IMPORT"
"""The environment variable that names modules to import, separated by commas: they register components."""

_SHOWN = 200
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_OBJECT = "object"
_NAME_ATTRIBUTE = "_registered_name"
"""Stands on the class, so that a class of `__main__` that is pickled for a worker keeps its name."""
_LOG = logging.getLogger("hardneg.components")


class Component:
    """What all kinds of components may say of themselves.

    Attributes:
        shorthand: The field that `name:value` fills; None if the name takes no value.
        label: What people call it, by language (`{"en": ..., "ru": ...}`) or one text for all; empty for its
            name.
        meaning: One sentence for people, likewise; empty for the first line of its docstring.
    """

    shorthand: ClassVar[str | None] = None
    label: ClassVar[str | Mapping[str, str]] = ""
    meaning: ClassVar[str | Mapping[str, str]] = ""


class Registry(Generic[T]):
    """The components of one kind.

    Args:
        kind: What one of them is called, as in `rule`.
        base: The class that they derive from, or that completes one that does not.
        method: The method that makes a class one of them, as in `keep`.
        package: The package whose modules hold those that come with hardneg.
        adapt: Makes a component of a plain function; None if a function cannot be one, or if a module of the
            package sets it (`adapter`).
    """

    def __init__(
        self, kind: str, base: Any, method: str, package: str, adapt: Adapter[T] | None = None
    ) -> None:
        self.kind = kind
        self._base, self._method, self._package, self._adapt = base, method, package, adapt
        self._classes: dict[str, type[T]] = {}
        self._adapted: dict[Callable[..., Any], type[T]] = {}
        self._complete = False

    @property
    def group(self) -> str:
        """The group of the entry points by which other packages register theirs, as in `hardneg.rules`."""
        return f"hardneg.{self.kind}{'es' if self.kind.endswith('s') else 's'}"

    def register(self, name: str, **attributes: Any) -> Callable[[C], C]:
        """Returns a decorator that registers a class, or a function, under a name and returns it.

        Args:
            name: Small letters, digits and hyphens.
            attributes: Class attributes to set, as `label="too short"`.

        Raises:
            ConfigError: The name is not fit, or is taken by another component.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(f'{self.kind} "{name}": a name has small letters, digits and hyphens')

        def add(given: C) -> C:
            made = self._class_of(given)
            known = self._classes.get(name)
            if known is not None and _path(known) != _path(made):
                raise ConfigError(
                    f'{self.kind} "{name}" is registered by {_path(known)} and by {_path(made)}'
                )
            for key, value in attributes.items():
                setattr(made, key, value)
            self._classes[name] = made
            setattr(made, _NAME_ATTRIBUTE, name)
            return given

        return add

    def adapter(self, adapt: Adapter[T]) -> Adapter[T]:
        """Sets what makes a component of a plain function, as a decorator."""
        self._adapt = adapt
        return adapt

    def names(self) -> list[str]:
        """Returns the names of all components, sorted."""
        self._import_own()
        return sorted({*self._classes, *self._offered()})

    def get(self, name: str) -> type[T]:
        """Returns the component class of this name.

        Raises:
            ConfigError: There is none; the message suggests the nearest.
        """
        self._import_own()
        if name not in self._classes and name in self._offered():
            self._load(name, self._offered()[name])
        if name not in self._classes:
            raise unknown_name(self.kind, name, self.names())
        return self._classes[name]

    def make(self, given: Any) -> T:
        """Returns the component that a recipe's entry, a flag, a class, a function or an instance stands for.

        Raises:
            ConfigError: The name or a setting is unknown, or a value is out of range.
        """
        if isinstance(given, str | Mapping):
            name, settings = self.parse(given)
            return self._build(self._found(name), settings, f"{self.kind} {name}")
        if isinstance(given, type) or inspect.isfunction(given):
            made = self._class_of(given)
            return self._build(made, {}, f"{self.kind} {self.label_of(made)}")
        self._class_of(type(given))
        instance: T = given
        return instance

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

    def describe(self, component: Any) -> dict[str, dict[str, Any]]:
        """Returns plain `{name: {setting: value}}`, from which `make` builds the same component.

        One without a name is described by its import path; one whose settings are no plain values, by a
        digest, from which it cannot be built again.
        """
        component = self.make(component)
        name = _registered_name(type(component)) or _path(type(component))
        settings = _plain(component)
        return {name: {_OBJECT: _digest(component)} if settings is None else settings}

    def can_make(self, described: Mapping[str, Mapping[str, Any]]) -> bool:
        """Returns whether `make` builds a component from what `describe` returned."""
        [(name, settings)] = described.items()
        return ":" not in name and set(settings) != {_OBJECT}

    def name_of(self, component: Any) -> str:
        """Returns the name of a component; for one that is not registered, the name of its class."""
        return self.label_of(type(component)) if not isinstance(component, type) else self.label_of(component)

    def label_of(self, made: type[Any]) -> str:
        """Returns the registered name of a class, else its own name in small letters with hyphens."""
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", made.__name__)
        return _registered_name(made) or words.lower().strip("-")

    def _class_of(self, given: Any) -> type[T]:
        """Returns a class, or the class that a function is made into, with all that the base defines.

        Raises:
            ConfigError: It is nothing of this kind.
        """
        if inspect.isfunction(given) and self._adapt is None:
            self._import_own()
        if inspect.isfunction(given) and self._adapt is not None:
            if given not in self._adapted:
                self._adapted[given] = self._adapt(given)
            return self._adapted[given]
        if not isinstance(given, type) or not callable(getattr(given, self._method, None)):
            raise ConfigError(f"a {self.kind} is expected, found {repr(given)[:_SHOWN]}")
        for base in (self._base, Component):
            for key, value in vars(base).items():
                if not key.startswith("__") and not key.startswith("_abc") and not hasattr(given, key):
                    setattr(given, key, value)
        return given

    def _build(self, made: type[T], settings: Mapping[str, Any], where: str) -> T:
        check_names(settings, where)
        if set(settings) == {_OBJECT}:
            raise ConfigError(f"{where} was given as an object, which run.json cannot hold; pass it again")
        try:
            component = made(**settings)
        except ValidationError as error:
            raise ConfigError(f"{where}: {first_problem(error)}") from None
        except TypeError as error:
            raise ConfigError(f"{where}: {str(error).partition('() ')[2] or error}") from None
        for key, value in getattr(component, "__dict__", {}).items():
            if isinstance(value, float) and not math.isfinite(value):
                raise ConfigError(f"{where}: {key}: a finite number is needed, found {value}")
        return component

    def _found(self, name: str) -> type[T]:
        """Returns the class of a name, or of an import path whose module is imported already."""
        if ":" not in name:
            return self.get(name)
        module, _, path = name.partition(":")
        self._import_own()
        found: Any = sys.modules.get(module)
        for part in path.split("."):
            found = getattr(found, part, None)
        if found is None:
            raise ConfigError(
                f"{self.kind} {name} is not known here: import {module} first, or name it in {IMPORTS}"
            )
        return self._class_of(found)

    def _shorthand(self, name: str) -> str:
        field = getattr(self.get(name), "shorthand", None)
        if field is None:
            raise ConfigError(f'{self.kind} {name} takes no ":value"; write {{{name}: {{setting: value}}}}')
        return str(field)

    def _import_own(self) -> None:
        """Imports the modules that come with hardneg, and those that the environment names."""
        if self._complete:
            return
        self._complete = True
        package = importlib.import_module(self._package)
        for module in pkgutil.iter_modules(package.__path__):
            if not module.name.startswith("_"):
                importlib.import_module(f"{self._package}.{module.name}")
        for name in filter(None, os.environ.get(IMPORTS, "").split(",")):
            try:
                importlib.import_module(name.strip())
            except ImportError as error:
                raise ConfigError(
                    f"{IMPORTS} names {name.strip()}, which cannot be imported: {error}"
                ) from None

    def _offered(self) -> dict[str, EntryPoint]:
        """Returns the entry points of other packages, by name."""
        return {point.name: point for point in entry_points(group=self.group)}

    def _load(self, name: str, point: EntryPoint) -> None:
        try:
            given = point.load()
        except Exception as error:
            reason = next(iter(str(error).splitlines()), "")
            raise ConfigError(
                f"{self.kind} {name} of {point.value} cannot be imported: {type(error).__name__}: {reason}"
            ) from error
        if name not in self._classes:
            self.register(name)(given)


def function_class(base: Any, function: Callable[..., Any], given: int, **members: Any) -> Any:
    """Returns a component class around a function; its keyword-only parameters are the settings.

    Args:
        base: What the class derives from.
        function: The function.
        given: How many positional arguments it takes.
        members: What the class has besides.

    Raises:
        ConfigError: It takes another number of positional arguments, or a parameter has no default.
    """
    settings = [p for p in _parameters(function) if p.kind is p.KEYWORD_ONLY]
    if positional_count(function) != given:
        raise ConfigError(
            f"{_path(function)} takes {positional_count(function)} arguments, {given} are expected; "
            "keyword-only ones are its settings"
        )
    if any(p.default is p.empty for p in settings):
        raise ConfigError(f"{_path(function)}: a parameter that is a setting needs a default")
    own = {
        "__doc__": function.__doc__,
        "__module__": function.__module__,
        "__qualname__": function.__qualname__,
        "function": staticmethod(function),
        **members,
    }
    fields = [(p.name, Any, dataclasses.field(default=p.default)) for p in settings]
    return dataclasses.make_dataclass(function.__name__, fields, bases=(base,), frozen=True, namespace=own)


def positional_count(function: Callable[..., Any]) -> int:
    """Returns how many arguments a function takes by position."""
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in _parameters(function))


def settings_of(component: Any) -> dict[str, Any]:
    """Returns the fields of a dataclass and their values."""
    return {field.name: getattr(component, field.name) for field in dataclasses.fields(component)}


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


def text_in(language: str, given: str | Mapping[str, str]) -> str:
    """Returns a label or meaning in a language, else in English, else empty."""
    return given if isinstance(given, str) else given.get(language, given.get("en", ""))


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return list(inspect.signature(function).parameters.values())


def _registered_name(made: type[Any]) -> str | None:
    name: str | None = vars(made).get(_NAME_ATTRIBUTE)
    return name


def _path(given: Any) -> str:
    return f"{given.__module__}:{given.__qualname__}"


def _plain(component: Any) -> dict[str, Any] | None:
    """Returns the settings of a component; None if they cannot be written as JSON."""
    if not dataclasses.is_dataclass(component) or isinstance(component, type):
        return {} if not getattr(component, "__dict__", None) else None
    settings = dataclasses.asdict(component)
    try:
        json.dumps(settings, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return settings


def _digest(component: Any) -> str:
    """Returns a digest of an object that holds more than plain values."""
    held = json.dumps(getattr(component, "__dict__", {}), default=_digest_of_value, sort_keys=True)
    return hashlib.sha256(f"{_path(type(component))} {held}".encode()).hexdigest()


def _digest_of_value(value: Any) -> str:
    content = value.tobytes() if hasattr(value, "tobytes") else repr(value).encode()
    return hashlib.sha256(content).hexdigest()
