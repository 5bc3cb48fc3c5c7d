"""What SECURITY.md promises and no other test looks at."""

import ast
from pathlib import Path

import pytest

import hardneg
from hardneg.comparison.comparison_table import as_csv
from hardneg.core.errors import ConfigError
from hardneg.core.trust import trusting
from hardneg.rankers.dense.models import load_model
from hardneg.runs.push import push
from tests import tiny
from tests.cli.test_cli import run
from tests.llm.llm import reply, serving

SOURCES = sorted(Path(hardneg.__file__).parent.rglob("*.py"))
KEY = "sk-sentinel-0123456789"


# Nothing that is read is run

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve", "cloudpickle"}
FORBIDDEN_CALLS = {"eval", "exec", "torch.load", "yaml.load", "yaml.unsafe_load", "os.system", "np.fromregex"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.stem)
def test_no_source_loads_pickles_or_runs_text(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            assert not FORBIDDEN_MODULES.intersection(name.split(".")[0] for name in names)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in FORBIDDEN_CALLS
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            if called == "np.load":
                assert given["allow_pickle"] == "False"
            assert given.get("shell") != "True"


def test_pickled_weights_are_read_only_when_trusted(tmp_path):
    import torch
    from safetensors.torch import load_file

    folder = tiny.bi_encoder(tmp_path)
    weights = next(folder.rglob("model.safetensors"))
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()
    with pytest.raises(
        ConfigError, match="no weights in safetensors, and pickles are not read; if you trust"
    ):
        load_model("SentenceTransformer", str(folder), device="cpu")
    with trusting([str(folder)]):
        trusted = load_model("SentenceTransformer", str(folder), device="cpu")
    assert trusted.encode(["amber"]).shape == (1, 16)


def test_code_that_comes_with_a_model_does_not_run(tmp_path):
    import json

    folder = tiny.bi_encoder(tmp_path)
    mark = tmp_path / "ran"
    config = next(
        path for path in folder.rglob("config.json") if "model_type" in path.read_text(encoding="utf-8")
    )
    plain = json.loads(config.read_text(encoding="utf-8"))
    plain |= {"model_type": "own", "auto_map": {"AutoConfig": "own.Config", "AutoModel": "own.Model"}}
    config.write_text(json.dumps(plain), encoding="utf-8")
    (config.parent / "own.py").write_text(f"open({str(mark)!r}, 'w').close()", encoding="utf-8")
    with pytest.raises(ConfigError, match="cannot load model"):
        load_model("SentenceTransformer", str(folder), device="cpu")
    assert not mark.exists()


# Secrets stay in the environment


def test_a_key_is_in_no_file_and_no_message(beir, tmp_path, monkeypatch, capsys):
    for variable in ("OPENAI_API_KEY", "HF_TOKEN", "MY_KEY"):
        monkeypatch.setenv(variable, KEY)
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("hardneg.endpoints.client.backoff", lambda attempt, key: 0.01)
    out = tmp_path / "run"
    run("mine", beir, "--out", out, "--recipe", "naive", "--ranker", "bm25")
    with serving() as (served, url):
        served.grade = lambda query, document, model: f"{KEY} says: Grade: 1"
        served.failures = [reply(f"{KEY} is overloaded", 503), reply(KEY, 413)]
        asked = ["--endpoint", url, "--model", "m", "--key-env", "MY_KEY", "--retries", 2]
        run("judge", out, *asked, expect=2)
        run("judge", out, *asked)
        assert served.headers[0]["Authorization"].endswith(KEY)
    run("report", out)
    run("export", out, "--format", "jsonl", "-o", tmp_path / "other.jsonl")
    run("doctor")
    printed = capsys.readouterr()
    assert KEY not in printed.out + printed.err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    names = {path.name for path in files}
    assert {"run.json", "README.md", "answers.sqlite", "judgments.jsonl", "report.html"} <= names
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_a_push_uploads_no_key(beir, tmp_path, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", KEY)
    out = tmp_path / "run"
    run("mine", beir, "--out", out, "--recipe", "naive", "--ranker", "bm25", "--quiet")
    seen = {}

    class Api:
        def create_repo(self, repository, **options):
            seen["create"] = options
            return "https://hub/datasets/me/set"

        def upload_folder(self, folder_path, **options):
            seen["upload"] = options
            seen["files"] = [path.read_bytes() for path in Path(folder_path).rglob("*") if path.is_file()]

    push(out, "me/set", api=Api())
    assert KEY not in str(seen["create"]) + str(seen["upload"])
    assert seen["files"] and not [content for content in seen["files"] if KEY.encode() in content]


# Spreadsheets


def test_no_text_of_the_table_is_a_formula(monkeypatch):
    monkeypatch.setattr("hardneg.comparison.comparison_table._flat", dict)
    rows = [{"arm": "=1+1", "value": -0.5}, {"arm": "@x", "value": 1.0}, {"arm": "naive", "value": 0.0}]
    lines = as_csv({"rows": rows}).splitlines()
    assert [line.split(",")[0] for line in lines] == ["arm", "'=1+1", "'@x", "naive"]
    assert lines[1].endswith("-0.5")
