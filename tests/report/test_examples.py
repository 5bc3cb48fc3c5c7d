"""The sample of queries that a report shows."""

from hardneg.report.examples import examples, sample
from hardneg.report.i18n import cut
from hardneg.report.summary import summarize
from hardneg.runs import ledger


def test_a_sample_is_always_the_same_and_keeps_the_order():
    names = [f"q{n}" for n in range(100)]
    taken = sample(names, 10)
    assert len(taken) == 10 and taken == sample(names, 10) == sorted(taken, key=names.index)
    assert set(taken) == set(sample(names[::-1], 10))
    assert sample(names, 100) == names


def test_an_example_has_what_the_ledger_says(run, collection):
    found = summarize(run)
    shown = examples(found, collection)
    rows = [row for block in ledger.iterate(run) for row in block.table.to_pylist()]
    assert shown["total"] == shown["sampled"] == len(shown["queries"]) == 7
    for example in shown["queries"]:
        own = [row for row in rows if row["query_id"] == example["id"]]
        negatives = [row for row in own if row["decision"] == "negative"]
        assert [row[0] for row in example["negatives"]] == [row["doc_id"] for row in negatives]
        assert example["counts"][2] == sum(row["decision"] == "dropped" for row in own)
        for shown_row, row in zip(example["negatives"], negatives, strict=True):
            assert shown_row[1] == row["rank"] and shown_row[4] == row["reason"]
            assert abs(shown_row[2][0] - row["score.bm25"]) < 1e-2
        assert example["text"] == collection.queries.texts(collection.queries.rows([example["id"]]))[0]


def test_what_the_rules_refused_comes_before_what_was_not_needed(run, collection):
    for example in examples(summarize(run), collection)["queries"]:
        reasons = [row[4] for row in example["dropped"]]
        assert len(reasons) <= 5
        assert reasons == sorted(reasons, key=lambda reason: reason == "surplus")
        assert sum(example["reasons"].values()) == example["counts"][2]


def test_without_a_collection_there_are_ids_only(run):
    shown = examples(summarize(run), None, limit=3)
    assert shown["docs"] == {} and len(shown["queries"]) == 3 and shown["total"] == 7
    assert all(example["text"] == "" for example in shown["queries"])


def test_texts_are_cut_between_words():
    assert cut("one two three", 9) == "one two …"
    assert cut("one two", 9) == "one two"
