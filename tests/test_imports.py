"""The house has one direction: a room imports only rooms below it."""

import ast
from pathlib import Path

import pytest

import hardneg

HOUSE = Path(hardneg.__file__).parent

# From the roof to the ground; rooms of one floor do not know each other.
FLOORS = [
    ["__main__", "testing", "loading"],
    ["cli"],
    ["__init__"],
    ["api"],
    ["comparison", "mixing"],
    ["review", "training", "compat"],
    ["auditing"],
    ["report", "evaluation", "llm", "chunking"],
    ["mining"],
    ["runs"],
    ["validators", "rankers", "calibration", "selection", "exporters"],
    ["sources", "engines", "endpoints"],
    ["core", "_version"],
]
# What a stage may know beside core/: nothing, but models may be behind HTTP, and a validator may read another
# collection.
STAGES = {
    "rankers": {"endpoints"},
    "validators": {"endpoints", "sources"},
    "calibration": set(),
    "selection": set(),
    "exporters": set(),
}


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
        if other == own:
            continue
        assert floor(other) > floor(own), f"{path.relative_to(HOUSE)} must not import hardneg.{other}"
        if own in STAGES:
            assert other in {"core", *STAGES[own]}, f"{own}/ is a stage: it knows core/, not {other}/"
