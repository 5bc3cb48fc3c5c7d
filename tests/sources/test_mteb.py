from __future__ import annotations

import sys

import pytest
from mteb.abstasks.retrieval import AbsTaskRetrieval
from mteb.abstasks.task_metadata import TaskMetadata
from mteb.get_tasks import _TASKS_REGISTRY

from hardneg.core.errors import DataError, MissingExtra
from hardneg.sources import LoadOptions, load
from tests.sources.conftest import JUDGED

pytestmark = pytest.mark.usefixtures("offline")

TEST = LoadOptions(split="test")


@pytest.fixture
def task(monkeypatch):
    """Returns a function that makes mteb know a task of the name `Small`."""

    def registers(folder, languages, **members):
        metadata = TaskMetadata(
            name="Small",
            description="A small task.",
            dataset={"path": str(folder), "revision": "main"},
            type="Retrieval",
            eval_splits=["test"],
            eval_langs=languages,
            main_score="ndcg_at_10",
        )
        small = type("Small", (AbsTaskRetrieval,), {"metadata": metadata, **members})
        monkeypatch.setitem(_TASKS_REGISTRY, "Small", small)

    return registers


def fails(source, message, error=DataError, options=TEST):
    with pytest.raises(error, match=message) as raised:
        load(source, options)
    assert "\n" not in str(raised.value)


def test_a_task(hub_layout, task, contents):
    task(hub_layout("", "default"), ["eng-Latn"])

    built = load("mteb:Small", TEST)

    assert built.name == "Small" and contents(built) == JUDGED
    assert contents(load("mteb:Small:default", TEST)) == JUDGED
    fails(
        "mteb:Small",
        r'^mteb:Small: the task has no split "train"; splits: test\. There may be more in hf:.*set$',
        options=LoadOptions(split="train"),
    )


def test_a_task_of_several_languages(hub_layout, task, contents):
    task(hub_layout("ru-", "ru-qrels"), {"ru": ["rus-Cyrl"], "fi": ["fin-Latn"]})

    built = load("mteb:Small:ru", TEST)

    assert built.name == "Small-ru" and contents(built) == JUDGED
    fails("mteb:Small", r"^mteb:Small: name a subset, as in mteb:Small:ru; subsets: ru, fi$")
    fails("mteb:Small:de", r'^mteb:Small: there is no subset "de"; subsets: ru, fi$')


def test_a_task_that_loads_itself_and_instructs(task, contents):
    def load_data(self, num_proc=None, **kwargs):
        self.corpus = {"test": {"d1": {"title": "T", "text": "one"}, "d2": "two"}}
        self.queries = {"test": {"q1": "first"}}
        self.relevant_docs = {"test": {"q1": {"d1": 2, "d2": 0}}}
        self.instructions = {"test": {"q1": "of all"}}

    task("", ["eng-Latn"], load_data=load_data)

    assert contents(load("mteb:Small", TEST)) == {**JUDGED, "queries": {"q1": "first of all"}}


def test_what_is_not_there():
    fails("mteb:SciFakt", r"^mteb:SciFakt: 'SciFakt' not found\. Did you mean: '\w+'\?$")
    fails("mteb:Banking77Classification", r"it is a task of Classification; one of Retrieval is needed$")


def test_the_library_is_optional(monkeypatch):
    monkeypatch.setitem(sys.modules, "mteb", None)

    fails("mteb:SciFact", r"hardneg\[mteb\]", MissingExtra)
