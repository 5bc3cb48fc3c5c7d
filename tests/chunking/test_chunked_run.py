"""`mine --chunk`: cut, mine, open again; chunks of a positive's document are never negatives."""

import shutil

import pyarrow.compute as pc
import pytest

import hardneg
from hardneg.core.errors import ConfigError, DataError
from hardneg.sources import load
from tests.chunking.conftest import content, rows

RECIPE = {"rankers": ["bm25"], "negatives": 3}


def recipe(**changes):
    return hardneg.Recipe.named("naive", **{**RECIPE, **changes})


def dense(model, **changes):
    return recipe(rankers=["bm25", {"dense": {"model": model, "precision": "fp32"}}], **changes)


def documents_of(run):
    """Returns (documents of positives, documents of negatives) of each example."""
    for example in run.training_set:
        yield tuple(
            {each.doc_id.rpartition("#")[0] for each in side}
            for side in (example.positives, example.negatives)
        )


@pytest.fixture
def run(source, tmp_path, model):
    """A run of chunks by BM25 and a tiny model."""
    return hardneg.mine(source, dense(model), tmp_path / "run", chunk="24:6", report=False)


def test_no_chunk_of_a_positive_s_document_is_a_negative(run):
    pairs = list(documents_of(run))
    assert len(pairs) == 7 and all(negatives and not positives & negatives for positives, negatives in pairs)
    ledger = run.candidates
    same = ledger.filter(pc.equal(ledger["reason"], "same_document"))
    assert same.num_rows > 0 and set(same["decision"].to_pylist()) == {"dropped"}
    judged = load(str(run.folder / "collection"))
    for row in same.to_pylist():
        positives = judged.documents.ids(
            judged.judgments.positives(judged.queries.rows([row["query_id"]])[0])
        )
        assert row["doc_id"].rpartition("#")[0] in {each.rpartition("#")[0] for each in positives}
    assert run.info["reasons"]["same_document"]["implies_doubt"] is False


def test_chunks_of_a_document_judged_not_relevant_may_be_negatives(source):
    run = hardneg.mine(source, recipe(rankers=["listed", "bm25"], by="bm25"), chunk=24)
    negatives = {
        example.query_id: own for example, (_, own) in zip(run.training_set, documents_of(run), strict=True)
    }
    assert "d5" in negatives["q1"]


def test_what_the_run_says_of_its_chunks(run, source):
    own = run.info["collection"]["chunks"]
    assert own["source"] == str(source) and run.info["source"] == str(run.folder / "collection")
    assert (own["documents"], own["longer"], own["tokens"], own["overlap"]) == (14, 10, 24, 6)
    assert own["ranker"] == "dense" and own["chunks"] == len(rows(run.folder / "collection" / "corpus.jsonl"))
    assert run.info["rankers"]["dense"]["truncation"]["documents"]["cut"] == 0
    assert {"chunk", "load"} <= set(run.info["seconds"])
    card = (run.folder / "README.md").read_text(encoding="utf-8")
    assert "more than 24 tokens (10 of 14) were cut into chunks" in card and f"Source: `{source}`" in card


def test_only_the_split_that_is_mined_is_cut(run):
    assert [path.name for path in (run.folder / "collection" / "qrels").iterdir()] == ["train.tsv"]


def test_the_same_command_again_gives_the_same_bytes(run, source, model):
    before = content(run.folder)
    again = hardneg.mine(source, dense(model), run.folder, chunk="24:6", report=False)
    assert again.info["resumed"]
    after = content(run.folder)
    for name in before:
        assert name in ("run.json", "README.md") or before[name] == after[name], name


def test_a_run_that_was_moved_is_opened_with_its_own_chunks(run, tmp_path, source):
    shutil.rmtree(source)
    moved = run.folder.rename(tmp_path / "moved")
    opened = hardneg.open_run(moved)
    assert opened.collection.neutral is not None
    assert opened.info["source"] == str(moved / "collection")
    selected = hardneg.select(moved, recipe(negatives=1), tmp_path / "selected", report=False)
    assert all(not positives & negatives for positives, negatives in documents_of(selected))
    assert hardneg.open_run(tmp_path / "selected").collection.digest == opened.collection.digest
    with pytest.raises(DataError, match="8 retrieved positives are too few, 20 are needed"):
        hardneg.audit(moved, report=False)
    assert hardneg.export(moved, "tevatron", tmp_path / "out.jsonl")["rows"] == 7
    assert "#" in rows(tmp_path / "out.jsonl")[0]["positive_passages"][0]["docid"]
    hardneg.write_report(moved, tmp_path / "report.html")
    assert "from a positive's document" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_run_is_copied_with_its_chunks(run, tmp_path, source):
    saved = run.save(tmp_path / "saved", report=False)
    shutil.rmtree(run.folder)
    shutil.rmtree(source)
    assert hardneg.open_run(saved.folder).collection.chunks["documents"] == 14


