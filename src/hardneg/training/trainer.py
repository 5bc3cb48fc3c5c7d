"""Runs sentence-transformers' trainer: checkpoints, resuming after a kill, early stopping."""

from __future__ import annotations

import importlib
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from hardneg.core.components import Context, OpenedRanker
from hardneg.core.errors import MissingExtra
from hardneg.core.progress import Task
from hardneg.core.records import Collection
from hardneg.rankers.dense.models import quietly
from hardneg.rankers.dense.precision import best_precision
from hardneg.training.batches import Batches
from hardneg.training.collate import Collate
from hardneg.training.dev_split import DevSet
from hardneg.training.pair_weights import PairWeights
from hardneg.training.rows import Row, table
from hardneg.training.settings import TrainSettings
from hardneg.training.student import Student

CHECKPOINTS = "checkpoints"

_LOGGED = ("step", "loss", "learning_rate")
_TRAINERS = {"sparse": "SparseEncoder", "cross-encoder": "CrossEncoder"}


class Lesson(NamedTuple):
    """All that a student learns from.

    Attributes:
        rows: The training set.
        collection: Gives the texts.
        doubts: What is known of pairs.
        guide: Scores pairs of a batch; None for none.
        development: What the student is judged by.
    """

    rows: list[Row]
    collection: Collection
    doubts: PairWeights
    guide: OpenedRanker | None
    development: DevSet


def fit(
    student: Student, lesson: Lesson, settings: TrainSettings, folder: Path, context: Context
) -> dict[str, Any]:
    """Trains a student in place, from its last whole checkpoint if there is one.

    Args:
        student: Holds the best state by the development split when this returns.
        lesson: What it learns from.
        settings: How.
        folder: Where checkpoints lie while it is trained.
        context: Whose progress is told.

    Returns:
        What `train.json` tells: steps, the rate, the losses and the development split's nDCG@10.

    Raises:
        MissingExtra: A library is not installed.
    """
    require()
    batches = Batches(lesson.rows, lesson.collection, lesson.doubts, settings.batch_size, settings.seed)
    steps = min(settings.steps or 2**31, settings.epochs * len(batches))
    before = lesson.development.ndcg(student, context)
    with quietly(), context.progress.task(f"train {student.kind} student", steps, "steps") as task:
        trainer = _trainer(student, lesson, settings, batches, steps, folder / CHECKPOINTS, context, task)
        checkpoint = last_whole(folder / CHECKPOINTS)
        trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    return _told(trainer, before)


def last_whole(folder: Path) -> Path | None:
    """Returns the newest whole checkpoint, None without any; what a kill left unfinished is removed."""
    from hardneg.training.progress_callback import WHOLE

    whole: list[tuple[int, Path]] = []
    for path in folder.glob("checkpoint-*"):
        if (path / WHOLE).is_file():
            whole.append((int(path.name.rpartition("-")[2]), path))
        else:
            shutil.rmtree(path)
    return max(whole)[1] if whole else None


def require() -> None:
    """Finds out that all libraries are there.

    Raises:
        MissingExtra: One is not installed.
    """
    for name in ("sentence_transformers", "transformers", "accelerate", "datasets"):
        try:
            importlib.import_module(name)
        except ImportError:
            raise MissingExtra(name.replace("_", "-"), "train") from None


def _trainer(
    student: Student,
    lesson: Lesson,
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

    from hardneg.training.loss import loss_of
    from hardneg.training.progress_callback import DevelopmentEvaluator, ProgressCallback

    kind = _TRAINERS.get(student.kind, "SentenceTransformer")
    changed = {
        "collect_features": lambda self, inputs: (inputs, None),  # the loss tokenizes, it takes the batch
        "get_batch_sampler": lambda self, *_, **__: batches,
        "add_model_card_callback": lambda self, *_: None,  # it expects columns of texts
    }
    trainer = type("Trainer", (getattr(sentence_transformers, f"{kind}Trainer"),), changed)(
        model=student.model,
        args=getattr(sentence_transformers, f"{kind}TrainingArguments")(
            **_arguments(student, settings, steps, checkpoints)
        ),
        train_dataset=Dataset(table(lesson.rows)),
        loss=loss_of(student, settings),
        evaluator=DevelopmentEvaluator(student, lesson.development, context),
        data_collator=Collate(lesson.collection, lesson.doubts, lesson.guide),
        callbacks=[EarlyStoppingCallback(settings.patience), ProgressCallback(task)],
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _arguments(student: Student, settings: TrainSettings, steps: int, checkpoints: Path) -> dict[str, Any]:
    from hardneg.training.progress_callback import METRIC

    device = str(student.model.device)
    every = -(-steps // settings.checks)
    looks = {name: every for name in ("eval_steps", "save_steps", "logging_steps")}
    strategies = {name: "steps" for name in ("eval_strategy", "save_strategy", "logging_strategy")}
    return {
        **looks,
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


def _told(trainer: Any, before: float) -> dict[str, Any]:
    from hardneg.training.progress_callback import METRIC

    history = trainer.state.log_history
    looks = [
        {"step": log["step"], METRIC: log[f"eval_{METRIC}"]} for log in history if f"eval_{METRIC}" in log
    ]
    best = max(looks, key=lambda look: look[METRIC])
    return {
        "steps": trainer.state.global_step,
        "planned_steps": trainer.state.max_steps,
        "batch_size": trainer.args.per_device_train_batch_size,
        "learning_rate": trainer.args.learning_rate,
        "bf16": bool(trainer.args.bf16),
        "device": trainer.model.device.type,
        "losses": [{key: log[key] for key in _LOGGED} for log in history if "loss" in log],
        "development": {"before": before, "looks": looks, "best_step": best["step"], "best": best[METRIC]},
    }
