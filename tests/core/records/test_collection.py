import numpy as np

from hardneg.testing import collection


def test_ids_lead_to_rows_and_the_ids_of_merged_copies_to_the_row_that_stands():
    known = collection({"a": "one", "b": "two", "c": "one"}, {"p": "x", "q": "y"}, [("q", "c", 1)])
    rows = known.documents.rows(["b", "c", "a", "unheard", "b"])
    assert rows.tolist() == [1, 0, 0, -1, 1]
    assert rows.dtype == np.int32
    assert known.queries.rows(["q", "unheard"]).tolist() == [len(known.queries) - 1, -1]
    assert known.documents.rows([]).tolist() == []
