from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from hardneg.core.errors import DataError
from hardneg.sources.builder import CollectionBuilder, LoadOptions


def small(**options):
    """Two documents, two queries; q1's positive is d1."""
    builder = CollectionBuilder("small", LoadOptions(**options))
    builder.add_document("d1", "One", "Title", where="c:1")
    builder.add_document("d2", "Two", where="c:2")
    builder.add_query("q1", "first", where="q:1")
    builder.add_query("q2", "second", where="q:2")
    builder.add_judgment("q1", "d1", 1, where="j:1")
    return builder


def test_a_small_collection(contents):
    built = small().build()

    assert contents(built) == {
        "documents": {"d1": "Title One", "d2": "Two"},
        "queries": {"q1": "first"},
        "judgments": {("q1", "d1", 1)},
    }
    assert built.name == "small" and built.notes == {}
    assert built.documents.keys[1] == built.documents.body_keys[1]
    assert built.documents.keys[0] != built.documents.body_keys[0]


def test_judgments_may_come_first_and_are_sorted_by_query():
    builder = CollectionBuilder("late", LoadOptions())
    for query_id, doc_id, relevance in [("q2", "d1", 1), ("q1", "d2", 0), ("q1", "d1", 2), ("q2", "d2", 3)]:
        builder.add_judgment(query_id, doc_id, relevance, where="j")
    for name in ("1", "2"):
        builder.add_query(f"q{name}", f"query {name}", where="q")
        builder.add_document(f"d{name}", f"document {name}", where="c")

    judged = builder.build().judgments

    assert judged.query.tolist() == [0, 0, 1, 1]
    assert judged.doc.tolist() == [1, 0, 0, 1]
    assert judged.relevance.tolist() == [0, 2, 1, 3]
    assert judged.query.dtype == judged.doc.dtype == judged.relevance.dtype == np.int32


def test_exact_copies_are_one_document():
    builder = small()
    builder.add_document("d3", " Two\n", where="c:3")
    builder.add_document("d4", "One", "Title", where="c:4")
    builder.add_document("d5", "two", where="c:5")
    builder.add_judgment("q2", "d3", 1, where="j:2")
    built = builder.build()

    assert built.documents.ids(range(3)) == ["d1", "d2", "d5"]
    assert built.documents.aliases == {1: ("d3",), 0: ("d4",)}
    assert built.judgments.doc.tolist() == [0, 1]
    assert built.notes == {"merged_duplicate_documents": 2}


def test_the_same_entry_twice_is_no_matter():
    builder = small()
    builder.add_document("d2", "Two", where="c:3")
    builder.add_query("q1", "First ", where="q:3")
    builder.add_judgment("q1", "d1", 1, where="j:2")
    again = builder.build()

    assert again.digest == small().build().digest
    assert again.notes == {"repeated_documents": 1, "repeated_judgments": 1, "repeated_queries": 1}
    assert again.documents.aliases == {}


def test_of_conflicting_judgments_the_highest_stands():
    for relevances in ([0, 2], [2, 0]):
        builder = small()
        builder.add_document("d3", "Two", where="c:3")
        builder.add_judgment("q2", "d2", relevances[0], where="j:2")
        builder.add_judgment("q2", "d3", relevances[1], where="j:3")
        built = builder.build()

        assert built.judgments.of(1)[1].tolist() == [2]
        assert built.notes["conflicting_judgments"] == 1


@pytest.mark.parametrize("kind", ["document", "query"])
def test_one_id_for_two_texts_is_an_error(kind):
    add = getattr(small(), f"add_{kind}")

    with pytest.raises(
        DataError,
        match=rf'^x:9: {kind} id "{kind[0]}1" is given twice, with different texts: .*; keep one of',
    ):
        add(f"{kind[0]}1", "another text", where="x:9")


@pytest.mark.parametrize("given", [("One", ""), ("ONE", ""), (" one ", "TITLE"), ("Title One", "")])
def test_an_id_may_be_given_again_without_its_title(given):
    builder = small()
    builder.add_document("d1", *given, where="p:1", again=True)
    built = builder.build()

    assert built.documents.titles([0]) == ["Title"] and len(built.documents) == 2 and built.notes == {}


def test_a_title_that_comes_late_is_left_out_and_counted():
    builder = small()
    builder.add_document("d2", "Two", "Late", where="p:1", again=True)
    built = builder.build()

    assert built.documents.titles([1]) == [""] and built.notes == {"titles_left_out": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            ("One", "Other"),
            "with different titles: 'Title' and 'Other'; keep one of them, or give each an id",
        ),
        (("x" * 99, ""), f"with different texts: 'One' and '{'x' * 60}'; keep one of them"),
    ],
)
def test_what_differs_is_told(given, message):
    with pytest.raises(DataError, match=f'^p:1: document id "d1" is given twice, {message}'):
        small().add_document("d1", *given, where="p:1", again=True)


def test_a_text_without_title_is_found_under_a_title():
    builder = small()
    builder.add_document("d3", "One", "Other", where="c:3")

    assert builder.document_of("One") == builder.document_of(" One", "Title") == "d1"
    assert builder.document_of("One", "Other") == "d3"
    assert builder.document_of("One", "None of these") is builder.document_of("Title") is None


def test_the_id_of_a_copy_may_not_get_another_text():
    builder = small()
    builder.add_document("d3", "Two", where="c:3")

    with pytest.raises(DataError, match=r'^c:4: document id "d3" is given twice'):
        builder.add_document("d3", "Three", where="c:4")


