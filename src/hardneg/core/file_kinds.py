"""What the first bytes of a file say: of which kind it is, and in which encoding its text is."""

from __future__ import annotations

import codecs
import io
from typing import Any, BinaryIO

from hardneg.core.errors import DataError

PARQUET = b"PAR1"
GZIP, ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

_BINARY = {
    PARQUET: ("a Parquet file", "a file of text is needed here"),
    b"PK\x03\x04": (
        "a ZIP archive or an Excel workbook (.xlsx)",
        "unpack it, or save the sheet as CSV UTF-8",
    ),
    b"\xd0\xcf\x11\xe0": ("an old Excel workbook (.xls)", "save the sheet as CSV UTF-8"),
    b"ARROW1": (
        "an Arrow file",
        "a folder that datasets saved is read as hf:FOLDER; else write it as Parquet",
    ),
    b"\xff\xff\xff\xff": ("an Arrow stream", "a folder that datasets saved is read as hf:FOLDER"),
    b"SQLite format 3": ("an SQLite database", "export the table as CSV"),
    b"%PDF": ("a PDF document", "extract its text into a table"),
    b"\x89HDF": ("an HDF5 file", "write the table as Parquet"),
    b"\x93NUMPY": ("a NumPy array", "vectors are read by the ranker vectors:FOLDER"),
    b"BZh": ("a bzip2 archive", "unpack it"),
    b"\xfd7zXZ": ("an xz archive", "unpack it"),
    b"7z\xbc\xaf": ("a 7-Zip archive", "unpack it"),
    b"\x80\x04\x95": ("a Python pickle", "write it as JSON lines or Parquet"),
}
_TAR = (257, b"ustar")
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_CHUNK = 1 << 16
_MOST_CHAOS, _LEAST_COHERENT, _LEAST_AHEAD = 0.05, 0.5, 0.08
"""How little odd a text must be, how much like a language, and how much more so than read in another way."""


def refuse_binary(head: bytes, label: str) -> None:
    """Raises DataError if the first bytes are those of a known kind that is no text."""
    for mark, (kind, remedy) in _BINARY.items():
        if head.startswith(mark):
            raise DataError(f"{label}: it is {kind}, not text; {remedy}")
    if head[_TAR[0] :].startswith(_TAR[1]):
        raise DataError(f"{label}: it is a tar archive, not text; unpack it")


def encoding_of(sample: bytes, whole: bool) -> tuple[str, bool]:
    """Returns the encoding of a text, and whether it is certain; `utf-8` unless the sample is not.

    Args:
        sample: The first bytes of the text.
        whole: Whether they are all. Where more follows, encodings that agree on the sample may not on it.
    """
    marked = next((name for mark, name in _MARKS.items() if sample.startswith(mark)), None)
    if marked is not None:
        return marked, True
    odd, even = sample[1:16:2], sample[:16:2]
    if len(sample) > 8 and not any(odd) and all(even):
        return "utf-16-le", True
    if len(sample) > 8 and not any(even) and all(odd):
        return "utf-16-be", True
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample, whole)
    except UnicodeDecodeError:
        return _guessed(sample, whole)
    return "utf-8", True


def _guessed(sample: bytes, whole: bool) -> tuple[str, bool]:
    from charset_normalizer import from_bytes

    found = list(from_bytes(sample))
    if not found:
        return "ENCODING", False
    best, others = found[0], [each for each in found[1:] if str(each) != str(found[0])]
    ahead = all(best.coherence >= other.coherence + _LEAST_AHEAD for other in others)
    clear = best.chaos <= _MOST_CHAOS and best.coherence >= _LEAST_COHERENT and ahead
    agreeing = best.could_be_from_charset
    name = next((name for name in ("cp1252", "cp1251") if name in agreeing), best.encoding)
    return name, clear and (whole or len(agreeing) == 1)


class Utf8(io.RawIOBase):
    """A binary file of text in another encoding, read as UTF-8."""

    def __init__(self, file: io.BufferedIOBase | BinaryIO, encoding: str) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._left = b""

    def readable(self) -> bool:
        """Returns True."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills a buffer and returns the number of its bytes, 0 at the end."""
        while not self._left:
            read = self._file.read(_CHUNK)
            self._left = self._decoder.decode(read, final=not read).encode()
            if not read:
                break
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count
