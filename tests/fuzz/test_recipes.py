"""Recipes, from any YAML and any flags."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.errors import HardnegError
from hardneg.core.settings import override, parse_yaml
from hardneg.mining.recipe import Recipe, read_recipe, recipe_names
from tests.fuzz import JSON, fuzzed

BASE = {"rank": {"rankers": ["bm25"]}, "format": "jsonl"}
KEYS = st.sampled_from("rank rankers depth select rules draw seed format load bm25 top".split())
STEPS = KEYS | st.text(max_size=3) | st.integers(-1, 3).map(str)
PATHS = st.lists(STEPS, min_size=1, max_size=4).map(".".join)
VALUES = JSON | st.sampled_from(["top", "bm25:english", "window:3", "dense:x:y", ":", "simans", "vectors:"])


def built(settings):
    """Returns the recipe of some settings, None where they are refused in one line."""
    try:
        recipe = Recipe.build(settings)
    except HardnegError as error:
        assert len(str(error)) < 4000
        return None
    assert Recipe.build(json.loads(json.dumps(recipe.settings()))) == recipe
    return recipe


@fuzzed
@given(name=st.sampled_from(recipe_names()), changes=st.lists(st.tuples(PATHS, VALUES), max_size=3))
def test_any_change_gives_a_recipe_or_is_refused(name, changes):
    settings = read_recipe(name)
    try:
        override(settings, [f"{path}={json.dumps(value)}" for path, value in changes])
    except HardnegError:
        return
    built(settings)


@fuzzed
@given(part=st.sampled_from(["rank", "select", "load", "format", "validation", "seed"]), value=VALUES)
def test_any_part_gives_a_recipe_or_is_refused(part, value):
    built({**BASE, part: value})


@fuzzed
@given(text=st.text(st.sampled_from("ab:-[]{}!&*#|>'\"%@`,? \n0.~é\x00"), max_size=30))
def test_any_text_is_yaml_or_refused(text):
    try:
        settings = parse_yaml(text, "a.yaml")
    except HardnegError:
        return
    if isinstance(settings, dict):
        built(settings)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 5000,
        "a: " * 3000,
        "a: !!bool x",
        "a: !!timestamp x",
        "a: !!int ''",
        "a: 2020-99-99",
        "a: !!python/object/apply:os.system [ls]",
        "&a [*a]",
        "a: &a {b: *a}",
        "? [1]\n: 2",
        "\n".join(["a0: &a0 [x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12))]),
    ],
)
def test_yaml_that_is_made_to_harm_is_refused_at_once(text):
    with pytest.raises(HardnegError, match=r"^a\.yaml(:\d+)?: "):
        parse_yaml(text, "a.yaml")


def test_settings_without_names_are_refused():
    for settings in ({1: 2}, {None: 1}, {**BASE, "rank": {1: 2}}, {**BASE, "format": {"jsonl": {1: 2}}}):
        assert built(settings) is None


def test_settings_that_are_no_numbers_are_refused():
    for rule in ({"relative-margin": float("nan")}, {"absolute-margin": float("inf")}):
        assert built({**BASE, "select": {"rules": [rule]}}) is None


def test_a_recipe_file_is_read_or_refused(tmp_path):
    for content in (b"\xff\xfea\x00", b"\x00", b"- 1", b"", yaml.safe_dump(BASE).encode("utf-16")):
        (tmp_path / "a.yaml").write_bytes(content)
        with pytest.raises(HardnegError):
            Recipe.named(str(tmp_path / "a.yaml"))
