"""The hub, as far as datasets are read from it: a server of files, and commands in a process of their own."""

import hashlib
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from hardneg.sources import load

SRC = Path(__file__).parents[3] / "src"
BEIR = ["corpus.jsonl", "qrels/train.tsv", "queries.jsonl"]
LOADS = "import sys; from hardneg.sources import load; print(*[load(url).digest for url in sys.argv[1:]])"


class Hub(BaseHTTPRequestHandler):
    """Answers what is asked of the dataset `town/markets`, the files below `folder`; keeps what it gave."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):  # noqa: N802
        path = unquote(urlsplit(self.path).path)
        if path == "/api/datasets/town/markets":
            return self._answer(200, json.dumps({"id": "town/markets", "siblings": []}).encode())
        if path.startswith("/api/datasets/town/markets/tree/main"):
            folder = self.server.folder / path.removeprefix("/api/datasets/town/markets/tree/main").strip("/")
            if folder.is_dir():
                found = folder.rglob("*") if "recursive=true" in self.path.lower() else folder.iterdir()
                return self._answer(200, json.dumps([self._entry(each) for each in sorted(found)]).encode())
            return self._answer(404, b"{}", "EntryNotFound")
        file = self.server.folder / path.removeprefix("/datasets/town/markets/resolve/main/")
        if path.startswith("/datasets/town/markets/resolve/main/") and file.is_file():
            self.server.gave.append(file.relative_to(self.server.folder).as_posix())
            first, last = self.headers["Range"].removeprefix("bytes=").split("-")
            return self._answer(206, file.read_bytes()[int(first) : int(last) + 1])
        return self._answer(404, b"{}", "RepoNotFound")

    def _entry(self, path):
        name = path.relative_to(self.server.folder).as_posix()
        if path.is_dir():
            return {"type": "directory", "path": name, "oid": "0", "size": 0}
        oid = hashlib.sha1(path.read_bytes()).hexdigest()
        return {"type": "file", "path": name, "oid": oid, "size": path.stat().st_size}

    def _answer(self, status, body, error=""):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Error-Code", error)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def hub(tmp_path):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    server.daemon_threads, server.folder, server.gave = True, tmp_path, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def python(hub, *arguments):
    """Runs Python with that hub, and returns its exit code, what it printed and what it said."""
    own = {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
        "HF_HUB_OFFLINE": "0",
        "PYTHONPATH": str(SRC),
    }
    command = [sys.executable, *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **own})
    return ended.returncode, ended.stdout, ended.stderr


def test_folders_and_files_of_datasets_are_read_and_nothing_beside_them(hub, beir, write):
    pairs = write("pairs.jsonl", [{"query": "a", "positive": "A"}, {"query": "b", "positive": "B"}])
    urls = [f"hf://datasets/town/markets/{name}" for name in ("beir", "pairs.jsonl")]
    code, printed, said = python(hub, "-c", LOADS, *urls, *urls)
    assert (code, printed.split()) == (0, 2 * [load(str(beir)).digest, load(str(pairs)).digest]), said
    assert sorted(hub.gave) == [*(f"beir/{name}" for name in BEIR), "pairs.jsonl"]


def test_what_is_not_there_is_told_in_a_line(hub, tmp_path):
    source, out = "hf://datasets/town/none/x", tmp_path / "run"
    code, _, said = python(hub, "-m", "hardneg", "mine", source, "--ranker", "bm25", "--out", out)
    assert (code, said) == (2, f"hardneg: there is nothing at {source}; if it is private, set HF_TOKEN\n")
