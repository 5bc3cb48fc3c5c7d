import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardneg.core.records import RowMap


def test_rows_of_one_key_are_told_apart_by_the_caller():
    known = RowMap()
    known.add(5, 0)
    known.add(5, 1)
    known.add(5 + 1024, 2)  # the same slot, another key
    assert known.find(5, lambda row: True) == 0
    assert known.find(5, lambda row: row == 1) == 1
    assert known.find(5, lambda row: False) == known.find(6, lambda row: True) == -1
    assert known.find(5 + 1024, lambda row: True) == 2


@given(st.lists(st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 9)), max_size=60))
def test_it_finds_what_a_dict_finds_however_often_it_grows(keys):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("hardneg.core.records.row_map._FIRST_SLOTS", 2)
        known = RowMap()
    first = {}
    for row, key in enumerate(keys):
        known.add(key, row)
        first.setdefault(key, row)
    for key in (*keys, 10, 2**63):
        assert known.find(key, lambda row: True) == first.get(key, -1)
    assert all(known.find(key, lambda found, row=row: found == row) == row for row, key in enumerate(keys))