def test_a_run_in_memory_and_one_of_a_cut_folder_are_the_same(run, source, tmp_path, model, cut):
    memory = hardneg.mine(source, dense(model), chunk="24:6")
    assert memory.candidates.equals(run.candidates) and memory.folder is None
    folder, _ = cut("24:6", ranker=None, splits=["train"])
    assert hardneg.mine(folder, dense(model)).candidates.equals(run.candidates)


def test_a_recipe_without_comparable_scores_finds_chunks_by_bm25(source, tmp_path):
    run = hardneg.mine(source, recipe(), tmp_path / "run", chunk=24, report=False)
    assert run.info["collection"]["chunks"]["ranker"] == "bm25"
    assert run.info["collection"]["chunks"]["model"] == "default"


def test_settings_of_the_source_are_not_those_of_the_chunks(tmp_path, write, model):
    pairs = [{"asked": f"what is {n}", "replied": f"It is {n}. " * 9} for n in range(12)]
    path = write("pairs.jsonl", pairs)
    more = write("more.jsonl", [{"id": "m", "text": "More of it. " * 9}])
    chosen = recipe(columns=["query=asked", "positive=replied"], corpus=str(more))
    run = hardneg.mine(path, chosen, tmp_path / "run", chunk=24, report=False)
    assert run.info["recipe"]["load"]["columns"] == {} and run.info["recipe"]["load"]["corpus"] is None
    assert hardneg.open_run(tmp_path / "run").collection.chunks["documents"] == 13


@pytest.mark.parametrize("change", [{"chunk": "24:4"}, {"chunk": 28}, {"chunk": None}])
def test_a_folder_with_other_chunks_is_refused_and_stays(run, source, model, change):
    before = content(run.folder)
    with pytest.raises(ConfigError, match="holds (chunks of other|another run)"):
        hardneg.mine(source, dense(model), run.folder, **{"chunk": "24:6", "report": False, **change})
    assert content(run.folder) == before


def test_a_run_without_chunks_is_refused_and_stays(source, tmp_path, model):
    hardneg.mine(source, dense(model), tmp_path / "run", report=False)
    before = content(tmp_path / "run")
    with pytest.raises(ConfigError, match="holds a run that was mined without --chunk; choose another --out"):
        hardneg.mine(source, dense(model), tmp_path / "run", chunk=24, report=False)
    assert content(tmp_path / "run") == before


def test_the_chunks_of_a_run_are_not_replaced_by_an_export(run):
    with pytest.raises(ConfigError, match="is a file of the run itself"):
        hardneg.export(run, "tevatron", run.folder / "collection" / "corpus.jsonl")


def test_chunks_that_changed_are_refused_until_they_are_cut_again(run, source, model):
    path = run.folder / "collection" / "neutral" / "train.tsv"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="neutral/train.tsv is missing or has changed since it was written"):
        hardneg.open_run(run.folder)
    hardneg.mine(source, dense(model), run.folder, chunk="24:6", report=False)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    "forged",
    [
        '{"finished": true}',
        '{"fingerprint": "a", "finished": true, "name": "n", "files": {}, "splits": {}, "facts": {}}',
        "[]",
        "{",
    ],
)
def test_a_forged_chunks_json_is_one_line(run, forged):
    (run.folder / "collection" / "chunks.json").write_text(forged, encoding="utf-8")
    with pytest.raises(DataError, match="chunks.json is damaged: .*; delete .* and cut the documents again"):
        hardneg.open_run(run.folder)


def test_an_unfinished_folder_is_refused(tmp_path):
    (tmp_path / "chunks.json").write_text('{"fingerprint": "a", "finished": false}', encoding="utf-8")
    with pytest.raises(DataError, match="is not finished; run the same hardneg command again to finish it"):
        load(str(tmp_path))


def test_neutral_chunks_are_left_out_of_an_evaluation(run):
    """By BM25 the chunk with the colour is first; others of its document share words and would follow."""
    place = str(run.folder / "collection")
    evaluation = hardneg.evaluate(place, ["bm25"], load=hardneg.LoadOptions(split="train"))
    scores = evaluation.systems[0].run.scores
    assert scores["q3"] and {doc for doc in scores["q3"] if doc.startswith("d3#")} == {"d3#4"}


def test_a_student_learns_from_a_run_of_chunks(run, tmp_path):
    """The masks of a batch know that other chunks of a positive's document are no negatives."""
    from hardneg.training.rows import PairWeights

    collection = run.collection
    weights = PairWeights.of_run(run.folder, collection, "suspected")
    [query] = collection.queries.rows(["q3"])
    docs = collection.documents.rows([f"d3#{n}" for n in (1, 2, 4)])
    assert weights.weight(collection.queries.rows(["q3"]), docs).tolist() == [[0, 0, 0]]
    assert query >= 0
