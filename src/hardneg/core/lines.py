"""Text files as lines: plain, `.gz` or `.zst`, UTF-8 with or without a byte order mark, LF or CRLF.

A line ends at a line feed and nowhere else, so texts may hold any other separator that Unicode knows. A file
is read once, in constant memory; errors name the line. No line may be longer than 64 MiB, and no packed file
may unpack to more than a thousand times its size, once it is beyond 256 MiB.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from hardneg.core.errors import DataError
from hardneg.core.files import open_regular

COMPRESSED = (".gz", ".zst")
LONGEST = 1 << 26
"""Most bytes in a line."""
_CHUNK = 1 << 16
_MOST_UNPACKED = 1 << 28
_MOST_TIMES = 1000
_MARKS_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def raw_lines(path: Path, label: str = "") -> Iterator[str]:
    """Yields the lines of a text file, each with its own ending, without the byte order mark.

    Args:
        path: The file.
        label: What errors call the file; its name unless given.

    Raises:
        DataError: The file cannot be opened, is cut off, is not UTF-8, or goes beyond the limits.
    """
    label = label or path.name
    number = 0
    try:
        with open_regular(path) as file, _unpacked(file, path) as lines:
            for line in _bounded(lines, path, label):
                number += 1
                yield (_without_mark(line, label) if number == 1 else line).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{label}:{number}: the text is not UTF-8 ({error.reason}); convert it: "
            f"iconv -f {_encoding(error.object)} -t UTF-8"
        ) from None
    except (EOFError, zlib.error, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise unreadable(path, error) from None
        raise DataError(f"{label}:{number + 1}: the compressed file is cut off or broken: {error}") from None


def text_lines(path: Path, label: str = "") -> Iterator[tuple[str, str]]:
    """Yields (where, line) for each line that is not blank, the line without its ending."""
    label = label or path.name
    for number, line in enumerate(raw_lines(path, label), 1):
        if line.strip():
            yield f"{label}:{number}", line.removesuffix("\n").removesuffix("\r")


def uncompressed_name(path: Path) -> str:
    """Returns the file's name without `.gz` or `.zst`."""
    return path.stem if path.suffix.lower() in COMPRESSED else path.name


def unreadable(path: Path, error: Exception) -> DataError:
    """Returns the error for a file that cannot be opened or read."""
    reason = error.strerror if isinstance(error, OSError) else None
    message = next(iter(str(error).splitlines()), type(error).__name__)
    return DataError(f"cannot read {path}: {reason or message}")


def most_unpacked(path: Path) -> int:
    """Returns how many bytes a packed file may unpack to."""
    return max(_MOST_UNPACKED, _MOST_TIMES * path.stat().st_size)


def unpacks_too_much(where: str) -> DataError:
    """Returns the error for a packed file that goes beyond its limit."""
    return DataError(
        f"{where}: the file unpacks to more than {_MOST_TIMES:,} times its size; unpack it yourself if it is "
        "meant to"
    )


def _bounded(lines: io.BufferedIOBase | BinaryIO, path: Path, label: str) -> Iterator[bytes]:
    """Yields lines as long as they stay within the limits."""
    packed = path.suffix.lower() in COMPRESSED
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


def _without_mark(line: bytes, label: str) -> bytes:
    """Returns the first line without its byte order mark."""
    odd, even = line[1:64:2], line[:64:2]
    zeros = len(line) > 8 and ((not any(odd) and all(even)) or (not any(even) and all(odd)))
    if line.startswith(_MARKS_16) or zeros:
        raise DataError(f"{label}:1: the text is UTF-16, not UTF-8; convert it: iconv -f UTF-16 -t UTF-8")
    return line.removeprefix(codecs.BOM_UTF8)


def _encoding(line: bytes) -> str:
    """Returns the likely encoding of a line that is not UTF-8, or a word for it where none can be told."""
    try:
        from charset_normalizer import from_bytes
    except ImportError:
        return "ENCODING"
    best = from_bytes(line[:_CHUNK]).best()
    return "ENCODING" if best is None else best.encoding.replace("_", "-")


def _unpacked(file: BinaryIO, path: Path) -> io.BufferedIOBase | BinaryIO:
    if path.suffix.lower() == ".gz":
        return gzip.open(file, "rb")
    if path.suffix.lower() == ".zst":
        return io.BufferedReader(pa.CompressedInputStream(file, "zstd"), _CHUNK)
    return file
