"""Students of every kind learn, are saved, and a killed training goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from hardneg.core.components import RANKERS, Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.evaluation.systems import model_kind
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.sources import LoadOptions
from hardneg.testing import collection
from hardneg.training import TrainSettings, rows, train
from hardneg.training.batches import Collate
from hardneg.training.dev_split import dev_split
from hardneg.training.loss_modules import loss_of
from hardneg.training.model_directory import read
from hardneg.training.rows import PairWeights, arrow_table
from hardneg.training.student import as_ranker, open_student, parse, reopen
from hardneg.training.trainer import last_whole
from hardneg.training.training_run import with_student
from tests import tiny
from tests.cli.test_cli import run
from tests.conftest import WORDS


def batch(mined, words, count=4):
    learned = rows.read(mined, words, "bm25", None, np.empty(0, np.uint64))[:count]
    return Collate(words, PairWeights(words))(arrow_table(learned).to_pylist())


def add_dev_split(beir):
    """Adds five development queries, with other texts than those that are learned from."""
    with (beir / "queries.jsonl").open("a", encoding="utf-8") as file:
        for n in range(5):
            file.write(json.dumps({"_id": f"v{n}", "text": f"{WORDS[n]} {WORDS[n + 5]} v{n}"}) + "\n")
    lines = "".join(f"v{n}\td{n + 10}\t1\n" for n in range(5))
    (beir / "qrels" / "dev.tsv").write_text("query-id\tcorpus-id\tscore\n" + lines, encoding="utf-8")


def gradients(student, settings, collated):
    torch.manual_seed(0)
    student.model.eval()
    student.model.zero_grad()
    loss = loss_of(student, settings)(collated)
    loss.backward()
    return float(loss.detach()), [p.grad.clone() for p in student.model.parameters() if p.grad is not None]


# Losses of students


@pytest.mark.parametrize("kind", ["dense", "sparse", "cross-encoder"])
def test_gradients_computed_piece_by_piece_are_the_same(kind, mined, words, models):
    settings = TrainSettings(student=f"{kind}:{models}")
    student, collated = open_student(settings), batch(mined, words)
    whole = gradients(student, settings, collated)
    pieces = gradients(student, settings.model_copy(update={"mini_batch": 3}), collated)
    assert pieces[0] == pytest.approx(whole[0], rel=1e-5)
    for one, other in zip(whole[1], pieces[1], strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_matryoshka_is_the_mean_over_its_dimensions(mined, words, models):
    settings, collated = TrainSettings(student=models), batch(mined, words)
    student = open_student(settings)
    both = gradients(student, settings.model_copy(update={"dimensions": (4,)}), collated)[0]
    whole = gradients(student, settings, collated)[0]
    student.model.eval()
    queries, documents = (
        torch.nn.functional.normalize(
            student.model.encode(collated[name], convert_to_tensor=True)[:, :4], dim=1
        )
        for name in ("queries", "documents")
    )
    logits = queries @ documents.T / 0.05 + collated["weight"].log()
    cut = torch.nn.functional.cross_entropy(logits, collated["target"])
    assert both == pytest.approx((whole + float(cut)) / 2, rel=1e-4)


def test_sparse_students_pay_for_density(mined, words, models):
    settings, collated = (
        TrainSettings(student=f"sparse:{models}", query_flops=0, document_flops=0),
        batch(mined, words),
    )
    student = open_student(settings)
    free = gradients(student, settings, collated)[0]
    assert gradients(student, settings.model_copy(update={"document_flops": 1.0}), collated)[0] > free


# Students


def test_the_student_s_kind_is_named_or_told_by_its_configuration(tmp_path, models):
    assert parse(f"sparse:{models}") == ("sparse", models)
    assert parse(models) == ("dense", models)
    assert parse(str(tiny.cross_encoder(tmp_path)))[0] == "cross-encoder"
    with pytest.raises(ConfigError, match="names no model"):
        parse("static:")


def test_a_static_student_begins_with_the_words_of_another_model(models):
    student = open_student(TrainSettings(student=f"static:{models}", max_length=3))
    words = open_student(TrainSettings(student=models)).model[0].auto_model.get_input_embeddings().weight
    assert student.kind == "static" and torch.equal(student.model[0].embedding.weight, words)
    assert len(student.model.preprocess(["a b c d e"])["input_ids"]) == 3


@pytest.mark.parametrize(
    ("student", "change", "message"),
    [
        ("dense", {"dimensions": (16,)}, "between 1 and 15"),
        ("cross-encoder", {"dimensions": (4,)}, "cross-encoder student has none"),
    ],
)
def test_settings_that_do_not_go_with_a_student_are_told(student, change, message, models):
    with pytest.raises(ConfigError, match=message):
        open_student(TrainSettings(student=f"{student}:{models}", **change))


def test_a_body_that_is_too_small_for_a_sparse_student_is_told(tmp_path):
    body = tiny.bert(tmp_path / "bert")
    with pytest.raises(ConfigError, match=r"too small a body for a sparse student: 256 terms .* it has 64"):
        open_student(TrainSettings(student=f"sparse:{body}"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"loss": "infonse"}, 'did you mean "infonce"'),
        ({"loss": "gist:-1"}, "margin"),
        ({"epochs": 0}, "epochs"),
        ({"seed": -1}, "seed: Input should be greater than or equal to 0"),
        ({"foo": 1}, 'unknown setting "foo"'),
        ({"guide": "bm52"}, 'did you mean "bm25"'),
    ],
)
def test_a_wrong_setting_is_told(given, message):
    with pytest.raises(ConfigError, match=message):
        TrainSettings.build(given)


def test_plain_settings_build_the_same():
    settings = TrainSettings.build(
        {"loss": "gist:0.1", "guide": "bm25:none"}, ["loss.gist.kind=relative", "epochs=3"]
    )
    assert (settings.loss.margin, settings.loss.kind, settings.epochs) == (0.1, "relative", 3)
    assert TrainSettings.build(settings.plain()) == settings


# Development


def test_queries_are_held_back_by_seed(words, settings, tmp_path):
    context = Context(tmp_path)
    one = dev_split(None, words, LoadOptions(), settings, context)
    again = dev_split(None, words, LoadOptions(), settings, context)
    other = dev_split(None, words, LoadOptions(), settings.model_copy(update={"seed": 1}), context)
    assert len(one.held_out) == 2  # a tenth of 24
    assert one.held_out.tolist() == again.held_out.tolist() != other.held_out.tolist()


def test_few_documents_of_a_development_split_hold_its_positives(words, settings, tmp_path):
    few = settings.model_copy(update={"dev_documents": 30})
    reduced = dev_split(None, words, LoadOptions(), few, Context(tmp_path)).collection
    assert len(reduced.documents) == 30 and len(reduced.judgments.queries_with_positives) == 2
    for row, query in enumerate(reduced.queries.ids(np.arange(2))):
        assert reduced.documents.ids(reduced.judgments.positives(row)) == [query.replace("q", "d")]


@pytest.mark.parametrize(
    ("dev", "source", "message"),
    [
        ("test", "x", "for the final evaluation alone"),
        ("train", "x", "what the student learns from"),
        ("dev", None, "has one split"),
    ],
)
def test_the_development_split_is_neither_learned_from_nor_the_test(
    words, settings, tmp_path, dev, source, message
):
    with pytest.raises(ConfigError, match=message):
        dev_split(source, words, LoadOptions(), settings.model_copy(update={"dev": dev}), Context(tmp_path))


def test_too_few_queries_are_told(settings, tmp_path):
    tiny_one = collection({"a": "one"}, {"q": "ask"}, [("q", "a", 1)])
    with pytest.raises(DataError, match="too few to hold some out"):
        dev_split(None, tiny_one, LoadOptions(), settings, Context(tmp_path))


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_student_ranks_now_as_it_will_when_saved(kind, words, models, tmp_path):
    settings = TrainSettings(student=f"{kind}:{models}")
    student = open_student(settings)
    if kind == "sparse":
        student.model[-1].pre_bias.data += 0.01  # else it is taken for an untrained one
    student.model.save_pretrained(str(tmp_path / "saved"))
    queries = np.arange(24, dtype=np.int32)
    now = as_ranker(student, words).search(queries, 5)
    exact = {"precision": "fp32"} if kind == "dense" else {}
    saved = RANKERS.make({kind: {"model": str(tmp_path / "saved"), **exact}})
    later = saved.open(words, Context(tmp_path)).search(queries, 5)
    assert np.allclose(now[1], later[1], atol=1e-4)


# Training


def test_a_student_learns_and_is_saved(mined, words, settings, tmp_path):
    changed = settings.model_copy(update={"epochs": 8, "learning_rate": 0.1})
    trained = train(mined, changed, tmp_path / "out", collection=words)
    training = trained.facts["training"]
    assert training["losses"][-1]["loss"] < training["losses"][0]["loss"]
    assert training["development"]["best"] >= training["development"]["before"]
    assert training["steps"] == training["planned_steps"] == 8 * 6
    assert trained.facts["rows"]["queries"] == 22
    assert not (tmp_path / "out" / "checkpoints").exists()
    saved = reopen("static", tmp_path / "out", changed)
    assert saved.kind == "static" and model_kind(str(tmp_path / "out")) == "dense"
    assert train(mined, changed, tmp_path / "out", collection=words).facts == read(tmp_path / "out")


@pytest.mark.parametrize(
    ("student", "loss"),
    [("dense", "hardness"), ("sparse", "margin-mse"), ("cross-encoder", "kl"), ("dense", "gist")],
)
def test_every_kind_of_student_learns_by_every_kind_of_loss(student, loss, mined, words, models, tmp_path):
    given = {
        "student": f"{student}:{models}",
        "loss": loss,
        "steps": 2,
        "checks": 1,
        "batch_size": 4,
        "dev_queries": 2,
    }
    settings = TrainSettings.build(given | ({"guide": "bm25"} if loss == "gist" else {}))
    trained = train(mined, settings, tmp_path / "out", collection=words)
    assert trained.facts["training"]["steps"] == 2
    assert model_kind(str(trained.folder)) == student


def test_the_rate_rises_and_falls(mined, words, settings, tmp_path):
    changed = settings.model_copy(
        update={"warmup": 0.5, "checks": 4, "epochs": 2, "learning_rate": 0.1, "patience": 9}
    )
    training = train(mined, changed, tmp_path / "out", collection=words).facts["training"]
    assert [log["step"] for log in training["losses"]] == [3, 6, 9, 12]
    # after 3, 6, 9 and 12 steps, each logged with the rate of its own step: up in 6 steps, down in 6
    rates = [log["learning_rate"] / 0.1 for log in training["losses"]]
    assert rates == pytest.approx([2 / 6, 5 / 6, 4 / 6, 1 / 6])


def test_the_same_seed_trains_the_same_student(mined, words, settings, tmp_path):
    trained = [train(mined, settings, tmp_path / name, collection=words) for name in ("a", "b")]
    weights = [reopen("static", each.folder, settings).model[0].embedding.weight for each in trained]
    assert torch.equal(*weights)


def test_training_stops_when_the_development_split_no_longer_gains(mined, words, settings, tmp_path):
    still = settings.model_copy(update={"learning_rate": 1e-12, "checks": 6, "patience": 2})
    training = train(mined, still, tmp_path / "out", collection=words).facts["training"]
    assert training["steps"] < training["planned_steps"]


def test_a_directory_of_another_training_is_refused(mined, words, settings, tmp_path):
    train(mined, settings, tmp_path / "out", collection=words)
    with pytest.raises(ConfigError, match=r"holds another training, which differs in settings\.epochs;"):
        train(mined, settings.model_copy(update={"epochs": 1}), tmp_path / "out", collection=words)
    with pytest.raises(ConfigError, match="holds other files"):
        train(mined, settings, mined, collection=words)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"student": "static:nope/none"}, 'cannot load model "nope/none"'),
        ({"student": "dense:"}, "names no model"),
        ({"dev": "dev"}, "has one split"),
        ({"teacher": "nope"}, 'no ranker "nope"; it has'),
        ({"dimensions": (99_999,)}, "dimensions must be between"),
    ],
)
def test_a_mistake_leaves_the_directory_free(change, message, mined, words, settings, tmp_path):
    with pytest.raises(ConfigError, match=message):
        train(mined, settings.model_copy(update=change), tmp_path / "out", collection=words)
    assert [path.name for path in (tmp_path / "out").iterdir() if not path.name.startswith(".")] == []


SLOW = """
import sys, time
from hardneg import cli
from hardneg.training.trainer import ProgressCallback
step = ProgressCallback.on_step_end
ProgressCallback.on_step_end = lambda self, *a, **k: (time.sleep(0.15), step(self, *a, **k))[1]
sys.argv = ["hardneg", *sys.argv[1:]]
cli.main()
"""


def test_a_killed_training_goes_on_and_ends_the_same(beir, models, tmp_path):
    add_dev_split(beir)
    run("mine", beir, "--out", tmp_path / "run", "--ranker", "bm25", "--format", "jsonl", "--quiet")

    def command(out):
        options = [
            "--student",
            f"static:{models}",
            "--dev",
            "dev",
            "--batch-size",
            "2",
            "--epochs",
            "6",
            "--quiet",
        ]
        more = ["--set", "checks=12", "--set", "patience=20"]
        return [
            sys.executable,
            "-c",
            SLOW,
            "train",
            str(tmp_path / "run"),
            "--out",
            str(out),
            *options,
            *more,
        ]

    victim = subprocess.Popen(command(tmp_path / "killed"))
    checkpoints = tmp_path / "killed" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("checkpoint-*/whole.json")) and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    assert not read(tmp_path / "killed")["finished"]
    (checkpoints / "checkpoint-999").mkdir()  # what a kill in the middle of saving leaves
    assert last_whole(checkpoints) is not None and not (checkpoints / "checkpoint-999").exists()
    for name in ("killed", "whole"):
        subprocess.run(command(tmp_path / name), check=True)
    runs = [read(tmp_path / name) for name in ("killed", "whole")]
    assert runs[0]["training"]["development"] == runs[1]["training"]["development"]
    weights = [
        reopen("static", tmp_path / name, TrainSettings()).model[0].embedding.weight
        for name in ("killed", "whole")
    ]
    assert torch.allclose(*weights)


# Rounds and the command


def test_a_round_mines_with_the_student():
    recipe = Recipe.named("default").settings()
    again = with_student(recipe, "static", Path("/m"))
    assert [getattr(ranker, "model", None) for ranker in again.rank.rankers] == [None, "/m"]
    added = with_student(recipe, "sparse", Path("/m"))
    assert RANKERS.name_of(added.rank.rankers[-1]) == "sparse"


def test_rounds_go_on_while_the_development_split_gains(beir, models, tmp_path, capsys):
    add_dev_split(beir)
    pipeline.mine(str(beir), Recipe.named("naive", ["rank.rankers=[bm25]", "format=jsonl"]), tmp_path / "run")
    options = [
        "--student",
        f"static:{models}",
        "--dev",
        "dev",
        "--batch-size",
        2,
        "--rounds",
        3,
        "--epochs",
        3,
    ]
    run("train", tmp_path / "run", "--out", tmp_path / "out", *options, "--learning-rate", 0.1)
    series = read(tmp_path / "out")
    best = [one["best"] for one in series["rounds"]]
    assert series["best_round"] == best.index(max(best)) + 1
    assert len(best) == 3 or best[-1] <= best[-2]
    assert (tmp_path / "out" / "modules.json").exists()
    second = json.loads((tmp_path / "out" / "rounds" / "2-run" / "run.json").read_text(encoding="utf-8"))
    assert second["recipe"]["rank"]["rankers"][-1]["dense"]["model"].endswith("rounds/1")
    assert f"round {series['best_round']} (kept)" in capsys.readouterr().err


def test_a_mistake_leaves_the_directory_of_rounds_free(beir, models, tmp_path, capsys):
    add_dev_split(beir)
    run("mine", beir, "--out", tmp_path / "run", "--ranker", "bm25", "--format", "jsonl", "--quiet")
    options = ["--student", f"static:{models}", "--rounds", 2, "--epochs", 1, "--batch-size", 2, "--quiet"]
    run("train", tmp_path / "run", "--out", tmp_path / "out", *options, "--dev", "nope", expect=2)
    assert "nope" in capsys.readouterr().err
    run("train", tmp_path / "run", "--out", tmp_path / "out", *options, "--dev", "dev")


def test_a_validator_is_a_cross_encoder_that_evaluate_and_mine_can_use(beir, models, tmp_path, capsys):
    add_dev_split(beir)
    run("mine", beir, "--out", tmp_path / "run", "--ranker", "bm25", "--format", "jsonl", "--quiet")
    options = ["--validator", "--student", models, "--dev", "dev", "--steps", 2, "--batch-size", 2, "--json"]
    run("train", tmp_path / "run", "--out", tmp_path / "judge", *options)
    assert json.loads(capsys.readouterr().out)["student"]["kind"] == "cross-encoder"
    run("evaluate", beir, "--split", "dev", "--model", tmp_path / "judge", "--json")
    assert json.loads(capsys.readouterr().out)["systems"][0]["facts"]["pool"] == "bm25"
    rankers = ["--ranker", "bm25", "--ranker", f"cross-encoder:{tmp_path / 'judge'}"]
    run("mine", beir, "--out", tmp_path / "judged", *rankers, "--format", "jsonl", "--quiet")


def test_a_mistake_is_told(tmp_path, capsys, mined):
    run("train", mined, "--out", tmp_path / "out", "--loss", "none", expect=2)
    assert "unknown loss" in capsys.readouterr().err
    run("train", tmp_path, "--out", tmp_path / "out", expect=2)
    assert "is no run directory" in capsys.readouterr().err
