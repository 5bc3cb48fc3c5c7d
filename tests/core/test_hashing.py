"""Digests of code change with the code, and with nothing else."""

import importlib
import sys

import pytest

from hardneg.core.hashing import code_digest


@pytest.fixture
def imported(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(name, source):
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        sys.modules.pop(name, None)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    return write


def test_a_digest_changes_with_the_source_of_a_module(imported):
    one = code_digest(imported("digested_a", "def split(text): return text.split()\n"))
    assert one == code_digest(imported("digested_b", "def split(text): return text.split()\n"))
    assert one != code_digest(imported("digested_c", "def split(text): return text.split(' ')\n"))
    assert len(one) == 64


def test_a_function_has_a_digest_of_its_own(imported):
    module = imported("digested_d", "def one(): return 1\n\n\ndef two(): return 2\n")
    other = imported("digested_e", "def one(): return 1\n\n\ndef two(): return 3\n")
    assert code_digest(module.one) == code_digest(other.one)
    assert code_digest(module.two) != code_digest(other.two)
    assert code_digest(module.one, module.two) != code_digest(module.two, module.one)


def test_where_there_is_no_source_the_version_stands_for_it():
    assert code_digest(len) == code_digest(print) != code_digest(code_digest.__wrapped__)
