"""What the checks of all kinds of components share."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from hardneg.core.registry import Registry


def check_settings(registry: Registry[Any], component: Any) -> str:
    """Returns the component's name, its settings checked."""
    name = f"{registry.kind} {registry.name_of(component)}"
    described = registry.describe(component)
    check(name, is_json(described), "its settings cannot be written as JSON")
    if dataclasses.is_dataclass(component):
        made: Any = type(component)
        check(name, made.__dataclass_params__.frozen, "it is no frozen dataclass")
    if registry.can_make(described):
        again = registry.make(json.loads(json.dumps(described)))
        check(name, registry.describe(again) == described, f"{described} builds another component")
    return name


def check(name: str, holds: Any, problem: str) -> None:
    """Raises AssertionError in one line if something does not hold."""
    if not holds:
        raise AssertionError(f"{name}: {problem}")


def check_array(name: str, what: str, values: Any, shape: tuple[int, ...], dtype: Any) -> None:
    """Checks that a value is an array of this shape and type."""
    expected = f"{np.dtype(dtype)} {shape}"
    array = isinstance(values, np.ndarray)
    returned = f"{values.dtype} {values.shape}" if array else type(values).__name__
    check(name, returned == expected, f"{what} returns {returned}, expected {expected}")


def same(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> bool:
    """Returns whether two arrays hold the same bits, NaN the same as NaN."""
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def is_json(value: Mapping[str, Any]) -> bool:
    """Returns whether a mapping can be written as JSON."""
    try:
        json.dumps(dict(value))
    except (TypeError, ValueError):
        return False
    return True
