"""The documentation names all there is, with its settings and defaults."""

import importlib.resources
import json
import os
import re
import subprocess
import sys

import pyarrow.parquet as pq
import pytest
import typer.main
import yaml

from hardneg import cli
from hardneg.core.components import (
    DRAWS,
    FORMATS,
    LOSSES,
    POSITIVE_VALIDATORS,
    RANKERS,
    RULES,
    VALIDATORS,
)
from hardneg.core.components.format import usage
from hardneg.core.exclusions import EXCLUSIONS
from hardneg.evaluation.measures import DEFAULT
from hardneg.mining.recipe import RankSettings, Recipe, read_recipe, recipe_names
from hardneg.rankers.fusion import FUSIONS
from hardneg.rankers.inverted.languages import OTHERS, STEMMED
from hardneg.selection.selector import MAX_USES, NO_ANCHOR_SCORE, NO_SCORE, SURPLUS
from hardneg.selection.settings import SelectSettings
from hardneg.sources import LoadOptions
from hardneg.training import TrainSettings
from hardneg.validators.positives.settings import PositiveSettings
from hardneg.validators.settings import ValidateSettings
from tests.cli.test_cli import run
from tests.pages import DOCS, PAGES, READMES, ROOT, blocks, page, section

COMMAND = typer.main.get_command(cli.app)


def cells(text):
    """Returns {setting: default} of the tables in a text."""
    return dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", text, re.MULTILINE))


def shown(field):
    """Returns how a setting's default is documented."""
    default = field.get_default(call_default_factory=True)
    if field.is_required():
        return "required"
    if hasattr(default, "__pydantic_fields__"):
        default = DRAWS.name_of(default)
    if isinstance(default, tuple):
        default = [each if isinstance(each, str) else POSITIVE_VALIDATORS.name_of(each) for each in default]
    if isinstance(default, str):
        return f"`{default}`" if default else '`""`'
    return f"`{json.dumps(default)}`"


def own(registry):
    """Returns the names of the components that hardneg itself has, not those of other tests."""
    return [name for name in registry.names() if registry.get(name).__module__.startswith("hardneg.")]


# Commands


@pytest.mark.parametrize("name", sorted(COMMAND.commands))
def test_every_command_and_option_is_documented(name):
    text = section(page("commands.md"), f"`{name}`")
    for option in COMMAND.commands[name].params:
        for flag in option.opts if option.param_type_name == "option" else ():
            assert re.search(rf"`{flag}[` ]", text), f"{name} {flag} is not documented"


def test_the_options_of_hardneg_itself_are_documented():
    text = section(page("commands.md"), "`hardneg`")
    for option in COMMAND.params:
        assert f"`{option.opts[0]}`" in text


@pytest.mark.parametrize("name", sorted(COMMAND.commands))
def test_no_option_is_documented_that_is_not_there(name):
    text = section(page("commands.md"), f"`{name}`")
    params = COMMAND.commands[name].params
    known = {flag for one in params for flag in (*one.opts, *one.secondary_opts)} | {"--help"}
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `-")]
    assert {flag for row in rows for flag in re.findall(r"`(--?[\w-]+)", row)} <= known


def test_no_command_is_documented_that_is_not_there():
    headings = re.findall(r"^## `(\w+)`", page("commands.md"), re.MULTILINE)
    assert set(headings) == {"hardneg", *COMMAND.commands}


# Settings


@pytest.mark.parametrize(
    ("document", "prefix", "fields"),
    [
        ("recipes.md", "rank.", RankSettings.model_fields),
        ("recipes.md", "select.", SelectSettings.model_fields),
        ("validation.md", "validation.", ValidateSettings.model_fields),
        ("positives.md", "positives.", PositiveSettings.model_fields),
        ("sources.md", "load.", LoadOptions.__pydantic_fields__),
    ],
)
def test_every_setting_and_its_default_are_documented(document, prefix, fields):
    stated = {name: default for name, default in cells(page(document)).items() if name.startswith(prefix)}
    assert stated == {f"{prefix}{name}": shown(field) for name, field in fields.items()}


def test_every_setting_of_a_training_and_its_default_are_documented():
    stated = cells(section(page("training.md"), "Settings"))
    plain = TrainSettings().plain() | {"loss": "infonce"}
    shown_as = {
        name: f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"
        for name, value in plain.items()
    }
    assert stated == shown_as


@pytest.mark.parametrize("name", own(LOSSES))
def test_every_loss_and_its_settings_are_documented(name):
    row = next(line for line in page("training.md").splitlines() if line.startswith(f"| `{name}` |"))
    for setting in LOSSES.get(name).__pydantic_fields__:
        assert f"`{setting}`" in row


def test_every_measure_is_documented():
    for measure in DEFAULT:
        assert f"`{measure.kind}" in section(page("evaluation.md"), "Measures")


def test_every_part_of_a_recipe_is_documented():
    assert set(cells(section(page("recipes.md"), "Settings"))) == set(Recipe.model_fields)


