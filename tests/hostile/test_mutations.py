"""Mutations of every file that a source reads: no traceback, no hang, no silent loss.

Each reader has a valid source; one of its files is cut off, has bytes changed, put in or taken out, lines
doubled or dropped, or another encoding. It is then read or refused in one line. What is read has all
that the lines say which are still as they were, or its notes count what is not there. `HARDNEG_FUZZ=500`
tries as many mutations of each reader.
"""

import gzip
import os
import random
import signal
from collections import Counter
from contextlib import contextmanager

import pytest
import yaml
import zstandard

from hardneg.core.components import FORMATS
from hardneg.core.errors import HardnegError
from hardneg.core.records import Example, Scored
from hardneg.mining.recipe import Recipe
from hardneg.mining.recipes import read_recipe
from hardneg.rankers.run import RunFile
from hardneg.sources import LoadOptions, load

COUNT = int(os.environ.get("HARDNEG_FUZZ", "12"))
SECONDS = 20
SKIP = LoadOptions(unknown_ids="skip", empty_texts="skip")
ALL = LoadOptions(split="all", unknown_ids="skip", empty_texts="skip")
NUMBERS = range(1, 7)
DOCS = "".join(f'{{"_id": "d{n}", "title": "t{n}", "text": "naïve text {n}"}}\n' for n in NUMBERS)
SGML = "".join(
    f"<DOC><DOCNO>d{n}</DOCNO><TITLE>t{n}</TITLE><TEXT>naïve &amp; <b>text</b> {n}</TEXT></DOC>\n"
    for n in NUMBERS
)
TOPICS = "".join(f"<top><num>q{n}</num><title>the éclair {n}</title></top>\n" for n in NUMBERS)
QRELS = "".join(f"q{n} 0 d{n} 1\n" for n in NUMBERS)
TREC = {"docs": SGML, "topics": TOPICS, "qrels": QRELS}
ROWS = [(f"the éclair {n}", f"naïve text {n}", f"another, text {n}") for n in NUMBERS]
TREC_TSV = {
    "docs": "".join(f"d{n}\tt{n}\tnaïve text {n}\n" for n in NUMBERS),
    "topics": "".join(f"q{n}\tthe éclair {n}\n" for n in NUMBERS),
    "qrels": QRELS,
}
FOLDERS = {
    "beir": {
        "corpus.jsonl": DOCS,
        "queries.jsonl": "".join(f'{{"_id": "q{n}", "text": "the éclair {n}"}}\n' for n in NUMBERS),
        "qrels/train.tsv": "".join(f"q{n}\td{n}\t1\n" for n in NUMBERS),
    },
    "trec": TREC,
    "trec-tsv": TREC_TSV,
    "trec-json": {**TREC_TSV, "docs.jsonl": DOCS.replace("_id", "docno"), "docs": None},
}
TABLES = {
    "pairs.csv": "query,positive,negative\n" + "".join(f'{q},{p},"{n}"\n' for q, p, n in ROWS),
    "pairs.tsv": "query\tpositive\tnegative\n" + "".join("\t".join(row) + "\n" for row in ROWS),
    "pairs.jsonl": "".join(f'{{"query": "{q}", "positive": "{p}", "neg": ["{n}"]}}\n' for q, p, n in ROWS),
}
TRAINING = [name for name in FORMATS.names() if name not in ("nemo", "trec")]
READERS = [*FOLDERS, *TABLES, *TRAINING, *(f"{name}{end}" for name in TABLES for end in (".gz", ".zst"))]


ODD = [b"\0", b'"', b"\\", b"<", b">", b"\n", b"\r", b"\t", b",", b"{", b"]", b"\xff", b"\xc2\x85"]
ODD += [b"<!--", b"\\ud800", b"<TEXT>", b"</DOC>", b"&#1;", b"-", b"9" * 30, b" ", b"nan", b"'", b":", b"*a"]


def mutated(content, chance):
    """Returns the content with one to three changes."""
    for _ in range(chance.randint(1, 3)):
        content = chance.choice(MUTATIONS)(content, chance)
    return content


def cut(content, chance):
    return content[: chance.randrange(len(content) + 1)]


def flipped(content, chance):
    if not content:
        return content
    changed = bytearray(content)
    changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def put_in(content, chance):
    place = chance.randrange(len(content) + 1)
    odd = [
        b"\0",
        b'"',
        b"\\",
        b"<",
        b">",
        b"\n",
        b"\r",
        b"\t",
        b",",
        b"{",
        b"]",
        b"\xff",
        b"\xc2\x85",
        b"<!--",
    ]
    odd += [
        b"\\ud800",
        b"<TEXT>",
        b"</DOC>",
        b"&#1;",
        b"-",
        b"9" * 30,
        b" ",
        b"nan",
        b"'",
        b":",
        b"*a",
        b"\x1b",
    ]
    return content[:place] + chance.choice([*odd, chance.randbytes(3)]) + content[place:]


