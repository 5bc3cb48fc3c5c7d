"""Runs sentence-transformers' trainer with checkpoints, resuming and early stopping."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import sentence_transformers
from datasets import Dataset
from sentence_transformers.base.evaluation import BaseEvaluator
from transformers import EarlyStoppingCallback, PrinterCallback, TrainerCallback

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.files import digest_file
from hardneg.core.progress import Task
from hardneg.core.records import Collection
from hardneg.core.state_files import parse_state, write_state
from hardneg.mining.recipe import Recipe
from hardneg.rankers.dense.models import best_precision, quietly
from hardneg.training import rows
from hardneg.training.batches import Batches, Collate
from hardneg.training.dev_split import DevSet, dev_split
from hardneg.training.loss_modules import loss_of
from hardneg.training.model_directory import CHECKPOINTS
from hardneg.training.rows import PairWeights
from hardneg.training.student import Student
from hardneg.training.train_settings import TrainSettings

METRIC = "ndcg@10"

WHOLE = "whole.json"
"""Written into a checkpoint last, the sha256 of its files by name; an unfinished one lacks it."""

_LOG = logging.getLogger("hardneg.training")
_LOGGED = ("step", "loss", "learning_rate")


class DevEvaluator(BaseEvaluator):
    """Measures the student's nDCG@10 on the development split."""

    def __init__(self, student: Student, dev_set: DevSet, context: Context) -> None:
        self.greater_is_better = True
        self.primary_metric: str = METRIC
        self._student = student
        self._dev_set = dev_set
        self._context = context

    def __call__(self, model: Any, *_: Any, **__: Any) -> dict[str, float]:
        """Returns the metric by its name."""
        return {METRIC: self._dev_set.ndcg(self._student, self._context)}


class ProgressCallback(TrainerCallback):
    """Reports steps, evaluates after the last step too, and marks whole checkpoints."""

    def __init__(self, task: Task) -> None:
        self._task = task

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Reports the steps of an earlier call that was interrupted."""
        if state.global_step:
            self._task.advance(state.global_step)

    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Reports the step."""
        self._task.advance()
        if state.global_step >= state.max_steps:
            control.should_evaluate = control.should_save = True

    def on_save(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        """Marks the checkpoint that was just written."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        write_state(folder / WHOLE, {"files": _digests(folder)})


class TrainingData(NamedTuple):
    """All that a student learns from."""

    rows: list[rows.Row]
    collection: Collection
    pair_weights: PairWeights
    guide: OpenedRanker | None
    dev_set: DevSet


def training_data(
    run_folder: Path,
    run: Mapping[str, Any],
    collection: Collection,
    settings: TrainSettings,
    dev_set: DevSet | None,
    context: Context,
) -> TrainingData:
    """Returns all that a student learns from a run."""
    recipe = Recipe.build(run["recipe"])
    dev_set = dev_set or dev_split(run["source"], collection, recipe.load, settings, context)
    teacher = settings.teacher or str(run["recipe"]["select"]["by"])
    training_rows = rows.read(run_folder, collection, teacher, settings.negatives, dev_set.held_out)
    pair_weights = PairWeights.of_run(run_folder, collection, settings.mask)
    guide = settings.guide.open(collection, context) if settings.guide is not None else None
    return TrainingData(training_rows, collection, pair_weights, guide, dev_set)


def fit(
    student: Student, data: TrainingData, settings: TrainSettings, folder: Path, context: Context
) -> dict[str, Any]:
    """Trains a student in place, from its last whole checkpoint, and returns `training` of `train.json`.

    In the end the student has its best state by the development split.
    """
    batches = Batches(data.rows, data.collection, data.pair_weights, settings.batch_size, settings.seed)
    steps = min(settings.steps or 2**31, settings.epochs * len(batches))
    before = data.dev_set.ndcg(student, context)
    with quietly(), context.progress.task(f"train {student.kind} student", steps, "steps") as task:
        trainer = _trainer(student, data, settings, batches, steps, folder / CHECKPOINTS, context, task)
        checkpoint = last_whole(folder / CHECKPOINTS)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return _summary(trainer, before)


def last_whole(folder: Path) -> Path | None:
    """Returns the newest whole checkpoint, None without any; unfinished ones are deleted.

    Where one is damaged all are deleted: the others may name it as the best.
    """
    finished: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        if (path / WHOLE).is_file():
            finished.append((int(path.name.rpartition("-")[2]), path))
        else:
            shutil.rmtree(path)
    damaged = [path for _, path in finished if not _is_whole(path)]
    if damaged:
        _LOG.warning("%s is damaged; the training begins again", damaged[0])
        shutil.rmtree(folder)
    return max(finished)[1] if finished and not damaged else None


def _is_whole(folder: Path) -> bool:
    try:
        return parse_state(folder / WHOLE).get("files") == _digests(folder)
    except ValueError:
        return False


def _digests(folder: Path) -> dict[str, str]:
    """Returns the sha256 of each file of a checkpoint, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != WHOLE)
    return {path.relative_to(folder).as_posix(): digest_file(path) for path in files}


