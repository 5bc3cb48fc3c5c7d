"""Which models' own code may run: those that the user names, nobody else's."""

import os

import pytest

from hardneg.core.trust import TRUSTED, how_to_trust, is_trusted, trusting, without_trust


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    monkeypatch.delenv(TRUSTED, raising=False)


def test_by_default_nobody_is_trusted():
    assert not is_trusted("owner/name") and not is_trusted("")


def test_the_environment_names_models_by_commas(monkeypatch):
    monkeypatch.setenv(TRUSTED, " owner/name ,, other")
    assert is_trusted("owner/name") and is_trusted("other")
    assert not is_trusted("owner") and not is_trusted("owner/name2") and not is_trusted("")


def test_a_folder_is_the_same_by_every_path_to_it(monkeypatch, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "model")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(TRUSTED, "./model")
    assert is_trusted("model") and is_trusted(str(tmp_path / "model")) and is_trusted("link")
    assert not is_trusted(str(tmp_path))


def test_trust_ends_with_its_block_and_adds_to_the_environment(monkeypatch, tmp_path):
    with trusting(["one", "two"]):
        assert is_trusted("one") and is_trusted("two")
    assert TRUSTED not in os.environ
    monkeypatch.setenv(TRUSTED, "before")
    with pytest.raises(KeyError), trusting(["one"]):
        assert is_trusted("one") and is_trusted("before")
        raise KeyError
    assert os.environ[TRUSTED] == "before"
    with trusting([]):
        assert os.environ[TRUSTED] == "before"


def test_a_folder_stays_trusted_in_another_working_directory(monkeypatch, tmp_path):
    (tmp_path / "model").mkdir()
    monkeypatch.chdir(tmp_path)
    with trusting(["model"]):
        monkeypatch.chdir("/")
        assert is_trusted(str(tmp_path / "model")) and not is_trusted("model")


def test_a_command_is_shown_without_its_trust():
    command = ["mine", "x", "--trust-remote-code", "a/b", "--trust-remote-code=c/d", "--out", "run"]
    assert without_trust(command) == ["mine", "x", "--out", "run"]
    assert without_trust([]) == [] and without_trust(["--trust"]) == ["--trust"]


def test_an_error_says_both_ways():
    assert how_to_trust("a/b").endswith(f"pass --trust-remote-code a/b or set {TRUSTED}=a/b")
