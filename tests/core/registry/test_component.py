"""How plain settings and functions become components, and components plain settings again."""

from dataclasses import dataclass, field, make_dataclass
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.dataclasses import dataclass as checked_dataclass

from hardneg.core.errors import ConfigError
from hardneg.core.registry.component import (
    Component,
    adapting,
    build,
    call_function,
    check_finite,
    field_names,
    first_problem,
    function_class,
    import_path,
    plain,
    positional_count,
    reason_of,
    settings_of,
    text_in,
)


@dataclass(frozen=True)
class Plain(Component):
    size: float
    names: tuple[str, ...] = ()


@checked_dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Checked(Component):
    size: float
    names: tuple[str, ...] = ()


def test_a_text_is_in_the_language_or_in_english_or_empty():
    both = {"en": "rule", "ru": "правило"}
    assert [text_in(language, both) for language in ("ru", "en", "de")] == ["правило", "rule", "rule"]
    assert text_in("ru", "one for all") == "one for all" and text_in("ru", {"de": "Regel"}) == ""


@pytest.mark.parametrize("made", [Plain, Checked])
def test_settings_are_converted_to_the_types_of_the_fields(made):
    built = build(made, {"size": "2.5", "names": ["a"]}, "here")
    assert (built.size, built.names) == (2.5, ("a",))
    assert build(made, {"size": 1, "trust_remote_code": False}, "here") == made(1)


@pytest.mark.parametrize("made", [Plain, Checked])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, 'here: setting "size" is missing'),
        ({"size": 1, "sizes": 2}, 'here: unknown setting "sizes"'),
        ({"size": "big"}, "here: size: Input should be a valid number.*, found 'big'"),
        ({"size": float("inf")}, "here: size: a finite number is needed, found inf"),
        ({5: 1}, "here: 5 is no setting"),
        ({"object": "0" * 64}, "here was given as an object"),
        ({"size": 1, "trust_remote_code": True}, "trust_remote_code is not taken from settings"),
        ({"size": "x" * 1000}, f"found '{'x' * 199}$"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(made, settings, message):
    with pytest.raises(ConfigError, match=message) as caught:
        build(made, settings, "here")
    assert "\n" not in str(caught.value)


def test_numbers_are_finite_however_deep_they_are():
    held = make_dataclass("Held", ["value"])
    check_finite(held({"a": [1.0, (2.0, "x")]}), "here")
    for value in ({"a": [1.0, (float("nan"),)]}, [float("-inf")], float("inf")):
        with pytest.raises(ConfigError, match="here: value: a finite number is needed"):
            check_finite(held(value), "here")
    check_finite(object(), "here")


def test_settings_are_the_fields_of_a_dataclass():
    assert settings_of(Plain(1.0)) == {"size": 1.0, "names": ()}
    assert field_names(Plain) == field_names(Plain(1.0)) == ["size", "names"]
    assert settings_of(object()) == {} and field_names(5) == []


def test_plain_settings_are_as_json_holds_them_or_a_digest():
    assert plain(Plain(1.0, ("a",))) == {"size": 1.0, "names": ("a",)}
    assert plain(object()) == {}
    held = [plain(Plain(size)) for size in (object, object, int, float("nan"))]
    assert all(set(one) == {"object"} and len(one["object"]) == 64 for one in held)
    assert held[0] == held[1] and held[0] != held[2] != held[3]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid")
    count: int = 1
    inner: dict[str, int] = {}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": "x"}, r"^count: Input should be a valid integer.*, found 'x'$"),
        ({"inner": {"a": "x"}}, r"^inner\.a: .*, found 'x'$"),
        ({"cont": 1}, '^unknown setting "cont"$'),
        ({"trust_remote_code": True}, "^unknown setting .*; if you trust its code"),
    ],
)
def test_the_first_problem_names_the_setting_and_what_was_found(given, message):
    with pytest.raises(ValidationError) as caught:
        Model(**given)
    with pytest.raises(ConfigError, match=message):
        raise ConfigError(first_problem(caught.value))


def test_a_problem_of_a_named_setting():
    with pytest.raises(ValidationError) as caught:
        Model(count="x")
    assert first_problem(caught.value, "load").startswith("load.count: ")


def test_an_error_is_told_by_its_kind_and_first_line():
    assert reason_of(ValueError("one\ntwo")) == "ValueError: one"
    assert reason_of(KeyError()) == "KeyError: "


def area(unit, /, *, width: int = 2, times=1, free=None):
    """The area."""
    return unit * width * times, free


def test_a_function_becomes_a_frozen_class_whose_keyword_parameters_are_fields():
    made = function_class(Component, area, 1, run=call_function)
    assert made.__doc__ == "The area." and import_path(made) == import_path(area) == f"{__name__}:area"
    assert field_names(made) == ["width", "times", "free"]
    assert made(width=3).run(2) == (6, None) and made() == made() != made(width=3)
    assert build(made, {"width": "4", "times": "2"}, "here").run(1) == (8, None)
    with pytest.raises(AttributeError):
        made().width = 5
    assert adapting(Component, 1, run=call_function)(area)().run(1) == (2, None)


@pytest.mark.parametrize(
    ("function", "count"),
    [(lambda: 0, 0), (lambda a, /, b=1: 0, 2), (lambda a, *rest, key=1, **more: 0, 1)],
)
def test_arguments_by_position_are_counted(function, count):
    assert positional_count(function) == count
    function_class(Component, function, count)
    with pytest.raises(ConfigError, match=f"takes {count} positional arguments, expected {count + 1}"):
        function_class(Component, function, count + 1)


def test_a_setting_needs_a_default_and_a_name_of_its_own():
    def needs(unit, *, size):
        return size

    def taken(unit, *, run=1):
        return run

    with pytest.raises(ConfigError, match='the setting "size" needs a default'):
        function_class(Component, needs, 1)
    with pytest.raises(ConfigError, match='a setting cannot be called "run"; rename it'):
        function_class(Component, taken, 1, run=call_function)


def test_types_that_cannot_be_found_or_checked_leave_values_as_they_are():
    @dataclass(frozen=True)
    class Unknown(Component):
        value: "NotImported" = None  # noqa: F821

    class Own:
        pass

    @dataclass(frozen=True)
    class Foreign(Component):
        value: Own = None
        more: Any = field(default=1)

    own = Own()
    assert build(Unknown, {"value": "5"}, "here").value == "5"
    assert build(Foreign, {"value": own, "more": "x"}, "here") == Foreign(own, "x")
