"""The documentation names all there is, and what it tells to run runs."""

import importlib.resources
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import typer.main
import yaml

from hardneg import cli
from hardneg.evaluate.measures import DEFAULT
from hardneg.export import FORMATS, usage
from hardneg.load import LoadOptions
from hardneg.rank import RANKERS
from hardneg.rank.dense import Dense
from hardneg.rank.fuse import FUSIONS
from hardneg.rank.tokenize import LANGUAGES
from hardneg.recipe import RankSettings, Recipe, read_recipe, recipe_names
from hardneg.select import DRAWS, RULES
from hardneg.select.exclude import EXCLUSIONS
from hardneg.select.selector import MAX_USES, NO_ANCHOR_SCORE, NO_SCORE, SURPLUS
from hardneg.select.settings import SelectSettings
from hardneg.testing import FakeRanker
from hardneg.train import TrainSettings
from hardneg.train.losses import LOSSES
from hardneg.validate import VALIDATORS
from hardneg.validate.settings import ValidateSettings
from tests.test_cli import run

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
READMES = [ROOT / "README.md", ROOT / "README.ru.md"]
PAGES = sorted([*READMES, *DOCS.glob("*.md")])
NOT_THERE = re.compile(r"[A-Z]{3,}|\b(ir|hf):")  # placeholders, and sources that need a network
COMMAND = typer.main.get_command(cli.app)


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def section(text, title):
    """Returns what stands below a heading, up to the next one of its level."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,3}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f'there is no heading "{title}"'
    return found[2]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def cells(text):
    """Returns {setting: default} of the tables in a text."""
    return dict(re.findall(r"^\| `([\w.]+)` \| (.*?) \|", text, re.MULTILINE))


def shown(field):
    """Returns how a setting's default is documented."""
    default = field.default
    if field.is_required():
        return "required"
    if hasattr(default, "__pydantic_fields__"):
        default = DRAWS.name_of(default)
    if isinstance(default, str):
        return f"`{default}`" if default else '`""`'
    return f"`{json.dumps(default)}`"


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
    known = {flag for option in COMMAND.commands[name].params for flag in option.opts} | {"--help"}
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
        ("sources.md", "load.", LoadOptions.__pydantic_fields__),
    ],
)
def test_every_setting_and_its_default_are_documented(document, prefix, fields):
    told = {name: default for name, default in cells(page(document)).items() if name.startswith(prefix)}
    assert told == {f"{prefix}{name}": shown(field) for name, field in fields.items()}


def test_every_setting_of_a_training_and_its_default_are_documented():
    told = cells(section(page("training.md"), "Settings"))
    plain = TrainSettings().plain() | {"loss": "infonce"}
    shown_as = {
        name: f"`{value}`" if isinstance(value, str) else f"`{json.dumps(value)}`"
        for name, value in plain.items()
    }
    assert told == shown_as


@pytest.mark.parametrize("name", LOSSES.names())
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
        )
        for name in registry.names()
    ],
    ids=lambda value: value if isinstance(value, str) else value.kind,
)
def test_every_component_its_settings_and_defaults_are_documented(document, registry, name):
    headings = [part for part in page(document).split("\n#") if part.split("\n")[0].endswith(f"# `{name}`")]
    fields = registry.get(name).__pydantic_fields__
    told = [cells(part) for part in headings]
    expected = {setting: shown(field) for setting, field in fields.items()}
    assert any(all(one.get(key) == value for key, value in expected.items()) for one in told), (
        f"{document} tells of {name} {told}, expected {expected}"
    )


def test_every_fusion_and_language_is_documented():
    for name in FUSIONS:
        assert f"`{name}`" in page("recipes.md")
    for code, name in LANGUAGES.items():
        assert f"{name} (`{code}`)" in page("rankers.md")


# Recipes and formats


@pytest.mark.parametrize("name", recipe_names())
def test_every_recipe_is_shown_as_it_is(name):
    part = section(section_of_recipes(), f"`{name}`")
    told = yaml.safe_load(blocks(part, "yaml")[0])
    assert {"name": name, "description": read_recipe(name)["description"], **told} == read_recipe(name)
    assert "When to use it" in " ".join(part.split())


def section_of_recipes():
    return page("recipes.md").split("\n## Writing one")[0]


def test_the_example_of_a_recipe_is_one(tmp_path):
    written = tmp_path / "ours.yaml"
    part = section(page("recipes.md"), "Writing one")
    written.write_text(blocks(part, "yaml")[0], encoding="utf-8")
    assert Recipe.named(str(written)).name == "ours"


@pytest.mark.parametrize("name", FORMATS.names())
def test_every_format_says_how_to_load_it(name):
    form = FORMATS.get(name)
    assert usage(form, f"train{form.suffix}") in section(page("formats.md"), f"`{name}`")


@pytest.mark.parametrize("readme", READMES, ids=lambda path: path.name)
def test_readme_lists_every_recipe_ranker_and_format(readme):
    text = readme.read_text(encoding="utf-8")
    for name in (*recipe_names(), *RANKERS.names(), *FORMATS.names()):
        assert f"`{name}`" in text or f"`{name}:" in text, f"{name} is not in {readme.name}"


