"""What every format and every source must do."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hardneg.core.components import FORMATS, SOURCES
from hardneg.core.components.format import usage
from hardneg.core.records import Collection, Example, Scored
from hardneg.sources.builder import LoadOptions
from hardneg.testing.components import check, check_settings


class _Examples:
    """Examples that can be iterated more than once; they fail after `fail_at` of them."""

    def __init__(self, fail_at: int | None = None) -> None:
        self._fail_at = fail_at

    def __iter__(self) -> Iterator[Example]:
        for number, example in enumerate(_EXAMPLES):
            if number == self._fail_at:
                raise _SourceFailed
            yield example


class _SourceFailed(Exception):
    pass


def _scored(number: int, score: float, title: str = "", weight: float = 1.0) -> Scored:
    return Scored(f"d{number}", title, f"text {number}", score, weight)


_EXAMPLES = [
    Example("q1", "что такое ёж?", [_scored(1, 0.9, "Ёж"), _scored(2, 0.8)], [_scored(3, 0.7, weight=0.5)]),
    Example("q2", "second", [_scored(5, float("nan"))], [_scored(6, 0.5), _scored(3, float("nan"))]),
    Example("q3", "third", [_scored(7, 0.9)], []),
    Example("q4", "fourth", [Scored("d8", "", "two\nlines\u2028three", 0.4)], [_scored(1, 0.3, "Ёж")]),
]


def check_format(form: Any) -> None:
    """Checks what every format must do.

    Raises:
        AssertionError: It does something else.
        ConfigError: It is no format, or a setting does not fit.
    """
    made = FORMATS.make(form)
    name = check_settings(FORMATS, made)
    main = f"train{made.suffix}"
    check(name, main in usage(type(made), main), "usage does not name the file, {out}")
    with tempfile.TemporaryDirectory() as temporary:
        one, other, failed = (Path(temporary) / folder for folder in ("one", "other", "failed"))
        for folder in (one, other, failed):
            folder.mkdir()
        written = made.write(_Examples(), one / main)
        made.lint(one / main)
        check(name, written.files[0] == one / main, f"the first of the files written is not {main}")
        check(name, all(path.exists() for path in written.files), "a file is reported that is not there")
        check(name, written.rows > 0, "no rows are reported")
        check(name, 0 <= written.skipped < len(_EXAMPLES), "more examples are skipped than there are")
        made.write(_Examples(), other / main)
        check(name, _contents(one) == _contents(other), "the same examples give other bytes")
        for fail_at in (0, 2):
            for folder, before in ((failed, {}), (other, _contents(one))):
                try:
                    made.write(_Examples(fail_at), folder / main)
                    check(name, False, "an error while reading examples is lost")
                except _SourceFailed:
                    pass
                check(
                    name, _contents(folder) == before, "an error while reading examples leaves another file"
                )


def check_source(source: Any, name: str, options: LoadOptions | None = None) -> None:
    """Checks what every source must do.

    Args:
        source: What stands for it.
        name: A collection that it can read: what follows the colon in `scheme:NAME`.
        options: How strictly to read.

    Raises:
        AssertionError: It does something else.
        HardnegError: It is no source, or cannot read the collection.
    """
    made = SOURCES.make(source)
    kind = check_settings(SOURCES, made)
    options = options or LoadOptions()
    one, other = made.read(name, options), made.read(name, options)
    check(kind, isinstance(one, Collection), f"read() returns {type(one).__name__}, not a Collection")
    check(kind, len(one.documents) > 0, f"there are no documents in {name}")
    check(kind, one.digest == other.digest, "read() gives another collection when called again")


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
