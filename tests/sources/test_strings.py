"""Rows of strings, packed in batches; those beyond the first are read back from disk."""

import pytest

from hardneg.sources import strings
from hardneg.sources.strings import Strings


def filled(count):
    table = Strings(("id", "text"))
    for number in range(count):
        table.append(f"d{number}", f"text {number}")
    return table


@pytest.mark.parametrize("in_memory", [0, 1, 99])
def test_cells_and_the_table_are_the_same_in_memory_and_on_disk(in_memory, monkeypatch):
    monkeypatch.setattr(strings, "_CHUNK", 2)
    monkeypatch.setattr(strings, "_IN_MEMORY", in_memory)
    table = filled(5)
    assert len(table) == 5
    assert [table.cell(row, 1) for row in (0, 3, 4)] == ["text 0", "text 3", "text 4"]
    assert table.finish().to_pylist() == [{"id": f"d{n}", "text": f"text {n}"} for n in range(5)]


def test_no_rows_make_an_empty_table():
    assert filled(0).finish().num_rows == 0
