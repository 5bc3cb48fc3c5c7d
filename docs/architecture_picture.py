"""Draws docs/images/architecture.svg: the rooms from the roof to the ground, and the way of the data.

    python docs/architecture_picture.py

The floors are those of tests/test_imports.py; what a room does is the first line of its docstring.
"""

import ast
import importlib.util
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAGES = ("source", "rank", "exclude", "validate", "select", "export", "train", "evaluate")
WIDTH, ROW, GAP, LABEL = 1_080, 46, 8, 26


def floors() -> list[list[str]]:
    """Returns the rooms, the highest floor first."""
    spec = importlib.util.spec_from_file_location("test_imports", ROOT / "tests" / "test_imports.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [[name for name in floor if not name.startswith("__")] for floor in module.FLOORS]


def purpose(name: str) -> str:
    """Returns the first sentence of a room's docstring."""
    place = ROOT / "src" / "hardneg" / name
    path = place / "__init__.py" if place.is_dir() else place.with_suffix(".py")
    line = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").splitlines()[0]
    return line.split(":")[0].rstrip(".")


def box(x: float, y: float, width: float, title: str, text: str, kind: str) -> str:
    """Returns a box with a title and a line of text, cut to its width."""
    most = int(width / 6.1)
    shown = text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
    return (
        f'<rect class="{kind}" x="{x}" y="{y}" width="{width:.0f}" height="{ROW - GAP}" rx="5"/>'
        f'<text class="t" x="{x + 9}" y="{y + 16}">{escape(title)}</text>'
        f'<text class="d" x="{x + 9}" y="{y + 31}">{escape(shown)}</text>'
    )


def picture() -> str:
    """Returns the SVG."""
    parts = []
    step = WIDTH / len(STAGES)
    for place, stage in enumerate(STAGES):
        x = place * step
        parts.append(
            f'<text class="s" x="{x + 8:.0f}" y="18">{stage}{" →" if place + 1 < len(STAGES) else ""}</text>'
        )
    y = LABEL + 10.0
    for floor in filter(None, floors()):
        width = (WIDTH - GAP * (len(floor) - 1)) / len(floor)
        for place, name in enumerate(floor):
            kind = "core" if name == "core" else "room"
            parts.append(box(place * (width + GAP), y, width, name, purpose(name), kind))
        y += ROW
    style = (
        "text{font-family:system-ui,sans-serif}.t{font-size:13px;font-weight:600;fill:#1a1a1a}"
        ".d{font-size:11px;fill:#555}.s{font-size:13px;fill:#2a5db0}"
        ".room{fill:#f3f6fb;stroke:#b9c7dd}.core{fill:#eef5ec;stroke:#a9c5a0}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 0 {WIDTH + 8} {y:.0f}" role="img">'
        f"<title>The rooms of hardneg; imports point downward</title><style>{style}</style>"
        f'<rect x="-4" width="{WIDTH + 8}" height="{y:.0f}" fill="#fff"/>{"".join(parts)}</svg>\n'
    )


if __name__ == "__main__":
    (ROOT / "docs" / "images" / "architecture.svg").write_text(picture(), encoding="utf-8")
