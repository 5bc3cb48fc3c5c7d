"""Components by name: how they are registered, written, built, described and found again."""

import dataclasses
import json
import sys
import threading
import zipfile
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from hardneg.core.components import RANKERS, RULES, VALIDATORS, Rule
from hardneg.core.errors import ConfigError
from hardneg.core.registry import IMPORTS, Component, Registry, function_class, settings_of, text_in


class Shape(Component):
    """The base of a kind of components of these tests."""

    sides: ClassVar[int] = 0
    threshold: ClassVar[float | None] = None
    by: str | None = None

    def area(self, unit):
        return 0  # a shape that says nothing of its area has none

    def doubled(self, unit):
        return 2 * self.area(unit)


def shape_of(function):
    return function_class(
        Shape, function, 1, area=lambda self, unit: self.function(unit, **settings_of(self))
    )


@pytest.fixture
def shapes(tmp_path, monkeypatch):
    """An empty registry, whose package has no modules."""
    (tmp_path / "own_shapes").mkdir()
    (tmp_path / "own_shapes" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "own_shapes", raising=False)
    return Registry("shape", Shape, "area", "own_shapes", shape_of)


@dataclass(frozen=True)
class Unnamed(Shape):
    side: int = 1
    sides: ClassVar[int] = 4


@dataclass(frozen=True)
class Square(Shape):
    """A square."""

    side: int = 1
    sides: ClassVar[int] = 4
    shorthand: ClassVar[str] = "side"

    def area(self, unit):
        return self.side**2 * unit


@dataclass(frozen=True)
class Free:
    """No subclass of the base: the registry adds what is missing."""

    size: float = 2.0

    def area(self, unit):
        return self.size * unit


def strip(unit, *, length: int = 3, width=2):
    """A strip."""
    return length * width * unit


def one_line(caught):
    return "\n" not in str(caught.value)


# Registration


def test_a_decorator_returns_what_it_registers_and_sets_attributes(shapes):
    assert shapes.register("square", label={"en": "square", "ru": "квадрат"})(Square) is Square
    assert shapes.names() == ["square"] and shapes.get("square") is Square
    assert shapes.name_of(Square(2)) == shapes.name_of(Square) == "square"
    assert text_in("ru", Square.label) == "квадрат" and text_in("de", Square.label) == "square"


def test_an_attribute_that_the_kind_does_not_know_is_refused(shapes):
    with pytest.raises(ConfigError, match='attribute of shape "square".*did you mean "threshold"') as caught:
        shapes.register("square", treshold=1)
    assert one_line(caught)


@pytest.mark.parametrize("name", ["", "Square", "a b", "my_square", "-square", "a:b", "квадрат"])
def test_a_name_has_small_letters_digits_and_hyphens(shapes, name):
    with pytest.raises(ConfigError, match="small letters, digits and hyphens"):
        shapes.register(name)


def test_a_name_is_taken_once_but_a_definition_may_be_run_again(shapes):
    shapes.register("square")(Square)
    shapes.register("square")(Square)
    with pytest.raises(ConfigError, match="registered by tests.*:Square and by tests.*:Free; rename one"):
        shapes.register("square")(Free)

    def again():
        @shapes.register("cell")
        def cell(unit):
            return unit

        return cell

    assert again() is not again()
    assert shapes.make("cell").area(2) == 2


def test_what_has_not_the_method_is_refused(shapes):
    for wrong in (int, 5, "a.b:c".split, dict, type("Other", (), {"area": 3}), None):
        with pytest.raises(ConfigError, match=r"a shape is expected, one that has area\(\)") as caught:
            shapes.make(wrong) if not isinstance(wrong, type) else shapes.register("wrong")(wrong)
        assert one_line(caught)


def test_a_class_that_is_called_is_no_component_of_a_kind_that_calls_instances():
    losses = Registry("loss", Component, "__call__", "hardneg.training.losses")
    with pytest.raises(ConfigError, match="a loss is expected"):
        losses.register("wrong")(Free)


def test_a_built_in_class_with_the_method_cannot_be_completed():
    files = Registry("file", Shape, "write", "hardneg.exporters")
    import io

    with pytest.raises(ConfigError, match="a file is expected"):
        files.register("wrong")(io.FileIO)


# Duck typing


def test_a_class_that_does_not_derive_from_the_base_gets_what_it_lacks(shapes):
    shapes.register("free")(Free)
    made = shapes.make({"free": {"size": 3}})
    assert made == Free(3.0) and made.doubled(1) == 6
    assert (made.sides, made.threshold, made.by, made.label, made.shorthand) == (0, None, None, "", None)