def test_the_recipes_are_all_that_there_are():
    files = importlib.resources.files("hardneg.recipes").iterdir()
    assert recipe_names() == sorted(f.name.removesuffix(".yaml") for f in files if f.name.endswith(".yaml"))


# What the pages tell to run


@pytest.fixture
def at_home(beir, tmp_path, monkeypatch):
    """A working directory with the collection, and a dense ranker that needs no model."""
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    Path("my-collection").symlink_to(beir)
    pairs = [{"query": f"amber {word}", "positive": f"a resin of {word}"} for word in ("fir", "elm")]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs), encoding="utf-8")
    questions = next(block for block in blocks(page("index.md"), "json"))
    Path("questions.jsonl").write_text(questions, encoding="utf-8")
    texts = [{"text": f"amber is sold in {town}"} for town in ("Riga", "Oslo", "Kiel")]
    Path("documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts), encoding="utf-8")

    def open_fake(settings, collection, context):
        scores = np.random.default_rng(0).random((len(collection.queries), len(collection.documents)))
        scores[collection.judgments.query, collection.judgments.doc] = 0.9
        return FakeRanker(scores)

    monkeypatch.setattr(Dense, "open", open_fake)


def mined(*options, out="run"):
    run("mine", "my-collection", "--out", out, "--ranker", "bm25", "--quiet", *options)


def shell_lines(path):
    lines = "".join(blocks(path.read_text(encoding="utf-8"), "sh")).splitlines()
    return [line for line in lines if line.startswith("hardneg ") and not NOT_THERE.search(line)]


COMMANDS = list(dict.fromkeys(line for path in PAGES for line in shell_lines(path)))


def test_the_pages_show_commands():
    assert {shlex.split(line)[1] for line in COMMANDS} >= {"mine", "select", "export"}


@pytest.mark.parametrize("line", COMMANDS)
def test_what_the_pages_tell_to_run_runs(line, at_home):
    arguments = shlex.split(line)[1:]
    if arguments[0] in ("demo", "review"):  # one takes minutes, the other waits for a person
        COMMAND.commands[arguments[0]].make_context(arguments[0], arguments[1:])
        return
    if arguments[0] != "mine":
        mined()
    run(*arguments)


def test_the_commands_of_the_readme_run_one_after_the_other(at_home):
    lines = shell_lines(READMES[0])
    assert len(lines) == 4
    for line in lines:
        run(*shlex.split(line)[1:])
    run("diff", "run", "run-simans")


@pytest.mark.parametrize(
    "code", blocks(READMES[0].read_text(encoding="utf-8"), "python"), ids=["mine", "compat"]
)
def test_the_python_of_the_readme_runs(code, at_home):
    exec(compile(code, "README.md", "exec"), {})


LOOKED_AT = ("ledger.md", "formats.md", "auditing.md", "report.md")
LOOKS = [code for name in LOOKED_AT for code in blocks(page(name), "python")]


@pytest.mark.parametrize("code", [code for code in LOOKS if "load_dataset" not in code])
def test_the_python_of_the_pages_runs(code, at_home):
    mined()
    exec(compile(code, "docs", "exec"), {})


@pytest.mark.parametrize("name", ["index.md", "index-ru.md"])
def test_the_start_page_shows_what_really_comes_out(name, at_home, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run(*shlex.split(shell_lines(DOCS / name)[0])[1:])
    printed = capsys.readouterr().err
    shown = "".join(blocks(page(name), "text"))
    told = [line for line in shown.splitlines() if not line.startswith(("│ seconds", "{"))]
    assert [line for line in told if line not in printed] == []
    first = next(line for line in shown.splitlines() if line.startswith("{"))
    assert Path("run/train.jsonl").read_text(encoding="utf-8").startswith(f"{first}\n")


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


def test_every_column_and_reason_of_the_ledger_is_documented(at_home):
    mined("--set", "select.anchor=pair")
    for column in pq.read_schema("run/ledger/part-00000.parquet").names:
        name = re.sub(r"\.\w+$", ".NAME", column)
        assert f"`{name}`" in page("ledger.md")
    components = [name.replace("-", "_") for name in (*RULES.names(), *DRAWS.names())]
    for reason in (*EXCLUSIONS, *components, NO_SCORE, NO_ANCHOR_SCORE, SURPLUS, MAX_USES):
        assert f"`{reason}`" in page("ledger.md")


def test_every_field_of_run_json_is_documented(at_home):
    mined()
    run("select", "run", "--recipe", "naive", "--out", "again", "--quiet")
    told = section(page("architecture.md"), "run.json")
    written = json.loads(Path("again/run.json").read_text(encoding="utf-8"))
    for name in (*written, *written["collection"], *written["counts"], *written["export"]):
        assert f"`{name}`" in told, f"{name} is not documented"


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
