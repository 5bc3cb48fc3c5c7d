"""Callbacks of the library's trainer: nDCG@10 on the development split, progress, markers of checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sentence_transformers.base.evaluation import BaseEvaluator
from transformers import TrainerCallback

from hardneg.core.components import Context
from hardneg.core.files import write_text
from hardneg.core.progress import Task
from hardneg.training.dev_split import DevSet
from hardneg.training.student import Student

METRIC = "ndcg@10"

WHOLE = "whole.json"
"""Written into a checkpoint last; an unfinished one lacks it."""


class DevEvaluator(BaseEvaluator):
    """Measures the student's nDCG@10 on the development split.

    Args:
        student: The student.
        dev_set: The development split.
        context: Cache folder and progress.
    """

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
    """Reports steps, evaluates after the last step too, and marks whole checkpoints.

    Args:
        task: Receives every step.
    """

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
        write_text(folder / WHOLE, json.dumps({"step": state.global_step}) + "\n")
