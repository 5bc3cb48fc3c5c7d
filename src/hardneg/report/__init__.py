"""The report of a run: one HTML file, in English or Russian, that opens from disk without a network.

It needs the extra `report`; importing this package and making a run do not.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from hardneg.core.errors import DataError, MissingExtra
from hardneg.core.files import atomic, write_text
from hardneg.core.records import Collection
from hardneg.core.state_files import read_state

FILE = "report.html"
"""The file's name in a run directory."""

MIXTURE = "mix.json"
"""The file that says what a mixture holds, in its directory."""

COMPARISON = "compare.json"
"""The file with the results of a comparison of recipes, in its directory."""

_MIX_AGAIN = "run the same hardneg mix command again"

_LOG = logging.getLogger("hardneg.report")


def write_after_work(write: Callable[..., Path], folder: Path, *args: Any) -> Path | None:
    """Writes a report at the end of other work, and returns where it is.

    The work stands where its report cannot be written, as without the extra `report` or where memory or open
    files are limited: a warning says why and how to get the page, None is returned.
    """
    try:
        return write(folder, *args)
    except MissingExtra as error:
        _LOG.warning("%s has no %s: %s, then: hardneg report %s", folder, FILE, error, folder)
    except Exception as error:  # whatever a library raises, or a fact that is none
        reason = str(error).partition("\n")[0] or type(error).__name__
        _LOG.warning("%s is complete but for %s: %s; later: hardneg report %s", folder, FILE, reason, folder)
    return None


def require() -> None:
    """Checks that the libraries are installed that pages and figures are drawn with."""
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
    """Writes the report of a finished run, and returns where it is; without a collection it has no texts."""
    require()
    from hardneg.report.i18n import Locale
    from hardneg.report.pages import report_page
    from hardneg.report.summary import summarize

    locale = Locale(language)
    path = Path(out) if out else Path(folder) / FILE
    write_text(path, report_page(summarize(Path(folder)), collection, locale, limit))
    return path


def write_versus(
    folders: Sequence[str | Path],
    collection: Collection | None,
    out: str | Path,
    *,
    language: str = "en",
    limit: int | None = None,
) -> Path:
    """Writes a report on what two runs of one collection decide differently, and returns where it is."""
    require()
    from hardneg.report.diff_page import diff_page
    from hardneg.report.i18n import Locale

    first, second = map(Path, folders)
    write_text(Path(out), diff_page(first, second, collection, Locale(language), limit))
    return Path(out)


def write_comparison(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    language: str = "en",
    figures: str | Path | None = None,
) -> Path:
    """Writes the report of a finished comparison of recipes, and returns where it is."""
    require()
    from hardneg.report.pages import comparison_figures, comparison_page

    results = Path(folder) / COMPARISON
    try:
        facts = read_state(results, "compare again")
    except FileNotFoundError:
        raise DataError(f"{folder} holds no comparison: there is no {COMPARISON} in it") from None
    path = Path(out or results.with_name(FILE))
    return _write(facts, comparison_page, comparison_figures, path, language, figures)


def write_mixture(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    language: str = "en",
    figures: str | Path | None = None,
) -> Path:
    """Writes the report of a finished mixture, and returns where it is."""
    require()
    from hardneg.report.mixture_page import mixture_figures, mixture_page

    results = Path(folder) / MIXTURE
    facts = read_state(results, _MIX_AGAIN)
    if not facts.get("finished"):
        raise DataError(f"{folder} holds no finished mixture; {_MIX_AGAIN}")
    path = Path(out or results.with_name(FILE))
    return _write(facts, mixture_page, mixture_figures, path, language, figures)


def _write(
    facts: Mapping[str, Any],
    page: Callable[..., str],
    drawn: Callable[..., Iterable[tuple[str, Any]]],
    path: Path,
    language: str,
    figures: str | Path | None,
) -> Path:
    """Writes the page of some facts, and its figures if they are wanted; returns where the page is."""
    from hardneg.report.figures.style import FILE_STYLE
    from hardneg.report.i18n import Locale

    locale = Locale(language)
    write_text(path, page(facts, locale))
    if figures is not None:
        _save(drawn(facts, locale, FILE_STYLE), Path(figures))
    return path


def write_figures(folder: str | Path, out: str | Path, *, language: str = "en") -> list[Path]:
    """Writes every figure of a run's report as SVG and PNG, and returns the files."""
    require()
    from hardneg.report.figures.style import FILE_STYLE
    from hardneg.report.i18n import Locale
    from hardneg.report.pages import run_figures
    from hardneg.report.summary import summarize

    written = _save(run_figures(summarize(Path(folder)), Locale(language), FILE_STYLE), Path(out))
    if not written:
        raise DataError(f"{folder} has no data to draw a figure of")
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
