"""What the core can do without any extra: run by the Python of an environment that has nothing else.

`.ci/matrix` runs it over interpreters and versions. It mines with BM25, a given run and given vectors, by all
rules and draws, exports to all formats, audits, and mines the built-in collection.
"""

import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

import numpy as np

from hardneg import cli
from hardneg.core.components import DRAWS, FORMATS, RULES

SETTINGS = {  # lenient ones; other rules have their defaults
    "absolute-margin": {"margin": 0.01},
    "false-negative-rate": {"maximum": 0.9, "otherwise": 0.01},
    "max-score": {"maximum": 50},
    "min-score": {"minimum": -50},
    "relative-margin": {"margin": 0.01},
    "suspected-false-negative": {"maximum": 0.9, "otherwise": 0.01},
    "window": {"first": 1, "last": 25},
}
DOCUMENTS, QUERIES = 60, 24


def hardneg(*arguments: object) -> None:
    """Runs one command, which must end well."""
    sys.argv = ["hardneg", *map(str, arguments)]
    try:
        cli.main()
    except SystemExit as stop:
        if stop.code:
            raise RuntimeError(f"{sys.argv} ended with {stop.code}") from None


def collection(folder: Path) -> Path:
    """Writes a BEIR folder, a run and vectors."""
    words = "amber birch cedar delta ember fjord grove heath inlet knoll larch marsh north".split()
    texts = [
        " ".join(words[(n * step + step) % 13] for step in range(1, 8)) + f" n{n}" for n in range(DOCUMENTS)
    ]
    beir = folder / "beir"
    (beir / "qrels").mkdir(parents=True)
    for name, letter, count in (("corpus", "d", DOCUMENTS), ("queries", "q", QUERIES)):
        rows = [
            {"_id": f"{letter}{n}", "text": texts[n] if letter == "d" else texts[n][:20]}
            for n in range(count)
        ]
        (beir / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    judged = "".join(f"q{n}\td{n}\t1\nq{n}\td{n + 30}\t1\n" for n in range(QUERIES))
    (beir / "qrels" / "train.tsv").write_text(judged, encoding="utf-8")
    random = np.random.default_rng(0)
    listed = [
        f"q{q} Q0 d{d} {d + 1} {random.random():.4f} x\n" for q in range(QUERIES) for d in range(DOCUMENTS)
    ]
    (folder / "run.txt").write_text("".join(listed), encoding="utf-8")
    (folder / "vectors").mkdir()
    for name, count in (("documents", DOCUMENTS), ("queries", QUERIES)):
        np.save(folder / "vectors" / f"{name}.npy", random.standard_normal((count, 8), np.float32))
    return beir


def main() -> None:
    """Runs everything, and fails at the first thing that does not work."""
    for heavy in ("torch", "sentence_transformers", "datasets", "altair"):
        assert importlib.util.find_spec(heavy) is None, (
            f"{heavy} is installed; this is no core-only environment"
        )
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        os.environ["HARDNEG_CACHE"] = str(folder / "cache")
        beir = collection(folder)
        rankers = ["bm25", f"run:{folder / 'run.txt'}", f"vectors:{folder / 'vectors'}"]
        asked = [part for ranker in rankers for part in ("--ranker", ranker)]
        rules = json.dumps([{name: SETTINGS.get(name, {})} for name in RULES.names()])
        calibrated = [
            "--set",
            "validation.validators=[similar-to-positive]",
            "--set",
            "validation.calibrate=true",
        ]
        run = folder / "run"
        hardneg("mine", beir, "--out", run, *asked, "--recipe", "naive", *calibrated,
                "--set", f"select.rules={rules}", "--quiet")  # fmt: skip
        for draw in DRAWS.names():
            hardneg(
                "select",
                run,
                "--recipe",
                "naive",
                "--out",
                folder / draw,
                "--set",
                f"select.draw={draw}",
                "--quiet",
            )
        for name in FORMATS.names():
            form = FORMATS.make(name)
            hardneg("export", run, "--format", name, "-o", folder / "exported" / f"train{form.suffix}")
        hardneg("audit", run, "--quiet")
        hardneg("diff", run, folder / "top")
        hardneg("doctor")
        hardneg("demo", "--recipe", "naive", "--ranker", "bm25", "--out", folder / "demo", "--quiet")
        found = json.loads((run / "run.json").read_text(encoding="utf-8"))
        assert found["finished"] and found["counts"]["negatives"]
        assert not (run / "report.html").exists()  # one line on standard error says what it needs
    sys.stdout.write(f"the core works: python {found['versions']['python']}, {found['versions']}\n")


if __name__ == "__main__":
    main()
