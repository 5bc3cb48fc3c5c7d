"""Tables for notebooks, and the settings in which two differ."""

from hardneg.core.tables import differing, flat, html_table


def test_a_table_has_a_title_heads_and_rows():
    shown = html_table("a run", [("documents", 1234567), ("rate", 0.123456)], ("what", "value"))
    assert shown.startswith(
        "<table><caption>a run</caption><thead><tr><th>what</th><th>value</th></tr></thead>"
    )
    assert ">1,234,567</td>" in shown and ">0.123</td>" in shown and shown.count("<tr>") == 3


def test_all_texts_are_escaped():
    shown = html_table("<b>", [("<script>", '"&"')], ["<i>"])
    assert not any(tag in shown for tag in ("<b>", "<script>", "<i>"))
    assert "&lt;script&gt;" in shown and "&quot;&amp;&quot;" in shown
    assert "<thead>" not in html_table("title", [("a", "b")])


def test_long_texts_are_cut():
    assert f">{'x' * 160}</td>" in html_table("t", [("x" * 160,)])
    assert f">{'x' * 160} …</td>" in html_table("t", [("x" * 161,)])


SETTINGS = {"select": {"draw": {"top": {"by": None}}, "rules": [{"window": {"first": 2}}]}, "seed": 1}


def test_nested_settings_become_paths():
    assert flat(SETTINGS) == [
        ("select.draw.top.by", "None"), ("select.rules.window.first", "2"), ("seed", "1"),
    ]  # fmt: skip
    assert flat({"a": {}, "b": [], "c": [1, 2]}) == [("a", "{}"), ("b", "[]"), ("c", "[1, 2]")]


def test_what_differs_is_changed_or_new():
    after = {"select": {"draw": {"uniform": {"by": None}}, "rules": [{"window": {"first": 3}}]}, "seed": 1}
    assert differing(SETTINGS, after) == ["select.draw.uniform.by", "select.rules.window.first"]
    assert differing(SETTINGS, SETTINGS) == []
