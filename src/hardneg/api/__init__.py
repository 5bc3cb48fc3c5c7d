"""The public verbs: each takes a run as a folder, a URL or a `Run`, and does one thing.

| module | verbs |
|---|---|
| `runs` | mine, select, clean, audit, export, write_report, open_run, push |
| `models` | judge, generate, train, evaluate, compare |
| `run` | `Run`, what mining returns |
| `places` | folders, URLs and runs in memory become a folder to work in |
"""

from __future__ import annotations

from hardneg.api.models import compare, evaluate, generate, judge, train
from hardneg.api.run import Run
from hardneg.api.runs import audit, clean, export, mine, open_run, push, select, write_report

__all__ = [
    "Run",
    "audit",
    "clean",
    "compare",
    "evaluate",
    "export",
    "generate",
    "judge",
    "mine",
    "open_run",
    "push",
    "select",
    "train",
    "write_report",
]
