"""The pages of the documentation, as text."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
READMES = [ROOT / "README.md", ROOT / "README.ru.md"]
PAGES = sorted([*READMES, *DOCS.glob("*.md")])


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def section(text, title):
    """Returns what stands below a heading, up to the next one of its level."""
    found = re.search(rf"^(#+) {re.escape(title)}\n(.*?)(?=^#{{1,3}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f'there is no heading "{title}"'
    return found[2]


def blocks(text, language):
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def shell_lines(path):
    """Returns the hardneg commands that a page shows, in order."""
    lines = "".join(blocks(path.read_text(encoding="utf-8"), "sh")).splitlines()
    return [line for line in lines if line.startswith("hardneg ")]
