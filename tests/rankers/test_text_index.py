"""Texts are found by their digests in the files of a folder."""

import numpy as np

from hardneg.rankers.cache_files import write_array
from hardneg.rankers.text_index import TextFiles, TextIndex, text_digests, write_digests


def found(index, texts):
    places = index.find(texts)
    return [
        (places.files[file].name if file >= 0 else None, int(row))
        for file, row in zip(places.file, places.row, strict=True)
    ]


def test_a_text_is_found_with_its_file_and_row(tmp_path):
    write_digests(tmp_path / "one.npy", ["a", "b", "c"])
    write_digests(tmp_path / "two.npy", ["d", "a"])
    index = TextIndex(tmp_path)
    assert found(index, ["d", "c", "b", "no"]) == [("two.npy", 0), ("one.npy", 2), ("one.npy", 1), (None, 0)]
    assert found(index, []) == []
    places = index.find(["c", "d", "b"])
    assert [(path.name, own.tolist(), rows.tolist()) for path, own, rows in places.by_file()] == [
        ("one.npy", [0, 2], [2, 1]),
        ("two.npy", [1], [0]),
    ]


def test_every_one_of_many_texts_is_found(tmp_path):
    texts = [f"text {number}" for number in range(2_000)]
    for begin in range(0, 2_000, 300):
        write_digests(tmp_path / f"{begin}.npy", texts[begin : begin + 300])
    places = TextIndex(tmp_path).find(texts[::-1])
    rows = [
        int(places.files[file].stem) + int(row) for file, row in zip(places.file, places.row, strict=True)
    ]
    assert rows == list(range(2_000))[::-1]


def test_files_of_the_same_collection_are_left_out(tmp_path):
    files = TextFiles(tmp_path, "f" * 64, ".npy")
    texts = ["a", "b", "c"]
    write_digests(files.path(["a", "b"]), ["a", "b"])
    write_digests(files.path(["b"]), ["b"])
    others = files.others(lambda rows: [texts[row] for row in rows], 3, 2)()
    assert [file is not None for file, _ in found(others, texts)] == [False, True, False]


def test_damaged_lists_and_other_folders_hold_nothing(tmp_path):
    write_digests(tmp_path / "one.npy", ["a"])
    (tmp_path / "one.npy.texts").write_bytes(b"damaged")
    write_array(tmp_path / "two.npy.texts", np.zeros((2, 2)))
    assert found(TextIndex(tmp_path), ["a"]) == [(None, 0)]
    assert found(TextIndex(tmp_path / "missing"), ["a"]) == [(None, 0)]


def test_digests_that_share_their_first_bytes_are_told_apart(tmp_path):
    digests = text_digests(["a"])
    other = np.array([digests[0][:8] + b"other..."], "S16")
    write_array(tmp_path / "one.npy.texts", other)
    assert found(TextIndex(tmp_path), ["a"]) == [(None, 0)]