def test_a_setting_cannot_have_the_name_of_a_class_attribute(shapes):
    @dataclass(frozen=True)
    class Wrong:
        threshold: float = 0.5

        def area(self, unit):
            return unit

    with pytest.raises(ConfigError, match='a setting cannot be called "threshold"'):
        shapes.make(Wrong())

    def wrong(unit, *, threshold=0.5):
        return unit

    with pytest.raises(ConfigError, match='a setting cannot be called "threshold"'):
        shapes.make(wrong)


def test_a_setting_of_all_components_may_have_another_default(shapes):
    def sided(unit, *, by="dense"):
        return by

    assert shapes.make(sided).area(1) == "dense"


# Functions


def test_keyword_only_parameters_of_a_function_are_its_settings(shapes):
    shapes.register("strip", shorthand="length")(strip)
    assert shapes.make(strip).area(1) == 6
    assert shapes.make({"strip": {"length": 5}}).area(1) == 10
    assert shapes.make("strip:4").area(1) == 8, "a flag's text is converted to the annotated type"
    assert shapes.make({"strip": {"width": "7"}}).area(1) == 21, "or to the type of the default"
    made = shapes.make(strip)
    assert dataclasses.is_dataclass(made) and type(made).__dataclass_params__.frozen
    assert type(made).__doc__ == "A strip." and shapes.describe(strip) == {"strip": {"length": 3, "width": 2}}


def test_a_function_is_made_into_one_class(shapes):
    assert type(shapes.make(strip)) is type(shapes.make(strip))
    assert shapes.make(strip) == shapes.make(strip)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: 1, "takes 0 positional arguments, expected 1"),
        (lambda unit, more: 1, "takes 2 positional arguments, expected 1"),
        (lambda unit, *, size: 1, 'the setting "size" needs a default'),
        (lambda unit, *, area=1: 1, 'a setting cannot be called "area"'),
        (lambda unit, *, function=1: 1, 'a setting cannot be called "function"'),
    ],
)
def test_a_function_of_another_form_is_refused(shapes, function, message):
    with pytest.raises(ConfigError, match=message) as caught:
        shapes.make(function)
    assert one_line(caught)


def test_a_function_without_a_name_has_one_in_the_ledger(shapes):
    assert shapes.name_of(shapes.make(lambda unit: unit)) == "lambda"


def test_where_functions_are_no_components_that_is_said():
    with pytest.raises(ConfigError, match=r"a validator is expected, one that has open\(\)"):
        VALIDATORS.make(strip)


# Notations and errors


