"""Small files that would fill the memory or hang: refused in one line, with little memory and time."""

import gzip
import json
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

MEMORY = 4 << 30
SECONDS = 120
READ = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv.pop(1)),) * 2)
from hardneg.core.errors import HardnegError
from hardneg.mining.recipe import Recipe
from hardneg.sources import LoadOptions, load
for path in sys.argv[1:]:
    try:
        if path.endswith(".yaml"):
            Recipe.named(path)
        else:
            load(path, LoadOptions(split="all"))
        print("read")
    except HardnegError as error:
        print(repr(str(error)))
"""


def read(*paths):
    """Returns what reading each of the files says, from a process with little memory."""
    ended = subprocess.run(
        [sys.executable, "-c", READ, str(MEMORY), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    return ended.stdout.splitlines()


def zst(path, *parts):
    """Writes a file of (bytes, times), packed."""
    path.parent.mkdir(exist_ok=True)
    with zstandard.open(path, "wb") as out:
        for part, times in parts:
            for _ in range(0, times, 1 << 12):
                out.write(part * min(times, 1 << 12))
    assert path.stat().st_size < 200_000
    return path


def repeated(value, times):
    """Returns a column that stores a value once."""
    return pa.array([value]).dictionary_encode().take(pa.array([0] * times, pa.int8()))


def in_one_list(values):
    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


def parquet(path, **columns):
    options = columns.pop("options", {})
    pq.write_table(pa.table(columns), path, compression="zstd", **options)
    assert path.stat().st_size < 1_000_000
    return path


def test_packed_lines(tmp_path):
    paths = [
        zst(tmp_path / "objects.jsonl.zst", (b'{"query": "a", "x": [', 1), (b"{},", 1 << 21), (b"{}]}", 1)),
        zst(tmp_path / "lists.jsonl.zst", (b'{"query": "a", "x": [', 1), (b"[],", 1 << 21), (b"[]]}", 1)),
        zst(tmp_path / "numbers.jsonl.zst", (b'{"query": "a", "x": [', 1), (b"7,", 20_000_000), (b"7]}", 1)),
        zst(tmp_path / "names.jsonl.zst", (b"{", 1), (b'"a":[],', 1 << 21), (b'"b":1}', 1)),
        zst(tmp_path / "digits.jsonl.zst", (b'{"query": ', 1), (b"7", 1 << 21), (b"}", 1)),
        zst(tmp_path / "quotes.jsonl.zst", (b'{"query": "', 1), (b'\\"', 1 << 22), (b'"}', 1)),
        zst(tmp_path / "columns.csv.zst", (b"ab,", 1 << 22)),
        zst(tmp_path / "line.jsonl.zst", (b" ", 1 << 27)),
    ]
    said = read(*paths)
    assert "read" not in said and all(len(line) < 400 for line in said)
    assert sum("1,000,000 values" in line for line in said) == 5


def test_packed_sgml(tmp_path):
    (tmp_path / "trec").mkdir()
    (tmp_path / "trec" / "topics").write_text("<top><num>1</num><title>a</title></top>\n")
    (tmp_path / "trec" / "qrels").write_text("1 0 1 1\n")
    docs = tmp_path / "trec" / "docs.zst"
    for part in (b"<hl>\n", b"ab\n", b"<!--", b"<text a=", b"<num> ", b"< ", b"&#7", b"<hl a=b "):
        zst(docs, (b"<DOC><DOCNO>1</DOCNO>\n", 1), (part, 1 << 18), (b"</DOC>", 1))
        assert len(read(tmp_path / "trec")) == 1
    zst(docs, (b"<DOC><DOCNO>1</DOCNO>\n", 1), (b"ab " * 10_000 + b"\n", 1 << 12))
    assert "longer than" in read(tmp_path / "trec")[0]


def test_topics_of_spaces_take_no_longer_than_their_length(tmp_path):
    (tmp_path / "docs").write_text("<DOC><DOCNO>1</DOCNO><TEXT>a</TEXT></DOC>\n")
    (tmp_path / "qrels").write_text("1 0 1 1\n")
    zst(tmp_path / "topics.zst", (b"<top><num>", 1), (b" ", 1 << 21), (b"<title>a</top>", 1))
    assert "<num>" in read(tmp_path)[0]


def test_parquet_columns_that_are_not_read_cost_nothing(tmp_path):
    path = parquet(tmp_path / "a.parquet", query=["a"], positive=["b"], other=["x" * (270 << 20)])
    assert read(path) == ["read"]


def test_parquet(tmp_path):
    large = "x" * (10 << 20)
    delta = {"use_dictionary": False, "column_encoding": {"query": "PLAIN", "positive": "DELTA_BYTE_ARRAY"}}
    number, text = np.ones(20_000_000, np.int8), ["a"] * 5000
    paths = [
        parquet(tmp_path / "a.parquet", query=["a"], positive=["x" * (270 << 20)]),
        parquet(tmp_path / "b.parquet", query=text, positive=repeated(large, 5000)),
        parquet(tmp_path / "c.parquet", query=["a"], positive=in_one_list(repeated(large, 5000))),
        parquet(tmp_path / "d.parquet", query=["a"] * 40, positive=[large] * 40, options=delta),
        parquet(tmp_path / "e.parquet", query=["a"], positive=in_one_list(pa.array(number))),
        parquet(tmp_path / "f.parquet", query=["a"], positive=in_one_list(pa.array([{"a": 1}] * 2_000_000))),
        parquet(tmp_path / "g.parquet", query=repeated("a", 1 << 27), positive=repeated("b", 1 << 27)),
        parquet(tmp_path / "h.parquet", query=["a"], positive=["x" * (70 << 20)]),
    ]
    said = read(*paths)
    assert "read" not in said and all(len(line) < 400 for line in said)
    assert sum("1,000 times" in line for line in said) == 4
    assert sum("1,000,000 values" in line for line in said) == 2


def test_parquet_of_many_alike_texts_is_read(tmp_path):
    rows = 2000
    places = pa.array(range(0, 7 * rows + 1, 7), pa.int32())
    path = tmp_path / "a.parquet"
    noise = [f"{n * 2654435761 % 2**32:x}" * 60 for n in range(rows)]
    few = pa.ListArray.from_arrays(places, repeated("n" * 4000, 7 * rows))
    pq.write_table(pa.table({"query": noise, "positive": ["p"] * rows, "negative": few}), path)
    assert read(path) == ["read"]


def merging(levels):
    lines = [
        f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" if n else "a0: &a0 {x: 1}"
        for n in range(levels)
    ]
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        merging(11),
        "a: &a {<<: *a}",
        "a: &a [*a]",
        "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" if n else "a0: &a0 1" for n in range(60)),
        "a: " + "9" * 5000,
        "[" * 5000,
        "- " * 100_000,
        "a: " + "x" * 10_000_000,
    ],
    ids=["merge", "merge-itself", "itself", "doubled", "digits", "deep", "wide", "long"],
)
def test_recipes(text, tmp_path):
    (tmp_path / "a.yaml").write_text(text)
    [said] = read(tmp_path / "a.yaml")
    assert said != "read" and len(said) < 300


def test_gzip_is_bounded_too(tmp_path):
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps({"query": "a", "x": [{}] * 2_000_000}).encode()))
    assert "1,000,000 values" in read(path)[0]
