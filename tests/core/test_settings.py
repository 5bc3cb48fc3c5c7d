"""Settings from YAML that others wrote, and their changes by path."""

import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.core.settings import check_names, override, parse_yaml, put


def test_yaml_is_plain_data():
    assert parse_yaml("a: 1\nb: [x, 2.5, null]\n", "here") == {"a": 1, "b": ["x", 2.5, None]}
    assert parse_yaml("", "here") is None and parse_yaml("null", "here") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [", "here:2: not YAML"),
        ("a: 1\nb: 2\na: 3", 'here:3: "a" is given twice; keep one'),
        ("a:\n  b: 1\n  b: 2", 'here:3: "b" is given twice'),
        ("!!python/object/apply:os.getcwd []", "here:1: not YAML; is a bracket open, .* a tag unknown"),
        ("a: 2020-99-99", "here: not YAML: a value is not what it seems"),
        (f"a: {'9' * 101}", "here:1: a number of 101 digits"),
        ("x" * (2**16 + 1), "here: longer than 65,536 characters"),
        ("[" * 1000, "here: not YAML"),
    ],
)
def test_what_is_no_recipe_is_told_with_its_line(text, message):
    with pytest.raises(DataError, match=message):
        parse_yaml(text, "here")


def test_limits_themselves_are_kept():
    assert parse_yaml(f"a: {'9' * 100}", "here") == {"a": int("9" * 100)}
    assert len(parse_yaml("x" * 2**16, "here")) == 2**16
    assert parse_yaml("a: 1\nb: {a: 2}", "here") == {"a": 1, "b": {"a": 2}}


def test_aliases_count_as_often_as_they_repeat():
    # nine times nine times ... of five levels: more than 20,000 values from a few lines
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 6)]
    with pytest.raises(DataError, match="more than 10,000 settings"):
        parse_yaml("\n".join(levels), "here")
    assert parse_yaml("\n".join(levels[:2]), "here")["a1"][8] == ["x"] * 9


def test_settings_have_names():
    check_names({"a": 1}, "here")
    with pytest.raises(ConfigError, match="here: 5 is no setting"):
        check_names({5: 1}, "here")


def changed(settings, *overrides):
    override(settings, overrides)
    return settings


def test_a_path_leads_through_what_is_there_and_makes_what_is_not():
    assert changed({"a": {"b": 1, "c": 2}}, "a.b=3") == {"a": {"b": 3, "c": 2}}
    assert changed({}, "a.b.c=[1, 2]") == {"a": {"b": {"c": [1, 2]}}}
    assert changed({"a": None}, "a.b=x=y") == {"a": {"b": "x=y"}}
    assert changed({"a": 1}, "a=", "a=2", "b=null") == {"a": 2, "b": None}


def test_an_item_of_a_list_is_found_by_number_or_by_name():
    settings = {"rules": [{"window": {"first": 1}}, {"max-score": {"maximum": 1}}]}
    assert changed(settings, "rules.window.first=5", "rules.1.max-score.maximum=0.5") == {
        "rules": [{"window": {"first": 5}}, {"max-score": {"maximum": 0.5}}]
    }
    assert changed({"rules": ["a", "b"]}, "rules.1=c") == {"rules": ["a", "c"]}


@pytest.mark.parametrize(
    ("settings", "given", "message"),
    [
        ({}, "a.b", 'is changed by KEY=VALUE.*found "a.b"'),
        ({"a": 1}, "a.b=2", 'setting "a.b" leads nowhere: there is no "b" to set'),
        ({"a": 1}, "a.b.c=2", 'setting "a.b.c" leads nowhere: no "b" found there'),
        ({"a": ["x"]}, "a.1=2", 'setting "a.1" leads nowhere: there is no "1" to set'),
        ({"a": [{"x": {}}]}, "a.1.x=2", 'leads nowhere: no "1" found there'),
        ({}, "rules.window.first=2", 'leads nowhere: no "window" found there'),
        ({"a": [{"x": {}}, {"x": {}}]}, "a.x.y=2", 'leads nowhere: 2 "x" found there'),
    ],
)
def test_a_path_that_leads_nowhere_is_told(settings, given, message):
    with pytest.raises(ConfigError, match=message):
        override(settings, [given])


def test_one_setting_is_put_at_its_path():
    settings = {"a": {}}
    put(settings, ["a", "b"], 1, "a.b")
    assert settings == {"a": {"b": 1}}