def test_all_notations_give_the_same_component(shapes):
    shapes.register("square")(Square)
    notations = ("square:3", {"square": 3}, {"square": {"side": 3}}, {"square": {"side": "3"}}, Square(3))
    assert [shapes.make(given) for given in notations] == [Square(3)] * 5
    assert [shapes.make(given) for given in ("square", {"square": None}, Square)] == [Square()] * 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("sqare", 'unknown shape "sqare"; did you mean "square"'),
        ("free:3", 'shape free takes no ":value"'),
        ({"free": 3}, 'shape free takes no ":value"'),
        ({}, "is written {name: {setting: value}}"),
        ({"free": {}, "square": {}}, "is written {name: {setting: value}}"),
        ({"square": {"sid": 3}}, 'shape square: unknown setting "sid"'),
        ({"square": {1: 3}}, "1 is no setting; settings have names"),
        ({"square": {"side": "many"}}, "shape square: side: Input should be a valid integer.*found 'many'"),
        ({"needy": {}}, 'shape needy: setting "size" is missing'),
        ({"needy": {"size": -1}}, "shape needy: the size must be positive"),
        ({"free": {"size": float("nan")}}, "shape free: size: a finite number is needed, found nan"),
        ({"listed": {"sizes": [1.0, float("inf")]}}, "sizes: a finite number is needed"),
        ({"unready": {}}, "shape unready: .*abstract"),
        ({"square": {"object": "0f"}}, "given as an object, which run.json cannot hold; pass it again"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(shapes, given, message):
    @dataclass(frozen=True)
    class Needy(Square):
        size: int = dataclasses.field(kw_only=True)

        def __post_init__(self):
            if self.size < 0:
                raise ValueError("the size must be positive\nand this is another line")

    @dataclass(frozen=True)
    class Listed(Square):
        sizes: tuple[float, ...] = ()

    from abc import ABC, abstractmethod

    class Unready(Shape, ABC):
        @abstractmethod
        def more(self): ...

        def area(self, unit): ...

    for name, made in {
        "square": Square, "free": Free, "needy": Needy, "listed": Listed, "unready": Unready,
    }.items():  # fmt: skip
        shapes.register(name)(made)
    with pytest.raises(ConfigError, match=message.replace("{", r"\{")) as caught:
        shapes.make(given)
    assert one_line(caught)


def test_the_numbers_of_an_instance_are_finite_too(shapes):
    with pytest.raises(ConfigError, match="size: a finite number is needed"):
        shapes.make(Free(float("inf")))


# Descriptions


def test_a_component_without_a_name_is_described_by_its_import_path(shapes):
    described = shapes.describe(Unnamed(3))
    assert described == {f"{__name__}:Unnamed": {"side": 3}}
    assert shapes.make(json.loads(json.dumps(described))) == Unnamed(3)
    assert shapes.make({f"{__name__}:Square": 3}) == Square(3), "its shorthand works as that of a name"
    assert not shapes.can_make(described), "another process may not have imported it"
    assert shapes.can_make({"square": {}})


def test_settings_that_are_no_plain_values_are_described_by_a_digest(shapes):
    @dataclass(frozen=True)
    class Held(Square):
        held: object = None

    one, same, other = (Held(held=np.array(values)) for values in ([1, 2], [1, 2], [1, 3]))
    described = [
        shapes.describe(each)[f"{Held.__module__}:{Held.__qualname__}"] for each in (one, same, other)
    ]
    assert described[0] == described[1] != described[2] and set(described[0]) == {"object"}
    assert not shapes.can_make(shapes.describe(one))
    nested = [Held(held=Held(held=np.full(5_000, value))) for value in (1, 1, 2)]
    found = [next(iter(shapes.describe(each).values()))["object"] for each in nested]
    assert found[0] == found[1] != found[2]


def test_the_digest_of_an_object_does_not_depend_on_where_it_is_stored(shapes):
    class Thing:
        __slots__ = ()

    class Loop(Shape):
        def __init__(self, thing):
            self.thing, self.own = thing, self

        def area(self, unit):
            return unit

    @dataclass(frozen=True)
    class Held(Square):
        held: object = None

    digests = {json.dumps(shapes.describe(Held(held=[Thing(), strip]))) for _ in range(3)}
    assert len(digests) == 1
    assert set(next(iter(shapes.describe(Loop(Thing())).values()))) == {"object"}


# What received files may name


@pytest.mark.parametrize(
    ("registry", "given"),
    [
        (RANKERS, {"zipfile:ZipFile": {"file": "FILE", "mode": "w"}}),
        (RANKERS, {"subprocess:getoutput": {}}),
        (RANKERS, {"tests.core.test_registry:zipfile.ZipFile": {"file": "FILE", "mode": "w"}}),
        (RULES, {"os:removedirs": {}}),
        (RULES, {"os:path": {}}),
        (RULES, {"hardneg:mine": {}}),
        (RULES, {":": {}}),
        (RULES, {"os:": {}}),
        (RULES, {"a_module_that_is_not_there:Rule": {}}),
    ],
)
def test_a_path_leads_to_components_alone(registry, given, tmp_path):
    file = tmp_path / "file"
    file.write_text("kept")
    [(path, settings)] = given.items()
    with pytest.raises(ConfigError, match="is not available: import .* first, or name it in HARDNEG_IMPORT"):
        registry.make({path: {k: str(file) if v == "FILE" else v for k, v in settings.items()}})
    assert file.read_text() == "kept" and zipfile.ZipFile


def test_a_path_imports_nothing(shapes, tmp_path):
    (tmp_path / "received.py").write_text("raise AssertionError('imported')")
    (tmp_path / "lazy.py").write_text("def __getattr__(name):\n    raise AssertionError('imported')")
    import lazy  # noqa: F401 (its attributes are made when they are asked for)

    for path in ("received:Rule", "lazy:Rule"):
        with pytest.raises(ConfigError, match="is not available"):
            shapes.make({path: {}})
    assert "received" not in sys.modules


def test_what_another_process_cannot_find_is_to_be_passed_again(shapes):
    def local(unit):
        return unit

    described = shapes.describe(local)
    fresh = Registry("shape", Shape, "area", "own_shapes", shape_of)
    with pytest.raises(ConfigError, match="in a module of its own, or pass it again"):
        fresh.make(described)


def test_a_function_that_was_used_is_found_by_its_path(shapes):
    with pytest.raises(ConfigError, match="is not available"):
        shapes.make({f"{__name__}:strip": {}})
    described = shapes.describe(strip)
    assert shapes.make(described) == shapes.make(strip)


# The environment


def test_the_environment_names_modules_that_register_components(shapes, tmp_path, monkeypatch):
    (tmp_path / "their_shapes.py").write_text(
        "from tests.core.test_registry import Shape\n"
        "def plain(unit, *, size: int = 2):\n    return unit * size\n"
        "class Duck:\n    def area(self, unit):\n        return unit\n"
    )
    monkeypatch.setenv(IMPORTS, " their_shapes, ")
    assert shapes.make({"their_shapes:plain": {"size": "4"}}).area(1) == 4
    assert shapes.make({"their_shapes:Duck": {}}).area(3) == 3


def test_a_module_of_the_environment_may_ask_for_components(shapes, tmp_path, monkeypatch):
    (tmp_path / "asking_shapes.py").write_text("from tests.core import test_registry as t\nt.ASKED()\n")
    (tmp_path / "own_shapes" / "disc.py").write_text(
        "from tests.core import test_registry as t\nt.ASKED.registry.register('disc')(t.Square)\n"
    )

    class Asked:
        registry = shapes

        def __call__(self):
            assert shapes.make("disc") == Square()

    monkeypatch.setattr(sys.modules[__name__], "ASKED", Asked(), raising=False)
    monkeypatch.setenv(IMPORTS, "asking_shapes")
    assert shapes.names() == ["disc"]


@pytest.mark.parametrize("content", [None, "1 / 0", "import not_there", "def ("])
def test_a_module_that_cannot_be_imported_is_said_every_time(shapes, tmp_path, monkeypatch, content):
    if content is not None:
        (tmp_path / "broken_shapes.py").write_text(content)
    monkeypatch.setenv(IMPORTS, "broken_shapes")
    for _ in range(2):
        with pytest.raises(
            ConfigError, match="HARDNEG_IMPORT names broken_shapes, which cannot be"
        ) as caught:
            shapes.names()
        assert one_line(caught)


def test_threads_wait_for_each_other(shapes, tmp_path):
    (tmp_path / "own_shapes" / "slow.py").write_text(
        "import time\nfrom tests.core import test_registry as t\n"
        "time.sleep(0.2)\nt.SLOW.register('slow')(t.Square)\n"
    )
    globals()["SLOW"] = shapes
    made = []
    threads = [threading.Thread(target=lambda: made.append(shapes.make("slow"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    del globals()["SLOW"]
    assert made == [Square()] * 4


# Entry points


def installed(folder, name, points):
    """Puts the metadata of a package into a folder that is on the path."""
    info = folder / f"{name}-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[hardneg.shapes]", *lines, ""]))


def test_other_packages_offer_components(shapes, tmp_path):
    (tmp_path / "extras.py").write_text(
        "from tests.core.test_registry import Square\nclass Disc(Square):\n    pass\n"
    )
    installed(
        tmp_path, "extras", {"disc": "extras:Disc", "broken": "extras:Dics", "number": "extras:__name__"}
    )
    assert shapes.group == "hardneg.shapes"
    assert shapes.names() == ["broken", "disc", "number"] and "extras" not in sys.modules
    assert shapes.make("disc:3").area(1) == 9
    assert shapes.describe(shapes.make("disc")) == {"disc": {"side": 1}}
    with pytest.raises(ConfigError, match="shape broken of extras:Dics cannot be used: AttributeError"):
        shapes.get("broken")
    with pytest.raises(ConfigError, match="shape number of extras:__name__ cannot be used: .* is expected"):
        shapes.get("number")
    del sys.modules["extras"]


def test_two_packages_that_offer_one_name_are_both_named(shapes, tmp_path):
    installed(tmp_path, "one", {"disc": "one:Disc"})
    installed(tmp_path, "two", {"disc": "two:Disc"})
    with pytest.raises(ConfigError, match='"disc" is offered by one:Disc and by two:Disc; uninstall one'):
        shapes.get("disc")


def test_the_groups_of_entry_points():
    assert (RULES.group, VALIDATORS.group) == ("hardneg.rules", "hardneg.validators")
    assert Registry("loss", Rule, "keep", "p").group == "hardneg.losses"
