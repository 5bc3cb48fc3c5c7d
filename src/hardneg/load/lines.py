"""Text files as lines: plain, `.gz` or `.zst`, UTF-8 with or without a byte order mark, LF or CRLF.

A line ends at a line feed and nowhere else, so texts may hold any other separator that Unicode knows. A file
is read once, in constant memory; what is wrong with it is told with its line.
"""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard

from hardneg.errors import DataError

COMPRESSED = (".gz", ".zst")
_CHUNK = 1 << 16


def raw_lines(path: Path, label: str = "") -> Iterator[str]:
    """Yields the lines of a text file, each with its own ending, without the byte order mark.

    Args:
        path: The file.
        label: What errors call the file; its name unless given.

    Raises:
        DataError: The file cannot be opened, is cut off, or is not UTF-8.
    """
    label = label or path.name
    number = 0
    try:
        with _opened(path) as lines:
            for line in lines:
                number += 1
                yield (line.removeprefix(codecs.BOM_UTF8) if number == 1 else line).decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{label}:{number}: the text is not UTF-8 ({error.reason}); convert the file"
        ) from None
    except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile) as error:
        raise DataError(f"{label}:{number + 1}: the compressed file is cut off or broken: {error}") from None
    except OSError as error:
        raise unreadable(path, error) from None


def text_lines(path: Path, label: str = "") -> Iterator[tuple[str, str]]:
    """Yields (where, line) for each line that is not blank, the line without its ending.

    Args:
        path: The file.
        label: What errors call the file; its name unless given.

    Raises:
        DataError: The file cannot be opened, is cut off, or is not UTF-8.
    """
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
    return DataError(f"cannot read {path}: {reason or str(error).splitlines()[0]}")


def _opened(path: Path) -> io.BufferedIOBase:
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rb")
    if path.suffix.lower() == ".zst":
        return io.BufferedReader(_Zstd(path), _CHUNK)
    return path.open("rb")


class _Zstd(io.RawIOBase):
    """The content of a zstd file of one or several frames; unlike zstandard's own reader it minds the end."""

    def __init__(self, path: Path) -> None:
        self._source = path.open("rb")
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._between_frames = False
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._ready:
            chunk = self._source.read(_CHUNK)
            if not chunk:
                return self._end()
            self._ready = memoryview(b"".join(self._decompressed(chunk)))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def close(self) -> None:
        self._source.close()
        super().close()

    def _decompressed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            if self._between_frames:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            yield self._frame.decompress(chunk)
            self._between_frames = self._frame.eof
            chunk = self._frame.unused_data if self._frame.eof else b""

    def _end(self) -> int:
        if not self._between_frames:
            raise EOFError("the last frame has no end")
        return 0
