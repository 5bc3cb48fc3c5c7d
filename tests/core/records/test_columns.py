import numpy as np
import pyarrow as pa
import pytest

from hardneg.core.records.columns import IdIndex, take

CHUNKS = pa.chunked_array([["a", "b"], [], ["c"], ["d", "e", "f"]], pa.large_string())


def test_rows_are_taken_in_the_order_asked_for():
    assert take(CHUNKS, [5, 0, 2, 0, 4]) == ["f", "a", "c", "a", "e"]
    assert take(CHUNKS, np.array([1], np.int32)) == ["b"]
    assert take(CHUNKS, []) == take(pa.chunked_array([], pa.large_string()), []) == []
    with pytest.raises(IndexError):
        take(CHUNKS, [6])


@pytest.mark.parametrize("keys", [None, lambda ids: np.zeros(len(ids), np.uint64)], ids=["keys", "all alike"])
def test_ids_are_found_though_all_keys_be_alike(monkeypatch, keys):
    if keys is not None:
        monkeypatch.setattr("hardneg.core.records.columns._keys", keys)
    index = IdIndex(CHUNKS)
    assert index.rows(["f", "x", "a", "c", "f"]).tolist() == [5, -1, 0, 2, 5]
    assert index.rows([]).tolist() == []
    assert IdIndex(pa.chunked_array([["b", "a", "a"]])).rows(["a"]).tolist() == [1]
