"""Text files as lines: plain, gzip or zstd, UTF-8 with or without a byte order mark, LF or CRLF.

A text in another encoding is read where that is certain and can be noted, else refused with the command that
converts it. What is packed, and what is no text, the first bytes say.

A line ends at a line feed and nowhere else, so texts may hold any other separator that Unicode knows. A file
is read once, in constant memory; errors name the line. No line may be longer than 64 MiB, and no packed file
may unpack to more than a thousand times its size, once it is beyond 256 MiB.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from hardneg.core.errors import DataError, problem
from hardneg.core.file_kinds import GZIP, PARQUET, ZSTANDARD, Utf8, encoding_of, refuse_binary
from hardneg.core.files import open_regular

COMPRESSED = (".gz", ".zst")
LONGEST = 1 << 26
"""Most bytes in a line."""
_CHUNK = 1 << 16
_MOST_UNPACKED = 1 << 28
_MOST_TIMES = 1000
_SAMPLE = 1 << 20


class FileCounts(Counter[str]):
    """What reading notes, counted by reason.

    Attributes:
        files: `lines` and `rows` of each file that was read to its end.
    """

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        super().__init__(counts or {})
        self.files: dict[str, dict[str, int]] = {}

    def count(self, label: str, **counts: int) -> None:
        """Records how many lines or rows a file has."""
        self.files.setdefault(label, {}).update(counts)


def raw_lines(path: Path, label: str = "", notes: Counter[str] | None = None) -> Iterator[str]:
    """Yields the lines of a text file, each with its own ending, without the byte order mark.

    Args:
        path: The file.
        label: What errors call the file; its name unless given.
        notes: Counts a file that is read in another encoding, which is refused without it; if these are
            `FileCounts`, its lines too.

    Raises:
        DataError: The file cannot be opened, is cut off, is no text, is not UTF-8, or goes beyond the limits.
    """
    label = label or path.name
    number, encoding = 0, "utf-8"
    try:
        with open_regular(path) as file, _unpacked(file, path) as lines:
            sample = lines.read(_SAMPLE)
            refuse_binary(sample, label)
            encoding, certain = encoding_of(sample, len(sample) < _SAMPLE)
        with open_regular(path) as file, _unpacked(file, path) as unpacked:
            lines = unpacked
            if certain and notes is None and encoding.startswith(("utf-16", "utf-32")):
                raise _other_encoding(label, encoding)
            if certain and notes is not None and encoding != "utf-8":
                notes[f"read_as_{encoding.replace('-', '_')}"] = 1
                lines = io.BufferedReader(Utf8(unpacked, encoding), _CHUNK)
            for line in _bounded(lines, path, label, packed=unpacked is not file):
                number += 1
                yield (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).decode("utf-8")
        if isinstance(notes, FileCounts):
            notes.count(label, lines=number)
    except UnicodeDecodeError as error:
        if encoding == "utf-8":  # as far as the sample
            encoding, _ = encoding_of(error.object[:_CHUNK], whole=True)
        raise _other_encoding(f"{label}:{max(number, 1)}", encoding, f" ({error.reason})") from None
    except (EOFError, zlib.error, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise unreadable(path, error) from None
        raise DataError(f"{label}:{number + 1}: the compressed file is cut off or broken") from None


def text_lines(path: Path, label: str = "", notes: Counter[str] | None = None) -> Iterator[tuple[str, str]]:
    """Yields (where, line) for each line that is not blank, the line without its ending."""
    label = label or path.name
    for number, line in enumerate(raw_lines(path, label, notes), 1):
        if line.strip():
            yield f"{label}:{number}", line.removesuffix("\n").removesuffix("\r")


def uncompressed_name(path: Path) -> str:
    """Returns the file's name without `.gz` or `.zst`."""
    return path.stem if path.suffix.lower() in COMPRESSED else path.name


def unreadable(path: Path, error: Exception) -> DataError:
    """Returns the error for a file that cannot be opened or read."""
    return DataError(f"cannot read {path}: {problem(error)}")


def most_unpacked(path: Path) -> int:
    """Returns how many bytes a packed file may unpack to."""
    return max(_MOST_UNPACKED, _MOST_TIMES * path.stat().st_size)


def unpacks_too_much(where: str) -> DataError:
    """Returns the error for a packed file that goes beyond its limit."""
    return DataError(
        f"{where}: the file unpacks to more than {_MOST_TIMES:,} times its size; unpack it yourself if it is "
        "meant to"
    )


def is_parquet(path: Path) -> bool:
    """Returns whether a file begins as Parquet files do."""
    try:
        with open_regular(path) as file:
            return file.read(len(PARQUET)) == PARQUET
    except DataError:
        return False


def _bounded(lines: io.BufferedIOBase | BinaryIO, path: Path, label: str, *, packed: bool) -> Iterator[bytes]:
    """Yields lines as long as they stay within the limits."""
    most = most_unpacked(path)
    read = number = 0
    for line in iter(lambda: lines.readline(LONGEST + 1), b""):
        number += 1
        read += len(line)
        if len(line) > LONGEST:
            raise DataError(
                f"{label}:{number}: the line is longer than {LONGEST:,} bytes; is it a text file?"
            )
        if packed and read > most:
            raise unpacks_too_much(f"{label}:{number}")
        yield line


def _other_encoding(where: str, encoding: str, reason: str = "") -> DataError:
    name = encoding.replace("_", "-")
    return DataError(
        f"{where}: the text is not UTF-8{reason}; save it as UTF-8 (CSV UTF-8 in a spreadsheet), or convert "
        f"it: iconv -f {name} -t UTF-8 FILE > NEW"
    )


def _unpacked(file: BinaryIO, path: Path) -> io.BufferedIOBase | BinaryIO:
    head, suffix = file.read(len(ZSTANDARD)), path.suffix.lower()
    file.seek(0)
    if head.startswith(GZIP) or suffix == ".gz":
        return gzip.open(file, "rb")
    if head == ZSTANDARD or suffix == ".zst":
        return io.BufferedReader(pa.CompressedInputStream(file, "zstd"), _CHUNK)
    return file