def _trainer(
    student: Student,
    data: TrainingData,
    settings: TrainSettings,
    batches: Batches,
    steps: int,
    checkpoints: Path,
    context: Context,
    task: Task,
) -> Any:
    changed = {
        "collect_features": lambda self, inputs: (inputs, None),  # the loss tokenizes
        "get_batch_sampler": lambda self, *_, **__: batches,
        "add_model_card_callback": lambda self, *_: None,  # needs columns of texts
    }
    trainer = type("Trainer", (getattr(sentence_transformers, f"{student.library_class}Trainer"),), changed)(
        model=student.model,
        args=getattr(sentence_transformers, f"{student.library_class}TrainingArguments")(
            **_arguments(student, settings, steps, checkpoints)
        ),
        train_dataset=Dataset(rows.arrow_table(data.rows)),
        loss=loss_of(student, settings),
        evaluator=DevEvaluator(student, data.dev_set, context),
        data_collator=Collate(data.collection, data.pair_weights, data.guide),
        callbacks=[EarlyStoppingCallback(settings.patience), ProgressCallback(task)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(student: Student, settings: TrainSettings, steps: int, checkpoints: Path) -> dict[str, Any]:
    device = str(student.model.device)
    interval = -(-steps // settings.checks)
    intervals = {name: interval for name in ("eval_steps", "save_steps", "logging_steps")}
    strategies = {name: "steps" for name in ("eval_strategy", "save_strategy", "logging_strategy")}
    return {
        **intervals,
        **strategies,
        "output_dir": str(checkpoints),
        "per_device_train_batch_size": settings.batch_size,
        "num_train_epochs": settings.epochs,
        "max_steps": steps,
        "learning_rate": settings.learning_rate or student.learning_rate,
        "warmup_steps": round(settings.warmup * steps),
        "weight_decay": settings.weight_decay,
        "bf16": best_precision(device) == "bf16" if settings.bf16 is None else settings.bf16,
        "seed": settings.seed,
        "data_seed": settings.seed,
        "save_total_limit": 2,
        "load_best_model_at_end": True,
        "metric_for_best_model": f"eval_{METRIC}",
        "greater_is_better": True,
        "restore_callback_states_from_checkpoint": True,
        "disable_tqdm": True,
        "report_to": [],
        "remove_unused_columns": False,
        "dataloader_pin_memory": False,
        "use_cpu": device == "cpu",
    }


def _summary(trainer: Any, before: float) -> dict[str, Any]:
    history = trainer.state.log_history
    checks = [
        {"step": log["step"], METRIC: log[f"eval_{METRIC}"]} for log in history if f"eval_{METRIC}" in log
    ]
    best = max(checks, key=lambda check: check[METRIC])
    return {
        "steps": trainer.state.global_step,
        "planned_steps": trainer.state.max_steps,
        "batch_size": trainer.args.per_device_train_batch_size,
        "learning_rate": trainer.args.learning_rate,
        "bf16": bool(trainer.args.bf16),
        "device": trainer.model.device.type,
        "losses": [{key: log[key] for key in _LOGGED} for log in history if "loss" in log],
        "development": {"before": before, "looks": checks, "best_step": best["step"], "best": best[METRIC]},
    }
