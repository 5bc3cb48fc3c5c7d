"""Finished runs, as mining returns them and as they are opened again."""

import pytest

from hardneg.core.errors import ConfigError, DataError
from hardneg.runs.directory import RunFolder
from hardneg.runs.finished import FinishedRun, collection_of, load_run, open_run
from hardneg.runs.ledger import MemoryLedger
from hardneg.testing import collection
from tests.runs.made import BEGUN, finished_run

RECIPE = {**BEGUN["recipe"], "select": {**BEGUN["recipe"]["select"], "by": "bm25"}}


def known(text="one"):
    return collection({"a": text, "b": "two", "c": "three"}, {"q": "what"}, [("q", "a", 1)])


@pytest.fixture
def folder(tmp_path):
    outcomes = ["positive: judged_relevant", "negative: top", "dropped: surplus"]
    return finished_run(tmp_path / "run", outcomes, known().digest, recipe=RECIPE)


@pytest.fixture
def beir_run(folder, beir):
    """A run of a source that can be loaded again."""
    RunFolder(folder).write({**RunFolder(folder).read(), "source": str(beir)})
    return folder


def test_a_run_is_opened_with_what_it_was_mined_from(folder):
    run = open_run(folder, collection=known())
    assert run.folder == run.directory == folder and run.name == str(folder)
    assert run.scorer == "bm25"
    assert [[n.doc_id for n in example.negatives] for example in run.training_set] == [["b"]]
    assert run.candidates["doc_id"].to_pylist() == ["a", "b", "c"] and run.candidates.schema.metadata is None
    assert run.calibration is None and run.recipe is None


def test_a_run_in_memory_has_no_files():
    run = FinishedRun(None, {"recipe": {"select": {"by": None}}}, known(), MemoryLedger())
    assert run.name == "the run in memory" and run.scorer == ""
    with pytest.raises(ConfigError, match=r"in memory.*run\.save\(folder\)"):
        run.directory  # noqa: B018


def test_the_recipe_says_how_many_positives_stay(folder):
    info = RunFolder(folder).read()
    select = {**info["recipe"]["select"], "max_positives": 0}
    RunFolder(folder).write({**info, "recipe": {**info["recipe"], "select": select}})
    assert [example.positives for example in open_run(folder, collection=known()).training_set] == [[]]


def test_a_collection_in_memory_must_be_given_again(folder):
    with pytest.raises(DataError, match="mined from a collection in memory; give it as collection="):
        open_run(folder)
    assert collection_of(folder) is None


def test_another_collection_is_refused(folder):
    with pytest.raises(DataError, match="has changed since .* was mined; mine it again"):
        open_run(folder, collection=known("other"))


def test_a_source_is_loaded_again_and_must_be_the_same(beir_run, collection):
    with pytest.raises(DataError, match="beir has changed since"):
        open_run(beir_run)
    assert collection_of(beir_run) is None
    info = RunFolder(beir_run).read()
    RunFolder(beir_run).write({**info, "collection": {**info["collection"], "digest": collection.digest}})
    assert collection_of(beir_run).digest == load_run(beir_run, None)[1].digest == collection.digest


def test_an_option_that_loading_does_not_know_is_told(beir_run):
    info = RunFolder(beir_run).read()
    RunFolder(beir_run).write({**info, "recipe": {**info["recipe"], "load": {"splits": "test"}}})
    with pytest.raises(DataError, match=r"recipe\.load: unknown setting \"splits\""):
        open_run(beir_run)


def test_an_unfinished_run_is_refused(folder):
    RunFolder(folder).write({**RunFolder(folder).read(), "finished": False})
    for opened in (open_run, collection_of):
        with pytest.raises(DataError, match="not finished"):
            opened(folder)
