"""The public verbs: in memory and on disk alike, with runs as folders, URLs and objects."""

import importlib
import json
import logging
import pkgutil
import subprocess
import sys
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

import hardneg
from hardneg.core.errors import ConfigError, DataError, MissingExtra
from hardneg.mining import miner
from hardneg.testing import FakeRanker
from tests.mining.test_pipeline import content

VERBS = (
    *("audit", "clean", "compare", "evaluate", "export", "generate", "judge", "mine", "open_run", "push"),
    *("select", "train", "write_report"),
)
mine = partial(hardneg.mine, report=False)
CALIBRATED = ["validation.validators=[similar-to-positive]", "validation.calibrate=true"]


def recipe(*overrides, name="naive", **changes):
    return hardneg.Recipe.named(name, ["format=jsonl", *overrides], rankers=["bm25"], **changes)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(miner, "BLOCK", 3)


@pytest.fixture
def in_memory(collection):
    return mine(collection, recipe(negatives=2))


@hardneg.rule("at-most-three-words-long")
def short(candidates, *, longest=30):
    """A rule of this module, found by its name."""
    return candidates.documents.lengths <= longest


class LongEnough(hardneg.Rule):
    """A rule without a name, found by its import path."""

    def keep(self, candidates):
        return candidates.documents.lengths >= 5


# Names


@pytest.mark.parametrize("name", VERBS)
def test_no_package_takes_the_place_of_a_verb(name):
    rooms = [room.name for room in pkgutil.iter_modules(hardneg.__path__)]
    assert name not in rooms
    importlib.import_module("hardneg.auditing")
    assert callable(getattr(hardneg, name)) and getattr(hardneg, name).__module__.startswith("hardneg.api")


# Runs in memory


@pytest.mark.parametrize("overrides", [(), ("select.anchor=pair",), ("select.max_uses=2",), CALIBRATED])
def test_a_run_in_memory_is_saved_as_the_run_of_a_folder(beir, tmp_path, overrides):
    chosen = recipe(*overrides, negatives=2)
    held = mine(str(beir), chosen)
    assert held.folder is None and not list(tmp_path.glob("ledger*"))
    mined = mine(str(beir), chosen, tmp_path / "mined")
    saved = held.save(tmp_path / "saved", report=False)
    assert content(tmp_path / "saved") == content(tmp_path / "mined")
    calibrations = [tmp_path / name / "calibration.json" for name in ("saved", "mined")]
    assert len({path.read_bytes() if path.exists() else b"" for path in calibrations}) == 1
    differing = {key for key in mined.info if mined.info[key] != saved.info[key]}
    assert differing <= {"seconds", "checksum"}
    assert list(held.training_set) == list(mined.training_set) == list(saved.training_set)
    assert held.candidates.equals(mined.candidates)
    assert (held.calibration is None) == (mined.calibration is None)


def test_a_saved_run_is_copied(in_memory, tmp_path, collection):
    first = in_memory.save(tmp_path / "a", report=False)
    second = first.save(tmp_path / "b", report=False)
    assert content(tmp_path / "a") == content(tmp_path / "b") and second.folder == tmp_path / "b"
    with pytest.raises(ConfigError, match="differs in recipe"):
        mine(collection, recipe(negatives=1)).save(tmp_path / "a")


def test_a_run_in_memory_is_decided_on_again(in_memory, beir, tmp_path):
    again = in_memory.select("naive", negatives_of(tmp_path), report=False)
    mined = mine(str(beir), recipe(), tmp_path / "mined")
    assert list(again.training_set) == list(mined.training_set)
    held = in_memory.select(recipe(negatives=1))
    assert held.folder is None and held.info["counts"]["negatives"] == 7
    assert held.info["selected_from"]["run"] == "the run in memory"


def negatives_of(tmp_path):
    return tmp_path / "again"


def test_a_recipe_of_other_rankers_decides_by_those_of_the_run(in_memory):
    again = in_memory.select(hardneg.Recipe.named("naive", rankers=["dense:none"], negatives=3))
    assert again.info["recipe"]["rank"] == in_memory.info["recipe"]["rank"]
    assert again.info["recipe"]["select"]["by"] == "bm25" and again.info["counts"]["negatives"] == 21


