"""What is given twice or is broken in a source: counted in notes, refused if strict."""

import pytest

from hardneg.core.errors import DataError
from hardneg.core.settings import parse_yaml
from hardneg.sources import LoadOptions, load

CORPUS = '{"_id": "d1", "text": "one"}\n{"_id": "d2", "text": "two"}\n'
QUERIES = '{"_id": "q1", "text": "what"}\n'
QRELS = "q1\td1\t1\n"
PAIR = '{"query": "a", "positive": "b", "negative": "c"}\n'


@pytest.fixture
def beir_of(write, tmp_path):
    def writes(corpus=CORPUS, queries=QUERIES, qrels=QRELS):
        write("set/corpus.jsonl", corpus)
        write("set/queries.jsonl", queries)
        write("set/qrels/train.tsv", qrels)
        return tmp_path / "set"

    return writes


def noted(path, name, count=1):
    """Checks that reading counts something, and nothing else, and that it is refused if strict."""
    collection = load(str(path), LoadOptions(split="all" if path.is_file() else "train"))
    assert collection.notes == {name: count}
    with pytest.raises(DataError, match=name.replace("_", " ")):
        load(str(path), LoadOptions(split="all" if path.is_file() else "train", strict=True))
    return collection


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"corpus": CORPUS + CORPUS.splitlines(True)[0]}, "repeated_documents"),
        ({"queries": QUERIES * 2}, "repeated_queries"),
        ({"qrels": QRELS * 2}, "repeated_judgments"),
        ({"corpus": CORPUS + '{"_id": "d3", "text": "x", "text": "y"}\n'}, "repeated_names"),
        ({"queries": '{"_id": "q0", "_id": "q1", "text": "y"}\n'}, "repeated_names"),
        ({"corpus": CORPUS + '{"_id": "d3", "text": "a \\ud800 b"}\n'}, "replaced_broken_characters"),
        ({"queries": '{"_id": "q1", "text": "a \\udfff b"}\n'}, "replaced_broken_characters"),
        ({"corpus": CORPUS + '{"_id": "d\\u0085", "text": "x"}\n'}, "ids_with_control_characters"),
        ({"corpus": CORPUS + '{"_id": "d\\u007f", "text": "x"}\n'}, "ids_with_control_characters"),
        ({"corpus": CORPUS + '{"_id": "d\\u2028", "text": "x"}\n'}, "ids_with_control_characters"),
    ],
)
def test_beir(given, name, beir_of):
    noted(beir_of(**given), name)


def test_a_whole_escape_is_no_broken_one(beir_of):
    folder = beir_of(corpus=CORPUS + '{"_id": "d3", "text": "\\ud83d\\ude00 é"}\n')
    assert not load(str(folder), LoadOptions(strict=True)).notes


def test_control_characters_that_part_columns_are_always_refused(beir_of):
    for character in ("\\t", "\\n", "\\u0000", "\\u001b", "\\ud800"):
        with pytest.raises(DataError, match=r"^corpus.jsonl:3: the document id"):
            load(str(beir_of(corpus=CORPUS + f'{{"_id": "d{character}", "text": "x"}}\n')))


def test_trec(write, tmp_path):
    write("trec/docs.tsv", "d1\tone\nd2\ttwo\n")
    write("trec/topics.tsv", "q1\twhat\n")
    write("trec/qrels.train", "q1 0 d1 1\nq1 0 d1 1\n")
    noted(tmp_path / "trec", "repeated_judgments")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pairs.jsonl", PAIR * 3),
        ("pairs.csv", "query,positive,negative\n" + "a,b,c\n" * 3),
        ("pairs.tsv", "query\tpositive\tnegative\n" + "a\tb\tc\n" * 3),
    ],
)
def test_rows_of_pairs(name, text, write):
    noted(write(name, text), "repeated_rows", 2)


def test_pairs_speak_of_a_query_as_often_as_they_like(write):
    rows = [
        {"query_id": "1", "query": "a", "positive": "b", "doc_id": "d", "negative": n} for n in ("c", "e")
    ]
    assert not load(str(write("pairs.jsonl", rows)), LoadOptions(split="all", strict=True)).notes


def test_names_of_pairs(write):
    noted(write("pairs.jsonl", PAIR + '{"query": "a", "positive": "b", "positive": "d"}\n'), "repeated_names")


def test_documents_without_ids(write):
    pairs, corpus = write("pairs.jsonl", PAIR), write("docs.txt", "x\nx\n")
    notes = load(str(pairs), LoadOptions(split="all", corpus=str(corpus))).notes
    assert notes == {"merged_duplicate_documents": 1}


@pytest.mark.parametrize(
    "text", ["a: 1\nb: 2\na: 3", "x:\n  y: 1\n  y: 1", "{a: 1, a: 1}", '? a\n: 1\n"a": 2']
)
def test_names_in_yaml_are_refused(text):
    with pytest.raises(DataError, match="is given twice"):
        parse_yaml(text, "a.yaml")


def test_merged_names_in_yaml_may_be_given_again():
    assert parse_yaml("a: &a {x: 1}\nb: {<<: *a, x: 2}", "a.yaml")["b"] == {"x": 2}
