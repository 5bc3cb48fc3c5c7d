from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

TOPICS = """<top>
<num> Number: 301
<title> International
Organized Crime

<desc> Description:
Identify organizations.
</top>

<top><num>302</num><title>Topic: Polio &amp; more</title></top>
"""
DOCS = """<DOC>
<DOCNO> FT-1 </DOCNO>
<HEADLINE>
A headline
</HEADLINE>
<TEXT>
<P>First &lt;part&gt;.</P>
</TEXT>
<TEXT>Second.</TEXT>
</DOC>
<DOC><DOCNO>FT-2</DOCNO><TEXT>Polio.</TEXT></DOC>
"""
QRELS = "301 0 FT-1 1\n301 0 FT-2 0\n302\t0\tFT-2\t2\n"
JUDGED = {("301", "FT-1", 1), ("301", "FT-2", 0), ("302", "FT-2", 2)}


@pytest.fixture
def folder(write, tmp_path):
    write("set/topics.301-302", TOPICS)
    write("set/docs.sgml", DOCS)
    write("set/qrels.txt", QRELS)
    return tmp_path / "set"


def fails(folder, message, **options):
    with pytest.raises(DataError, match=message) as raised:
        load(str(folder), LoadOptions(**options))
    assert "\n" not in str(raised.value)


def test_sgml(folder, contents):
    built = load(str(folder))

    assert built.name == "set"
    assert contents(built) == {
        "documents": {"FT-1": "A headline First <part>. Second.", "FT-2": "Polio."},
        "queries": {"301": "International Organized Crime", "302": "Polio & more"},
        "judgments": JUDGED,
    }


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("collection.tsv", 'FT-1\t"First\nFT-2\tPolio.\n'),
        ("corpus.tsv.gz", 'FT-1\t\t"First\r\nFT-2\t\tPolio.\r\n'),
        ("documents.jsonl.zst", [{"id": "FT-1", "contents": '"First'}, {"docno": "FT-2", "text": "Polio."}]),
    ],
)
def test_tables(folder, write, contents, name, content):
    (folder / "docs.sgml").unlink()
    (folder / "topics.301-302").unlink()
    write(f"set/{name}", content)
    write("set/queries.tsv", "301\tcrime\n302\tpolio\n")

    assert contents(load(str(folder))) == {
        "documents": {"FT-1": '"First', "FT-2": "Polio."},
        "queries": {"301": "crime", "302": "polio"},
        "judgments": JUDGED,
    }


def test_a_folder_of_documents(folder, write, contents):
    (folder / "docs.sgml").unlink()
    for name, doc in zip("ab", DOCS.replace("</DOC>\n", "</DOC>\n|").split("|"), strict=False):
        write(f"set/docs/{name}/part.gz", doc)
    write("set/docs/.hidden", "no")

    assert list(contents(load(str(folder)))["documents"]) == ["FT-1", "FT-2"]
    write("set/docs/b/part.gz", "<DOC>\n</DOC>")
    fails(folder, r"^docs/b/part\.gz:1: the document has no <DOCNO>")


def test_the_split_is_a_word_of_the_name(folder, write):
    assert len(load(str(folder), LoadOptions(split="all")).judgments) == 3
    fails(
        folder, r'set: 0 judgments files are named for the split "test", .* found: qrels\.txt\.', split="test"
    )

    (folder / "qrels.txt").rename(folder / "qrels.test.txt")
    assert len(load(str(folder), LoadOptions(split="test")).judgments) == 3
    fails(folder, r'set: 0 judgments files are named for the split "train"')

    write("set/2019qrels-train.txt", "301 0 FT-1 1")
    assert len(load(str(folder), LoadOptions(split="test")).judgments) == 3
    assert len(load(str(folder)).judgments) == 1
    fails(
        folder,
        r'split "dev", as in qrels\.dev\.txt; found: 2019qrels-train\.txt, qrels\.test\.txt',
        split="dev",
    )


def test_a_folder_of_judgments(folder, write):
    (folder / "qrels.txt").unlink()
    write("set/qrels/test.txt", QRELS + "303 0 FT-1 1\n")

    fails(folder, r'^qrels/test\.txt:4: query id "303" is not in the queries; fix', split="test")


