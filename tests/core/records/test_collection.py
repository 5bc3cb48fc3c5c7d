import numpy as np

from hardneg.sources import CollectionBuilder, LoadOptions
from hardneg.testing import collection


def test_ids_lead_to_rows_and_the_ids_of_merged_copies_to_the_row_that_stands():
    known = collection({"a": "one", "b": "two", "c": "one"}, {"p": "x", "q": "y"}, [("q", "c", 1)])
    rows = known.documents.rows(["b", "c", "a", "unheard", "b"])
    assert rows.tolist() == [1, 0, 0, -1, 1]
    assert rows.dtype == np.int32
    assert known.queries.rows(["q", "unheard"]).tolist() == [len(known.queries) - 1, -1]
    assert known.documents.rows([]).tolist() == []


def alike(*documents):
    builder = CollectionBuilder("small", LoadOptions())
    for number, (title, text) in enumerate(documents):
        builder.add_document(f"d{number}", text, title, where="c")
    return builder.build(documents_alone=True).documents.first_alike.tolist()


def test_documents_of_the_same_text_are_copies_under_any_title_or_none():
    assert alike(("Amber", "a resin"), ("", "A  resin"), ("Copal", "a resin"), ("", "a stone")) == [
        0,
        0,
        0,
        3,
    ]


def test_a_title_at_the_head_of_the_text_makes_no_other_document():
    assert alike(("", "AMBER a resin"), ("", "b"), ("Amber", "a resin"), ("Copal", "a resin")) == [0, 1, 0, 0]


def test_documents_of_a_title_alone_are_copies_only_of_the_same():
    assert alike(("Amber", ""), ("Copal", ""), ("", "AMBER")) == [0, 1, 0]
