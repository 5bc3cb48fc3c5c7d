"""Options made of settings, where their names, types, defaults, limits and help texts are written once.

A command's parameter annotated `Annotated[Given, OptionsOf("module:Settings")]` becomes one option for each
field, and receives the values that the user gave, by field name. Settings are imported when the options of a
command are first needed, so that `hardneg --help` imports none.
"""

from __future__ import annotations

import builtins
import functools
import importlib
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from enum import EnumType, StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, NamedTuple, Optional, TypeAlias, Union, get_args, get_origin

import typer
from typer.core import TyperCommand

from hardneg.core.trust import OPTION, SETTING, trusting

Given: TypeAlias = dict[str, Any]
"""Settings that the user gave, by field name."""

_TRUST = inspect.Parameter(
    SETTING,
    inspect.Parameter.KEYWORD_ONLY,
    default=None,
    annotation=Annotated[
        Optional[list[str]],  # noqa: UP045 (a value)
        typer.Option(
            OPTION,
            metavar="MODEL",
            help="Let the code and pickles that come with this model run. Repeat for several.",
            show_default=False,
        ),
    ],
)
_METAVARS = {int: "N", float: "X", Path: "FILE"}
_REQUIRED = inspect.Parameter.empty
_SECTIONS = re.compile(r"^(?:Args|Attributes):\n(.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
_ENTRIES = re.compile(r"^ {4}(\w+): (.*?)(?=^ {4}\w|\Z)", re.MULTILINE | re.DOTALL)
_DEFAULT = re.compile(r"; (?:None (?:for|to|where) ([^;]+?)|([^;]+?),? unless (?:given|named))\.?$")


class _Field(NamedTuple):
    """One setting: its type, default (`_REQUIRED` if it has none), metadata and description."""

    annotation: Any
    default: Any
    metadata: tuple[Any, ...]
    help: str


class OptionsOf:
    """Marks a command's parameter as the options of a settings class or a function.

    Args:
        target: `module:Class`, a pydantic model or dataclass, or `module:function`, whose parameters are the
            fields.
        names: Its fields; all unless named.
        without: Fields left out.
        unset: What None means, as in `the recipe's`.
        least: The least values of numbers that the target does not limit.
        renamed: Fields by the name of their option, as in `target_fnr="target"`. A list among them is an
            option to repeat; a list in `names` is one option, its values separated by commas.
    """

    def __init__(
        self,
        target: str,
        *names: str,
        without: tuple[str, ...] = (),
        unset: str = "",
        least: Mapping[str, int] = MappingProxyType({}),
        **renamed: str,
    ) -> None:
        self._target, self._names, self._without, self._unset = target, names, without, unset
        self._least, self._renamed = least, renamed

    def parameters(self) -> dict[str, inspect.Parameter]:
        """Returns the options as parameters of a function, by field name."""
        fields = _fields(_imported(self._target))
        names = self._names or (() if self._renamed else tuple(fields))
        options = {name: name for name in names if name not in self._without} | self._renamed
        return {name: self._parameter(option, fields[name]) for option, name in options.items()}

    def _parameter(self, option: str, field: _Field) -> inspect.Parameter:
        kind, several = _type(field.annotation)
        flag = f"--{option.replace('_', '-')}"
        if kind is bool and field.default:
            flag = f"{flag}/--no-{flag[2:]}"
        metavar = _METAVARS.get(kind, "TEXT") if kind is not bool else None
        if isinstance(kind, EnumType):
            metavar = "|".join(kind)
        limits = {"min": self._least[option]} if option in self._least else _limits(field)
        repeated = several and option in self._renamed
        help_text = f"{field.help}{self._default(field)}{' Repeat for several.' if repeated else ''}"
        declared = typer.Option(flag, help=help_text, metavar=metavar, show_default=False, **limits)
        required = field.default is _REQUIRED
        return inspect.Parameter(
            option,
            inspect.Parameter.KEYWORD_ONLY,
            default=_REQUIRED if required else None,
            annotation=Annotated[list[str] if repeated else kind, declared]
            if required
            else Annotated[Optional[list[str] if repeated else kind], declared],  # noqa: UP045 (a value)
        )

    def _default(self, field: _Field) -> str:
        """Returns the sentence on the default that ends a help text, empty for none."""
        text = _shown(field)
        if field.default is None and _type(field.annotation)[0] is not bool:
            text = self._unset
        return f" Default: {text}." if text else ""


class Command(TyperCommand):
    """A command of the command line; its options are made when they are first needed.

    Args:
        function: Parses nothing: receives what the user gave, calls the library and prints.
        loads_models: Whether it may load models, so that the user must be able to trust them.
    """

    def __init__(self, function: Callable[..., None], loads_models: bool = False) -> None:
        super().__init__(function.__name__, help=inspect.getdoc(function), rich_markup_mode=None)
        self._function, self._loads_models = function, loads_models
        del self.params, self.callback  # `__getattr__` makes them

    def __getattr__(self, name: str) -> Any:
        if name not in ("params", "callback"):
            raise AttributeError(name)
        app = typer.Typer(add_completion=False)
        app.command()(expanded(self._function, self._loads_models))
        made = typer.main.get_command(app)
        self.params, self.callback = made.params, made.callback
        return getattr(self, name)


def expanded(function: Callable[..., None], loads_models: bool = False) -> Callable[..., None]:
    """Returns a command's function with a parameter for each option of its `OptionsOf`, and for trust."""
    parameters: list[inspect.Parameter] = []
    groups: list[str] = []
    fields: dict[str, tuple[str, str]] = {}  # (group, field) by option
    for own in inspect.signature(function, eval_str=True).parameters.values():
        metadata = getattr(own.annotation, "__metadata__", ())
        options = next((item for item in metadata if isinstance(item, OptionsOf)), None)
        if options is None:
            parameters.append(own.replace(kind=inspect.Parameter.KEYWORD_ONLY))
            continue
        groups.append(own.name)
        for field, parameter in options.parameters().items():
            parameters.append(parameter)
            fields[parameter.name] = own.name, field

    if loads_models:
        parameters.append(_TRUST)

    def call(**values: Any) -> None:
        trusted = values.pop(_TRUST.name, None) or ()
        given: dict[str, Given] = {group: {} for group in groups}
        for name, (group, field) in fields.items():
            value = values.pop(name)
            if value is not None and value != []:
                given[group][field] = value.value if isinstance(value, StrEnum) else value
        with trusting(trusted):
            function(**given, **values)

    call.__name__, call.__doc__ = function.__name__, function.__doc__
    call.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(call)["__signature__"] = inspect.Signature(parameters)
    return call


def _imported(target: str) -> Any:
    module, _, path = target.partition(":")
    owner: Any = importlib.import_module(module)
    return functools.reduce(getattr, path.split("."), owner)


def _fields(target: Any) -> Mapping[str, _Field]:
    texts = _descriptions(target)
    if isinstance(target, type):
        model: Any = target
        return {
            name: _Field(
                info.annotation,
                _REQUIRED if info.is_required() else info.get_default(call_default_factory=True),
                tuple(info.metadata),
                info.description or texts.get(name, ""),
            )
            for name, info in model.__pydantic_fields__.items()
        }
    annotations = _types(target)
    return {
        name: _Field(annotations.get(name, Any), own.default, (), texts.get(name, ""))
        for name, own in inspect.signature(target).parameters.items()
    }


def _types(function: Callable[..., Any]) -> dict[str, Any]:
    """Returns the types of a function's parameters; `Any` for names imported for type checkers alone."""

    class Names(dict[str, Any]):
        def __missing__(self, name: str) -> Any:
            return function.__globals__.get(name, getattr(builtins, name, Any))

    return typing.get_type_hints(function, localns=Names(), include_extras=True)


def _descriptions(target: Any) -> dict[str, str]:
    """Returns the texts on fields that a docstring has; those of base classes too."""
    owners = reversed(inspect.getmro(target)) if isinstance(target, type) else (target,)
    texts: dict[str, str] = {}
    for doc in (inspect.cleandoc(getattr(owner, "__doc__", None) or "") for owner in owners):
        for section in _SECTIONS.findall(doc):
            texts |= {name: " ".join(text.split()) for name, text in _ENTRIES.findall(section)}
    return {name: _DEFAULT.sub(r". Default: \1\2.", text) for name, text in texts.items()}


def _type(annotation: Any) -> tuple[Any, bool]:
    """Returns the type of one value, and whether the field is a list of them."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        kinds = [kind for kind in arguments if kind is not type(None)]
        return _type(kinds[0]) if len(kinds) == 1 else (str, all(_type(kind)[1] for kind in kinds))
    if origin is Literal:
        return StrEnum("Choice", {str(choice): str(choice) for choice in arguments}), False
    if annotation in (bool, int, float, Path):
        return annotation, False
    return str, isinstance(origin, type) and issubclass(origin, Sequence | Mapping)


def _limits(field: _Field) -> dict[str, Any]:
    limits = {}
    for item in field.metadata:
        for name, key in (("ge", "min"), ("le", "max")):
            if getattr(item, name, None) is not None:
                limits[key] = getattr(item, name)
    return limits


def _shown(field: _Field) -> str:
    """Returns a default as a user would write it, empty for none."""
    for item in field.metadata:
        if type(item).__name__ == "PlainSerializer":  # a component, described as {name: settings}
            return str(next(iter(item.func(field.default))))
    if field.default is _REQUIRED or isinstance(field.default, bool) or field.default in (None, (), {}, ""):
        return "yes" if field.default is True else ""
    if isinstance(field.default, tuple):
        return ",".join(map(str, field.default))
    return f"{field.default:g}" if isinstance(field.default, float) else str(field.default)
