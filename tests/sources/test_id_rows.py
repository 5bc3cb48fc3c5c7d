"""Rows of ids added to a collection."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.id_layouts import ID_LAYOUTS
from hardneg.sources.id_rows import add_id_rows


def built(rows, layout="tevatron-v2", **options):
    builder = CollectionBuilder("memory", LoadOptions(**options))
    texts = {"a": "resin", "b": "birch", "c": "cedar", **({} if options else {"e": ""})}
    for name, text in texts.items():
        builder.add_document(name, text, where="test")
    table = ((f"f:{number}", row) for number, row in enumerate(rows, 1))
    add_id_rows(builder, table, ID_LAYOUTS[layout], {"q": "amber"})
    return builder.build()


def row(positives, negatives=None, **more):
    return {
        "query_text": "amber", "positive_document_ids": positives, "negative_document_ids": negatives, **more,
    }  # fmt: skip


def test_a_negative_is_judged_unless_it_has_a_score():
    found = built([row(["a"], ["b", "c"], negative_scores=[0.5, None])])
    assert list(zip(found.judgments.doc.tolist(), found.judgments.relevance.tolist(), strict=True)) == [
        (0, 1), (2, 0),
    ]  # fmt: skip
    assert found.scores["scores"].docs.tolist() == [1]


def test_queries_of_one_text_are_one_and_a_document_without_a_text_is_left_out():
    found = built([row(["a"], ["e"]), row(["b"])])
    assert len(found.queries) == 1 and found.judgments.doc.tolist() == [0, 1]


def test_a_row_without_a_positive_is_counted_or_an_error():
    assert built([row(["a"]), row([])]).notes["skipped_empty_positives"] == 1
    with pytest.raises(DataError, match=r"^f:2: the row has no positive; each row needs one, or "):
        built([row(["a"]), row([])], empty_texts="error")


def test_ids_that_are_not_there():
    with pytest.raises(DataError, match='^f:1: document id "z" of "negative_document_ids" is not in the'):
        built([row(["a"], ["z"])])
