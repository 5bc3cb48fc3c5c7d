"""TREC's SGML, document by document and topic by topic."""

from collections import Counter

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import sgml

DOCUMENTS = """<DOC>
<DOCNO> FT-1 </DOCNO>
<HEADLINE>Amber &amp; birch</HEADLINE>
<TEXT>
Amber is <b>a</b> resin.
</TEXT>
<TEXT>More.</TEXT>
</DOC>
<DOC><DOCNO>FT-2</DOCNO><TEXT>Cedar.</TEXT></DOC>
"""


def test_entities_are_resolved_and_tags_taken_out(write):
    notes = Counter()
    read = list(sgml.documents(write("docs", DOCUMENTS), "docs", notes))
    assert not notes and read == [
        ("docs:1", "FT-1", "Amber & birch", "Amber is a resin. More."),
        ("docs:9", "FT-2", "", "Cedar."),
    ]


def test_topics_have_a_number_and_a_title(write):
    text = "<top>\n<num> Number: 301\n<title> Topic: organized crime\n<desc> ...\n</top>\n"
    read = list(sgml.topics(write("topics", text), "topics", Counter()))
    assert read == [("topics:1", "301", "organized crime")]


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("<title> a < b <desc> no", "a < b"),
        ('<title lang="en"> the <b>bold</b> word </title> no', "the bold word"),
    ],
)
def test_no_part_of_a_title_is_lost(write, title, text):
    topic = f"<top><num>7</num>{title}</top>\n"
    assert list(sgml.topics(write("topics", topic), "topics", Counter())) == [("topics:1", "7", text)]


@pytest.mark.parametrize(
    ("inside", "title", "text", "unpaired"),
    [
        ("<TEXT>if a < b and c > d</TEXT>", "", "if a < b and c > d", 0),
        ('<TITLE lang="en">t</TITLE><TEXT id=1>a</TEXT>', "t", "a", 0),
        ("<TEXT>a <TITLE>b</TITLE> c</TEXT>", "", "a b c", 0),
        ("<TITLE>t\n<TEXT>a</TEXT>", "t", "a", 1),
        ("<TEXT>a\n<TEXT>b</TEXT>", "", "a b", 1),
        ("<TEXT>a", "", "a", 1),
        ("<TEXT>a <TEXT>b</TEXT> lost</TEXT>", "", "a b", 2),
    ],
)
def test_what_is_lost_of_a_document_is_counted(write, inside, title, text, unpaired):
    notes = Counter()
    document = f'<DOC id="x"><DOCNO>1</DOCNO>{inside}</DOC>\n'
    assert list(sgml.documents(write("docs", document), "docs", notes)) == [("docs:1", "1", title, text)]
    assert notes == Counter(unpaired_tags=unpaired)


def test_documents_may_share_a_line_and_text_between_them_is_counted(write):
    one, notes = "<DOC><DOCNO>{0}</DOCNO><TEXT>{0}.</TEXT></DOC>", Counter()
    first, second, third, fourth = map(one.format, range(1, 5))
    text = f"<docs>\n{first} {second}\n{third} lost {fourth}\nlost\n</docs></DOC>\n"
    read = list(sgml.documents(write("docs", text), "docs", notes))
    assert [(where, name) for where, name, _, _ in read] == [
        *(("docs:2", "1"), ("docs:2", "2")),
        *(("docs:3", "3"), ("docs:3", "4")),
    ]
    assert notes == {"skipped_text_outside_elements": 2, "unpaired_tags": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<DOC>\n<TEXT>a</TEXT>\n</DOC>\n", "docs:1: the document has no <DOCNO>"),
        ("<DOC>\n<DOCNO>1</DOCNO>\n", "docs:1: <doc> has no </doc>"),
        ("<DOC>\n<DOCNO>1</DOCNO>\n<DOC>\n", "docs:1: <doc> has no </doc> before the next, at docs:3"),
    ],
)
def test_a_broken_document_is_refused_with_its_line(write, text, message):
    with pytest.raises(DataError, match=message):
        list(sgml.documents(write("docs", text), "docs", Counter()))
