"""Errors that a user can mend, each in one line."""

import sys

import pytest

from hardneg.core.errors import (
    ConfigError,
    DataError,
    HardnegError,
    MissingExtra,
    optional_library,
    unknown_name,
    wrap_errors,
)


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
