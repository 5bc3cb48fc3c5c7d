"""The public verbs: each takes a run as a folder, a URL or a `Run`, and does one thing.

| module | verbs |
|---|---|
| `runs` | mine, select, clean, chunk, mix, open_run |
| `reading` | audit, export, write_report, push |
| `models` | judge, generate, train, evaluate, compare |
| `run` | `Run`, what mining returns |
| `places` | folders, URLs and runs in memory become a folder to work in |
"""

from __future__ import annotations

from hardneg.api.models import compare, evaluate, generate, judge, train
from hardneg.api.reading import audit, export, push, write_report
from hardneg.api.run import Run
from hardneg.api.runs import chunk, clean, mine, mix, open_run, select

__all__ = [
    "Run",
    "audit",
    "chunk",
    "clean",
    "compare",
    "evaluate",
    "export",
    "generate",
    "judge",
    "mine",
    "mix",
    "open_run",
    "push",
    "select",
    "train",
    "write_report",
]
