"""Flags, YAML and Python build the same recipe; what does not fit is refused in one line."""

from types import SimpleNamespace

import pytest
import yaml

from hardneg.core.errors import ConfigError, DataError
from hardneg.mining import pipeline, recipes
from hardneg.mining.recipe import RankSettings, Recipe, recipe_names, register_recipe
from hardneg.rankers.bm25 import Bm25
from hardneg.rankers.dense import Dense
from hardneg.selection.draws.softmax import Softmax
from hardneg.selection.rules.relative_margin import RelativeMargin
from hardneg.selection.settings import SelectSettings
from hardneg.testing import FakeRanker

YAML = """
name: mine
rank:
  rankers:
    - bm25:russian
    - dense: {model: intfloat/multilingual-e5-small, query_prompt: "query: "}
  depth: 50
select:
  negatives: 7
  rules: [{relative-margin: {margin: 0.1}}]
  draw: {softmax: {temperature: 0.2}}
format: jsonl
seed: 3
"""


def test_flags_yaml_and_python_build_the_same_object(tmp_path):
    (tmp_path / "mine.yaml").write_text(YAML, encoding="utf-8")
    from_yaml = Recipe.named(str(tmp_path / "mine.yaml"))
    from_flags = Recipe.named(
        "perc-pos",
        [
            "name=mine",
            'description=""',
            "rank.rankers.dense.query_prompt='query: '",
            "rank.depth=50",
            "select.rules.relative-margin.margin=0.1",
            "select.draw={softmax: {temperature: 0.2}}",
        ],
        rankers=["bm25:russian", "dense:intfloat/multilingual-e5-small"],
        negatives=7,
        format="jsonl",
        seed=3,
    )
    from_python = Recipe.build(
        {
            "name": "mine",
            "rank": RankSettings(
                rankers=(
                    Bm25(language="russian"),
                    Dense(model="intfloat/multilingual-e5-small", query_prompt="query: "),
                ),
                depth=50,
            ),
            "select": SelectSettings(
                negatives=7, rules=(RelativeMargin(0.1),), draw=Softmax(temperature=0.2)
            ),
            "format": "jsonl",
            "seed": 3,
        }
    )
    assert from_yaml == from_flags == from_python


@pytest.mark.parametrize("name", recipe_names())
def test_every_named_recipe_builds_cites_its_source_and_survives_a_round_trip(name):
    recipe = Recipe.named(name)
    assert recipe.name == name
    assert name == "default" or "arXiv" in recipe.description or "hn_mine" in recipe.description
    assert Recipe.build(yaml.safe_load(yaml.safe_dump(recipe.settings()))) == recipe


def test_the_published_recipes_are_there():
    expected = {"naive", "shifted", "abs", "margin-pos", "perc-pos", "sampled", "simans", "bge", "default"}
    assert expected <= set(recipe_names())


def test_rankers_of_one_kind_are_numbered():
    recipe = Recipe.named("naive", rankers=["dense:a", "dense:b", "bm25"])
    assert recipe.rank.names == ("dense", "dense_2", "bm25")


def test_the_scorer_is_the_first_that_measures_similarity():
    assert Recipe.named("naive", rankers=["bm25", "dense:a"]).select.by == "dense"
    assert Recipe.named("naive", rankers=["bm25"]).select.by == "bm25"
    assert Recipe.named("naive", rankers=["dense:a", "cross-encoder:c"]).select.by == "cross-encoder"


def test_a_setting_of_a_listed_component_is_reached_by_number_too():
    recipe = Recipe.named("perc-pos", ["select.rules.0.relative-margin.margin=0.2"])
    assert recipe.select.rules == (RelativeMargin(0.2),)


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("naiv", [], 'unknown recipe "naiv"; did you mean "naive"?'),
        ("naive", ["select.negatives"], "KEY=VALUE"),
        ("naive", ["select.negatives=0"], "greater than or equal to 1"),
        ("naive", ["select.negativs=3"], 'unknown setting "select.negativs"'),
        ("naive", ["select.rules.window.first=3"], 'no "window"'),
        ("naive", ["select.draw=topp"], 'unknown draw "topp"; did you mean "top"?'),
        ("naive", ["format=triplets"], 'unknown format "triplets"'),
        ("naive", ["rank.rankers=[bm26]"], 'unknown ranker "bm26"; did you mean "bm25"?'),
        ("naive", ["rank.rankers=[]"], "rank.rankers"),
        ("naive", ["rank.order=rff"], 'unknown order "rff"; did you mean "rrf"?'),
        ("naive", ["select.by=bm25"], 'unknown ranker in by "bm25"'),
        ("perc-pos", ["select.rules.relative-margin.by=bm25"], 'unknown ranker in by "bm25"'),
        ("naive", ["select.ensemble=intra-sample"], "two teachers"),
        ("naive", ["rank.rankers=cross-encoder:x"], "finds none"),
        ("naive", ["select.rules=[{window: {first: }}"], "not YAML"),
        ("naive", ["seed=often"], "seed"),
    ],
)
def test_what_does_not_fit_is_told_in_one_line(name, overrides, message):
    with pytest.raises((ConfigError, DataError)) as caught:
        Recipe.named(name, overrides)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_or_broken_file_is_told(tmp_path):
    with pytest.raises(DataError, match="cannot read"):
        Recipe.named(str(tmp_path / "none.yaml"))
    (tmp_path / "broken.yaml").write_text("rank: [\n")
    with pytest.raises(DataError, match=r"broken\.yaml:2: not YAML"):
        Recipe.named(str(tmp_path / "broken.yaml"))
    (tmp_path / "list.yaml").write_text("- naive\n")
    with pytest.raises(DataError, match="not a mapping"):
        Recipe.named(str(tmp_path / "list.yaml"))


