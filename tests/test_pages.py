"""What the pages tell to run runs: each page from top to bottom, commands and Python."""

import json
import re
import shlex
import shutil
import sys
import types
from pathlib import Path

import numpy as np
import pytest
import typer.main

from hardneg import cli
from hardneg.core.components import (
    DRAWS,
    FORMATS,
    POSITIVE_VALIDATORS,
    RANKERS,
    RULES,
    SOURCES,
    VALIDATORS,
)
from hardneg.llm.judging import PROMPTS
from hardneg.llm.prompt import read_prompt
from hardneg.rankers.dense import Dense
from hardneg.testing import FakeRanker
from tests.cli.test_cli import run
from tests.llm.generating.conftest import echo
from tests.pages import DOCS, PAGES, READMES, blocks, page, shell_lines

COMMAND = typer.main.get_command(cli.app)
ENDPOINT = "http://localhost:8000/v1"
PLACEHOLDER = re.compile(r"\b[A-Z][A-Z_,-]{2,}\b|\b(ir|hf|s3):[\w/]")  # and sources that need a network
FENCED = re.compile(r"^```py(?:thon)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
RUNS = {"RUN": "run", "OTHER": "run-other"}
PARSED = {
    "demo": "takes minutes",
    "review": "waits for a person",
    "train": "needs a model",
    "compare": "needs a model",
    "push": "needs the hub",
}


@pytest.fixture
def my_collection(beir, write):
    """The small collection with more queries: as many as calibration needs."""
    documents = [json.loads(line) for line in (beir / "corpus.jsonl").read_text("utf-8").splitlines()]
    answered = documents[:25]
    queries = [{"_id": f"q{n}", "text": f"{document['text']} x"} for n, document in enumerate(answered)]
    write("beir/queries.jsonl", queries)
    lines = [f"q{n}\td{n}\t1\n" for n in range(len(answered))]
    write("beir/qrels/train.tsv", "query-id\tcorpus-id\tscore\n" + "".join(lines))
    return beir


@pytest.fixture
def at_home(my_collection, tmp_path, monkeypatch):
    """A working directory with what the pages speak of, and a dense ranker that needs no model."""
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "home")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "datasets"))
    for name in ("my-collection", "beir"):
        Path(name).symlink_to(my_collection)
    pairs = [{"query": f"amber {word}", "positive": f"a resin of {word}"} for word in ("fir", "elm")]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs), encoding="utf-8")
    Path("questions.jsonl").write_text(blocks(page("index.md"), "json")[0], encoding="utf-8")
    texts = [{"text": f"amber is sold in {town}"} for town in ("Riga", "Oslo", "Kiel")]
    theirs = {"anchor": "amber fir", "positive": "a resin of fir", "negative": "a resin of elm"}
    Path("theirs.jsonl").write_text(json.dumps(theirs) + "\n", encoding="utf-8")
    scored = [
        {
            "query": f"amber {n}",
            "pos": [f"resin {n}"],
            "neg": [f"fur {n}", "ore"],
            "scores": [0.9, n / 60, 0.2],
        }
        for n in range(40)
    ]
    Path("scored.jsonl").write_text("".join(json.dumps(row) + "\n" for row in scored), encoding="utf-8")
    labelled = [{"text": f"{what} {n}", "label": what} for what in ("amber", "fir") for n in range(5)]
    Path("answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in labelled), encoding="utf-8")
    similar = [f"amber {n}\tamber no {n}\t{n}\n" for n in range(6)]
    Path("paragraphs.tsv").write_text("sentence1\tsentence2\tscore\n" + "".join(similar), encoding="utf-8")
    squad = [{"question": row["query"], "answer": "yes", "context": row["positive"]} for row in pairs]
    Path("squad.jsonl").write_text("".join(json.dumps(row) + "\n" for row in squad), encoding="utf-8")
    saved = {"queries": {"q": "what"}, "corpus": {"d": "that"}, "relevant_docs": {"q": ["d"]}, "mode": "text"}
    Path("llama_index.json").write_text(json.dumps(saved), encoding="utf-8")
    Path("documents.jsonl").write_text("".join(json.dumps(row) + "\n" for row in texts), encoding="utf-8")

    def open_fake(settings, collection, context):
        scores = np.random.default_rng(0).random((len(collection.queries), len(collection.documents)))
        scores[collection.judgments.query, collection.judgments.doc] = 0.9
        return FakeRanker(scores)

    monkeypatch.setattr(Dense, "open", open_fake)
    registries = RANKERS, RULES, DRAWS, VALIDATORS, POSITIVE_VALIDATORS, FORMATS, SOURCES
    for registry in registries:  # pages register their own
        registry.names()
        monkeypatch.setattr(registry, "_classes", dict(registry._classes))


def mined(*options, out="run"):
    run("mine", "my-collection", "--out", out, "--ranker", "bm25", "--quiet", *options)


@pytest.fixture
def llm(served):
    """The address of a language model that calls nothing relevant, and writes what it is asked to write."""
    graded = served.answer
    written = "list of exactly"
    served.answer = lambda asked: echo(asked) if written in asked["messages"][0]["content"] else graded(asked)
    return served.url


# Commands


def parse(arguments):
    """Refuses what the command line would refuse before it begins."""
    name, *rest = (argument for argument in arguments if argument != "[OPTIONS]")
    COMMAND.commands[name].make_context(name, [argument.strip("[]") for argument in rest])


def perform(line, llm):
    """Runs a line of a page, or parses it if it speaks of what is not here."""
    arguments = [RUNS.get(argument, argument) for argument in shlex.split(line)[1:]]
    if ENDPOINT in arguments:
        arguments = [{ENDPOINT: llm, "MODEL": "some"}.get(argument, argument) for argument in arguments]
    if arguments[0] in PARSED or PLACEHOLDER.search(" ".join(arguments)):
        parse(arguments)
        return
    if "--out" in arguments:
        shutil.rmtree(arguments[arguments.index("--out") + 1], ignore_errors=True)
    run(*arguments)


def test_the_pages_show_commands():
    shown = {shlex.split(line)[1] for path in PAGES for line in shell_lines(path)}
    assert shown >= {"mine", "select", "export", "audit", "judge", "clean", "report", "evaluate"}


@pytest.mark.parametrize("path", [p for p in PAGES if shell_lines(p)], ids=lambda path: path.name)
def test_the_commands_of_a_page_run_one_after_the_other(path, at_home, llm):
    mined()
    mined("--recipe", "naive", out="run-other")
    for line in shell_lines(path):
        perform(line, llm)


def test_a_wrong_option_on_a_page_would_be_found(at_home, llm):
    with pytest.raises(Exception, match="No such option"):
        perform("hardneg train RUN --pupil MODEL --out MODEL_DIR", llm)
    with pytest.raises(AssertionError):
        perform("hardneg report RUN --language ru", llm)


def test_the_readme_needs_no_run_to_begin_with(at_home):
    lines = shell_lines(READMES[0])
    assert len(lines) == 4
    for line in lines:
        run(*shlex.split(line)[1:])
    run("diff", "run", "run-simans")


@pytest.mark.parametrize("name", ["index.md", "index-ru.md"])
def test_the_start_page_shows_what_really_comes_out(name, at_home, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    run(*shlex.split(shell_lines(DOCS / name)[0])[1:], report=True)
    printed = capsys.readouterr().err
    shown = "".join(blocks(page(name), "text"))
    stated = [line for line in shown.splitlines() if not line.startswith(("│ seconds", "{"))]
    assert [line for line in stated if line not in printed] == []
    first = next(line for line in shown.splitlines() if line.startswith("{"))
    assert Path("run/train.jsonl").read_text(encoding="utf-8").startswith(f"{first}\n")


# Python


def python():
    """Yields (page, number on the page, code, heading above it) for every block of Python."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for number, found in enumerate(
            re.finditer(r"^```py(?:thon)?\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        ):
            yield path, number, found[1], re.findall(r"^#+ (.*)$", text[: found.start()], re.MULTILINE)[-1]


@pytest.mark.parametrize(
    ("code", "heading"),
    [pytest.param(code, heading, id=f"{path.name}-{n}") for path, n, code, heading in python()],
)
def test_the_python_of_a_page_runs(code, heading, at_home, llm, monkeypatch):
    if "mine(" not in code:
        mined()
    name = heading.strip("`")
    if name in FORMATS.names():
        form = FORMATS.get(name)
        run("export", "run", "--format", name, "-o", f"train{form.suffix}")
    if "pylate" in code:
        monkeypatch.setitem(sys.modules, "pylate", types.SimpleNamespace(utils=FakePylate))
    exec(compile(code.replace(ENDPOINT, llm), "page", "exec"), {})


class FakePylate:
    """Stands in for PyLate, which wants a release of its own of what hardneg uses."""

    class KDProcessing:
        def __init__(self, queries, documents, n_ways):
            assert n_ways > 1 and len(queries) and len(documents)

        def transform(self, rows):
            return rows


def test_the_prompt_shown_is_one(tmp_path):
    shown = next(block for block in blocks(page("judging.md"), "text") if "{query}" in block)
    (tmp_path / "prompt.txt").write_text(shown, encoding="utf-8")
    written = read_prompt(str(tmp_path / "prompt.txt"), PROMPTS, ("query", "document"))
    filled = written.fill(query="what is amber", document="a resin")
    assert "what is amber" in filled and "a resin" in filled
