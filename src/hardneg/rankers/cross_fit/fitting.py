"""Trains a cross-encoder on pairs, once for all runs: the model is kept in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hardneg.core.components import Context
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.files import build_once, digest_file, write_json
from hardneg.core.hashing import code_digest
from hardneg.core.progress import Task
from hardneg.core.records import Collection
from hardneg.rankers.cross_encoder import CrossEncoder
from hardneg.rankers.cross_fit.training_pairs import TrainingPairs
from hardneg.rankers.dense.encode import model_digest
from hardneg.rankers.dense.models import best_precision, load_model, model_errors, quietly

_WHOLE = "whole.json"
"""The digests of a model's files, written last."""
_BATCH = 16
_LONGEST = 256  # tokens of a pair, unless the settings say otherwise
_WARM_UP = 0.1
_SEED = 0


@dataclass(frozen=True)
class FitSettings:
    """How long a model is trained.

    Attributes:
        epochs: Passes over the pairs.
        learning_rate: The highest, after a tenth of the steps; it falls to 0.
    """

    epochs: int = 4
    learning_rate: float = 1e-4


def fitted(
    base: CrossEncoder,
    settings: FitSettings,
    collection: Collection,
    pairs: TrainingPairs,
    context: Context,
    stage: str,
) -> Path:
    """Returns the folder of the model that is trained on the pairs, unless the cache has it.

    Raises:
        ConfigError: The model cannot be loaded or trained.
    """
    model = _loaded(base)
    folder = context.cache / "trained" / _fingerprint(model, base, settings, collection, pairs)[:32]

    def make() -> Path:
        steps = settings.epochs * -(-len(pairs.queries) // _BATCH)
        with context.progress.task(stage, steps, "steps") as task, model_errors(base.model, "train"):
            _fit(model, settings, collection, pairs, task)
            shutil.rmtree(folder, ignore_errors=True)
            with quietly():
                model.save(str(folder), create_model_card=False)
        files = {str(path.relative_to(folder)): digest_file(path) for path in sorted(_files(folder))}
        write_json(folder / _WHOLE, files)
        return folder

    return build_once(lambda: folder if _is_whole(folder) else None, make, folder.parent)


def _loaded(base: CrossEncoder) -> Any:
    """Returns the model with one label, whose last layer may be new."""
    with _seeded():
        model = load_model("CrossEncoder", base.model, device=base.device, num_labels=1)
    with model_errors(base.model):
        model.max_seq_length = min(model.max_seq_length or _LONGEST, base.max_length or _LONGEST)
    return model


def _fingerprint(
    model: Any, base: CrossEncoder, settings: FitSettings, collection: Collection, pairs: TrainingPairs
) -> str:
    digest = hashlib.sha256(
        json.dumps(
            [
                model_digest(model),
                model.max_seq_length,
                vars(settings),
                base.prompt,
                collection.digest,
                model.device.type,
                code_digest(_fit, _losses, _loaded),
            ]
        ).encode()
    )
    for array in (pairs.queries, pairs.docs, pairs.labels):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _fit(model: Any, settings: FitSettings, collection: Collection, pairs: TrainingPairs, task: Task) -> None:
    """Trains the model in place: AdamW, a rate that rises over a tenth of the steps and falls to 0."""
    import torch

    count = len(pairs.queries)
    steps = settings.epochs * -(-count // _BATCH)
    optimizer = torch.optim.AdamW(model.parameters(), lr=settings.learning_rate, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / max(_WARM_UP * steps, 1), 1 - step / (steps + 1))
    )
    weight = float((pairs.labels == 0).sum() / max((pairs.labels == 1).sum(), 1))
    random = np.random.default_rng(_SEED)
    with _seeded():
        model.train()
        for _ in range(settings.epochs):
            order = random.permutation(count)
            for begin in range(0, count, _BATCH):
                rows = order[begin : begin + _BATCH]
                loss = _losses(model, collection, pairs, rows, weight)
                loss.backward()
                torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad()
                schedule.step()
                task.advance()
        model.eval()
    if not all(torch.isfinite(parameter).all() for parameter in model.parameters()):
        raise ConfigError("training did not converge: its weights are not finite")


def _losses(model: Any, collection: Collection, pairs: TrainingPairs, rows: Any, weight: float) -> Any:
    """Returns the binary cross-entropy of some pairs; positives weigh as much as all others together."""
    import torch

    queries = collection.queries.texts(pairs.queries[rows])
    documents = collection.documents.texts(pairs.docs[rows])
    features = model.preprocess(list(zip(queries, documents, strict=True)))
    features = {
        name: value.to(model.device) if hasattr(value, "to") else value for name, value in features.items()
    }
    fast = best_precision(str(model.device)) == "bf16"
    with torch.autocast(model.device.type, torch.bfloat16) if fast else nullcontext():
        scores = model(features)["scores"].float().reshape(len(rows))
    labels = torch.from_numpy(pairs.labels[rows]).to(scores.device)
    of_positives = torch.tensor(weight, device=scores.device)
    return torch.nn.functional.binary_cross_entropy_with_logits(scores, labels, pos_weight=of_positives)


@contextmanager
def _seeded() -> Iterator[None]:
    """Draws the same numbers in the block each time, and none of those outside of it."""
    import torch

    with torch.random.fork_rng():
        torch.manual_seed(_SEED)
        yield


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != _WHOLE]


def _is_whole(folder: Path) -> bool:
    """Returns whether all files of a trained model are there, as they were written."""
    try:
        files = json.loads((folder / _WHOLE).read_text(encoding="utf-8"))
        return bool(files) and all(digest_file(folder / name) == digest for name, digest in files.items())
    except (OSError, ValueError, AttributeError, TypeError, DataError):
        return False
