"""What all kinds of components may say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class Component:
    """The base of all kinds of components.

    Attributes:
        shorthand: The field that `name:value` fills; None if the name takes no value.
        label: What people call it, by language (`{"en": ..., "ru": ...}`) or one text for all; empty for its
            name.
        meaning: One sentence for people, likewise; empty for the first line of its docstring.
    """

    shorthand: ClassVar[str | None] = None
    label: ClassVar[str | Mapping[str, str]] = ""
    meaning: ClassVar[str | Mapping[str, str]] = ""


def text_in(language: str, given: str | Mapping[str, str]) -> str:
    """Returns a label or meaning in a language, else in English, else empty."""
    return given if isinstance(given, str) else given.get(language, given.get("en", ""))


def class_attributes(base: type[Any]) -> frozenset[str]:
    """Returns the names that a kind of components defines, without the settings that all of them have."""
    settings = {
        name
        for kind in base.__mro__
        for name, annotation in vars(kind).get("__annotations__", {}).items()
        if "ClassVar" not in str(annotation)
    }
    defined = {name for kind in base.__mro__[:-1] for name in vars(kind) if not name.startswith("_")}
    return frozenset(defined - settings)
