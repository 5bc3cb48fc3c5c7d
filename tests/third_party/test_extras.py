"""A package that is installed beside hardneg adds components of every kind, one file each.

It is installed into a folder of its own by pip, and used through the command line.
"""

import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import hardneg
from hardneg.sources import LoadOptions, load
from hardneg.training.rows import PairWeights
from tests.conftest import WORDS

SOURCE = Path(__file__).parent / "hardneg_extras"
KINDS = ("rule", "draw", "ranker", "validator", "format", "source")


def wheel(folder):
    """Builds the package as hatchling would, which is not installed everywhere."""
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    name, version = project["name"].replace("-", "_"), project["version"]
    points = "".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in group_points.items())
        for group, group_points in project["entry-points"].items()
    )
    files = {f"{name}/{path.name}": path.read_text(encoding="utf-8") for path in (SOURCE / name).glob("*.py")}
    info = f"{name}-{version}.dist-info"
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {version}\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files[f"{info}/entry_points.txt"] = points
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    built = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(built, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Returns the folder in which pip has installed the package."""
    folder = tmp_path_factory.mktemp("extras")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--no-compile"]
    command = [*pip, "--disable-pip-version-check", "--target", str(folder / "site"), str(wheel(folder))]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "site"


@pytest.fixture
def python(installed, tmp_path):
    """Returns a function that runs Python with the package on the path, and gives what is printed."""
    path = os.pathsep.join([str(installed), str(Path(hardneg.__file__).parents[1])])
    env = {**os.environ, "PYTHONPATH": path, "NO_COLOR": "1"}

    def run(*arguments, fails=False):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], env=env, cwd=tmp_path, capture_output=True, text=True
        )
        assert (done.returncode != 0) == fails, done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture
def pairs(tmp_path):
    """Forty queries, each with one positive that has two of its three words, as two other documents do."""
    texts = (("query", (1, 3, 9)), ("positive", (1, 3, 7)))
    rows = [
        {name: " ".join(WORDS[(n * step + step) % 12] for step in own) + f" n{n}" for name, own in texts}
        for n in range(40)
    ]
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


OPTIONS = [
    "--recipe", "naive", "--ranker", "bm25", "--ranker", "word-overlap", "--format", "triplet-tsv",
    "--set", "select.rules=[{holds-query: {share: 0.5}}, 'min-length:21']", "--set", "select.draw=easiest",
    "--set", "validation.validators=[same-length]", "--set", "validation.calibrate=true",
    "--set", "rank.depth=30", "--set", "rank.rankers.word-overlap.dimension=64",
]  # fmt: skip


@pytest.fixture
def mined(python, pairs):
    """A run that was mined by components of the other package."""
    python("-m", "hardneg", "mine", pairs, "--out", "run", "--quiet", *OPTIONS)
    return Path("run")


def ledger(folder):
    return pq.read_table(folder / "ledger").to_pylist()


def test_components_of_another_package_mine(python, mined, pairs, tmp_path):
    run = json.loads((tmp_path / "run" / "run.json").read_text(encoding="utf-8"))
    assert run["recipe"]["rank"]["rankers"][1] == {"word-overlap": {"dimension": 64}}
    assert run["recipe"]["select"]["rules"] == [
        {"holds-query": {"share": 0.5}}, {"min-length": {"characters": 21}},
    ]  # fmt: skip
    assert run["recipe"]["select"]["draw"] == {"easiest": {}}
    assert run["recipe"]["format"] == {"triplet-tsv": {"limit": None}}
    assert run["reasons"]["holds_query"] == {
        "implies_doubt": True,
        "label": {"en": "holds the query", "ru": "содержит запрос"},
        "meaning": "Drops documents that hold a share of the query's words.",
    }
    assert run["reasons"]["min_length"]["implies_doubt"] is False
    rows = ledger(tmp_path / "run")
    assert {"min_length", "holds_query", "easiest"} <= {row["reason"] for row in rows}
    assert any(row["evidence.same_length"] == 1 for row in rows)
    assert {"score.word-overlap", "score.bm25"} <= set(rows[0])
    written = (tmp_path / "run" / "train.tsv").read_text(encoding="utf-8").splitlines()
    assert written and all(line.count("\t") == 2 for line in written)


def test_training_takes_for_doubtful_what_a_rule_says_is(python, mined, pairs, tmp_path):
    known = load(str(pairs), LoadOptions(split="all"))
    weights = PairWeights.of_run(tmp_path / "run", known, "suspected")
    dropped = [row for row in ledger(tmp_path / "run") if row["decision"] == "dropped"]
    seen = set()
    for row in dropped:
        query, doc = known.queries.rows([row["query_id"]]), known.documents.rows([row["doc_id"]])
        doubted = row["reason"] not in ("min_length", "surplus")
        expected = 0.0 if doubted else 1 - row["p_false_negative"]
        assert float(weights.weight(query, doc)[0, 0]) == pytest.approx(expected, abs=1e-6)
        seen.add(row["reason"])
    assert seen == {"holds_query", "min_length", "surplus"}


def test_what_reads_a_run_knows_the_components(python, mined, tmp_path):
    first = ledger(tmp_path / "run")
    python("-m", "hardneg", "report", "run")
    assert "min length" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    python("-m", "hardneg", "audit", "run", "--json", "--quiet")
    again = ["--recipe", "naive", "--format", "triplet-tsv", "--quiet", "--set", "select.draw=easiest"]
    again += ["--set", "validation.calibrate=true"]
    rules = "select.rules=[{holds-query: 0.5}, {min-length: {characters: 21}}]"
    python(
        "-m",
        "hardneg",
        "select",
        "run",
        "--out",
        "again",
        *again,
        "--set",
        rules,
        "--set",
        "select.draw=easiest",
    )
    assert ledger(tmp_path / "again") == first
    python("-m", "hardneg", "export", "run", "--format", "triplet-tsv", "-o", "one.tsv")
    assert (tmp_path / "one.tsv").read_bytes() == (tmp_path / "run" / "train.tsv").read_bytes()
    shown = python("-m", "hardneg", "mine", "--help") + python("-m", "hardneg", "mine", "x", "--out", "y",
        "--recipe", "naive", "--set", "select.rules=[min-lenght]", fails=True)  # fmt: skip
    assert 'unknown rule "min-lenght"; did you mean "min-length"?' in shown


def test_without_the_package_its_names_are_unknown(mined, tmp_path, monkeypatch):
    from hardneg.core.errors import ConfigError

    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match='unknown ranker "word-overlap"'):
        hardneg.Recipe.build(json.loads(Path("run/run.json").read_text(encoding="utf-8"))["recipe"])


CHECKS = {
    "rule": ["min-length", "holds-query:0.5"],
    "draw": ["easiest"],
    "ranker": ["word-overlap"],
    "validator": ["same-length"],
    "format": ["triplet-tsv", {"triplet-tsv": {"limit": 1}}],
}


@pytest.mark.parametrize("kind", CHECKS)
def test_one_contract_holds_for_components_of_any_package(python, kind):
    python(
        "-c", f"from hardneg.testing import check_{kind}\nfor given in {CHECKS[kind]!r}: check_{kind}(given)"
    )


def test_the_contract_of_sources(python, tmp_path):
    (tmp_path / "pairs.txt").write_text(
        "what is amber | a resin\nwhat is a birch | a tree\n", encoding="utf-8"
    )
    python("-c", "from hardneg.testing import check_source\ncheck_source('lines', 'pairs.txt')")


def test_every_kind_is_there():
    project = tomllib.loads((SOURCE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(project["entry-points"]) == {f"hardneg.{kind}s" for kind in KINDS}
    modules = {
        value.partition(":")[0] for points in project["entry-points"].values() for value in points.values()
    }
    files = {f"hardneg_extras.{path.stem}" for path in (SOURCE / "hardneg_extras").glob("[a-z]*.py")}
    assert modules == files, "one file each"
