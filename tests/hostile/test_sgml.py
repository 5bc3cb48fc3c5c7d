"""TREC SGML that is damaged or written oddly: read whole, counted in notes, or refused."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

GOOD = "<DOC><DOCNO>d2</DOCNO><TEXT>two</TEXT></DOC>\n"


@pytest.fixture
def trec(write, tmp_path):
    """Returns a function that loads a folder with this first document or topic."""

    def loads(documents="<DOC><DOCNO>d1</DOCNO><TEXT>one</TEXT></DOC>\n", topic="", **options):
        write("trec/docs.sgml", documents + GOOD)
        write("trec/topics.sgml", topic or "<top><num>1</num><title>what</title></top>\n")
        write("trec/qrels.txt", "1 0 d2 1\n")
        return load(str(tmp_path / "trec"), LoadOptions(**options))

    return loads


def first(collection):
    return collection.documents.ids([0])[0], collection.documents.texts([0])[0]


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ('<DOC id="x" lang=en><DOCNO a=\'b\'>d1</DOCNO><TEXT note="a > b">one</TEXT></DOC>', "one"),
        ("<DOC>\r\n<DOCNO> d1 </DOCNO>\r\n<TEXT>\r\none\r\ntwo\r\n</TEXT>\r\n</DOC>\r\n", "one two"),
        ("<doc><docno>d1</docno><text>one</text></doc>", "one"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>if a < b and c > d</TEXT></DOC>", "if a < b and c > d"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>if x<y and z>w</TEXT></DOC>", "if x<y and z>w"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a <F P=102>b</F> <hr/>c</TEXT></DOC>", "a b c"),
        ("<DOC><DOCNO>d1</DOCNO><!-- <TEXT>no</TEXT> --><TEXT>a<!-- b > c -->d</TEXT></DOC>", "a d"),
        (
            "<!-- <DOC><DOCNO>x</DOCNO> -->\n<DOC><DOCNO>d1</DOCNO><!--\n<TEXT>no\n--><TEXT>a</TEXT></DOC>",
            "a",
        ),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a &amp; &lt;b&gt; &#233;</TEXT></DOC>", "a & <b> é"),
        ("<DOC ><DOCNO >d1</DOCNO ><TEXT >one</TEXT ></DOC >", "one"),
    ],
)
def test_what_is_whole_is_read_whole(trec, document, text):
    assert first(trec(document, strict=True)) == ("d1", text)


@pytest.mark.parametrize(
    ("document", "note"),
    [
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a<TEXT>b</TEXT></DOC>", "unpaired_tags"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a <TEXT>b</TEXT> c</TEXT></DOC>", "unpaired_tags"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a</DOC>", "unpaired_tags"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a</TEXT\n</DOC>", "damaged_tags"),
        ("<DOC><DOCNO>d1</DOCNO><TITLE>t</TITLE><TEXT a</TEXT></DOC>", "damaged_tags"),
        ("<DOC><DOCNO>d1</DOCNO><TITLE>t</TITLE>< TEXT>a</TEXT></DOC>", "damaged_tags"),
        ('<DOC><DOCNO>d1</DOCNO><TITLE>t</TITLE><TEXT id=">a</TEXT></DOC>', "damaged_tags"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a</TEXT></DOC> lost", "skipped_text_outside_elements"),
        ("<DOC><DOCNO>d1</DOCNO><TITLE>a</TITLE><HL>b</HL></DOC>", "skipped_titles"),
        ("<DOC\nid=1><DOCNO>lost</DOCNO></DOC><DOC><DOCNO>d1</DOCNO><TEXT>a</TEXT></DOC>", "damaged_tags"),
    ],
)
def test_what_is_lost_is_counted_and_refused_if_strict(trec, document, note):
    assert trec(document).notes[note] >= 1
    with pytest.raises(DataError, match=note.replace("_", " ")):
        trec(document, strict=True)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("<DOC><DOCNO>d1</DOCNO><TEXT>a</TEXT>\n", "docs.sgml:1: <doc> has no </doc> before the next"),
        ("<DOC><DOCNO>d1</DOCNO>\n<TEXT>a</TEXT><DOCNO>d3</DOCNO></DOC>", "has 2 times <DOCNO>"),
        ("<DOC><DOCNO>d1</DOCNO><TEXT>&#" + "1" * 5000 + ";</TEXT></DOC>", "too many digits"),
        ("<DOC><TEXT>a</TEXT></DOC>", "the document has no <DOCNO>"),
    ],
)
def test_what_cannot_be_read_is_refused(trec, document, message):
    with pytest.raises(DataError, match=message):
        trec(document)


@pytest.mark.parametrize(
    "topic",
    [
        '<top lang="en"><num>1</num><title>what</title></top>',
        "<top>\r\n<num> Number: 1\r\n<title> Topic: what\r\n<desc> no\r\n</top>\r\n",
        "<TOP><NUM>Number : 1</NUM><TITLE>what</TITLE></TOP>",
        "<top><!-- <num>7</num> --><num>1</num><title>what<!-- no --></title></top>",
    ],
)
def test_topics_are_read_whole(trec, topic):
    collection = trec(topic=topic, strict=True)
    assert (collection.queries.ids([0]), collection.queries.texts([0])) == (["1"], ["what"])


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("<top><num>1</num><title>a</title><num>2</num></top>", "the topic has 2 times <num>"),
        ("<top><num>1</num><title>a</title><title>b</title></top>", "the topic has 2 times <title>"),
        ("<top><num>1 2</num><title>a</title></top>", "one word is needed"),
        ("<top><num> Number: <title>a</title></top>", "one word is needed"),
        ("<top><num>1</num><title>a</title>", "<top> has no </top>"),
    ],
)
def test_damaged_topics_are_refused(trec, topic, message):
    with pytest.raises(DataError, match=message):
        trec(topic=topic)
