"""Where a run is worked on: its folder, the copy of a URL's, or a temporary folder for one in memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hardneg.core.progress import Progress
from hardneg.core.records import Collection
from hardneg.core.stores import Mirror, is_url
from hardneg.mining.pipeline import save
from hardneg.runs.finished import FinishedRun, open_run

AnyRun = str | Path | FinishedRun
"""A run directory, its URL, or a run that is open."""


@contextmanager
def run_folder(run: AnyRun, progress: Progress | None = None, *, changes: bool = False) -> Iterator[Path]:
    """Yields a folder to work in; changes in the copy of a URL are uploaded when the block ends well."""
    place = (run.url or run.folder) if isinstance(run, FinishedRun) else run
    if place is not None and is_url(place):
        mirror = Mirror(str(place), progress)
        yield mirror.pull()
        mirror.push()
    elif place is not None:
        yield Path(place)
    elif isinstance(run, FinishedRun):
        with tempfile.TemporaryDirectory(prefix="hardneg-run-") as temporary:
            yield run.directory if changes else save(run, Path(temporary) / "run").directory


@contextmanager
def opened_run(
    run: AnyRun, collection: Collection | None = None, progress: Progress | None = None
) -> Iterator[FinishedRun]:
    """Yields a finished run to read; changes in the copy of a URL are uploaded when the block ends well."""
    if isinstance(run, FinishedRun) and run.url is None:
        yield run
        return
    given = run.collection if isinstance(run, FinishedRun) else collection
    with run_folder(run, progress) as folder:
        yield open_run(folder, collection=given)
