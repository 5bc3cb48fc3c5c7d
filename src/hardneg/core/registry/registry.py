"""The registry of one kind of components: names to classes, and whatever stands for a component to one."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
import sys
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from hardneg.core.errors import ConfigError, unknown_name
from hardneg.core.registry.component import (
    OBJECT,
    SHOWN,
    Component,
    build,
    check_finite,
    field_names,
    import_path,
    plain,
    reason_of,
)

T = TypeVar("T", bound=Component)
C = TypeVar("C")
Adapter = Callable[[Callable[..., Any]], type[T]]

IMPORTS = "HARDNEG_IMPORT"
"""The environment variable that names modules to import, separated by commas: they register components."""

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NAME_ATTRIBUTE = "_registered_name"
"""On the class, so that a class of `__main__` that is pickled for a worker keeps its name."""


class Registry(Generic[T]):
    """The components of one kind.

    Args:
        kind: What one of them is called, as in `rule`.
        base: The class that they derive from, or that completes one that does not.
        method: The method that makes a class one of them, as in `keep`.
        package: The package whose modules hold those that come with hardneg.
        adapt: Makes a component class of a plain function; a module of the package may set it (`adapter`).
    """

    def __init__(
        self, kind: str, base: Any, method: str, package: str, adapt: Adapter[T] | None = None
    ) -> None:
        self.kind = kind
        self._base, self._method, self._package, self._adapt = base, method, package, adapt
        self._reserved = _class_attributes(base)
        self._classes: dict[str, type[T]] = {}
        self._used: dict[Any, type[T]] = {}  # by class or function
        self._complete = False
        self._importing: set[int] = set()

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
            ConfigError: The name is not fit or is taken by another component, or there is no such attribute.
        """
        if not _NAME.fullmatch(name):
            raise ConfigError(f'{self.kind} "{name}": a name has small letters, digits and hyphens')
        for key in attributes:
            if not hasattr(self._base, key):
                raise unknown_name(f'attribute of {self.kind} "{name}":', key, self._reserved)

        def add(definition: C) -> C:
            made = self._class_of(definition)
            registered = self._classes.get(name, made)
            if import_path(registered) != import_path(made):
                raise ConfigError(
                    f'{self.kind} "{name}" is registered by {import_path(registered)} and by '
                    f"{import_path(made)}; rename one"
                )
            for key, value in {**attributes, _NAME_ATTRIBUTE: name}.items():
                setattr(made, key, value)
            self._classes[name] = made
            return definition

        return add

    def adapter(self, adapt: Adapter[T]) -> Adapter[T]:
        """Sets what makes a component class of a plain function, as a decorator."""
        self._adapt = adapt
        return adapt

    def names(self) -> list[str]:
        """Returns the names of all components, sorted; those of other packages are not imported for it."""
        self._import_own()
        return sorted({*self._classes, *(point.name for point in entry_points(group=self.group))})

    def get(self, name: str) -> type[T]:
        """Returns the component class of this name; an error about another suggests the nearest."""
        self._import_own()
        if name not in self._classes:
            self._load(name)
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
            return build(self._class_named(name), settings, f"{self.kind} {name}")
        if isinstance(given, type) or inspect.isfunction(given):
            made = self._class_of(given)
            return build(made, {}, f"{self.kind} {self.name_of(made)}")
        if not self._fits(type(given)):
            raise self._unfit(given)
        check_finite(given, f"{self.kind} {self.name_of(self._class_of(type(given)))}")
        instance: T = given
        return instance

    def parse(self, given: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
        """Returns (name, settings) of a component in any of its notations."""
        if isinstance(given, str):
            name, colon, value = given.partition(":")
            return name, {self._shorthand(name): value} if colon else {}
        if len(given) != 1:
            shown = repr(dict(given))[:SHOWN]
            raise ConfigError(f"a {self.kind} is written {{name: {{setting: value}}}}, found {shown}")
        [(key, settings)] = given.items()
        name = str(key)
        if isinstance(settings, Mapping):
            return name, dict(settings)
        return name, {} if settings is None else {self._shorthand(name): settings}

    def describe(self, component: Any) -> dict[str, dict[str, Any]]:
        """Returns plain `{name: {setting: value}}`, from which `make` builds the same component.

        Without a name, its import path stands for it; for settings that are no plain values, a digest.
        """
        component = self.make(component)
        made = type(component)
        return {vars(made).get(_NAME_ATTRIBUTE) or import_path(made): plain(component)}

    def without_operational(self, described: Any) -> Any:
        """Returns what `describe` returned, without settings that change no result.

        What it cannot have returned, or names no component of this process, is returned as it is.
        """
        try:
            [(name, settings)] = described.items()
            left_out = self.get(name).operational
            return {name: {key: value for key, value in settings.items() if key not in left_out}}
        except (AttributeError, TypeError, ValueError, ConfigError):
            return described

    def can_make(self, described: Mapping[str, Mapping[str, Any]]) -> bool:
        """Returns whether `make` builds a component from what `describe` returned, in any process."""
        [(name, settings)] = described.items()
        return ":" not in name and set(settings) != {OBJECT}

    def name_of(self, component: Any) -> str:
        """Returns the name of a component or of its class; the class's own, with hyphens, if it has none."""
        made = component if isinstance(component, type) else type(component)
        words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_", "-", made.__name__).lower()
        return vars(made).get(_NAME_ATTRIBUTE) or re.sub(r"[^\w-]", "", words).strip("-")

    def _fits(self, made: type[Any]) -> bool:
        return any(callable(vars(kind).get(self._method)) for kind in made.__mro__)

    def _unfit(self, given: Any) -> ConfigError:
        return ConfigError(
            f"a {self.kind} is expected, one that has {self._method}(); found {repr(given)[:SHOWN]}"
        )

    def _class_of(self, definition: Any) -> type[T]:
        """Returns a class, or the class that a function is made into, with all that the base defines."""
        if not isinstance(definition, type) and not inspect.isfunction(definition):
            raise self._unfit(definition)
        if definition not in self._used:
            made = definition if isinstance(definition, type) else self._adapted(definition)
            self._complete_class(made)
            self._used[definition] = self._used[made] = made
        return self._used[definition]

    def _adapted(self, function: Callable[..., Any]) -> type[T]:
        if self._adapt is None:
            self._import_own()
        if self._adapt is None:
            raise self._unfit(function)
        return self._adapt(function)

    def _complete_class(self, made: type[Any]) -> None:
        """Adds what the base defines and a class lacks."""
        if not self._fits(made):
            raise self._unfit(made)
        taken = sorted(self._reserved & {*field_names(made)})
        if taken:
            raise ConfigError(
                f'{self.kind} {import_path(made)}: a setting cannot be called "{taken[0]}"; rename it'
            )
        for kind in self._base.__mro__[:-1]:
            for key, value in vars(kind).items():
                if not key.startswith(("__", "_abc")) and not hasattr(made, key):
                    try:
                        setattr(made, key, value)
                    except (TypeError, AttributeError):
                        raise self._unfit(made) from None

    def _class_named(self, name: str) -> type[T]:
        """Returns the class of a name, or of an import path.

        Nothing is imported for a path, and it leads to nothing but a component: a class that derives from the
        base, one that this process used before, or one of a module that the user named in `HARDNEG_IMPORT`.
        """
        if ":" not in name:
            return self.get(name)
        self._import_own()
        module, _, path = name.partition(":")
        definition: Any = sys.modules.get(module)
        for part in path.split("."):
            definition = inspect.getattr_static(definition, part, None)
        defined = isinstance(definition, type) or inspect.isfunction(definition)
        if defined and import_path(definition) == name and self._is_component(definition):
            return self._class_of(definition)
        advice = f"import {module} first, or name it in {IMPORTS}"
        if "<" in path or module == "__main__":
            advice = "define it in a module of its own, or pass it again"
        raise ConfigError(f"{self.kind} {name} is not available: {advice}")

    def _is_component(self, definition: Any) -> bool:
        derived = isinstance(definition, type) and issubclass(definition, self._base)
        return derived or definition in self._used or definition.__module__ in _named_modules()

    def _shorthand(self, name: str) -> str:
        component: Any = self._class_named(name)
        field = component.shorthand
        if field is None:
            raise ConfigError(f'{self.kind} {name} takes no ":value"; write {{{name}: {{setting: value}}}}')
        return str(field)

    def _import_own(self) -> None:
        """Imports the modules that come with hardneg, and those that the environment names.

        One of them may ask for components while it is imported, and gets those that are there already.
        """
        thread = threading.get_ident()
        if self._complete or thread in self._importing:
            return
        self._importing.add(thread)
        try:
            for module in pkgutil.iter_modules(importlib.import_module(self._package).__path__):
                if not module.name.startswith("_"):
                    importlib.import_module(f"{self._package}.{module.name}")
            for name in _named_modules():
                try:
                    importlib.import_module(name)
                except Exception as error:
                    raise ConfigError(
                        f"{IMPORTS} names {name}, which cannot be imported: {reason_of(error)}"
                    ) from error
        finally:
            self._importing.discard(thread)
        self._complete = True

    def _load(self, name: str) -> None:
        """Registers what another package offers under a name, if one does."""
        points = {point.value: point for point in entry_points(group=self.group, name=name)}
        if len(points) > 1:
            offers = " and by ".join(sorted(points))
            raise ConfigError(f'{self.kind} "{name}" is offered by {offers}; uninstall one')
        for value, point in points.items():
            try:
                self.register(name)(point.load())
            except Exception as error:
                raise ConfigError(
                    f"{self.kind} {name} of {value} cannot be used: {reason_of(error)}"
                ) from error


def _class_attributes(base: type[Any]) -> frozenset[str]:
    """Returns the names that a kind of components defines, without the settings that all of them have."""
    settings = {
        name
        for kind in base.__mro__
        for name, annotation in vars(kind).get("__annotations__", {}).items()
        if "ClassVar" not in str(annotation)
    }
    defined = {name for kind in base.__mro__[:-1] for name in vars(kind) if not name.startswith("_")}
    return frozenset(defined - settings)


def _named_modules() -> list[str]:
    """Returns the modules that the environment names."""
    return [name.strip() for name in os.environ.get(IMPORTS, "").split(",") if name.strip()]
