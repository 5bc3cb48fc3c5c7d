"""Damaged and forged files of judging and generating: what they held is asked again, or refused in one line.

Where only damage is possible, the verdicts and the generated texts are those of the whole files.
"""

import json
import random
import shutil

import pytest

from tests.cli.test_cli import run
from tests.conftest import small_collection
from tests.hostile.mutations import COUNT, damage, forge, forge_lines, outcome, summed_up
from tests.llm.llm import serving


def answered(request):
    """Returns what the model says: queries for a document, or a grade of a pair."""
    prompt = request["messages"][0]["content"]
    if "response_format" in request and "queries" in str(request["response_format"]):
        return json.dumps({"queries": [f"{word} birch" for word in ("amber", "cedar", "delta")]})
    return f"Grade: {len(prompt) % 4}"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a judged run, generated queries, and the cache of answers; pristine copies beside."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch, serving() as (llm, url):
        patch.setenv("HARDNEG_CACHE", str(folder / "cache"))
        patch.delenv("OPENAI_API_KEY", raising=False)
        llm.answer = answered
        beir = small_collection(folder / "beir")
        run("mine", beir, "--out", folder / "run", "--recipe", "naive", "--ranker", "bm25", "--quiet")
        for command in commands(folder, url).values():
            run(*command)
        for name in PLACES:
            shutil.copytree(folder / name, folder / f"{name}-whole")
        yield folder, url


PLACES = ("run", "generated", "cache")
FILES = {
    "generated/generate.json": "generate",
    "run/judge/answers.jsonl": "judge",
    "run/judge/summary.json": "judge",
    "cache/answers.sqlite": "judge",
}


def commands(folder, url):
    """Returns the command lines that ask a model, by name."""
    model = ["--endpoint", url, "--model", "m", "--quiet"]
    return {
        "judge": ["judge", folder / "run", *model],
        "generate": ["generate", folder / "beir", "--out", folder / "generated", "--limit", 3, *model],
    }


def said(folder, which=""):
    """Returns the verdicts and the generated texts, without times."""
    names = (f"run{which}/judgments.jsonl", f"generated{which}/generated.jsonl")
    rows = [json.loads(line) for name in names for line in (folder / name).read_text().splitlines()]
    return [{**row, "time": None} for row in rows]


def changes(name):
    """Returns how a file is changed: a checksum that fits can be forged only in what is text."""
    return [damage] if name.endswith(".sqlite") else [damage, forge_lines if name.endswith("l") else forge]


CASES = [(name, change) for name in FILES for change in changes(name)]


@pytest.mark.parametrize(("name", "change"), CASES)
def test_what_a_model_said_survives_its_files(name, change, world, capsys, monkeypatch):
    folder, url = world
    monkeypatch.setenv("HARDNEG_CACHE", str(folder / "cache"))
    problems, command, wanted = [], commands(folder, url)[FILES[name]], said(folder, "-whole")
    for seed in range(4 * COUNT):
        for place in PLACES:
            shutil.rmtree(folder / place)
            shutil.copytree(folder / f"{place}-whole", folder / place)
        if name.startswith("run/"):  # the answers of the run are read where the cache has lost its own
            (folder / "cache" / "answers.sqlite").write_bytes(b"damaged")
            (folder / "run" / "judgments.jsonl").unlink()
        change(folder / name, random.Random(f"{name} {change.__name__} {seed}"))
        try:
            code, _ = outcome(command, capsys)
            assert code == 2 or change is not damage or said(folder) == wanted, "silently wrong"
        except AssertionError as error:
            problems.append(f"{seed}: {str(error).splitlines()[0]}")
    assert not summed_up(problems)
