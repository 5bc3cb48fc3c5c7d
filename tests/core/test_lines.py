from __future__ import annotations

import gzip

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hardneg.core.errors import DataError
from hardneg.core.lines import raw_lines, text_lines, uncompressed_name

LINES = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\ufeff"), min_size=1)
)


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20, deadline=None)
@given(lines=LINES)
def test_any_text_comes_back(write, lines, suffix, ending, mark):
    path = write(f"a.txt{suffix}", mark + ending.join(lines))

    read = [line for _, line in text_lines(path)]

    assert read == [line for line in lines if line.strip()]


def test_a_line_ends_at_a_line_feed_only(write):
    path = write("a.txt", "a\u2028b\x0bc\x85d\re\nf")

    assert [line for _, line in text_lines(path)] == ["a\u2028b\x0bc\x85d\re", "f"]


def test_blank_lines_are_passed_over_but_counted(write):
    path = write("a.txt", "\n  \na\n\nb\n")

    assert list(text_lines(path)) == [("a.txt:3", "a"), ("a.txt:5", "b")]


def test_the_label_stands_for_the_file(write):
    assert list(text_lines(write("a.txt", "a"), "qrels/a.txt")) == [("qrels/a.txt:1", "a")]


def test_bad_utf8_is_told_with_its_line(write):
    path = write("a.txt", b"fine\nb\xe4d\n")

    with pytest.raises(DataError, match=r"^a\.txt:2: the text is not UTF-8 \(invalid continuation byte\)"):
        list(raw_lines(path))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_truncated_file_is_told(write, suffix):
    path = write(f"a.txt{suffix}", "".join(f"{n} {n * n}\n" for n in range(100_000)))
    path.write_bytes(path.read_bytes()[:-100])

    with pytest.raises(DataError, match=rf"^a\.txt\{suffix}:\d+: the compressed file is cut off or broken"):
        list(raw_lines(path))


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
@pytest.mark.parametrize("data", [b"plain text", b"\n"])
def test_a_file_that_is_not_packed_is_told(write, suffix, data):
    path = write("a.txt", data).rename(write("b", "").with_name(f"c{suffix}"))

    with pytest.raises(DataError, match=rf"^c\{suffix}:1: the compressed file is cut off or broken"):
        list(raw_lines(path))


def test_files_of_several_frames_are_read_whole(write):
    frames = [zstandard.ZstdCompressor().compress(part) for part in (b"a\nb", b"c\n", b"d\n")]
    write("a.zst", "").write_bytes(b"".join(frames))
    packed = write("a.gz", "")
    packed.write_bytes(gzip.compress(b"a\nb") + gzip.compress(b"c\nd\n"))

    assert list(raw_lines(packed.with_name("a.zst"))) == ["a\n", "bc\n", "d\n"]
    assert list(raw_lines(packed)) == ["a\n", "bc\n", "d\n"]


def test_a_line_longer_than_any_buffer_is_one_line(write):
    long = "ж" * 1_000_000

    assert list(raw_lines(write("a.zst", f"{long}\nb"))) == [f"{long}\n", "b"]


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match=r"^cannot read .*none\.txt: No such file or directory$"):
        list(raw_lines(tmp_path / "none.txt"))


def test_uncompressed_name(tmp_path):
    assert [uncompressed_name(tmp_path / n) for n in ("a.csv.GZ", "a.csv", "a.zst")] == [
        "a.csv",
        "a.csv",
        "a",
    ]