def test_a_run_in_memory_is_audited_as_in_its_folder(tmp_path):
    words = [f"w{number}" for number in range(40)]
    pairs = [
        {"query": f"{a} {b}", "positive": [f"{a} {b} one {n}", f"{b} {a} two {n}"]}
        for n, (a, b) in enumerate(zip(words, words[7:] + words[:7], strict=True))
    ]
    held = mine(pairs, recipe(*CALIBRATED))
    summary = held.audit()
    assert 0 <= summary["rate"] <= 1 and "calibrated" in summary["estimates"]
    saved = held.save(tmp_path / "run", report=False)
    assert json.loads(json.dumps(saved.audit(report=False))) == json.loads(json.dumps(summary))
    assert (tmp_path / "run" / "audit.json").exists()


def test_a_run_says_what_it_is(in_memory, tmp_path):
    assert repr(in_memory) == "Run(naive on beir: 7 queries, 14 negatives, in memory)"
    assert "14" in in_memory._repr_html_()
    assert repr(in_memory.save(tmp_path / "run", report=False)).endswith(f"in {tmp_path / 'run'})")


def test_what_needs_files_says_so_of_a_run_in_memory(in_memory):
    with pytest.raises(ConfigError, match=r"save it first: run\.save\(folder\)"):
        hardneg.judge(in_memory, "http://localhost:1/v1", model="none")
    with pytest.raises(ConfigError, match="name the file to write"):
        in_memory.report()


def test_figures_and_report_of_a_run_in_memory(in_memory, tmp_path):
    assert in_memory.plot.funnel().to_dict()
    assert "naive" in in_memory.report(tmp_path / "page.html").read_text(encoding="utf-8")


def test_a_folder_gets_its_report_unless_told_not_to(beir, tmp_path):
    hardneg.mine(str(beir), recipe(), tmp_path / "a")
    mine(str(beir), recipe(), tmp_path / "b")
    assert [(tmp_path / name / "report.html").exists() for name in "ab"] == [True, False]


def test_without_the_libraries_of_the_report_a_run_is_made_and_one_line_says_so(
    beir, tmp_path, monkeypatch, caplog
):
    def missing(*_, **settings):
        raise MissingExtra("altair", "report")

    monkeypatch.setattr("hardneg.report.write_report", missing)
    with caplog.at_level(logging.WARNING):
        run = hardneg.mine(str(beir), recipe(), tmp_path / "run")
    assert run.info["finished"] and [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'run'} has no report.html: altair is not installed; "
        f"run: pip install 'hardneg[report]', then: hardneg report {tmp_path / 'run'}"
    ]
    with pytest.raises(MissingExtra, match=r"hardneg\[report\]"):
        run.report()


# Training sets


def test_a_training_set_becomes_a_dataset(in_memory):
    rows = in_memory.training_set.to_dataset("sentence-transformers-triplet")
    expected = [
        {"anchor": e.query, "positive": p.full, "negative": n.full}
        for e in in_memory.training_set
        for p in e.positives
        for n in e.negatives
    ]
    assert rows.to_list() == expected
    assert in_memory.training_set.to_arrow()["query_id"].to_pylist() == [f"q{n}" for n in range(7)]
    assert in_memory.training_set.to_dataset("flagembedding").column_names[:3] == ["query", "pos", "neg"]
    with pytest.raises(ConfigError, match="trec has no table of rows"):
        in_memory.training_set.to_dataset("trec")


def test_a_training_set_is_exported(in_memory, tmp_path):
    assert in_memory.export("flagembedding", tmp_path / "bge.jsonl")["rows"] == 7
    in_memory.save(tmp_path / "run", report=False)
    hardneg.export(
        tmp_path / "run", "flagembedding", tmp_path / "again.jsonl", collection=in_memory.collection
    )
    assert (tmp_path / "bge.jsonl").read_bytes() == (tmp_path / "again.jsonl").read_bytes()


