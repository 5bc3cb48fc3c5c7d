"""Rows without some of their negatives, and the lists that run beside those of documents."""

import pytest

from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions
from hardneg.sources.layouts import LAYOUTS, CompanionTexts
from hardneg.sources.pruning import ParallelColumns, pruned
from hardneg.sources.training import entry_of_pairs

TEXTS = CompanionTexts({"q": "amber"}, {"a": "resin", "b": "birch", "c": "cedar"})


def without(rows, *dropped, row=0):
    """Returns a row of pairs without negatives, by their places among them."""
    table = [(each, entry_of_pairs(each, f"line {n}", LoadOptions())) for n, each in enumerate(rows, 1)]
    chosen, entry = table[row]
    return pruned(chosen, entry, set(dropped), ParallelColumns(table).of(chosen, entry, f"line {row + 1}"))


def test_lists_of_negatives_are_cut_with_what_runs_beside_them():
    given = {"query": "q", "pos": ["a"], "neg": ["x", "y", "z"], "neg_scores": [3, 2, 1], "images": [7, 8, 9]}
    left = {**given, "neg": ["x", "z"], "neg_scores": [3, 1], "images": [7, 9]}
    assert without([given], 1) == left


def test_a_list_is_parallel_only_if_it_is_in_every_row():
    given = {"query": "q", "pos": ["a"], "neg": ["x", "y"], "tags": ["one", "two"]}
    other = {"query": "r", "pos": ["b"], "neg": ["x", "y"], "tags": ["one", "two", "three"]}
    assert without([given, other], 0) == {**given, "neg": ["y"]}
    assert without([given, {**other, "tags": []}], 0) == {**given, "neg": ["y"], "tags": ["two"]}


def test_what_belongs_to_the_positives_stays():
    given = {"query": "q", "pos": ["a", "b"], "neg": ["x", "y"], "pos_scores": [4, 3], "neg_ids": [1, 2]}
    assert without([given], 0) == {**given, "neg": ["y"], "neg_ids": [2]}


def test_a_list_that_could_belong_to_both_is_refused():
    given = {"query": "q", "pos": ["a", "b"], "neg": ["x", "y"], "ids": [1, 2]}
    message = '^line 1: "ids" has as many values as neg and as pos; begin its name .*, as in neg_ids$'
    with pytest.raises(DataError, match=message):
        without([given], 0)
    assert without([given, {**given, "neg": ["x"], "ids": [1]}], 0) == {**given, "neg": ["y"], "ids": [2]}


@pytest.mark.parametrize("column", ["neg_scores", "scores"])
def test_scores_that_are_out_of_step_are_refused(column):
    given = {"query": "q", "pos": "a", "neg": ["x", "y"]}
    counts = (2, 1) if column == "neg_scores" else (3, 2)
    rows = [{**given, column: [1.0] * count} for count in counts]
    assert without(rows, 0)[column] == [1.0] * (counts[0] - 1)
    with pytest.raises(
        DataError, match=f'^line 2: "{column}" has {counts[1]} values? for {counts[0]} documents'
    ):
        without(rows, 0, row=1)


def test_columns_of_one_text_are_filled_in_turn_with_their_scores():
    given = {"query": "q", "positive": "a", "negative_1": "x", "negative_2": "y", "negative_3": "z"}
    given["scores"] = [9, 3, 2, 1]
    filled = {**given, "negative_1": "y", "negative_2": "z", "negative_3": "y", "scores": [9, 2, 1, 2]}
    assert without([given], 0) == filled
    assert without([given], 0, 1, 2) is None


def test_null_is_no_negative_and_stays():
    given = {"query": "q", "positive": "a", "negative_1": "x", "negative_2": None, "negative_3": "z"}
    given["scores"] = [9, 3, None, 1]
    left = {**given, "negative_1": "z", "scores": [9, 1, None, 1]}
    assert without([given], 0) == left


def test_rows_that_must_be_equally_long_are_filled():
    row = {"query_id": "q", "document_ids": ["a", "b", "c"], "scores": [3.0, 2.0, 1.0]}
    entry = LAYOUTS["pylate"].entry(row, "line 1", TEXTS)
    beside = ParallelColumns([(row, entry)]).of(row, entry, "line 1")
    left = {"query_id": "q", "document_ids": ["a", "c", "c"], "scores": [3.0, 1.0, 1.0]}
    assert pruned(row, entry, {0}, beside, fixed=True) == left
    assert pruned(row, entry, {0, 1}, beside, fixed=True) is None


def test_all_lists_beside_labelled_documents_are_cut():
    row = {"anchor": "q", "documents": ["x", "a", "y"], "labels": [0, 1, 0], "scores": [3, 2, 1]}
    entry = LAYOUTS["sentence-transformers-labeled-list"].entry(row, "line 1", TEXTS)
    beside = ParallelColumns([(row, entry)]).of(row, entry, "line 1")
    left = {"anchor": "q", "documents": ["a", "y"], "labels": [1, 0], "scores": [2, 1]}
    assert pruned(row, entry, {0}, beside) == left
