"""What the faults befall: a small collection, two commands on it, and what they write when left alone."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

WORDS = "amber birch cedar delta ember fjord grove heath inlet knoll larch marsh north ochre pine".split()
DOCUMENTS, QUERIES = 60, 24

RECIPE = {
    "name": "faults",
    "rank": {"rankers": ["bm25"], "depth": 12, "order": "scorer"},
    "validation": {"validators": ["similar-to-positive"], "calibrate": True},
    "select": {"negatives": 3, "rules": [{"suspected-false-negative": {"maximum": 0.6, "otherwise": 0.05}}]},
    "format": "jsonl",
}


@dataclass(frozen=True)
class World:
    """One working directory.

    Attributes:
        folder: All that is read and written lies in it.
        model: The tiny bi-encoder, elsewhere.
    """

    folder: Path
    model: Path

    @property
    def cache(self) -> Path:
        """Where vectors and answers are kept."""
        return self.folder / "cache"

    @property
    def out(self) -> Path:
        """The run directory of `mine`."""
        return self.folder / "run"

    @property
    def again(self) -> Path:
        """The run directory of `select`."""
        return self.folder / "again"

    @property
    def stored(self) -> Path:
        """The run directory of `mine_stored`, in a store that is a folder."""
        return self.folder / "stored" / "run"

    def make(self) -> None:
        """Writes the collection, the vectors and the recipe."""
        beir = self.folder / "beir"
        (beir / "qrels").mkdir(parents=True)
        _lines(beir / "corpus.jsonl", [{"_id": f"d{n}", "text": _text(n, 9)} for n in range(DOCUMENTS)])
        _lines(beir / "queries.jsonl", [{"_id": f"q{n}", "text": _text(n, 4)} for n in range(QUERIES)])
        judged = [f"q{n}\td{n}\t1\n" for n in range(QUERIES)] + [f"q{n}\td{n + 30}\t1\n" for n in range(9)]
        (beir / "qrels" / "train.tsv").write_text("".join(judged), encoding="utf-8")
        vectors = self.folder / "vectors"
        vectors.mkdir()
        numbers = np.random.default_rng(3)
        np.save(vectors / "documents.npy", numbers.standard_normal((DOCUMENTS, 8), np.float32))
        np.save(vectors / "queries.npy", numbers.standard_normal((QUERIES, 8), np.float32))
        rankers = ["bm25", {"dense": {"model": str(self.model)}}, {"vectors": {"folder": str(vectors)}}]
        recipe = {**RECIPE, "rank": {**RECIPE["rank"], "rankers": rankers}}
        (self.folder / "recipe.yaml").write_text(yaml.safe_dump(recipe), encoding="utf-8")

    def mine(self, out: Path | None = None) -> list[str]:
        """Returns the arguments of `hardneg mine`."""
        recipe = str(self.folder / "recipe.yaml")
        return [
            "mine",
            str(self.folder / "beir"),
            "--out",
            str(out or self.out),
            "--recipe",
            recipe,
            "--quiet",
            "--no-report",
        ]

    def mine_stored(self) -> list[str]:
        """Returns the arguments of `hardneg mine` from a store and into it."""
        known = self.mine()
        return ["mine", f"file://{self.folder / 'beir'}", "--out", f"file://{self.stored}", *known[4:]]

    def select(self) -> list[str]:
        """Returns the arguments of `hardneg select`, on what `mine` wrote."""
        return [
            "select",
            str(self.out),
            "--recipe",
            "sampled",
            "--out",
            str(self.again),
            "--quiet",
            "--no-report",
        ]

    def judge(self, url: str) -> list[str]:
        """Returns the arguments of `hardneg judge`, on what `mine` wrote."""
        asked = ["--endpoint", url, "--model", "fake", "--limit", "20", "--retries", "1", "--timeout", "1"]
        return ["judge", str(self.out), *asked, "--quiet"]

    def reset(self) -> None:
        """Removes all that commands have written."""
        for written in (self.cache, self.out, self.again, self.stored):
            shutil.rmtree(written, ignore_errors=True)

    def written(self) -> list[Path]:
        """Returns the files that a fault may damage: those of the cache and of the run, sorted."""
        found = [*self.cache.rglob("*"), *self.out.rglob("*")]
        return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def content(out: Path) -> dict[str, bytes]:
    """Returns the bytes that must be the same however a run went, by name."""
    files = [*out.glob("train*"), *out.glob("ledger/*"), *out.glob("calibration.json")]
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in files if path.is_file()}


def verdicts(out: Path) -> list[list[str]]:
    """Returns what `judge` wrote, without the time."""
    lines = (out / "judgments.jsonl").read_text(encoding="utf-8").splitlines()
    return [
        [row[name] for name in ("query_id", "doc_id", "verdict", "judge")] for row in map(json.loads, lines)
    ]


def _text(n: int, size: int) -> str:
    return " ".join(WORDS[(n * step + step * step) % len(WORDS)] for step in range(1, size + 1)) + f" n{n}"


def _lines(path: Path, rows: list[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
