"""What the files of a model may say: nothing that imports, calls or unpickles code, unless it is trusted.

The libraries refuse classes of a model's own (`auto_map`, modules of other packages) unless they are given
`trust_remote_code`. What else a file can name that is run, or read from a pickle, is refused here, before a
library sees it: kernels of the hub, activation functions, weights that are no safetensors, odd modules.
"""

from __future__ import annotations

import importlib.util
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from hardneg.core.errors import ConfigError
from hardneg.core.trust import how_to_trust

_NOT_READ = ("tokenizer.json", "vocab.json", "added_tokens.json", "special_tokens_map.json")
"""Files that hold no settings, and may be large."""

_REFUSED = (
    *("allow_all_kernels", "use_kernels", "kernel_config"),
    *("state_dict", "gguf_file", "adapter_kwargs", "offload_folder", "proxies", "code_revision"),
    "megatron_config",
)
"""Settings by which code or pickles are loaded, or files written; no model needs them."""
_CALLED = ("activation_fn", "activation_function", "sbert_ce_default_activation_function")
_KERNELS = ("attn_implementation", "experts_implementation")
_WEIGHTS = ("weight_map", "transformers_weights")
_CLASSES = ("type", "types", "tokenizer_class")

_KNOWN = ("pylate.models.Dense.Dense",)
"""Names that sentence-transformers takes for modules of its own."""

_WORD = re.compile(r"[\w-]*")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_OWNER = "sentence-transformers/"
"""Where the library looks for models whose name has no owner."""


def check_model_files(model: str, path: str, revision: str | None = None) -> str | None:
    """Checks the settings in a model's files, and returns the revision that was checked.

    Args:
        model: The model as the user wrote it, for errors.
        path: Its folder, or its id on the hub, whose settings are downloaded first.
        revision: Of the hub; None for the newest, which is then the one to load.

    Raises:
        ConfigError: They name code to run, weights to unpickle or a folder outside of the model's.
        OSError: The model is not there.
        ValueError: A file is not JSON.
    """
    if Path(path).is_dir():
        _check_folder(model, Path(path))
        return revision
    folder = _downloaded(path, revision)
    _check_folder(model, folder)
    return folder.name if _COMMIT.fullmatch(folder.name) else revision


def _downloaded(path: str, revision: str | None) -> Path:
    """Returns the folder of a hub's model that has its settings; what is there is not downloaded again."""
    from huggingface_hub import snapshot_download

    for name in [path] if "/" in path else [_OWNER + path, path]:
        try:
            return Path(snapshot_download(name, revision=revision, allow_patterns="*.json"))
        except OSError:
            if name == path:
                raise
    raise AssertionError


def _check_folder(model: str, folder: Path) -> None:
    for path, content in _contents(folder):
        for names, value in _leaves(content):
            problem = _problem(names, value)
            if problem:
                where = f"{path.relative_to(folder)}: {'.'.join(names)}"
                raise ConfigError(f'model "{model}": {where} {problem}; {how_to_trust(model)}')
        if path.name == "adapter_config.json" and isinstance(content, dict):
            base = content.get("base_model_name_or_path")
            if isinstance(base, str):
                check_model_files(model, base)


def _contents(folder: Path) -> Iterator[tuple[Path, Any]]:
    """Yields the files of settings in a folder and in those of its modules, and what they hold."""
    for path in sorted(folder.glob("*.json")):
        if path.name in _NOT_READ:
            continue
        content = json.loads(path.read_text(encoding="utf-8"))
        yield path, content
        modules = content if path.name == "modules.json" and isinstance(content, list) else []
        below = [module.get("path") for module in modules if isinstance(module, dict)]
        if isinstance(content, dict) and isinstance(content.get("types"), dict):  # of a Router
            below += content["types"]
        for name in filter(None, below):
            yield from _contents(folder / _inside(str(name), path))


def _inside(name: str, where: Path) -> str:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts:
        raise ConfigError(f'{where} names "{name}", which leads out of the model\'s folder')
    return name


def _leaves(content: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yields plain values at any depth, with the names of the settings that they are in."""
    if isinstance(content, dict):
        for name, value in content.items():
            yield from _leaves(value, (*names, name))
    elif isinstance(content, list):
        for value in content:
            yield from _leaves(value, names)
    else:
        yield names, content


def _problem(names: tuple[str, ...], value: Any) -> str:
    """Returns what is wrong with a setting, empty if nothing is."""
    if not value:
        return ""
    if set(names) & set(_REFUSED):
        return "asks for code, pickles or files that are not the model's"
    text = str(value)
    if any(name.endswith(_KERNELS) for name in names) and (
        not _WORD.fullmatch(text) or ("flash" in text and _has_kernels())
    ):
        return f'asks for code of the hub ("{text[:80]}")'
    if set(names) & set(_WEIGHTS):
        safe = text.endswith((".safetensors", ".safetensors.index.json")) and Path(text).name == text
        return "" if safe or "metadata" in names else f'names "{text[:80]}", which is no safetensors file'
    if set(names) & set(_CALLED) and not _WORD.fullmatch(text) and not _is_activation(text):
        return f'names "{text[:80]}", which is no activation function of torch.nn'
    if set(names) & set(_CLASSES) and "." in text and text not in _KNOWN and not _is_module(text):
        return f'names "{text[:80]}", which is no module of sentence-transformers'
    return ""


def _has_kernels() -> bool:
    """Returns whether transformers would load flash attention from the hub, for want of the package."""
    return importlib.util.find_spec("kernels") is not None


def _is_activation(text: str) -> bool:
    from torch.nn.modules import activation

    *package, name = text.split(".")
    known = {("torch", "nn"), ("torch", "nn", "modules", "activation"), ("torch", "nn", "modules", "linear")}
    return tuple(package) in known and (name in activation.__all__ or name == "Identity")


def _is_module(text: str) -> bool:
    """Returns whether a path leads to a class of sentence-transformers, other than that of a whole model."""
    import sentence_transformers

    if not text.startswith("sentence_transformers."):
        return False
    try:
        found: Any = sentence_transformers.util.import_from_string(text)
    except (ImportError, AttributeError, ValueError):
        return False
    if not isinstance(found, type) or not found.__module__.startswith("sentence_transformers."):
        return False
    whole = ("SentenceTransformer", "SparseEncoder", "CrossEncoder", "MultiVectorEncoder")
    return not issubclass(found, tuple(getattr(sentence_transformers, name, ()) for name in whole))
