"""Damaged and forged files of the cache: what they held is made again, and the results are the same.

Where the checksum fits, as a forger writes it, results may change; no traceback follows, no process ends.
"""

import hashlib
import itertools
import multiprocessing
import random
import shutil

import numpy as np
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import HardnegError
from hardneg.rankers.pairs import store
from hardneg.sources import load
from tests import tiny
from tests.conftest import small_collection
from tests.hostile.mutations import COUNT, damaged, outcome, summed_up

DIGEST = hashlib.sha256().digest_size
KINDS = {
    "bm25": ("bm25/*.arrow", lambda models: "bm25"),
    "dense": ("vectors/*/*.npy", lambda models: {"dense": {"model": models["bi"]}}),
    "hnsw": ("hnsw/*.usearch", lambda models: {"dense": {"model": models["bi"], "search": "hnsw"}}),
    "sparse": ("sparse/*/*.npz", lambda models: {"sparse": {"model": models["sparse"]}}),
    "pairs": ("pairs/*/*.pairs", lambda models: {"cross-encoder": {"model": models["cross"]}}),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("caches")


@pytest.fixture(scope="module")
def models(place):
    return {
        "bi": str(tiny.bi_encoder(place / "bi")),
        "cross": str(tiny.cross_encoder(place / "cross")),
        "sparse": str(tiny.sparse_encoder(place / "sparse")),
    }


@pytest.fixture(scope="module")
def small(place):
    return load(str(small_collection(place / "beir")))


def result(collection, described, cache):
    """Returns what a ranker finds, or the scores of pairs."""
    opened = RANKERS.make(described).open(collection, Context(cache))
    rows = np.arange(len(collection.queries), dtype=np.int32)
    if opened.retrieves:
        return [array.tolist() for array in opened.search(rows, 2)]  # so few that a graph is searched
    docs = np.tile(np.arange(5, dtype=np.int32), (len(rows), 1))
    return opened.score(rows, docs).tolist()


def changes(kind, models, collection, folder):
    """Yields the files of a cache of a kind, what they hold, and what is found with them."""
    described, whole = KINDS[kind][1](models), folder / "whole"
    wanted = result(collection, described, whole)
    names = [path.relative_to(whole) for path in sorted(whole.glob(KINDS[kind][0]))]
    assert names
    for seed in range(4 * COUNT):
        chance = random.Random(f"{kind} {seed}")
        shutil.copytree(whole, folder / "cache", dirs_exist_ok=True)
        yield described, wanted, folder / "cache" / chance.choice(names), chance


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_damaged_is_made_again(kind, models, small, tmp_path):
    for described, wanted, path, chance in changes(kind, models, small, tmp_path):
        path.write_bytes(damaged(path.read_bytes(), chance))
        assert result(small, described, tmp_path / "cache") == wanted
        assert result(small, described, tmp_path / "cache") == wanted


def forge(path, chance):
    """Damages the header, or all, and writes the checksum anew."""
    content = path.read_bytes()[:-DIGEST]
    head = chance.choice([64, 128, 512, len(content)])
    content = damaged(content[:head], chance) + content[head:]
    path.write_bytes(content + hashlib.sha256(content).digest())


def forge_frames(path, chance):
    """Changes scores or digests of pairs, or their number, and writes the header of a frame anew."""
    content = path.read_bytes()
    records = damaged(content[store._HEADER.size :], chance)
    count = chance.choice([len(records) // store._RECORD.itemsize, 0, 1, 2**40, 2**64 - 1])
    checksum = hashlib.sha256(count.to_bytes(8, "little") + records).digest()
    path.write_bytes(store._HEADER.pack(store._MAGIC, count, checksum) + records)


def forged(kind, models, collection, folder, problems):
    found = []
    for described, _, path, chance in changes(kind, models, collection, folder):
        (forge_frames if path.suffix == ".pairs" else forge)(path, chance)
        try:
            result(collection, described, folder / "cache")
        except HardnegError as error:
            assert str(error).strip()
        except Exception as error:
            found.append(f"{kind}: {type(error).__name__}: {error}"[:200])
    problems.put(summed_up(found)[:4000])


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "hnsw"])  # see SECURITY.md
def test_what_is_forged_ends_no_process(kind, models, small, tmp_path):
    """In a process of its own: kernels that read beyond an array would end it."""
    spawned = multiprocessing.get_context("spawn")
    problems = spawned.SimpleQueue()
    process = spawned.Process(target=forged, args=(kind, models, small, tmp_path, problems))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert not problems.get()


def test_headers_of_given_vectors(beir, tmp_path, capsys):
    folder, rng = tmp_path / "vectors", np.random.default_rng(0)
    folder.mkdir()
    for name, count in (("documents", 30), ("queries", 7)):
        np.save(folder / f"{name}.npy", rng.normal(size=(count, 8)).astype(np.float32))
    whole = (folder / "documents.npy").read_bytes()
    problems = []
    for seed in range(4 * COUNT):
        draw = random.Random(seed)
        head, rest = (whole[:128], whole[128:]) if seed % 2 else (whole, b"")
        (folder / "documents.npy").write_bytes(damaged(head, draw) + rest)
        out = tmp_path / f"run{seed}"
        command = ["mine", beir, "--recipe", "naive", "--ranker", f"vectors:{folder}", "--no-report"]
        try:
            outcome([*command, "--out", out], capsys)
        except AssertionError as error:
            problems.append(str(error).splitlines()[0])
        shutil.rmtree(out, ignore_errors=True)
    assert not summed_up(problems)


KINDS_OF_NUMBERS = ("<f4", ">f4", "<f8", "<f2", "<i4", "|S8", "|O", "<c8", "|b1", "<U3", "f", "x", "<f4,<f4")
SHAPES = (
    (30, 8),
    (8, 30),
    (30,),
    (),
    (0, 8),
    (30, 0),
    (-1, 8),
    (10**12, 8),
    (30, 10**18),
    (True, 8),
    (2.0, 8),
)


def test_forged_headers_of_given_vectors(small, tmp_path):
    """Of 260 headers, each is refused in one line, or its array has the shape that is needed."""
    for name, count in (("documents", 30), ("queries", 7)):
        np.save(tmp_path / f"{name}.npy", np.ones((count, 8), np.float32))
    content = (tmp_path / "documents.npy").read_bytes()[128:]
    for kind, shape, columns_first in itertools.product(KINDS_OF_NUMBERS, SHAPES, (False, True)):
        text = str({"descr": kind, "fortran_order": columns_first, "shape": shape}).ljust(117) + "\n"
        header = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()
        (tmp_path / "documents.npy").write_bytes(header + content)
        try:
            RANKERS.make({"vectors": {"folder": str(tmp_path)}}).open(small, Context(tmp_path / "cache"))
            assert shape == (30, 8), (kind, shape)
        except HardnegError as error:
            assert "documents.npy" in str(error), (kind, shape)
