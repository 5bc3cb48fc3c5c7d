"""Model directories: `train.json` beside a saved model, which one training claims."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError
from rich import box
from rich.table import Table

from hardneg.core.display import counted
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.registry import invalid_field
from hardneg.core.state_files import fingerprint, read_state, write_state
from hardneg.core.tables import differing
from hardneg.runs.directory import versions

if TYPE_CHECKING:
    from hardneg.training.train_settings import TrainSettings

FILE = "train.json"
CHECKPOINTS = "checkpoints"


class _Student(BaseModel):
    kind: str
    model: str


class _Rows(BaseModel):
    rows: int
    queries: int
    negatives: int


class _DevSet(BaseModel):
    queries: int
    origin: str


class _Check(BaseModel):
    step: int
    ndcg: float = Field(alias="ndcg@10")


class _History(BaseModel):
    before: float
    looks: list[_Check]
    best_step: int
    best: float


class _Training(BaseModel):
    steps: int
    planned_steps: int
    learning_rate: float
    development: _History


class _Round(BaseModel):
    round: int
    before: float
    best: float


class _Finished(BaseModel):
    """What train.json of a finished training must hold for those that read it."""

    student: _Student
    rows: _Rows
    development: _DevSet
    training: _Training
    rounds: list[_Round] = []
    best_round: int = 1
    seconds: dict[str, float]


@dataclass(frozen=True)
class Trained:
    """A trained model."""

    folder: Path
    facts: Mapping[str, Any]

    @property
    def best_ndcg(self) -> float:
        """The best nDCG@10 on the development split."""
        return float(self.facts["training"]["development"]["best"])


def conditions(
    run_folder: str | Path, run: Mapping[str, Any], settings: TrainSettings, **more: Any
) -> dict[str, Any]:
    """Returns what train.json holds from the beginning, with a fingerprint of what the model depends on."""
    return {
        "fingerprint": fingerprint(
            settings.plain(), run["fingerprint"], versions(), *([more] if more else [])
        ),
        "run": {"folder": str(run_folder), "fingerprint": run["fingerprint"]},
        "settings": settings.plain(),
        "versions": versions(),
    }


def claim(folder: Path, expected: Mapping[str, Any]) -> dict[str, Any]:
    """Returns train.json of a model directory that is free for a training; {} of a new one."""
    if not (folder / FILE).exists():
        return {}
    stored = read(folder)
    if stored.get("fingerprint") != expected["fingerprint"]:
        changed = [name for name in differing(stored, expected) if name not in ("fingerprint", "run.folder")]
        raise ConfigError(
            f"{folder} holds another training, which differs in {', '.join(changed[:3]) or 'rounds'}; "
            "choose another --out, or delete it"
        )
    return stored


def read(folder: Path) -> dict[str, Any]:
    """Returns train.json of a model directory."""
    path, mend = folder / FILE, f"delete {folder} and train again"
    try:
        facts = read_state(path, mend)
        if facts.get("finished"):
            _Finished.model_validate(facts)
    except FileNotFoundError:
        raise DataError(f"{folder} is no model that hardneg trained: there is no {FILE} in it") from None
    except ValidationError as error:
        raise DataError(f"{path} is damaged: {invalid_field(error)}; {mend}") from None
    return facts


def write(folder: Path, facts: Mapping[str, Any]) -> None:
    """Writes train.json atomically."""
    write_state(folder / FILE, facts)


def save(model: Any, folder: Path, facts: Mapping[str, Any]) -> None:
    """Saves a model of sentence-transformers with its train.json, and deletes the checkpoints."""
    from hardneg.rankers.dense.models import quietly

    saved = folder / ".saving"
    try:
        shutil.rmtree(saved, ignore_errors=True)
        with quietly():
            model.save_pretrained(str(saved))
        for path in sorted(saved.iterdir()):
            target = folder / path.name
            if target.is_dir():
                shutil.rmtree(target)
            path.replace(target)
        saved.rmdir()
        write(folder, facts)
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    except OSError as error:
        raise DataError(f"cannot write {folder}: {error.strerror or error}") from error


def summary_table(trained: Trained) -> Table:
    """Returns what was learned from, nDCG@10 over the steps and rounds, and seconds."""
    facts = trained.facts
    training, dev_set = facts["training"], facts["development"]
    history = training["development"]
    title = f"{facts['student']['kind']} student {facts['student']['model']}"
    table = Table(title=title, show_header=False, box=box.SIMPLE_HEAD)
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name in ("rows", "queries", "negatives"):
        table.add_row(name, f"{facts['rows'][name]:,}")
    table.add_row("steps", f"{training['steps']:,} of {training['planned_steps']:,}")
    table.add_row("learning rate", f"{training['learning_rate']:g}")
    table.add_row("development", f"{counted(dev_set['queries'], 'query')}, {dev_set['origin']}")
    table.add_row("nDCG@10 before", f"{history['before']:.4f}")
    for check in history["looks"]:
        best = " (kept)" if check["step"] == history["best_step"] else ""
        table.add_row(f"nDCG@10 at step {check['step']:,}{best}", f"{check['ndcg@10']:.4f}")
    for round_ in facts.get("rounds", ()):
        kept = " (kept)" if round_["round"] == facts["best_round"] else ""
        table.add_row(f"round {round_['round']}{kept}", f"{round_['before']:.4f} -> {round_['best']:.4f}")
    for stage, seconds in facts["seconds"].items():
        table.add_row(f"seconds: {stage}", f"{seconds:,.1f}")
    return table
