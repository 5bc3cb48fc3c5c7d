"""A store in memory, and files in it."""

from pathlib import Path

import fsspec
import pytest


@pytest.fixture
def store():
    """An empty store, `memory://`."""
    files = fsspec.filesystem("memory")
    files.store.clear()
    yield files
    files.store.clear()


@pytest.fixture
def put(store):
    """Puts a folder or a file of the disk at a URL of the store, and returns the URL."""

    def puts(path, url):
        for each in [path] if Path(path).is_file() else sorted(p for p in path.rglob("*") if p.is_file()):
            below = "" if each == path else f"/{each.relative_to(path).as_posix()}"
            store.pipe_file(url.removeprefix("memory:/") + below, each.read_bytes())
        return url

    return puts
