"""Runs sentence-transformers' trainer with checkpoints, resuming and early stopping."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.errors import MissingExtra
from hardneg.core.progress import Task
from hardneg.core.records import Collection
from hardneg.rankers.dense.models import best_precision, quietly
from hardneg.training.batches import Batches
from hardneg.training.collate import Collate
from hardneg.training.dev_split import DevSet
from hardneg.training.model_directory import CHECKPOINTS
from hardneg.training.pair_weights import PairWeights
from hardneg.training.rows import Row, arrow_table
from hardneg.training.student import Student
from hardneg.training.train_settings import TrainSettings

_LOGGED = ("step", "loss", "learning_rate")


class TrainingData(NamedTuple):
    """All that a student learns from.

    Attributes:
        rows: The training set.
        collection: Gives the texts.
        pair_weights: The weights of pairs as negatives.
        guide: Scores all pairs of a batch; None for none.
        dev_set: Measures the student for early stopping.
    """

    rows: list[Row]
    collection: Collection
    pair_weights: PairWeights
    guide: OpenedRanker | None
    dev_set: DevSet


def fit(
    student: Student, data: TrainingData, settings: TrainSettings, folder: Path, context: Context
) -> dict[str, Any]:
    """Trains a student in place, from its last whole checkpoint if there is one.

    Args:
        student: Has the best state by the development split when this returns.
        data: What it learns from.
        settings: The training's settings.
        folder: The model directory, where checkpoints are stored.
        context: Receives progress.

    Returns:
        `training` of `train.json`: steps, learning rate, losses and nDCG@10 on the development split.

    Raises:
        MissingExtra: A library is not installed.
    """
    check_libraries()
    batches = Batches(data.rows, data.collection, data.pair_weights, settings.batch_size, settings.seed)
    steps = min(settings.steps or 2**31, settings.epochs * len(batches))
    before = data.dev_set.ndcg(student, context)
    with quietly(), context.progress.task(f"train {student.kind} student", steps, "steps") as task:
        trainer = _trainer(student, data, settings, batches, steps, folder / CHECKPOINTS, context, task)
        checkpoint = last_whole(folder / CHECKPOINTS)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return _summary(trainer, before)


def last_whole(folder: Path) -> Path | None:
    """Returns the newest whole checkpoint, None without any; unfinished ones are deleted."""
    from hardneg.training.progress_callback import WHOLE

    whole: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        if (path / WHOLE).is_file():
            whole.append((int(path.name.rpartition("-")[2]), path))
        else:
            shutil.rmtree(path)
    return max(whole)[1] if whole else None


def check_libraries() -> None:
    """Checks that all libraries of a training are installed.

    Raises:
        MissingExtra: One is missing.
    """
    for name in ("sentence_transformers", "transformers", "accelerate", "datasets"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise MissingExtra(name.replace("_", "-"), "train") from None


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
    import sentence_transformers
    from datasets import Dataset
    from transformers import EarlyStoppingCallback, PrinterCallback

    from hardneg.training.loss_modules import loss_of
    from hardneg.training.progress_callback import DevEvaluator, ProgressCallback

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
        train_dataset=Dataset(arrow_table(data.rows)),
        loss=loss_of(student, settings),
        evaluator=DevEvaluator(student, data.dev_set, context),
        data_collator=Collate(data.collection, data.pair_weights, data.guide),
        callbacks=[EarlyStoppingCallback(settings.patience), ProgressCallback(task)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(student: Student, settings: TrainSettings, steps: int, checkpoints: Path) -> dict[str, Any]:
    from hardneg.training.progress_callback import METRIC

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
    from hardneg.training.progress_callback import METRIC

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
