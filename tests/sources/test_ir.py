from __future__ import annotations

import sys
from typing import NamedTuple

import ir_datasets
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.formats import BaseDocs, BaseQrels, BaseQueries, GenericDoc, GenericQrel, GenericQuery

from hardneg.core.errors import DataError, MissingExtra
from hardneg.sources import LoadOptions, load


class Titled(NamedTuple):
    doc_id: str
    title: str
    text: str


class Parted(NamedTuple):
    doc_id: str
    title: str
    body: str

    def default_text(self) -> str:
        return f"{self.title}: {self.body}"


class Docs(BaseDocs):
    def docs_iter(self):
        return iter([Titled("1", "T", "one"), Parted("2", "U", "two"), GenericDoc("3", "three")])


class Queries(BaseQueries):
    def queries_iter(self):
        return iter([GenericQuery("q", "first")])


class Qrels(BaseQrels):
    def __init__(self, *qrels):
        self._qrels = qrels

    def qrels_iter(self):
        return iter(self._qrels)


class Broken(Docs):
    def docs_iter(self):
        raise ConnectionError("no network\nand more")


@pytest.fixture
def registry(monkeypatch):
    known = {
        "a": Dataset(Docs(), Queries()),
        "a/test": Dataset(Docs(), Queries(), Qrels(GenericQrel("q", "2", 1), GenericQrel("q", "3", 0))),
        "a/odd": Dataset(Docs(), Queries(), Qrels(GenericQrel("q", "9", 1))),
        "broken": Dataset(Broken(), Queries(), Qrels()),
    }
    monkeypatch.setattr(ir_datasets, "registry", known)
    return known


@pytest.mark.parametrize(("name", "split"), [("a/test", "train"), ("a", "test")])
def test_a_data_set(registry, contents, name, split):
    built = load(f"ir:{name}", LoadOptions(split=split))

    assert built.name == name
    assert built.documents.titles([0, 1, 2]) == ["T", "", ""]
    assert contents(built) == {
        "documents": {"1": "T one", "2": "U: two", "3": "three"},
        "queries": {"q": "first"},
        "judgments": {("q", "2", 1), ("q", "3", 0)},
    }


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a", r"ir:a: it has no qrels; choose a subset that has: ir:a/\.\.\.$"),
        ("b", r"ir:b: ir_datasets knows no such id; see"),
        ("broken", r"ir:broken: ConnectionError: no network$"),
        ("a/odd", r'ir:a/odd: judgment 1: document id "9" is not in the corpus'),
    ],
)
def test_what_is_wrong_is_told(registry, name, message):
    with pytest.raises(DataError, match=f"^{message}"):
        load(f"ir:{name}")


def test_the_library_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "ir_datasets", None)

    with pytest.raises(
        MissingExtra, match=r"^ir_datasets is not installed; run: pip install 'hardneg\[ir\]'$"
    ):
        load("ir:a")


def test_ids_of_the_library_are_known():
    with pytest.raises(DataError, match=r"^ir:beir/scifac: ir_datasets knows no such id"):
        load("ir:beir/scifac")
    assert "beir/scifact/train" in ir_datasets.registry
