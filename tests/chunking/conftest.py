"""A collection of short and long documents in two splits, a tiny model, and its chunks."""

import json

import pytest

import hardneg
from tests import tiny

COLOURS = "red green blue black white grey brown pink gold teal".split()


def sentence(*words):
    return f"{' '.join(words)}."


def long_document(colour, place):
    """Five sentences of 12 letters or so, of which one, by its place from 0, has the colour."""
    return " ".join(sentence("It", "is", colour if n == place else "bare", f"n{n}") for n in range(5))


def documents():
    """`d0` to `d9` are long, their colour in the sentence n % 5; `s0` to `s3` are one short sentence."""
    rows = [
        {"_id": f"d{n}", "title": f"t{n}", "text": long_document(colour, n % 5), "url": "u"}
        for n, colour in enumerate(COLOURS)
    ]
    return rows + [{"_id": f"s{n}", "title": "", "text": f"{COLOURS[n]} short"} for n in range(4)]


def write_collection(folder):
    """Writes a BEIR folder: `train` has q0 to q6, `test` q7 to q9; each asks for a document's colour."""
    (folder / "qrels").mkdir(parents=True)
    queries = [{"_id": f"q{n}", "text": f"what is {colour}"} for n, colour in enumerate(COLOURS)]
    train = [f"q{n}\td{n}\t1" for n in range(7)] + ["q0\ts0\t2", "q1\td5\t0", "q2\ts3\t0"]
    test = [f"q{n}\td{n}\t1" for n in range(7, 10)]
    for name, rows in (("corpus", documents()), ("queries", queries)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    for split, lines in (("train", train), ("test", test)):
        text = "\n".join(["query-id\tcorpus-id\tscore", *lines]) + "\n"
        (folder / "qrels" / f"{split}.tsv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def source(tmp_path):
    """A BEIR folder."""
    return write_collection(tmp_path / "source")


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A tiny model whose tokens are letters, and which reads 32 of them."""
    return str(tiny.bi_encoder(tmp_path_factory.mktemp("model")))


@pytest.fixture
def cut(source, tmp_path, model):
    """Cuts the collection and returns (the folder, chunks.json)."""

    def call(tokens=24, out="chunks", given=source, **settings):
        settings = {"model": model, "ranker": "bm25", **settings}
        folder = tmp_path / out
        return folder, hardneg.chunk(given, folder, tokens=tokens, **settings)

    return call


def lines(path):
    """Returns the fields of a file's lines, without its header."""
    return [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]


def rows(path):
    """Returns the objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def content(folder):
    """Returns the bytes of all files of a folder, by path."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
