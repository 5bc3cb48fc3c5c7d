"""Damaged and forged files of models, comparisons and generated texts: refused in one line, or made again."""

import json
import pickle
import random
import shutil

import pytest

from hardneg.core.state_files import CHECKSUM
from hardneg.training.model_directory import read
from tests import tiny
from tests.cli.test_cli import run
from tests.conftest import small_collection
from tests.hostile.mutations import COUNT, damage, forge, outcome, summed_up
from tests.hostile.test_received import Pickled


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a trained model and a comparison, and what they came from."""
    folder = tmp_path_factory.mktemp("world")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARDNEG_CACHE", str(folder / "cache"))
        beir = small_collection(folder / "beir")
        for split in ("test", "dev"):
            (beir / "qrels" / f"{split}.tsv").write_text("query-id\tcorpus-id\tscore\nq6\td6\t1\n")
        tiny.bi_encoder(folder / "bi")
        run("mine", beir, "--out", folder / "run", "--recipe", "naive", "--ranker", "bm25", "--quiet")
        for name in ("train", "compare"):
            run(*commands(folder)[name], "--quiet")
            shutil.copytree(folder / name, folder / f"{name}-whole")
        yield folder


def commands(folder):
    student = ["--student", folder / "bi" / "model", "--set", "steps=1", "--dev", "dev"]
    sampled = ["--recipes", "naive", "--seeds", 1, "--recipe-set", "rank.rankers=[bm25]"]
    return {
        "train": ["train", folder / "run", "--out", folder / "train", *student],
        "compare": ["compare", folder / "beir", "--out", folder / "compare", *student, *sampled],
        "report": ["report", folder / "compare"],
    }


def measured(value):
    """Returns what a file says but for seconds and checksums."""
    if isinstance(value, dict):
        return {key: measured(inner) for key, inner in value.items() if key not in ("seconds", CHECKSUM)}
    return [measured(inner) for inner in value] if isinstance(value, list) else value


def tried(world, folder, name, change, command, capsys):
    """Runs a command on mutations of a file; what is damaged is refused, or comes out as it was."""
    problems, path = [], world / folder / name
    for seed in range(COUNT):
        shutil.rmtree(world / folder)
        shutil.copytree(world / f"{folder}-whole", world / folder)
        change(path, random.Random(f"{name} {change.__name__} {command} {seed}"))
        try:
            code, _ = outcome([*commands(world)[command], "--quiet"], capsys)
            if change is damage and code == 0:
                whole = json.loads((world / f"{folder}-whole" / name).read_text())
                assert measured(json.loads(path.read_text())) == measured(whole), f"{name}: silently wrong"
        except AssertionError as error:
            problems.append(str(error).splitlines()[0])
    return summed_up(problems)


@pytest.mark.parametrize("change", [damage, forge])
def test_train_json(change, world, capsys):
    assert not tried(world, "train", "train.json", change, "train", capsys)


@pytest.mark.parametrize("change", [damage, forge])
@pytest.mark.parametrize("name", ["shared.json", "students/naive/42/result.json", "compare.json"])
def test_files_of_a_comparison(name, change, world, capsys):
    assert not tried(world, "compare", name, change, "compare", capsys)


@pytest.mark.parametrize("change", [damage, forge])
def test_the_report_of_a_comparison(change, world, capsys):
    assert not tried(world, "compare", "compare.json", change, "report", capsys)


def test_a_model_of_an_earlier_version_has_no_checksum(world):
    shutil.rmtree(world / "train")
    shutil.copytree(world / "train-whole", world / "train")
    facts = read(world / "train")
    facts.pop(CHECKSUM)
    (world / "train" / "train.json").write_text(json.dumps(facts))
    assert read(world / "train") == facts


@pytest.fixture
def killed(world, tmp_path, monkeypatch):
    """A training that was killed after its last checkpoint, and the command that goes on with it."""
    from hardneg.training import training_run

    class Killed(BaseException):
        pass

    def dies(*_):
        raise Killed

    monkeypatch.setattr(training_run, "save", dies)
    command = [*commands(world)["train"], "--quiet"]
    command[3] = tmp_path / "model"
    with pytest.raises(Killed):
        run(*command)
    monkeypatch.undo()
    return tmp_path / "model", command


def test_a_damaged_checkpoint_is_refused_or_not_used(killed, tmp_path, capsys):
    folder, command = killed
    names = sorted(path.relative_to(folder) for path in folder.glob("checkpoints/*/**/*") if path.is_file())
    assert len(names) > 5
    shutil.copytree(folder, tmp_path / "whole")
    problems = []
    for seed in range(2 * COUNT):
        chance = random.Random(seed)
        name = chance.choice(names)
        shutil.rmtree(folder)
        shutil.copytree(tmp_path / "whole", folder)
        damage(folder / name, chance)
        try:
            outcome(command, capsys)
        except AssertionError as error:
            problems.append(f"{name.name}: {str(error).splitlines()[0]}")
    assert not summed_up(problems)


def test_no_pickle_of_a_received_checkpoint_is_loaded(killed, tmp_path, capsys):
    folder, command = killed
    canary = tmp_path / "canary"
    names = {"optimizer.pt", "scheduler.pt", "rng_state.pth", "training_args.bin", "pytorch_model.bin"}
    for checkpoint in folder.glob("checkpoints/checkpoint-*"):
        found = {path.name for path in checkpoint.iterdir() if path.suffix in (".pt", ".pth", ".bin")}
        for name in names | found:
            (checkpoint / name).write_bytes(pickle.dumps(Pickled(canary)))
    outcome(command, capsys)
    assert not canary.exists()