@pytest.mark.parametrize(
    ("document", "registry", "name"),
    [
        (document, registry, name)
        for document, registry in (
            ("rankers.md", RANKERS),
            ("recipes.md", RULES),
            ("recipes.md", DRAWS),
            ("formats.md", FORMATS),
            ("validation.md", VALIDATORS),
            ("positives.md", POSITIVE_VALIDATORS),
        )
        for name in own(registry)
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_every_component_its_settings_and_defaults_are_documented(document, registry, name):
    headings = [part for part in page(document).split("\n#") if part.split("\n")[0].endswith(f"# `{name}`")]
    fields = registry.get(name).__pydantic_fields__
    stated = [cells(part) for part in headings]
    expected = {setting: shown(field) for setting, field in fields.items()}
    assert any(all(one.get(key) == value for key, value in expected.items()) for one in stated), (
        f"{document} tells of {name} {stated}, expected {expected}"
    )


def test_every_fusion_and_language_is_documented():
    for name in FUSIONS:
        assert f"`{name}`" in page("recipes.md")
    for code, name in (STEMMED | OTHERS).items():
        assert f"{name} (`{code}`)" in page("rankers.md")


# Recipes and formats


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_shown_as_it_is(name):
    part = section(section_of_recipes(), f"`{name}`")
    stated = yaml.safe_load(blocks(part, "yaml")[0])
    assert {"name": name, "description": read_recipe(name)["description"], **stated} == read_recipe(name)
    assert "When to use it" in " ".join(part.split())


def section_of_recipes():
    return page("recipes.md").split("\n## Writing one")[0]


def test_the_example_of_a_recipe_is_one(tmp_path):
    written = tmp_path / "ours.yaml"
    part = section(page("recipes.md"), "Writing one")
    written.write_text(blocks(part, "yaml")[0], encoding="utf-8")
    assert Recipe.named(str(written)).name == "ours"


@pytest.mark.parametrize("name", own(FORMATS))
def test_every_format_says_how_to_load_it(name):
    form = FORMATS.get(name)
    assert usage(form, f"train{form.suffix}") in section(page("formats.md"), f"`{name}`")


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_readme_lists_every_recipe_ranker_and_format(readme):
    text = readme.read_text(encoding="utf-8")
    for name in (*recipe_names(), *own(RANKERS), *own(FORMATS)):
        assert f"`{name}`" in text or f"`{name}:" in text, f"{name} is not in {readme.name}"


def test_the_recipes_are_all_that_there_are():
    files = importlib.resources.files("hardneg.mining.recipes").iterdir()
    assert recipe_names() == sorted(f.name.removesuffix(".yaml") for f in files if f.name.endswith(".yaml"))


# The site


def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--site-dir", str(tmp_path / "site")]
    built = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    )
    assert built.returncode == 0 and "WARNING" not in built.stderr, built.stderr
    assert "hardneg.open_run" in (tmp_path / "site" / "api" / "index.html").read_text(encoding="utf-8")
    home = (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    assert not re.search(r'<(script|link)[^>]+(src|href)="https?://', home)


def test_every_page_is_in_the_site_and_shows_pictures_that_are_there():
    listed = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in DOCS.glob("*.md"):
        assert f": {path.name}" in listed
        for image in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", path.read_text(encoding="utf-8")):
            assert (DOCS / image).is_file(), f"{path.name} shows {image}"


def test_both_readmes_show_the_same_code():
    fences = [
        re.findall(r"^```\w*\n.*?^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
        for path in READMES
    ]
    assert fences[0] == fences[1]
    headings = [len(re.findall(r"^#+ ", path.read_text(encoding="utf-8"), re.MULTILINE)) for path in READMES]
    assert headings[0] == headings[1]


# What a run writes


def mined(beir, folder, *options):
    """Mines by BM25 and returns the run directory."""
    run("mine", beir, "--out", folder, "--recipe", "perc-pos", "--ranker", "bm25", "--quiet", *options)
    return folder


def test_every_column_and_reason_of_the_ledger_is_documented(beir, tmp_path):
    folder = mined(beir, tmp_path / "run", "--set", "select.anchor=pair")
    for column in pq.read_schema(folder / "ledger" / "part-00000.parquet").names:
        name = re.sub(r"\.\w+$", ".NAME", column)
        assert f"`{name}`" in page("ledger.md")
    components = [name.replace("-", "_") for name in (*own(RULES), *own(DRAWS))]
    for reason in (*EXCLUSIONS, *components, NO_SCORE, NO_ANCHOR_SCORE, SURPLUS, MAX_USES):
        assert f"`{reason}`" in page("ledger.md")


def test_every_field_of_run_json_is_documented(beir, tmp_path):
    folder = mined(beir, tmp_path / "run")
    run("select", folder, "--recipe", "naive", "--out", tmp_path / "again", "--quiet")
    stated = section(page("architecture.md"), "run.json")
    written = json.loads((tmp_path / "again" / "run.json").read_text(encoding="utf-8"))
    for name in (*written, *written["collection"], *written["counts"], *written["export"]):
        assert f"`{name}`" in stated, f"{name} is not documented"


# Links


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.is_file(), f"{path.name}: {link}"
        assert not anchor or anchor in anchors(target), f"{path.name}: {link}"


def anchors(path):
    """Returns the anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
