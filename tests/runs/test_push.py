"""Uploading to a hub that runs here: the real client talks to a local server."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from huggingface_hub import HfApi

from hardneg import DataError, Recipe, mine
from hardneg.runs.directory import RunFolder
from hardneg.runs.push import push
from tests.cli.test_cli import run as command


class Hub(BaseHTTPRequestHandler):
    """As much of the hub's interface as an upload of small files asks for."""

    made, files, refuse = [], {}, False

    def log_message(self, *_):
        pass

    def answer(self, content, status=200):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"id": "me/set", "name": "me", "sha": "0" * 40, "siblings": [], "type": "user"})

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self.chunks()
        if self.path.endswith("/repos/create"):
            if self.refuse:
                self.answer({"error": "You may not do this"}, 403)
                return
            self.made.append(json.loads(body))
            self.answer({"url": f"{self.base}/datasets/me/set", "name": "me/set"})
        elif "/preupload/" in self.path:
            files = json.loads(body)["files"]
            modes = [
                {"path": f["path"], "uploadMode": "regular", "shouldIgnore": False, "oid": None}
                for f in files
            ]
            self.answer({"files": modes})
        elif "/commit/" in self.path:
            for line in map(json.loads, body.splitlines()):
                if line["key"] == "file":
                    self.files[line["value"]["path"]] = line["value"]["content"]
            oid = "1" * 40
            self.answer(
                {"commitUrl": f"{self.base}/datasets/me/set/commit/{oid}", "commitOid": oid, "success": True}
            )
        else:
            self.answer({})

    def chunks(self):
        whole = b""
        while size := int(self.rfile.readline() or b"0", 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        return whole

    @property
    def base(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def hub(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", False)
    handler = type("OwnHub", (Hub,), {"made": [], "files": {}, "refuse": False})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    handler.api = HfApi(f"http://127.0.0.1:{server.server_address[1]}", token="hf_test")
    yield handler
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(beir, tmp_path):
    mine(str(beir), Recipe.named("naive", rankers=["bm25"]), tmp_path / "run")
    (tmp_path / "run" / "judgments.jsonl").write_text("", encoding="utf-8")
    return tmp_path / "run"


def hidden(made):
    """Returns whether a repository was made private; releases of the client say it in different fields."""
    return made.get("private") or made.get("visibility") == "private"


def test_a_run_arrives_with_its_card_and_without_the_judges_names(hub, run):
    address = push(run, "me/set", api=hub.api)
    assert address.endswith("/commit/" + "1" * 40)
    assert hidden(hub.made[0]) and hub.made[0]["type"] == "dataset"
    assert {"README.md", "run.json", "train.jsonl", "ledger/part-00000.parquet"} <= set(hub.files)
    assert "judgments.jsonl" not in hub.files


def test_judgments_go_along_when_asked_for(hub, run):
    push(run, "me/set", private=False, judgments=True, api=hub.api)
    assert "judgments.jsonl" in hub.files and not hidden(hub.made[0])


def test_a_refusal_is_told(hub, run):
    hub.refuse = True
    with pytest.raises(DataError, match="cannot upload to me/set"):
        push(run, "me/set", api=hub.api)


def test_a_name_that_cannot_be_and_a_folder_that_is_no_run_are_told(hub, run, tmp_path, capsys):
    with pytest.raises(DataError, match="cannot upload"):
        push(run, "me/no/such/name", api=hub.api)
    command("push", tmp_path, "me/set", expect=2)
    assert "is no run directory" in capsys.readouterr().err


def test_nothing_else_of_the_folder_is_uploaded(hub, run, tmp_path):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    for name in ("train.notes", "notes.txt", ".env", "ledger/notes", "judge/answers.jsonl", "train[.jsonl"):
        (run / name).parent.mkdir(exist_ok=True)
        (run / name).write_text("not ours", encoding="utf-8")
    (run / "train.link").symlink_to(tmp_path / "secret")
    push(run, "me/set", api=hub.api)
    assert set(hub.files) - {"report.html"} == {
        *("README.md", "run.json", "train.jsonl"),
        *("ledger/part-00000.parquet", "ledger/.part-00000.sha256"),
    }


def test_links_and_names_that_lead_elsewhere_are_refused(hub, run, tmp_path):
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    whole = (run / "README.md").read_text(encoding="utf-8")
    (run / "README.md").unlink()
    (run / "README.md").symlink_to(tmp_path / "secret")
    with pytest.raises(DataError, match="is a symbolic link"):
        push(run, "me/set", api=hub.api)
    (run / "README.md").unlink()
    (run / "README.md").write_text(whole, encoding="utf-8")
    folder = RunFolder(run)
    for name in ("../secret", "judgments.jsonl", ".env", str(tmp_path / "secret"), "train/../../secret"):
        info = folder.read()
        info["export"]["files"] = ["train.jsonl", name]
        folder.write(info)
        with pytest.raises(DataError, match="as a training file"):
            push(run, "me/set", api=hub.api)
    assert not hub.files
