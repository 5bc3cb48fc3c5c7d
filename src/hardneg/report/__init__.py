"""The report of a run: one HTML file, in English or Russian, that opens from disk without a network."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError, MissingExtra
from hardneg.core.files import atomic, write_text
from hardneg.core.records import Collection

FILE = "report.html"
"""The file's name in a run directory."""

COMPARISON = "compare.json"
"""Tells what a comparison of recipes found, in its directory."""


def require() -> None:
    """Checks that the libraries are installed that pages and figures are drawn with.

    Raises:
        MissingExtra: One is not.
    """
    for module, package in (("altair", "altair"), ("vl_convert", "vl-convert-python"), ("jinja2", "jinja2")):
        if importlib.util.find_spec(module) is None:
            raise MissingExtra(package, "report")


def write_report(
    folder: str | Path,
    collection: Collection | None = None,
    out: str | Path | None = None,
    *,
    language: str = "en",
    limit: int | None = None,
) -> Path:
    """Writes the report of a finished run, and returns where it is.

    Args:
        folder: The run directory.
        collection: What it was mined from; without it the examples have no texts.
        out: The file to write; `report.html` in the run directory unless given.
        language: `en` or `ru`.
        limit: How many queries the examples show at most.

    Raises:
        MissingExtra: The extra `report` is not installed.
        ConfigError: The report is not written in that language.
        DataError: The run is not finished or damaged, or the file cannot be written.
    """
    require()
    from hardneg.report.gather import gather
    from hardneg.report.i18n import Words
    from hardneg.report.sections import report

    words = Words(language)
    path = Path(out) if out else Path(folder) / FILE
    write_text(path, report(gather(Path(folder)), collection, words, limit))
    return path


def write_versus(
    folders: Sequence[str | Path],
    collection: Collection | None,
    out: str | Path,
    *,
    language: str = "en",
    limit: int | None = None,
) -> Path:
    """Writes a report on what two runs of one collection decide differently, and returns where it is.

    Args:
        folders: The two run directories.
        collection: What they were mined from; without it the examples have no texts.
        out: The file to write.
        language: `en` or `ru`.
        limit: How many queries it shows at most.

    Raises:
        MissingExtra: The extra `report` is not installed.
        ConfigError: The runs are of different collections.
        DataError: A run is not finished or damaged, or the file cannot be written.
    """
    require()
    from hardneg.report.i18n import Words
    from hardneg.report.versus import versus

    first, second = map(Path, folders)
    write_text(Path(out), versus(first, second, collection, Words(language), limit))
    return Path(out)


def write_comparison(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    language: str = "en",
    figures: str | Path | None = None,
) -> Path:
    """Writes the report of a finished comparison of recipes, and returns where it is.

    Args:
        folder: The comparison's directory, with its compare.json.
        out: The file to write; `report.html` in the directory unless given.
        language: `en` or `ru`.
        figures: Where to write each figure as SVG and PNG too.

    Raises:
        MissingExtra: The extra `report` is not installed.
        ConfigError: The report is not written in that language.
        DataError: The comparison is not finished or damaged, or a file cannot be written.
    """
    require()
    import json

    from hardneg.report.comparison import comparison, drawn
    from hardneg.report.figures.style import FILE as LOOK
    from hardneg.report.i18n import Words

    told = Path(folder) / COMPARISON
    try:
        facts = json.loads(told.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{told} cannot be read: {error}; compare again") from None
    words = Words(language)
    path = Path(out) if out else Path(folder) / FILE
    write_text(path, comparison(facts, words))
    if figures is not None:
        names = ((f"{kind}.{part}".rstrip("."), chart) for kind, part, chart in drawn(facts, words, LOOK))
        _save(names, Path(figures))
    return path


def write_figures(folder: str | Path, out: str | Path, *, language: str = "en") -> list[Path]:
    """Writes every figure of a run's report as SVG and PNG, and returns the files.

    Raises:
        MissingExtra: The extra `report` is not installed.
        DataError: The run is not finished or damaged, or the folder cannot be written.
    """
    require()
    from hardneg.report.figures.style import FILE as LOOK
    from hardneg.report.gather import gather
    from hardneg.report.i18n import Words
    from hardneg.report.sections import drawn

    written = _save(drawn(gather(Path(folder)), Words(language), LOOK), Path(out))
    if not written:
        raise DataError(f"{folder} holds nothing to draw")
    return written


def _save(charts: Iterable[tuple[str, Any]], out: Path) -> list[Path]:
    from hardneg.report.figures.style import save

    written = []
    for name, chart in charts:
        for suffix in (".svg", ".png"):
            path = out / f"{name}{suffix}"
            with atomic(path) as temporary:
                save(chart, temporary, suffix)
            written.append(path)
    return written
