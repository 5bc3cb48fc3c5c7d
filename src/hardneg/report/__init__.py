"""The report of a run: one HTML file, in English or Russian, that opens from disk without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hardneg.errors import DataError
from hardneg.files import atomic, write_text
from hardneg.records import Collection

FILE = "report.html"
"""The file's name in a run directory."""


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
        ConfigError: The report is not written in that language.
        DataError: The run is not finished or damaged, or the file cannot be written.
    """
    from hardneg.report.gather import gather
    from hardneg.report.sections import report
    from hardneg.report.words import Words

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
        ConfigError: The runs are of different collections.
        DataError: A run is not finished or damaged, or the file cannot be written.
    """
    from hardneg.report.versus import versus
    from hardneg.report.words import Words

    first, second = map(Path, folders)
    write_text(Path(out), versus(first, second, collection, Words(language), limit))
    return Path(out)


def write_figures(folder: str | Path, out: str | Path, *, language: str = "en") -> list[Path]:
    """Writes every figure of a run's report as SVG and PNG, and returns the files.

    Raises:
        DataError: The run is not finished or damaged, or the folder cannot be written.
    """
    from hardneg.report.figures.style import FILE as LOOK
    from hardneg.report.figures.style import save
    from hardneg.report.gather import gather
    from hardneg.report.sections import drawn
    from hardneg.report.words import Words

    written = []
    for name, chart in drawn(gather(Path(folder)), Words(language), LOOK):
        for suffix in (".svg", ".png"):
            path = Path(out) / f"{name}{suffix}"
            with atomic(path) as temporary:
                save(chart, temporary, suffix)
            written.append(path)
    if not written:
        raise DataError(f"{folder} holds nothing to draw")
    return written
