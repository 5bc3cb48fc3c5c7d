from __future__ import annotations

import io

import pytest

from hardneg.core.errors import DataError
from hardneg.core.file_kinds import Utf8, encoding_of, refuse_binary

RUSSIAN = "Нажмите «забыли пароль» на странице входа и введите адрес почты, затем откройте письмо. " * 20


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (b"PAR1", "it is a Parquet file, not text; "),
        (
            b"PK\x03\x04",
            r"it is a ZIP archive or an Excel workbook \(.xlsx\), not text; .*as CSV UTF-8",
        ),
        (b"\0" * 257 + b"ustar", "it is a tar archive, not text; unpack it"),
        (b"%PDF-1.7", "it is a PDF document, not text; "),
    ],
)
def test_what_is_no_text_is_refused(head, message):
    with pytest.raises(DataError, match=f"^f: {message}"):
        refuse_binary(head, "f")
    refuse_binary(b"text", "f")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1251", "mac_cyrillic"])
def test_an_encoding_that_is_certain(encoding):
    sample = RUSSIAN.encode(encoding)
    found, certain = encoding_of(sample, whole=True)
    assert certain and sample.decode(found).removeprefix("\ufeff") == RUSSIAN


def test_utf16_without_a_mark():
    assert encoding_of("query,positive".encode("utf-16-le"), True) == ("utf-16-le", True)
    assert encoding_of("query,positive".encode("utf-16-be"), True) == ("utf-16-be", True)


def test_what_is_not_certain():
    assert not encoding_of("what is a café,A café is a place".encode("cp1252"), True)[1]
    assert not encoding_of(RUSSIAN.encode("cp1251"), whole=False)[1]
    assert encoding_of("ж".encode()[:1], whole=False) == ("utf-8", True)
    assert encoding_of(b"", True) == ("utf-8", True)


def test_a_file_read_as_utf8():
    text = "жук\n" * 50_000
    read = io.BufferedReader(Utf8(io.BytesIO(text.encode("utf-16")), "utf-16"))
    assert read.readline() == "жук\n".encode() and read.read().decode() == text[4:]
