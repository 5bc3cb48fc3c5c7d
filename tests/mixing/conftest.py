"""Two small runs: of numbers and of letters, every query with one positive and a random negative."""

import json

import pytest

import hardneg

COLOURS = "red green blue black white grey brown pink gold".split()
FRUITS = "apple pear plum cherry grape melon lemon mango".split()


def run_of(words, folder, name, extra=()):
    """A run whose query `what is WORD` is answered by `WORD is a thing`; all documents share words."""
    pairs = [{"query": f"what is {word}", "positive": f"{word} is a {name} thing"} for word in words]
    folder.parent.mkdir(parents=True, exist_ok=True)
    path = folder.parent / f"{name}.jsonl"
    path.write_text("".join(json.dumps(pair) + "\n" for pair in [*pairs, *extra]), encoding="utf-8")
    hardneg.mine(str(path), hardneg.Recipe.named("random", negatives=1), folder, report=False)
    return folder


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    place = tmp_path_factory.mktemp("mixing")
    return [run_of(COLOURS, place / "colours-run", "colours"), run_of(FRUITS, place / "fruits-run", "fruits")]
