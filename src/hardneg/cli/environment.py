"""`hardneg doctor`: installed libraries, device, threads, memory and cache."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
from pathlib import Path
from typing import Any

from hardneg.cli.shared import Json, print_json
from hardneg.cli.terminal import Terminal

ADDS = {
    "dense": "dense, sparse and cross-encoder rankers, guide and cross-encoder validators",
    "hnsw": "approximate search over a graph of vectors",
    "minilm": "the model called default, without a network",
    "chunk": "hardneg chunk and mine --chunk: long documents",
    "evaluate": "hardneg evaluate: measures and significance",
    "train": "hardneg train and compare: students",
    "report": "report.html, hardneg report and review",
    "hf": "sources hf:ID",
    "ir": "sources ir:ID",
    "mteb": "sources mteb:TASK",
    "judge": "hardneg judge and generate: language models",
    "dedup": "the near-duplicate, sibling-positives and leakage validators",
    "hub": "hardneg push: sharing a run",
    "ray": "--engine ray: many machines",
    "stores": "sources and runs at URLs",
    "s3": "sources and runs at s3://",
    "gs": "sources and runs at gs://",
    "http": "sources at http:// and https://",
}
"""What each extra adds, by its name."""

_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[([\w,-]+)\])?[^;]*(?:;.*\bextra == ['\"]([\w-]+)['\"])?")


def doctor(json_: Json = False) -> None:
    """Print installed libraries, device, memory and cache.

    Missing extras are shown with what they add, and the precision `auto` with the reason for it. Exits with 0
    whatever is missing.
    """
    environment = inspect_environment()
    if json_:
        print_json(environment)
        return
    from hardneg.cli.console import environment_tables

    to = Terminal()
    for table in environment_tables(environment):
        to.print(table)


def inspect_environment() -> dict[str, Any]:
    """Returns libraries, device, threads, memory and cache as plain data.

    `core` and the `packages` of each of the `extras` map a distribution to its version, None if it is not
    installed. `device` is None without torch. Sizes are in bytes, None where the system does not report them.
    """
    from hardneg.core.files import cache_folder

    core, extras = requirements()
    return {
        "hardneg": importlib.metadata.version("hardneg"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "core": {name: _version(name) for name in core},
        "extras": {extra: _extra(extra, extras) for extra in ADDS if extra in extras},
        "device": _device(),
        "threads": _threads(),
        "memory": _memory(),
        "cache": _cache(cache_folder()),
    }


def requirements() -> tuple[list[str], dict[str, list[str]]]:
    """Returns the distributions of the core, and those of each extra and of the extras that it includes."""
    core: list[str] = []
    extras: dict[str, list[str]] = {}
    for line in importlib.metadata.requires("hardneg") or ():
        match = _REQUIREMENT.match(line)
        if match is None:
            continue
        name, included, extra = match.groups()
        if extra is None:
            core.append(name)
        elif name == "hardneg":
            extras.setdefault(extra, []).extend(f"[{item}]" for item in (included or "").split(","))
        else:
            extras.setdefault(extra, []).append(name)
    return core, {extra: list(dict.fromkeys(_flat(extra, extras))) for extra in extras}


def _flat(extra: str, extras: dict[str, list[str]]) -> list[str]:
    names = []
    for name in extras.get(extra, ()):
        names += _flat(name[1:-1], extras) if name.startswith("[") else [name]
    return names


def _extra(extra: str, extras: dict[str, list[str]]) -> dict[str, Any]:
    packages = {name: _version(name) for name in extras[extra]}
    return {"installed": None not in packages.values(), "adds": ADDS[extra], "packages": packages}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device() -> dict[str, str] | None:
    """Returns the device that models run on, the precision that `auto` chooses for it, and why."""
    try:
        import torch
    except ImportError:
        return None
    from hardneg.rankers.dense.models import best_precision

    if torch.cuda.is_available():
        major, minor = torch.cuda.get_device_capability()
        why = f"{torch.cuda.get_device_name()} has compute capability {major}.{minor}"
        if (count := torch.cuda.device_count()) > 1:
            why += f"; with --engine ray all {count} GPUs encode, a process each"
        return {"name": "cuda", "precision": best_precision("cuda"), "why": why}
    if torch.backends.mps.is_available():
        return {"name": "mps", "precision": best_precision("mps"), "why": "bf16 is no faster on mps"}
    precision = best_precision("cpu")
    verb = "multiplies" if precision == "bf16" else "does not multiply"
    why = f"the processor {verb} bf16 matrices (AMX, AVX512-BF16)"
    return {"name": "cpu", "precision": precision, "why": why}


def _threads() -> dict[str, Any]:
    """Returns the cores of this process, and the threads of search and models, None without torch."""
    from hardneg.rankers.kernels.parallel import threads

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    try:
        from torch import get_num_threads
    except ImportError:
        return {"cores": cores, "search": threads(), "models": None}
    return {"cores": cores, "search": threads(), "models": get_num_threads()}


def _memory() -> dict[str, int | None]:
    """Returns the machine's memory and what is available of it, in bytes."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    except OSError:
        lines = []
    sizes = {name: int(size.split()[0]) * 1024 for name, size in (line.split(":") for line in lines)}
    return {"total": sizes.get("MemTotal"), "free": sizes.get("MemAvailable")}


def _cache(folder: Path) -> dict[str, Any]:
    """Returns the folder of the cache, its files and size, and the free space on its disk, in bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    disk = next((path for path in (folder, *folder.parents) if path.is_dir()), None)
    return {
        "folder": str(folder),
        "files": len(files),
        "size": sum(path.stat().st_size for path in files),
        "free": shutil.disk_usage(disk).free if disk else None,
        "writable": disk is not None and os.access(disk, os.W_OK),
    }
