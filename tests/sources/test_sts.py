"""Pairs of sentences with a similarity as collections."""

import pytest

import hardneg
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Collection
from hardneg.sources import LoadOptions, load

PAIRS = [
    ("a dog runs", "a dog is running", 5),
    ("a dog runs", "a cat runs", 2.5),
    ("a cat runs", "it rains", 0),
    ("it rains", "rain falls", 4),
]


def sts(pairs=PAIRS, similar=4, dissimilar=1, **options):
    rows = [dict(zip(("sentence1", "sentence2", "score"), pair, strict=True)) for pair in pairs]
    return Collection.of(
        rows, kind="sts", options=LoadOptions(similar=similar, dissimilar=dissimilar, **options)
    )


def test_similar_sentences_are_positives_of_each_other_and_dissimilar_ones_not_relevant(contents):
    made = contents(sts())
    texts = ["a dog runs", "a dog is running", "a cat runs", "it rains", "rain falls"]
    assert made["documents"] == made["queries"] == {f"d{n}": text for n, text in enumerate(texts, 1)}
    assert made["judgments"] == {
        ("d1", "d2", 1), ("d2", "d1", 1), ("d4", "d5", 1), ("d5", "d4", 1), ("d3", "d4", 0), ("d4", "d3", 0),
    }  # fmt: skip


def test_what_is_between_the_bounds_is_neither_positive_nor_negative():
    recipe = hardneg.Recipe.named("random", rankers=["random", "bm25"], negatives=4, by="bm25")
    table = hardneg.mine(sts(), recipe).candidates.to_pandas()
    found = {(row.query_id, row.doc_id): row.reason for row in table.itertuples()}
    assert found["d1", "d3"] == "undecided"
    assert found["d1", "d1"] == "query_text"
    assert found["d1", "d4"] == found["d4", "d3"] == "top"


def test_the_bounds_are_within():
    assert len(sts(similar=5, dissimilar=0).judgments) == 4
    assert len(sts(similar=4.5, dissimilar=2.5).judgments) == 6


def test_pairs_of_one_sentence_and_empty_ones_are_passed_over_and_counted():
    made = sts([*PAIRS, ("It  rains", "it rains", 5), ("", "it rains", 5), (None, "it rains", 5)])
    assert made.notes == {"skipped_pairs_of_one_sentence": 1, "skipped_pairs_with_an_empty_sentence": 2}
    with pytest.raises(DataError, match="^pairs row 5: a sentence has no text"):
        sts([*PAIRS, ("", "it rains", 5)], empty_texts="error")


def test_a_positive_stays_one_where_another_row_says_between():
    made = sts([*PAIRS, ("a dog is running", "a dog runs", 3)])
    assert made.judgments.relevant.has(*_pair(made, "d1", "d2")).all()
    assert not made.is_neutral(*_pair(made, "d1", "d2")).any()


def _pair(made, query, doc):
    return made.queries.rows([query]), made.documents.rows([doc])[:, None]


def test_the_least_relevance_of_a_positive():
    assert set(sts(min_relevance=2).judgments.relevance.tolist()) == {0, 2}


def test_a_file(write, tmp_path, contents):
    write("a.tsv", "sentence1\tsentence2\tsimilarity\n" + "".join(f"{a}\t{b}\t{s}\n" for a, b, s in PAIRS))
    made = load(f"sts:{tmp_path / 'a.tsv'}", LoadOptions(similar=4, dissimilar=1))
    assert contents(made) == contents(sts())


def test_bounds_are_needed_and_must_fit_the_similarities():
    for options, message in [
        ({"similar": None}, "^memory: similarities are from 0 to 5; say which are positives"),
        ({"dissimilar": None}, "say which are positives"),
        ({"similar": 6}, "so none is at least load.similar=6"),
        ({"similar": 0, "dissimilar": -1}, "so all are at least load.similar=0"),
        ({"similar": 0.2, "dissimilar": 0.8}, "of distances give the negative"),
    ]:
        with pytest.raises(ConfigError, match=message) as caught:
            sts(**options)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("score", "message"),
    [
        (None, '^pairs row 1: "score" is empty'),
        (float("nan"), '"score" is empty'),
        (float("inf"), '"score" is inf; a similarity is a finite number'),
        ("high", "\"score\" is 'high'; a similarity is a number"),
        ([1], '"score" is a list; a similarity is a number'),
    ],
)
def test_similarities_that_are_none(score, message):
    with pytest.raises(DataError, match=message):
        sts([("a", "b", score)])


def test_a_column_that_is_missing():
    with pytest.raises(DataError, match="no column for the second among those found: sentence1, score"):
        Collection.of([{"sentence1": "a", "score": 1}], kind="sts")