@pytest.mark.parametrize("kind", ["document", "query"])
def test_ids_that_no_file_can_hold_are_errors(kind):
    add = getattr(small(), f"add_{kind}")

    with pytest.raises(DataError, match=rf"^x:9: the {kind} id is empty$"):
        add(" ", "text", where="x:9")
    for name in ("a\tb", "a\nb", "a\ud800"):
        with pytest.raises(DataError, match=rf"^x:9: the {kind} id '.*' has a tab, a line break or a broken"):
            add(name, "text", where="x:9")
    add("d\u00a0\u200b\U0001f600", "text", where="x:9")


@pytest.mark.parametrize(("option", "value"), [("strict", True), ("empty_texts", "error")])
@pytest.mark.parametrize("kind", ["document", "query"])
def test_empty_texts_are_errors(kind, option, value):
    with pytest.raises(
        DataError, match=rf'^x:9: {kind} "x" has no text; .* --set load\.empty_texts=skip, without '
    ):
        getattr(small(**{option: value}), f"add_{kind}")("x", " \n", where="x:9")


def test_empty_texts_are_skipped_with_their_judgments():
    builder = small()
    builder.add_document("d3", "", where="c:3")
    builder.add_query("q3", "", where="q:3")
    builder.add_judgment("q1", "d3", 1, where="j:2")
    builder.add_judgment("q3", "d1", 1, where="j:3")
    built = builder.build()

    assert len(built.documents) == 2 and len(built.queries) == 1
    assert built.judged_empty == ("document d3", "query q3")
    assert built.notes == {
        "skipped_empty_documents": 1,
        "skipped_empty_queries": 1,
        "skipped_judgments_of_empty_texts": 2,
    }


def test_a_title_alone_is_a_document():
    builder = small()
    builder.add_document("d3", "", "Only", where="c:3")

    assert builder.build().documents.texts([2]) == ["Only"]


@pytest.mark.parametrize(
    ("pair", "what"),
    [
        (("q1", "d9"), 'document id "d9" is not in the corpus'),
        (("q9", "d1"), 'query id "q9" is not in the queries'),
    ],
)
def test_unknown_ids_are_errors_or_skipped(pair, what):
    strict, lenient = small(), small(unknown_ids="skip")
    for builder in (strict, lenient):
        builder.add_judgment(*pair, 1, where="j:2")

    with pytest.raises(
        DataError, match=rf"^j:2: {what}; fix the judgments, or pass --set load\.unknown_ids=skip"
    ):
        strict.build()
    built = lenient.build()
    assert len(built.judgments) == 1 and built.notes == {"skipped_judgments_of_unknown_ids": 1}


def test_the_first_of_many_unknown_ids_is_told():
    builder = small()
    for number in range(3):
        builder.add_judgment("q1", f"x{number}", 1, where=f"j:{number}")

    with pytest.raises(
        DataError, match=r'^j:0: document id "x0" .* \(2 more judgments name unknown ids\); fix'
    ):
        builder.build()


def test_a_collection_without_documents_or_positives_is_an_error():
    with pytest.raises(DataError, match=r"^empty: there are no documents$"):
        CollectionBuilder("empty", LoadOptions()).build()
    with pytest.raises(
        DataError, match=r"^small: no query has a positive .* relevance >= 2\); 1 judgments were"
    ):
        small(min_relevance=2).build()


def test_judged_non_relevant_is_kept():
    builder = small(min_relevance=2)
    builder.add_judgment("q1", "d2", 2, where="j:2")
    judged = builder.build().judgments

    assert judged.positives(0).tolist() == [1] and len(judged) == 2


def test_a_relevance_beyond_32_bits_is_an_error():
    with pytest.raises(
        DataError, match=r"^j:2: the relevance -2147483649 is too large; 32 bits must hold it$"
    ):
        small().add_judgment("q1", "d2", -(2**31) - 1, where="j:2")


def test_the_digest_tells_data_apart():
    digests = {small().build().digest}
    for change in (
        lambda b: b.add_document("d3", "Three", where=""),
        lambda b: b.add_document("d3", "Two", where=""),
        lambda b: b.add_query("q3", "third", where=""),
        lambda b: b.add_judgment("q1", "d1", 2, where=""),
        lambda b: b.add_judgment("q1", "d2", 0, where=""),
        lambda b: b.add_judgment("q2", "d1", 1, where=""),
    ):
        builder = small()
        change(builder)
        digests.add(builder.build().digest)
    assert len(digests) == 7


def test_broken_characters_are_replaced():
    builder = small()
    builder.add_document("d3", "a\ud800b", where="c:3")

    assert builder.build().documents.texts([2]) == ["a?b"]


@pytest.mark.parametrize("in_memory", [0, 1, 9])
def test_more_rows_than_a_batch_holds(monkeypatch, tmp_path, in_memory):
    monkeypatch.setenv("HARDNEG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("hardneg.sources.strings._CHUNK", 2)
    monkeypatch.setattr("hardneg.sources.strings._IN_MEMORY", in_memory)
    builder = small()
    for number in range(3, 8):
        builder.add_document(f"d{number}", f"text {number}", where="c")

    assert builder.document_of("text 4") == "d4" and builder.document_of("text 7") == "d7"
    assert builder.document_of("One", "Title") == "d1" and builder.document_of("One", "No") is None
    assert builder.has_document("d7") and not builder.has_document("d8")
    assert builder.has_query("q1") and not builder.has_query("d1")
    documents = builder.build().documents
    assert documents.ids(range(7)) == [f"d{number}" for number in range(1, 8)]
    assert documents.bodies([6, 0, 3, 3]) == ["text 7", "One", "text 4", "text 4"]
    assert documents.rows(["d7", "none", "d1"]).tolist() == [6, -1, 0]
    assert not list(tmp_path.glob("cache/*"))  # the file has no name


def test_options_are_checked():
    with pytest.raises(ValidationError):
        LoadOptions(min_relevance=0)
    with pytest.raises(ValidationError):
        LoadOptions(empty_texts="keep")