def taken_out(content, chance):
    place = chance.randrange(len(content) + 1)
    return content[:place] + content[place + chance.randint(1, 4) :]


def doubled(content, chance):
    lines = content.splitlines(keepends=True)
    if lines:
        lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
    return b"".join(lines)


def dropped(content, chance):
    lines = content.splitlines(keepends=True)
    if lines:
        lines.pop(chance.randrange(len(lines)))
    return b"".join(lines)


def recoded(content, chance):
    names = ["utf-16", "utf-16-le", "utf-8-sig", "latin-1", "utf-32", "cp1251"]
    return content.decode("utf-8", "replace").encode(chance.choice(names), "replace")


def with_other_ends(content, chance):
    return content.replace(b"\n", chance.choice([b"\r\n", b"\n\n", b"\r", b"\n\r"]))


MUTATIONS = [cut, flipped, flipped, put_in, put_in, taken_out, doubled, dropped, recoded, with_other_ends]


class Hangs(BaseException):
    """Reading takes too long."""


@contextmanager
def in_time():
    def stop(*_):
        raise Hangs

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def or_refused(read, *given):
    """Returns what is read, None if it is refused in one line."""
    with in_time():
        try:
            return read(*given)
        except HardnegError as error:
            assert str(error).strip()
            return None


def said(collection, ids):
    """Returns what a collection says, of its texts alone or of its ids too."""
    docs, queries, judged = collection.documents, collection.queries, collection.judgments
    pairs = list(zip(judged.query.tolist(), judged.doc.tolist(), judged.relevance.tolist(), strict=True))
    texts = {("judged", *queries.texts([q]), *docs.texts([d]), r) for q, d, r in pairs}
    if not ids:
        return texts
    rows = range(len(docs))
    named = {("document", *both) for both in zip(docs.ids(rows), docs.texts(rows), strict=True)}
    named |= {
        ("document", name, docs.texts([row])[0]) for row, names in docs.aliases.items() for name in names
    }
    return named | {("judged", *queries.ids([q]), *docs.ids([d]), r) for q, d, r in pairs}


class Reader:
    """A valid source, and what each line of its files says."""

    def __init__(self, name, folder):
        self.folder, self.ids = folder / "whole", name in FOLDERS
        self.folder.mkdir()
        self.source = self._write(name)
        self.options = SKIP if self.ids else ALL
        self.files = {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file()
        }
        self.everything = said(self.read(), self.ids)
        self.says = {
            (file, line): self._said_by(file, line)
            for file, content in self.files.items()
            if self.has_lines(file)
            for line in content.splitlines()
        }

    def has_lines(self, file):
        return not file.endswith((".gz", ".zst", ".parquet"))

    def read(self):
        return load(str(self.source), self.options)

    def with_file(self, file, content):
        """Returns what is read with another content of one file, None if it is refused."""
        (self.folder / file).write_bytes(content)
        try:
            return or_refused(self.read)
        finally:
            (self.folder / file).write_bytes(self.files[file])

    def _said_by(self, file, line):
        rest = self.with_file(file, self.files[file].replace(line + b"\n", b"", 1))
        return set() if rest is None else self.everything - said(rest, self.ids)

    def _write(self, name):
        if name in FOLDERS:
            for file, text in FOLDERS[name].items():
                if text is not None:
                    (self.folder / file).parent.mkdir(exist_ok=True)
                    (self.folder / file).write_text(text, encoding="utf-8")
            return self.folder
        plain = name.removesuffix(".gz").removesuffix(".zst")
        if plain in TABLES:
            packed = gzip.compress if name.endswith(".gz") else zstandard.ZstdCompressor().compress
            content = TABLES[plain].encode()
            (self.folder / name).write_bytes(content if plain == name else packed(content))
            return self.folder / name
        form = FORMATS.make(name)
        form.write(list(examples()), self.folder / f"train{form.suffix}")
        return self.folder / f"train{form.suffix}"


def examples():
    for n, (query, positive, negative) in enumerate(ROWS):
        docs = [
            Scored(f"d{n}-{k}", "", text, 0.5, 0.25)
            for k, text in enumerate((positive, negative, negative + "!"))
        ]
        yield Example(f"q{n}", query, docs[:1], docs[1:])


@pytest.mark.parametrize("name", READERS)
def test_a_mutated_source_is_read_without_loss_or_refused(name, tmp_path, record_property):
    reader, read = Reader(name, tmp_path), 0
    assert not reader.says or any(reader.says.values())
    for number in range(COUNT):
        chance = random.Random(f"{name} {number}")
        file = chance.choice(sorted(reader.files))
        content = mutated(reader.files[file], chance)
        if content == reader.files[file]:
            continue
        collection = reader.with_file(file, content)
        if collection is None:
            continue
        read += 1
        lost = lost_lines(reader, file, content) - said(collection, reader.ids)
        assert not lost or collection.notes, (number, file, content, lost)
    record_property("read", read)


