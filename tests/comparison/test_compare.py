"""Recipes are compared under the same conditions, and test queries never touch what is learned."""

import csv
import json
import re
import shutil

import numpy as np
import pytest

from hardneg.comparison import CompareSettings, compare, recipe_comparison
from hardneg.comparison.mined import hardness_by
from hardneg.core.errors import ConfigError, DataError, HardnegError
from hardneg.runs import ledger
from hardneg.training import TrainSettings
from tests.cli.test_cli import run
from tests.conftest import WORDS
from tests.mining.test_pipeline import content

MINED = ("rank.rankers=[bm25]", "rank.order=rrf", "select.by=bm25")


@pytest.fixture
def splits(beir):
    """The collection with a development and a test split, of seven queries each."""
    for name, shift in (("dev", 10), ("test", 20)):
        with (beir / "queries.jsonl").open("a", encoding="utf-8") as file:
            for n in range(7):
                text = f"{WORDS[n]} {WORDS[(n * 2 + shift) % 12]} {name}"
                file.write(json.dumps({"_id": f"{name}{n}", "text": text}) + "\n")
        lines = ["query-id\tcorpus-id\tscore", *(f"{name}{n}\td{n + shift}\t1" for n in range(7))]
        (beir / "qrels" / f"{name}.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return beir


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    from tests import tiny

    return str(tiny.bi_encoder(tmp_path_factory.mktemp("model")))


def settings(models, **changes):
    training = TrainSettings(
        student=f"static:{models}", dev="dev", batch_size=2, epochs=2, checks=2, learning_rate=0.1
    )
    given = {"recipes": ("naive", "shifted"), "recipe_set": MINED, "seeds": 2, "negatives": 2, "depth": 20}
    return CompareSettings(**{**given, "train": training, **changes})


def test_every_arm_is_measured_and_compared(splits, models, tmp_path):
    found = compare(str(splits), settings(models), tmp_path / "out")
    rows = {row["arm"]: row for row in found.facts["rows"]}
    assert list(rows) == ["untrained", "in-batch", "naive", "shifted"]
    assert [len(row["seeds"]) for row in rows.values()] == [1, 2, 2, 2]
    assert rows["untrained"]["gain"] == 0 and rows["naive"]["against_first"] is None
    assert rows["shifted"]["against_first"]["base"] == "naive"
    assert sum(row["best"] for row in rows.values()) == 1
    for row in rows.values():
        assert np.mean(row["seeds"]) == pytest.approx(row["measures"]["nDCG@10"]["mean"])
        assert set(row["measures"]) == {"nDCG@10", "recall@100", "MRR@10"}
    assert rows["naive"]["mined"]["negatives"] == 14
    assert rows["naive"]["mined"]["hardness"]["score"] > rows["shifted"]["mined"]["hardness"]["score"]
    assert rows["naive"]["mined"]["shared_with_first"] == 1
    assert rows["shifted"]["mined"]["shared_with_first"] == 0
    estimate = rows["naive"]["mined"]["false_negatives"]
    assert estimate["rate"] is None and "no false-negative rate can be estimated" in estimate["why"]
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8") as file:
        assert [line["arm"] for line in csv.DictReader(file)] == list(rows)
    assert "vs naive" in (tmp_path / "out" / "table.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", ["sparse", "dense", "cross-encoder"])
def test_students_of_every_kind_are_measured_before_and_after(kind, splits, tmp_path):
    from tests import tiny

    make = tiny.cross_encoder if kind == "cross-encoder" else tiny.bi_encoder
    student = f"{kind}:{make(tmp_path / 'model')}"
    training = TrainSettings(student=student, dev="dev", batch_size=4, epochs=1, checks=1)
    given = {"recipes": ("naive",), "recipe_set": MINED, "seeds": 1, "negatives": 1, "depth": 20}
    found = compare(str(splits), CompareSettings(**given, train=training), tmp_path / "out")
    rows = {row["arm"]: row["measures"]["recall@100"]["mean"] for row in found.facts["rows"]}
    assert list(rows) == ["untrained", "in-batch", "naive"] and all(value > 0 for value in rows.values())


def test_recipes_with_validators_select_from_what_these_have_seen(splits, models, tmp_path):
    seeing = {
        "name": "seeing",
        "rank": {"rankers": ["bm25"]},
        "validation": {"validators": ["near-duplicate"]},
        "format": "jsonl",
    }
    (tmp_path / "seeing.yaml").write_text(json.dumps(seeing), encoding="utf-8")
    compare(
        str(splits),
        settings(models, recipes=("naive", str(tmp_path / "seeing.yaml")), seeds=1),
        tmp_path / "out",
    )
    columns = {
        path.name: ledger.read_part(ledger.parts(path)[0]).table.column_names
        for path in (tmp_path / "out" / "runs").iterdir()
    }
    assert "evidence.near_duplicate" in columns["seeing"]
    assert "evidence.near_duplicate" not in columns["naive"]


def test_candidates_are_mined_once_for_all_recipes_that_rank_alike(splits, models, tmp_path):
    compare(str(splits), settings(models, seeds=1), tmp_path / "out")
    assert len(list((tmp_path / "out" / "candidates").iterdir())) == 1


def test_a_finished_comparison_takes_more_recipes_and_seeds(splits, models, tmp_path, monkeypatch):
    compare(str(splits), settings(models, seeds=1), tmp_path / "out")
    trained = []
    measured = recipe_comparison.measured
    monkeypatch.setattr(recipe_comparison, "measured", lambda *a: trained.append(a) or measured(*a))
    result = tmp_path / "out" / "students" / "naive" / "42" / "result.json"
    before = result.stat().st_mtime_ns
    more = compare(str(splits), settings(models, recipes=("naive", "shifted", "sampled")), tmp_path / "out")
    assert len(trained) == 2 * 4 and result.stat().st_mtime_ns == before
    assert more.facts["rows"][-1]["arm"] == "sampled"
    with pytest.raises(ConfigError, match="under other conditions, which differs in negatives"):
        compare(str(splits), settings(models, negatives=1), tmp_path / "out")
    with (splits / "qrels" / "test.tsv").open("a", encoding="utf-8") as file:
        file.write("test0\td1\t1\n")
    with pytest.raises(ConfigError, match=r"which differs in digest\.test"):
        compare(str(splits), settings(models), tmp_path / "out")


def test_an_audit_fills_the_false_negative_rate(splits, models, tmp_path):
    estimate = {"method": "judged_sample", "rate": 0.25, "low": 0.1, "high": 0.4, "judged": 40}
    found = compare(str(splits), settings(models, seeds=1), tmp_path / "out", audit=lambda folder: estimate)
    assert found.facts["rows"][2]["mined"]["false_negatives"]["rate"] == 0.25
    assert "25.0%" in (tmp_path / "out" / "table.txt").read_text(encoding="utf-8")
    (tmp_path / "out" / "runs" / "naive" / "audit.json").write_text(json.dumps(estimate), encoding="utf-8")
    again = compare(str(splits), settings(models, seeds=1), tmp_path / "out")
    assert again.facts["rows"][2]["mined"]["false_negatives"]["high"] == 0.4


def test_test_queries_touch_neither_mining_nor_thresholds_nor_early_stopping(
    splits, models, tmp_path, monkeypatch
):
    """Another test split, with other queries and judgments, changes no byte of runs, trainings or weights."""
    kept = {}

    def keep(*arguments, **options):
        trained = train(*arguments, **options)
        weights = (
            trained.folder / "0_StaticEmbedding" / "model.safetensors",
            trained.folder / "model.safetensors",
        )
        place = "/".join(trained.folder.parts[-3:-1])
        kept.setdefault(place, []).append(
            (next(path for path in weights if path.exists()).read_bytes(), trained.facts["training"])
        )
        return trained

    from hardneg.comparison import students

    train = students.train
    monkeypatch.setattr(students, "train", keep)
    changed = tmp_path / "changed" / "beir"
    shutil.copytree(splits, changed)
    with (changed / "queries.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(json.dumps({"_id": f"t{n}", "text": f"marsh larch {n}"}) + "\n" for n in range(3))
    lines = "".join(f"t{n}\td{n}\t1\n" for n in range(3))
    (changed / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\n" + lines, encoding="utf-8")
    results = []
    for number, source in enumerate((splits, changed)):
        found = compare(str(source), settings(models, seeds=1), tmp_path / str(number))
        results.append([row["measures"]["nDCG@10"]["mean"] for row in found.facts["rows"]])
        assert found.facts["collection"]["test"]["queries"] == (7, 3)[number]
    for name in ("naive", "shifted"):
        one, other = (content(tmp_path / str(number) / "runs" / name) for number in range(2))
        ledgers = [
            {path: data for path, data in run.items() if str(path).startswith(("ledger", "train"))}
            for run in (one, other)
        ]
        assert ledgers[0] == ledgers[1] and ledgers[0]
    assert set(kept) == {"in-batch/42", "naive/42", "shifted/42"}
    for first, second in kept.values():
        assert first == second
    assert results[0] != results[1]  # the test split is what is measured


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": "train"}, "which they would learn from"),
        ({"test": "dev"}, "stopped early on dev"),
        ({"recipes": ()}, "name one at least"),
        ({"seeds": 0}, "seeds"),
    ],
)
def test_splits_that_must_be_apart_are(models, changes, message):
    with pytest.raises(ValueError, match=message):
        settings(models, **changes)


@pytest.mark.parametrize(
    ("changes", "training", "message"),
    [
        ({"recipes": ("naive", "nope")}, {}, 'unknown recipe "nope"'),
        ({"measures": ("none@3",)}, {}, 'unknown measure "none"'),
        ({"test": "nope"}, {}, "no qrels/nope.tsv; splits found: dev, test, train"),
        ({"split": "nope"}, {}, "no qrels/nope.tsv"),
        ({}, {"dev": "nope"}, "no qrels/nope.tsv"),
        ({}, {"dev": "train"}, "is what the student learns from"),
        ({}, {"teacher": "dense"}, 'unknown teacher of recipe naive "dense". Known: bm25'),
        ({}, {"student": "static:nope/none"}, 'cannot load model "nope/none"'),
        ({}, {"student": "static:"}, "names no model"),
        ({}, {"dimensions": (99_999,)}, "dimensions must be between"),
        ({"queries": 1}, {"dev": None}, "too few to hold some out"),
    ],
)
def test_a_mistake_is_told_before_anything_is_written(splits, models, tmp_path, changes, training, message):
    asked = settings(models, **changes)
    asked = asked.model_copy(update={"train": asked.train.model_copy(update=training)})
    with pytest.raises(HardnegError, match=re.escape(message)) as caught:
        compare(str(splits), asked, tmp_path / "out")
    assert "\n" not in str(caught.value).strip()
    out = tmp_path / "out"
    assert not out.exists() or all(path.name.startswith(".") for path in out.iterdir())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["naive"], 'has the name "naive", as naive has'),
        (["x y", "x_y"], 'has the name "x_y"'),
        (["untrained"], "as the student without any training has"),
        (["in-batch"], "as the student of in-batch negatives has"),
    ],
)
def test_two_arms_of_one_name_are_told_apart_by_nobody(models, tmp_path, names, message):
    paths = [tmp_path / f"{number}.yaml" for number in range(len(names))]
    for path, name in zip(paths, names, strict=True):
        path.write_text(json.dumps({"name": name, "rank": {"rankers": ["bm25"]}}), encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        settings(models, recipes=("naive", *map(str, paths))).all_recipes()


def test_a_folder_that_holds_something_else_is_left_alone(splits, models, tmp_path):
    (tmp_path / "shared.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"shared\.json is damaged"):
        compare(str(splits), settings(models), tmp_path)
    (tmp_path / "shared.json").rename(tmp_path / "notes.txt")
    with pytest.raises(ConfigError, match="holds other files"):
        compare(str(splits), settings(models), tmp_path)
    with pytest.raises(DataError, match="cannot write to"):
        compare(str(splits), settings(models), tmp_path / "notes.txt")


def test_a_recipe_without_any_negative_is_compared_and_told(splits, models, tmp_path):
    strict = {"name": "strict", "select": {"rules": [{"max-score": {"maximum": -1}}]}, "format": "jsonl"}
    (tmp_path / "strict.yaml").write_text(json.dumps(strict), encoding="utf-8")
    asked = settings(models, recipes=(str(tmp_path / "strict.yaml"),), seeds=1)
    found = compare(str(splits), asked, tmp_path / "out")
    assert found.facts["rows"][2]["mined"]["negatives"] == 0
    assert "strict: no negatives were chosen" in (tmp_path / "out" / "table.txt").read_text(encoding="utf-8")


def test_hardness_by_hand(tmp_path):
    import pyarrow as pa

    from tests.training.test_batches import part

    anchors = pa.array([0.8] * 4, pa.float32())
    part(tmp_path, **{"positive.dense": anchors, "rank": pa.array([1, 3, 2, 4], pa.int32())})
    found = hardness_by("dense", tmp_path)
    assert found == {"score": pytest.approx(0.5), "relative_margin": pytest.approx(0.3 / 0.8), "rank": 3}
    assert hardness_by("bm25", tmp_path) == {"score": None, "relative_margin": None, "rank": None}


def test_the_command(splits, models, tmp_path, capsys):
    options = [
        "--student",
        f"static:{models}",
        "--seeds",
        1,
        "--dev",
        "dev",
        "--queries",
        5,
        "--negatives",
        1,
    ]
    for name in MINED:
        options += ["--recipe-set", name]
    options += ["--set", "batch_size=2", "--out", tmp_path / "out"]
    run("compare", splits, "--recipes", "naive, shifted", *options)
    assert "nDCG@10 on test" in capsys.readouterr().err
    run("compare", splits, "--recipes", "naive,shifted", *options, "--json")
    printed = json.loads(capsys.readouterr().out)
    assert printed["collection"]["queries"] == 5 and printed["collection"]["shared_query_texts"] == 0
    run("compare", splits, "--recipes", "naiv", *options, expect=2)
    assert 'did you mean "naive"' in capsys.readouterr().err
    run("compare", splits, "--recipes", "naive", *options, "--test", "dev", expect=2)
    assert "stopped early on dev" in capsys.readouterr().err
