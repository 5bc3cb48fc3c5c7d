"""TREC's SGML, document by document and topic by topic."""

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
    read = list(sgml.documents(write("docs", DOCUMENTS), "docs"))
    assert read == [
        ("docs:1", "FT-1", "Amber & birch", "Amber is a resin. More."),
        ("docs:9", "FT-2", "", "Cedar."),
    ]


def test_topics_have_a_number_and_a_title(write):
    text = "<top>\n<num> Number: 301\n<title> Topic: organized crime\n<desc> ...\n</top>\n"
    assert list(sgml.topics(write("topics", text), "topics")) == [("topics:1", "301", "organized crime")]


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
        list(sgml.documents(write("docs", text), "docs"))
