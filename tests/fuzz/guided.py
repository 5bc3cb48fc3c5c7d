"""Fuzzing of the loaders guided by coverage: `python -m tests.fuzz.guided CORPUS -max_total_time=600`.

Needs the extra `fuzz` (atheris). The first byte says what the file is called, the rest is its content. What
is read or refused is fine; any other exception stops the run and leaves the input in a file.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["hardneg"]):
    from hardneg.core.errors import HardnegError
    from hardneg.core.settings import parse_yaml
    from hardneg.mining.recipe import Recipe
    from hardneg.sources import LoadOptions, load

NAMES = (
    "a.jsonl",
    "a.csv",
    "a.tsv",
    "a.jsonl.gz",
    "a.jsonl.zst",
    "a.yaml",
    "docs.sgml",
    "topics.txt",
    "qrels.txt",
)
TREC = {"docs.sgml": b"d1\tone\n", "topics.txt": b"q1\twhat\n", "qrels.txt": b"q1 0 d1 1\n"}
OPTIONS = LoadOptions(split="all", empty_texts="skip", unknown_ids="skip")


def look(folder: Path, content: bytes) -> None:
    """Reads one input as a loader or the recipe parser would."""
    name = NAMES[content[0] % len(NAMES)] if content else NAMES[0]
    try:
        if name == "a.yaml":
            settings = parse_yaml(content[1:].decode("utf-8", "replace"), name)
            Recipe.build(settings if isinstance(settings, dict) else {})
            return
        for other, plain in TREC.items() if name in TREC else ():
            (folder / other).write_bytes(plain)
        (folder / name).write_bytes(content[1:])
        load(str(folder if name in TREC else folder / name), OPTIONS)
    except HardnegError:
        return


def main() -> None:
    """Runs until it is stopped."""
    with tempfile.TemporaryDirectory() as folder:
        atheris.Setup(sys.argv, lambda content: look(Path(folder), content))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
