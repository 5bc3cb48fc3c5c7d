"""Damaged and forged state files: each command refuses them in one line, or computes again what they held.

A damaged file that has a checksum is never read; a forged one, whose checksum fits, gives no traceback.
"""

import json
import random
import shutil

import pytest

from hardneg.runs import ledger
from hardneg.runs.directory import RunFolder
from tests.cli.test_cli import run as succeed
from tests.conftest import small_collection
from tests.hostile.mutations import (
    COUNT,
    damage,
    damaged,
    encoded,
    forge,
    forge_lines,
    forged,
    outcome,
    summed_up,
)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A folder with a run that has all state files, and a pristine copy of it beside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HARDNEG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield made(tmp_path_factory.mktemp("world"))


def made(folder):
    beir = small_collection(folder / "beir")
    with (beir / "queries.jsonl").open("a") as queries, (beir / "qrels" / "train.tsv").open("a") as judged:
        for n in range(7, 30):  # enough to learn probabilities from
            queries.write(json.dumps({"_id": f"q{n}", "text": f"amber n{n} birch"}) + "\n")
            judged.write(f"q{n}\td{n}\t1\n")
    run = folder / "run"
    command = ["mine", beir, "--out", run, "--recipe", "sampled", "--ranker", "bm25"]
    succeed(*command, '--set=validation.validators=["agreement"]', "--set=validation.calibrate=true")
    succeed("audit", run, "--sample", 3)
    pairs = [json.loads(line) for line in (run / "audit_sample.jsonl").read_text().splitlines()]
    kept = ("query_id", "doc_id")
    rows = [{**{k: p[k] for k in kept}, "verdict": "not_relevant", "judge": "me"} for p in pairs]
    (run / "judgments.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    succeed("audit", run)
    shutil.copytree(run, folder / "whole")
    return folder


def commands(world):
    """Returns the command lines that read a run, by name."""
    run, out = world / "run", world / "out"
    mine = ["mine", world / "beir", "--out", run, "--recipe", "sampled", "--ranker", "bm25", "--no-report"]
    more = ['--set=validation.validators=["agreement"]', "--set=validation.calibrate=true"]
    return {
        "mine": [*mine, *more],
        "audit": ["audit", run],
        "target": ["audit", run, "--target-fnr", 0.1],
        "select": ["select", run, "--out", out, "--recipe", "naive", "--no-report"],
        "export": ["export", run, "--format", "flagembedding", "-o", out / "train.jsonl"],
        "diff": ["diff", run, world / "whole"],
        "report": ["report", run],
        "judge": ["judge", run, "--endpoint", "http://127.0.0.1:9/v1", "--model", "m", "--dry-run"],
        "train": ["train", run, "--out", out, "--student", world / "no-model"],
        "sample": ["audit", run, "--sample", 2],
    }


def tried(world, name, change, names, capsys, unchanged=()):
    """Runs each command on each mutation of a file, and returns what went wrong."""
    problems = []
    for seed in range(COUNT):
        for command in names:
            rng = random.Random(f"{name} {command} {change.__name__} {seed}")
            for folder in ("run", "out"):
                shutil.rmtree(world / folder, ignore_errors=True)
            shutil.copytree(world / "whole", world / "run")
            change(world / "run" / name, rng)
            try:
                code, said = outcome(commands(world)[command], capsys)
                if command in unchanged and code == 0:
                    train = [world / folder / "train.jsonl" for folder in ("run", "whole")]
                    assert train[0].read_bytes() == train[1].read_bytes(), f"{command}: silently wrong"
            except AssertionError as error:
                problems.append(str(error).splitlines()[0])
    return summed_up(problems)


def forge_part(path, rng):
    """Changes the bytes of a part, its metadata or a column, and writes its checksum anew."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    if rng.random() < 0.3:
        path.write_bytes(damaged(path.read_bytes(), rng))
    elif rng.random() < 0.3:
        meta = json.loads(table.schema.metadata[b"hardneg"])
        table = table.replace_schema_metadata({b"hardneg": encoded(forged(meta, rng))})
        pq.write_table(table, path)
    else:
        name = rng.choice(table.column_names)
        place, size = table.column_names.index(name), len(table)
        odd = (None, "", "x", 1, -1, 2**31, float("inf"), float("nan"), b"\xff", [1], "negative", "d0", "q0")
        value = rng.choice(odd)
        values = pa.array([value] * size)
        if rng.random() < 0.5 and value is not None:
            try:
                values = pa.array(table[name].to_pylist()[:-1] + [value], table[name].type)
            except (pa.ArrowException, TypeError, OverflowError):
                pass
        changed = table.drop_columns([name]) if rng.random() < 0.2 else table.set_column(place, name, values)
        pq.write_table(changed, path)
    ledger.write_checksum(path)


READERS = ("audit", "target", "select", "export", "diff", "report", "judge", "train", "sample")
PART = "ledger/part-00000.parquet"


@pytest.mark.parametrize("command", ("mine", *READERS))
@pytest.mark.parametrize("change", [damage, forge])
def test_run_json(change, command, world, capsys):
    assert not tried(world, "run.json", change, [command], capsys, ["mine"] if change is damage else [])


@pytest.mark.parametrize("command", ("mine", *READERS))
@pytest.mark.parametrize("change", [damage, forge_part])
def test_a_part_of_the_ledger(change, command, world, capsys):
    assert not tried(world, PART, change, [command], capsys, ["mine"] if change is damage else [])


@pytest.mark.parametrize("change", [damage, forge])
def test_calibration_json(change, world, capsys):
    kept = ["mine"] if change is damage else []
    assert not tried(world, "calibration.json", change, ["mine", "audit", "select", "report"], capsys, kept)


@pytest.mark.parametrize("change", [damage, forge])
def test_positives_json(change, world, capsys):
    kept = ["mine"] if change is damage else []
    assert not tried(world, "positives.json", change, ["mine", "audit", "select", "report"], capsys, kept)


@pytest.mark.parametrize("change", [damage, forge])
def test_audit_json(change, world, capsys):
    assert not tried(world, "audit.json", change, ["report", "mine", "export", "audit"], capsys)


@pytest.mark.parametrize("name", ["judgments.jsonl", "audit_sample.jsonl"])
@pytest.mark.parametrize("change", [damage, forge_lines])
def test_lines(name, change, world, capsys):
    assert not tried(world, name, change, ["audit", "report", "judge", "sample"], capsys)


def test_checksum_of_a_part(world, capsys):
    names = ["mine", "audit", "select", "export"]
    assert not tried(world, "ledger/.part-00000.sha256", damage, names, capsys, ["mine"])


def test_a_run_json_without_a_checksum_is_read(world, capsys):
    """As those of the first versions."""
    shutil.rmtree(world / "run")
    shutil.copytree(world / "whole", world / "run")
    path = world / "run" / "run.json"
    plain = RunFolder(world / "run").read()
    plain.pop("checksum")
    path.write_text(json.dumps(plain))
    assert outcome(["audit", world / "run"], capsys)[0] == 0
