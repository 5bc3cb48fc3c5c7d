"""What several tests need: a small collection on disk, and no network."""

import gzip
import json
import os

import pytest
import zstandard

from hardneg.endpoints import client
from tests.browser import chromium, executable  # noqa: F401
from tests.endpoints.arrays import FakeArrays
from tests.llm.llm import serving

os.environ.setdefault("HF_HUB_OFFLINE", "1")

WORDS = "amber birch cedar delta ember fjord grove heath inlet knoll larch marsh".split()


def pytest_collection_modifyitems(config, items):
    """Skips the tests that drive a browser where there is none; in CI, where it must be, they fail."""
    if executable() or os.environ.get("CI"):
        return
    missing = pytest.mark.skip(reason="no Chromium is installed (on Debian: apt-get install chromium)")
    for item in items:
        if "chromium" in item.fixturenames:
            item.add_marker(missing)


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Vectors of one test are never met by another."""
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path_factory.mktemp("cache")))


def _words(n, *steps):
    return " ".join(WORDS[(n * step + step) % len(WORDS)] for step in steps)


@pytest.fixture
def served(monkeypatch):
    """A language model made of a function, behind an endpoint at `url`; no key, no long waits."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(client, "backoff", lambda attempt, key: 0.01)
    with serving() as (llm, url):
        llm.url = url
        yield llm


@pytest.fixture
def arrays(monkeypatch):
    """A server of embeddings and of a reranker made of functions, at `url`; no key, no long waits."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.setattr(client, "backoff", lambda attempt, key: 0.01)
    with serving(FakeArrays) as (model, url):
        model.url = url
        yield model


@pytest.fixture
def beir(tmp_path):
    """A BEIR folder: 30 documents of three words each, 7 queries, one or two positives a query."""
    return small_collection(tmp_path / "beir")


def small_collection(folder):
    """Writes what `beir` holds into a folder."""
    (folder / "qrels").mkdir(parents=True)
    documents = [{"_id": f"d{n}", "title": "", "text": f"{_words(n, 1, 3, 7)} n{n}"} for n in range(30)]
    queries = [{"_id": f"q{n}", "text": _words(n, 1, 2, 5)} for n in range(7)]
    lines = ["query-id\tcorpus-id\tscore"]
    lines += [f"q{n}\td{n}\t1" for n in range(7)] + ["q0\td7\t2", "q1\td9\t0"]
    for name, rows in (("corpus", documents), ("queries", queries)):
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{name}.jsonl").write_text(text, encoding="utf-8")
    (folder / "qrels" / "train.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def collection(beir):
    """What the folder holds."""
    from hardneg.sources import load

    return load(str(beir))


@pytest.fixture
def write(tmp_path):
    """Writes a file below tmp_path: text or bytes as they are, a list as JSON lines; packed by its suffix."""

    def writes(name, content):
        if not isinstance(content, str | bytes):
            content = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in content)
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(packed(data, path.suffix))
        return path

    return writes


def packed(data, suffix):
    if suffix == ".gz":
        return gzip.compress(data)
    return zstandard.ZstdCompressor().compress(data) if suffix == ".zst" else data