def lost_lines(reader, file, content):
    """Returns what the lines say that are in the file still, and those of all other files."""
    if not reader.has_lines(file):
        return set()
    before, after = reader.files[file].splitlines(), Counter(content.split(b"\n"))
    after.update(line.removesuffix(b"\r") for line in content.split(b"\n") if line.endswith(b"\r"))
    after.update([content.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0]])
    first = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")[0].removesuffix(b"\r")
    if not reader.ids and file.endswith((".csv", ".tsv")) and first != before[0]:
        return set()  # columns of other names are not read
    kept = [line for line in before if after[line]]
    return set().union(*(reader.says[file, line] for line in kept)) if kept else set()


LIKE = LoadOptions(unknown_ids="skip", empty_texts="skip", similar=4, dissimilar=2)
CLASSES = {
    "classes": (
        "a.jsonl",
        [f'{{"text": "naïve text {n}", "label": "kind {n % 2}"}}' for n in NUMBERS],
        [{f"naïve text {n}"} for n in NUMBERS],
    ),
    "sts": (
        "a.jsonl",
        [
            f'{{"sentence1": "naïve {n}", "sentence2": "éclair {n}", "score": {1 + 3 * (n % 2)}.5}}'
            for n in NUMBERS
        ],
        [{f"naïve {n}", f"éclair {n}"} for n in NUMBERS],
    ),
    "classes of a table": (
        "a.csv",
        ["text,label", *(f'"naïve, text {n}",kind {n % 2}' for n in NUMBERS)],
        [set(), *({f"naïve, text {n}"} for n in NUMBERS)],
    ),
}


@pytest.mark.parametrize("name", CLASSES)
def test_a_mutated_set_without_queries_is_read_without_loss_or_refused(name, tmp_path):
    """Which positive an example draws depends on all lines; its text must not be lost."""
    file, lines, texts = CLASSES[name]
    whole, path, read = "".join(f"{line}\n" for line in lines).encode(), tmp_path / file, 0
    for number in range(COUNT):
        content = mutated(whole, random.Random(f"{name} {number}"))
        path.write_bytes(content)
        collection = or_refused(load, f"{name.split()[0]}:{path}", LIKE)
        if collection is None:
            continue
        read += 1
        left = {line.strip(b"\r") for line in content.split(b"\n")}
        kept = [own for line, own in zip(lines, texts, strict=True) if line.encode() in left]
        if file.endswith(".csv") and lines[0].encode() not in left:
            continue  # columns of other names are not read
        lost = set().union(*kept) - set(collection.documents.texts(range(len(collection.documents))))
        assert not lost or collection.notes, (number, content, lost)
    assert read or COUNT < 5


@pytest.mark.parametrize("packed", [gzip.compress, zstandard.ZstdCompressor().compress])
def test_a_packed_file_that_is_cut_off_anywhere_is_refused(packed, write, tmp_path):
    whole = packed(TABLES["pairs.jsonl"].encode())
    path = tmp_path / ("a.jsonl.gz" if packed is gzip.compress else "a.jsonl.zst")
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        assert or_refused(load, str(path), ALL) is None


def test_a_parquet_file_that_is_cut_off_anywhere_is_refused(tmp_path):
    form, path = FORMATS.make("parquet"), tmp_path / "a.parquet"
    form.write(list(examples()), path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 1 + len(whole) // (4 * COUNT)):
        path.write_bytes(whole[:end])
        assert or_refused(load, str(path), ALL) is None


def test_a_mutated_recipe_is_a_recipe_or_refused(tmp_path):
    whole = yaml.safe_dump(read_recipe("default")).encode()
    path = tmp_path / "a.yaml"
    for number in range(COUNT):
        path.write_bytes(mutated(whole, random.Random(f"recipe {number}")))
        or_refused(Recipe.named, str(path))


def test_a_mutated_run_is_read_without_loss_or_refused(tmp_path):
    whole = "".join(f"q{n} Q0 d{n} {n} {1 / n:.3f} é\n" for n in NUMBERS).encode()
    path = tmp_path / "a.run"
    for number in range(COUNT):
        content = mutated(whole, random.Random(f"run {number}"))
        path.write_bytes(content)
        run = or_refused(RunFile, path)
        if run is not None:
            kept = [line.split() for line in content.split(b"\n") if line in whole.split(b"\n") and line]
            pairs = set(zip(run.queries, run.docs, strict=True))
            assert {(line[0].decode(), line[2].decode()) for line in kept} <= pairs, number
