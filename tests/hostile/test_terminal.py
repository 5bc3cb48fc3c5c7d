"""Texts of others reach the terminal as text: no control characters, no endless lines."""

import json
from pathlib import Path

import pytest

import hardneg
from hardneg.core.display import message, printable, visible
from hardneg.exporters.card import write_card
from hardneg.exporters.markdown import plain
from tests.cli.test_cli import run
from tests.llm.llm import reply

ESC = "\x1b[2J\x1b]0;title\x07\x9b31m\u202e\x7f"
ORDERS = [sign for sign in ESC if not visible(sign) == sign]


def obeyed(text):
    return [sign for sign in ORDERS if sign in text]


@pytest.fixture
def evil(beir):
    """The collection with a document and a query whose ids and texts give orders to terminals."""
    for name in ("corpus", "queries"):
        path = beir / f"{name}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        for row in rows:
            row["text"] += f" {ESC}"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return beir


def test_texts_are_shown_and_not_obeyed():
    assert visible("a\x1b[2J\nb\tc\x9b\u202e\ud800") == "a\\x1b[2J\nb\tc\\x9b\\u202e\\ud800"
    assert printable("a\r\nb\x07", 3) == "a b..."
    assert visible("Ёж 日本 نیم\u200cفاصله 👩\u200d🔬") == "Ёж 日本 نیم\u200cفاصله 👩\u200d🔬"
    line = message(f'no document "{"x" * 10**6}" in it; name another')
    assert len(line) < 400 and line.startswith('no document "xx') and line.endswith("name another")
    assert len(message("word " * 10**5)) < 5000


def test_answers_and_errors_of_a_server(evil, served, tmp_path, capfd):
    run("mine", evil, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", "bm25")
    served.grade = lambda query, document, model: f"Grade: 1 {ESC}"
    served.failures = [reply(f'{{"error": {json.dumps(ESC)}}}', 413)]
    command = ["judge", tmp_path / "run", "--endpoint", served.url, "--model", f"m{ESC}", "--retries", 0]
    run(*command, expect=2)
    run(*command)
    run(*command, "--json")
    run("generate", evil, *command[2:], "--dry-run")
    run("diff", tmp_path / "run", tmp_path / "run")
    run("judge", tmp_path / "run", "--endpoint", f"ftp://{ESC}", "--model", "m", expect=2)
    run("judge", tmp_path / f"none{ESC}", *command[2:], expect=2)
    printed = capfd.readouterr()
    assert "\\x1b" in printed.err and not obeyed(printed.out + printed.err.replace("\x1b[0m", ""))


def test_endless_ids(beir, tmp_path, write, served, capfd):
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", "bm25", "--quiet")
    pairs = write("pairs.jsonl", [{"query_id": "q1", "doc_id": f"x{ESC}" * 50_000}])
    command = ["--endpoint", served.url, "--model", "m", "--pairs", pairs]
    run("judge", tmp_path / "run", *command, expect=2)
    error = capfd.readouterr().err
    assert len(error) < 5000 and error.count("\n") == 1 and not obeyed(error)
    assert "no document" in error and "collection of the run" in error


RECIPES = Path(hardneg.__file__).parent / "mining" / "recipes"
DESCRIPTIONS = [hardneg.Recipe.named(path.stem).description for path in RECIPES.glob("*.yaml")]
NAMES = [
    "a`b",
    "a|b",
    "a\nb",
    "<script>x</script>",
    "![x](http://x)",
    "[x](y)",
    "```\n# x",
    "a\\",
    "-->",
    "&lt;",
    ESC,
]


def test_the_card_escapes_names(beir, tmp_path):
    run("mine", beir, "--out", tmp_path / "run", "--recipe", "naive", "--ranker", "bm25", "--quiet")
    info = json.loads((tmp_path / "run" / "run.json").read_text())
    assert all(plain(text) == " ".join(text.split()) for text in DESCRIPTIONS)
    for name in NAMES:
        changed = {**info, "source": name, "command": f"hardneg mine {name}"}
        changed["collection"] = {**info["collection"], "name": name}
        changed["recipe"] = {**info["recipe"], "name": name, "description": name}
        changed["export"] = {**info["export"], "files": [f"train{name}.jsonl"], "notes": {name: 1}}
        write_card(changed, tmp_path / "card.md")
        card = (tmp_path / "card.md").read_text()
        prose = _without_code(card)
        for sign in ("<script", "](http://x)", "[x](y)"):
            assert sign not in prose.replace("x\\](", "x("), (name, sign)
        assert "\n# x" not in prose and not obeyed(card), name
        assert sum(line.startswith("## ") for line in prose.splitlines()) >= 7, name


def _without_code(card):
    """Returns a card without its front matter, its code blocks and its code spans."""
    import re

    card = card.split("\n---\n", 1)[1]
    card = re.sub(r"^(`{3,})[a-z]*\n.*?^\1$", "", card, flags=re.DOTALL | re.MULTILINE)
    return re.sub(r"(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)", "", card)
