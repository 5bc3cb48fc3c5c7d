"""The documents that a row lists: which are added, and what is counted of the others."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources.builder import CollectionBuilder, LoadOptions
from hardneg.sources.layouts import Document
from hardneg.sources.listed_documents import add_listed, listed

RESIN = Document("resin", column="pos", place=0)
ASH = Document("ash", relevance=0, column="neg", place=0)
EMPTY = Document(" ", relevance=0, column="neg", place=1)


@pytest.mark.parametrize(
    ("documents", "kept", "notes"),
    [
        ([RESIN, ASH], [RESIN, ASH], {}),
        ([RESIN, ASH, EMPTY], [RESIN, ASH], {"skipped_empty_negatives": 1}),
        ([RESIN, Document("", relevance=None, column="neg")], [RESIN], {}),
        ([ASH], [ASH], {"skipped_empty_positives": 1}),
        ([], [], {"skipped_empty_positives": 1}),
        ([RESIN, Document("", column="pos", place=1)], [RESIN], {"skipped_empty_positives": 1}),
        ([RESIN._replace(text="", title="Resin")], [RESIN._replace(text="", title="Resin")], {}),
        ([RESIN._replace(text="", doc_id="d")], [RESIN._replace(text="", doc_id="d")], {}),
    ],
)
def test_empty_texts_without_an_id_are_passed_over_and_counted(documents, kept, notes):
    builder = CollectionBuilder("c", LoadOptions())
    assert listed(builder, documents, "pos", "row 1") == kept and builder.notes == notes


@pytest.mark.parametrize("documents", [[ASH], [Document("", column="pos")]])
def test_a_row_without_a_positive_is_an_error_under_strict(documents):
    builder = CollectionBuilder("c", LoadOptions(strict=True))
    with pytest.raises(DataError, match=r'^row 1: "pos" is missing or empty; each row needs a positive, or'):
        listed(builder, documents, "pos", "row 1")


def test_a_document_without_an_id_has_that_of_its_text_or_the_next_name():
    builder, names = CollectionBuilder("c", LoadOptions()), iter(["d1", "d2"])
    given = [RESIN._replace(doc_id="r"), RESIN, ASH, ASH]
    assert [add_listed(builder, each, names, "row 1") for each in given] == ["r", "r", "d1", "d1"]