def test_two_files_that_could_be_the_same_thing(folder, write):
    write("set/queries.tsv", "301\tcrime\n")

    fails(folder, r"set: queries\.tsv, topics\.301-302 could each be the topics; keep one$")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "qrels.txt",
            QRELS + "301 FT-1 1\n",
            r"qrels\.txt:4: 3 columns; query_id, 0, doc_id and relevance are",
        ),
        ("qrels.txt", "301 0 FT-1 x\n", r"qrels\.txt:1: the relevance is 'x'; a whole number is needed$"),
        ("qrels.txt", "301 0 FT-9 1\n", r'qrels\.txt:1: document id "FT-9" is not in the corpus'),
        ("docs.sgml", "<DOC>\n<DOCNO>a</DOCNO>\n", r"docs\.sgml:1: <doc> has no </doc>$"),
        (
            "docs.sgml",
            "<DOC>\n<DOCNO>a</DOCNO>\n<DOC>",
            r"docs\.sgml:1: <doc> has no </doc> before the next, at",
        ),
        ("docs.sgml", "\n<DOC>\n<TEXT>a</TEXT></DOC>", r"docs\.sgml:2: the document has no <DOCNO>"),
        ("docs.sgml", "<DOC><DOCNO>a</DOCNO></DOC>", r'docs\.sgml:1: document "a" has no text'),
        (
            "docs.sgml",
            "a\tb\tc\td\n",
            r"docs\.sgml:1: 4 columns; id, text or id, title, text, separated by tabs",
        ),
        ("topics.301-302", "<top><num>1</top>", r"topics\.301-302:1: the topic has no <title>$"),
        ("topics.301-302", "<top><title>x</top>", r"topics\.301-302:1: the topic has no <num>$"),
        (
            "topics.301-302",
            "301 crime",
            r"topics\.301-302:1: 1 column; id, text, separated by tabs, are needed$",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(folder, write, name, content, message):
    write(f"set/{name}", content)

    fails(folder, f"^{message}", empty_texts="error")


def test_the_split_chooses_topics_and_judgments_together(write, tmp_path, contents):
    write("ms/collection.tsv", '0\t"Hello, he said.\n1\tBerlin is the "capital"\n')
    write("ms/collectionandqueries.tar.gz", b"\x1f\x8b not read")
    for split, query_id, text in (
        ("train", 10, '"hello'),
        ("dev", 11, "capital"),
        ("dev.small", 12, "berlin"),
    ):
        write(f"ms/queries.{split}.tsv", f"{query_id}\t{text}\n")
        write(f"ms/qrels.{split}.tsv", f"{query_id}\t0\t1\t1\n")
    folder = tmp_path / "ms"

    for split, query_id, text in (
        ("train", "10", '"hello'),
        ("dev", "11", "capital"),
        ("dev.small", "12", "berlin"),
    ):
        built = contents(load(str(folder), LoadOptions(split=split)))
        assert built["queries"] == {query_id: text} and built["judgments"] == {(query_id, "1", 1)}
        assert built["documents"] == {"0": '"Hello, he said.', "1": 'Berlin is the "capital"'}
    fails(folder, r'ms: 0 judgments files are named for the split "eval", .*found: qrels\.dev', split="eval")


def test_a_folder_of_the_hub_without_a_card(tmp_path, contents):
    tables = {
        "corpus/corpus-00000-of-00001": [{"_id": "d1", "title": "T", "text": "one"}],
        "queries/queries-00000-of-00001": [{"_id": "q1", "text": "first"}],
        "qrels/train-00000-of-00002": [{"query-id": "q1", "corpus-id": "d1", "score": 2.0}],
        "qrels/train-00001-of-00002": [{"query-id": "q1", "corpus-id": "d1", "score": 3.0}],
    }
    for name, rows in tables.items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "set" / f"{name}.parquet")
    wanted = {"documents": {"d1": "T one"}, "queries": {"q1": "first"}, "judgments": {("q1", "d1", 3)}}

    assert contents(load(str(tmp_path / "set"))) == wanted
    assert contents(load(f"hf:{tmp_path / 'set'}")) == wanted