def test_a_training_set_is_cleaned_in_memory(tmp_path):
    rows = [{"query": "amber", "pos": ["an amber stone"], "neg": ["An amber  stone", "a fjord"]}]
    (tmp_path / "given.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    by = hardneg.Recipe.named("clean", rankers=["bm25", "listed"])
    held = hardneg.clean(tmp_path / "given.jsonl", recipe=by)
    hardneg.clean(tmp_path / "given.jsonl", tmp_path / "run", by, report=False)
    held.save(tmp_path / "saved", report=False)
    assert content(tmp_path / "saved") == content(tmp_path / "run")
    assert json.loads((tmp_path / "saved" / "train.jsonl").read_text(encoding="utf-8"))["neg"] == ["a fjord"]


# Components in recipes


def test_an_instance_is_described_by_its_import_path_and_found_again(beir, tmp_path):
    run = mine(str(beir), recipe(rules=[LongEnough(), short]), tmp_path / "run")
    assert run.info["recipe"]["select"]["rules"] == [
        {"tests.test_api:LongEnough": {}}, {"at-most-three-words-long": {"longest": 30}}
    ]  # fmt: skip
    opened = hardneg.open_run(tmp_path / "run")
    again = hardneg.Recipe.build(opened.info["recipe"])
    assert isinstance(again.select.rules[0], LongEnough)
    assert hardneg.select(opened, again).candidates.equals(run.candidates)


def test_a_component_that_is_not_imported_is_refused_in_one_line(beir, tmp_path):
    mine(str(beir), recipe(rules=[LongEnough()]), tmp_path / "run")
    code = (
        "import hardneg, sys\n"
        "run = hardneg.open_run(sys.argv[1])\n"
        "try: hardneg.Recipe.build(run.info['recipe'])\n"
        "except hardneg.ConfigError as error: print(error)"
    )
    asked = [sys.executable, "-c", code, str(tmp_path / "run")]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    assert "import tests.test_api first" in said and said.count("\n") == 1


def test_a_fake_ranker_stands_in_a_recipe(collection, tmp_path):
    fake = FakeRanker(np.random.default_rng(1).random((len(collection.queries), len(collection.documents))))
    by_fake = partial(hardneg.Recipe.named, "naive", ["format=jsonl"], rankers=[fake])
    run = mine(collection, by_fake(), tmp_path / "run")
    [(name, described)] = run.info["recipe"]["rank"]["rankers"][0].items()
    assert name == "hardneg.testing.fakes:FakeRanker" and set(described) == {"object"}
    assert run.select("naive").candidates.num_rows == run.candidates.num_rows
    opened = hardneg.open_run(tmp_path / "run", collection=collection)
    assert hardneg.select(opened, by_fake(negatives=1)).info["counts"]["negatives"] == 7
    with pytest.raises(ConfigError, match=r"which run\.json cannot hold; pass it again"):
        opened.select("naive")


# Objects as sources


PAIRS = [("who is first", "Ada", "Bea"), ("who is next", "Bea", "Cid"), ("who is first", "Eve", "Dan")]


def shapes():
    rows = [{"query": q, "positive": p, "negative": n} for q, p, n in PAIRS]
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    yield "dicts", lambda: rows
    yield "columns", lambda: columns
    yield "arrays", lambda: {name: np.array(values) for name, values in columns.items()}
    yield "arrow", lambda: pa.table(columns)
    yield "batch", lambda: pa.record_batch(columns)
    yield "pandas", lambda: pytest.importorskip("pandas").DataFrame(columns)
    yield "polars", lambda: pytest.importorskip("polars").DataFrame(columns)
    yield "datasets", lambda: pytest.importorskip("datasets").Dataset.from_dict(columns)
    yield "generator", lambda: (row for row in rows)


@pytest.fixture
def of_a_file(tmp_path):
    rows = [{"query": q, "positive": p, "negative": n} for q, p, n in PAIRS]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    from hardneg.sources import load

    return load(str(path))


@pytest.mark.parametrize(("make"), [pytest.param(make, id=name) for name, make in shapes()])
def test_pairs_of_any_shape_are_what_they_are_in_a_file(make, of_a_file):
    read = hardneg.Collection.of(make())
    assert (read.digest, read.notes) == (of_a_file.digest, of_a_file.notes)
    assert read.name == "memory" and len(read.queries) == 2


def test_tuples_are_query_positive_and_negatives(of_a_file):
    read = hardneg.Collection.of([*PAIRS], name="mine")
    assert read.name == "mine" and read.digest == of_a_file.digest


def test_a_dataset_of_splits_is_read_in_the_split_asked_for():
    datasets = pytest.importorskip("datasets")
    splits = datasets.DatasetDict(train=datasets.Dataset.from_dict({"query": ["a"], "positive": ["b"]}))
    assert len(hardneg.Collection.of(splits).queries) == 1
    with pytest.raises(DataError, match='no split "test"; splits found: train'):
        hardneg.Collection.of(splits, options=hardneg.LoadOptions(split="test"))


def test_queries_corpus_and_judgments_are_a_collection_like_the_folder(collection):
    documents, queries = collection.documents, collection.queries
    every = range(len(documents))
    ids = dict(zip(documents.ids(every), documents.bodies(every), strict=True))
    asked = dict(zip(queries.ids(range(7)), queries.texts(range(7)), strict=True))
    judged = {f"q{n}": {f"d{n}": 1} for n in range(7)}
    judged["q0"]["d7"], judged["q1"]["d9"] = 2, 0
    triples = [(query, doc, relevance) for query, own in judged.items() for doc, relevance in own.items()]
    # the order of the judgments is that of the file: digests are of what was read, in its order
    in_order = sorted(triples, key=lambda triple: (triple[1:] in (("d7", 2), ("d9", 0)), triple[0]))
    of = partial(hardneg.Collection.of, corpus=ids)
    assert of(asked, judgments=in_order).digest == collection.digest
    frames = of(queries=pa.table({"_id": list(asked), "text": list(asked.values())}), judgments=judged)
    assert frames.digest == of(asked, judgments=triples).digest
    titled = {name: {"title": "", "text": text} for name, text in ids.items()}
    rows = [{"query_id": q, "corpus-id": d, "score": r} for q, d, r in in_order]
    assert hardneg.Collection.of(asked, corpus=titled, judgments=rows).digest == collection.digest


def test_pairs_may_have_more_documents_beside_them(tmp_path):
    more = hardneg.Collection.of(PAIRS, corpus={"x1": "Fay", "x2": "Gus"})
    assert more.documents.ids(range(2)) == ["x1", "x2"] and len(more.documents) == 7
    (tmp_path / "corpus.jsonl").write_text('{"_id": "x1", "text": "Fay"}\n{"_id": "x2", "text": "Gus"}\n')
    assert hardneg.Collection.of(PAIRS, corpus=tmp_path / "corpus.jsonl").digest == more.digest


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (([{"query": "a", "positive": "b"}, {"query": "c"}],), "pairs row 2: no column for the positive"),
        (([{"query": "a", "positive": 3}],), 'pairs row 1: "positive" holds a number'),
        (({"query": ["a"], "positive": []},), "not equally long: query has 1, positive has 0"),
        (({"query": "a"},), "a dict needs a list for each column"),
        ((["alone"],), "pairs row 1: a mapping or a tuple"),
        (("a string",), "a string is no table"),
        ((3,), "a number is no table"),
        (([],), "there are no documents"),
    ],
)
def test_errors_name_the_row(given, message):
    with pytest.raises(DataError, match=message):
        hardneg.Collection.of(*given)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({}, ConfigError, "give pairs"),
        ({"judgments": {"q": {"d": 1}}, "corpus": {"d": "x"}}, ConfigError, "give them first"),
        ({"queries": {"q": "a"}, "judgments": {"q": {"d": 1}}}, ConfigError, "give them as corpus="),
        ({"judgments": {"q": {"no": 1}}}, DataError, r"""judgments\['q'\]: document id "no" is not in"""),
        ({"judgments": {"q": 1}}, DataError, "is needed, found a number"),
        ({"judgments": [("q",)]}, DataError, "judgments row 1: each judgment is"),
        ({"judgments": [{"q": 1}]}, DataError, "judgments row 1: no column for the query id"),
        ({"judgments": [("q", "d", "much")]}, DataError, "judgments row 1: the relevance is 'much'"),
        (
            {"judgments": {"q": {"d": 1}}, "corpus": {"d": 3}},
            DataError,
            r"corpus\['d'\]: \"text\" is a number",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(given, error, message):
    whole = {"queries": {"q": "a"}, "corpus": {"d": "x"}} if error is DataError else {}
    with pytest.raises(error, match=message):
        hardneg.Collection.of(**{**whole, **given})


def test_what_collection_of_takes_is_mined_directly():
    run = mine(PAIRS, recipe(negatives=1))
    assert run.info["source"] is None and run.info["collection"]["queries"] == 2
    assert [example.query for example in run.training_set] == ["who is first", "who is next"]


# Stores


def test_verbs_take_urls_and_upload_what_they_change(beir, tmp_path):
    pytest.importorskip("fsspec")
    url = f"file://{tmp_path / 'store' / 'run'}"
    run = mine(str(beir), recipe(*CALIBRATED), url)
    assert run.url == url and repr(run).endswith(f"in {url})")
    opened = hardneg.open_run(url)
    assert opened.info == run.info and opened.url == url
    with pytest.raises(DataError, match="no false-negative rate|estimated"):
        hardneg.audit(url, report=False)
    page = hardneg.write_report(url)
    assert page.name == "report.html" and (tmp_path / "store" / "run" / "report.html").exists()
    again = hardneg.select(url, "naive", f"file://{tmp_path / 'store' / 'again'}", report=False)
    assert (tmp_path / "store" / "again" / "run.json").exists() and again.info["selected_from"]["run"] == url
