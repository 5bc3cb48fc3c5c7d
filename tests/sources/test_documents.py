"""Files of documents: ids where there are none, titles, plain lines."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions
from hardneg.sources.documents import documents_alone, read_documents


def ids_and_texts(path):
    documents = read_documents(path, LoadOptions()).documents
    rows = range(len(documents))
    return dict(zip(documents.ids(rows), documents.texts(rows), strict=True))


def test_documents_without_ids_are_numbered(write):
    rows = [{"text": "amber"}, {"_id": "d1", "title": "B", "text": "birch"}, {"text": "cedar"}]
    assert ids_and_texts(write("docs.jsonl", rows[:1] + rows[2:])) == {"d1": "amber", "d2": "cedar"}
    assert ids_and_texts(write("named.jsonl", rows[1:2])) == {"d1": "B birch"}


def test_each_line_of_a_text_file_is_a_document(write):
    assert ids_and_texts(write("docs.txt", "amber\n\nbirch\n")) == {"d1": "amber", "d2": "birch"}


def test_a_file_of_documents_has_no_other_columns(write):
    assert documents_alone(write("docs.jsonl", [{"id": "a", "title": "", "text": "amber"}]))
    assert not documents_alone(write("pairs.jsonl", [{"query": "q", "text": "amber"}]))
    assert not documents_alone(write("docs.pdf", "amber"))


def test_a_table_without_a_text_is_refused(write):
    with pytest.raises(DataError, match="docs.jsonl:1: columns found: id"):
        read_documents(write("docs.jsonl", [{"id": "a"}]), LoadOptions())
