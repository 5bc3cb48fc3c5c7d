"""The house has one direction: a room imports only rooms below it."""

import ast
from pathlib import Path

import pytest

import hardneg

HOUSE = Path(hardneg.__file__).parent

# From the roof to the ground; rooms in one set do not know each other.
FLOORS = [
    {"__main__"},
    {"cli"},
    {"console"},
    {"push", "review", "testing", "clean", "judge", "generate", "compare", "doctor", "plan"},
    {"audit", "train"},
    {"pipeline"},
    {"reopen", "parts"},
    {"blocks", "report", "evaluate", "describe"},
    {"training_set"},
    {"diff", "recipe"},
    {"load", "rank", "select", "validate", "calibrate", "export", "compat", "endpoint"},
    {"engine", "stores"},
    {"run", "ledger", "registry", "verdicts"},
    {"records", "files", "lines", "progress"},
    {"tables", "settings"},
    {"errors"},
]
# What each room of the middle floor may know of its neighbours.
NEIGHBOURS = {"compat": {"rank", "select"}, "validate": {"load", "rank", "select", "calibrate"}}


def room(path):
    return path.relative_to(HOUSE).parts[0].removesuffix(".py")


def imported_rooms(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "hardneg":
            parts = (node.module or "").split(".")
            yield from ([parts[1]] if len(parts) > 1 else [alias.name for alias in node.names])


def floor(name):
    return next(number for number, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("path", sorted(HOUSE.rglob("*.py")), ids=lambda p: str(p.relative_to(HOUSE)))
def test_imports_point_downward(path):
    own = room(path)
    for other in imported_rooms(path):
        if own in ("__init__", "recipes") or other == own:
            continue
        allowed = floor(other) > floor(own) or other in NEIGHBOURS.get(own, ())
        assert allowed, f"{path.relative_to(HOUSE)} must not import hardneg.{other}"