def test_deciding_again_refuses_another_ranking():
    ranked = Recipe.named("default").settings()
    for change in ("rank.depth=5", "load.split=test"):
        with pytest.raises(ConfigError, match="cannot be changed when deciding again"):
            Recipe.named("naive", [change], ranked_by=ranked)


def test_one_component_needs_no_list():
    assert Recipe.named("naive", ["select.rules=relative-margin"]).select.rules == (RelativeMargin(),)


def test_deciding_again_keeps_loading_and_ranking():
    first = Recipe.named("default", ["load.min_relevance=2"], rankers=["bm25", "vectors:here"])
    again = Recipe.named("naive", ranked_by=first.settings())
    assert again.rank == first.rank and again.load == first.load
    assert again.select.by == "vectors" and again.select.rules == ()


def test_one_precision_for_all_models():
    recipe = Recipe.named("default", rankers=["bm25", "dense:a", "dense:b"])
    chosen = recipe.in_precision("bf16")
    assert [getattr(ranker, "precision", None) for ranker in chosen.rank.rankers] == [None, "bf16", "bf16"]
    assert chosen == Recipe.build(chosen.settings())
    with pytest.raises(ConfigError, match="Input should be 'auto', 'fp32', 'bf16' or 'fp16', found 'int8'"):
        recipe.in_precision("int8")
    with pytest.raises(ConfigError, match="no ranker of the recipe has a precision"):
        Recipe.named("default", rankers=["bm25"]).in_precision("fp32")


def test_recipes_of_other_packages_have_names_too(tmp_path, monkeypatch):
    mine = {"rank": {"rankers": ["bm25"]}, "format": "jsonl"}
    (tmp_path / "mine.yaml").write_text(YAML, encoding="utf-8")
    offered = {
        "of-mapping": mine,
        "of-function": lambda: mine,
        "of-file": tmp_path / "mine.yaml",
        "of-number": 3,
    }
    points = {
        name: SimpleNamespace(value=f"package:{name}", load=lambda v=v: v) for name, v in offered.items()
    }
    monkeypatch.setattr(recipes, "_offered", lambda: points)
    assert {*offered, "default"} <= set(recipe_names())
    assert Recipe.named("of-mapping").rank == Recipe.named("of-function").rank == Recipe.build(mine).rank
    assert Recipe.named("of-mapping").name == "of-mapping"
    assert Recipe.named("of-file") == Recipe.named(str(tmp_path / "mine.yaml"))
    with pytest.raises(DataError, match="recipe of-number is a int, not a mapping"):
        Recipe.named("of-number")
    points["broken"] = SimpleNamespace(value="package:broken", load=lambda: 1 / 0)
    with pytest.raises(
        ConfigError, match="recipe broken of package:broken cannot be loaded: ZeroDivisionError"
    ):
        Recipe.named("broken")


def test_a_recipe_is_registered_once_under_its_name(monkeypatch):
    monkeypatch.setattr(recipes, "_REGISTERED", {})
    mine = {"rank": {"rankers": ["bm25"]}, "format": "jsonl"}
    register_recipe("ours", mine)
    register_recipe("ours", dict(mine))
    assert "ours" in recipe_names() and Recipe.named("ours", negatives=2).select.negatives == 2
    for name in ("ours", "naive"):
        with pytest.raises(ConfigError, match="exists already"):
            register_recipe(name, {**mine, "seed": 1})


def test_deciding_again_keeps_components_that_are_objects():
    fake = FakeRanker([[0.5]])
    first = Recipe.named("naive", rankers=["bm25", fake])
    again = Recipe.named("perc-pos", ranked_by=first)
    assert again.rank.rankers[1] is fake and again.name == "perc-pos"


def test_attenuation_needs_probabilities_and_then_all_negatives_weigh_one(collection):
    settings = ["select.attenuate=true", "rank.rankers=[bm25]", "validation.calibrate=true"]
    with pytest.raises(ConfigError, match="select.attenuate draws by the probabilities"):
        Recipe.named("naive", settings[:2])
    run = pipeline.mine(collection, Recipe.named("naive", settings))
    weights = run.candidates["weight"].drop_null().to_pylist()
    assert weights and set(weights) == {1.0}
