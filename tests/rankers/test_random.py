"""Random ranking: every order is a permutation, no document is favoured."""

import numpy as np
import pytest

from hardneg.core.components import RANKERS, Context
from hardneg.mining import pipeline
from hardneg.mining.recipe import Recipe
from hardneg.runs.finished import load_run
from hardneg.testing import collection


def words(n_docs, n_queries):
    documents = {f"d{n}": f"text {n}" for n in range(n_docs)}
    queries = {f"q{n}": f"query {n}" for n in range(n_queries)}
    return collection(documents, queries, [(query, "d0", 1) for query in queries])


def opened(n_docs, n_queries=5, seed=42):
    return RANKERS.make(f"random:{seed}").open(words(n_docs, n_queries), Context("cache"))


def rows(n):
    return np.arange(n, dtype=np.int32)


@pytest.mark.parametrize("n_docs", [1, 2, 3, 4, 5, 7, 16, 17, 1000, 4097])
def test_each_query_s_order_is_a_permutation_of_the_corpus(n_docs):
    docs, scores = opened(n_docs).search(rows(5), n_docs)
    assert (np.sort(docs, axis=1) == rows(n_docs)).all()
    assert (np.diff(scores, axis=1) < 0).all() and ((scores > 0) & (scores < 1)).all()


def test_scores_of_given_documents_are_those_of_the_search():
    ranker = opened(1000)
    docs, scores = ranker.search(rows(5), 300)
    assert (ranker.score(rows(5), docs) == scores).all()
    assert np.isnan(ranker.score(rows(1), np.array([[-1]], np.int32))).all()


def test_orders_depend_on_seed_and_query_alone():
    docs = opened(500).search(rows(5), 500)[0]
    assert (opened(500).search(rows(5)[3:], 500)[0] == docs[3:]).all()
    assert (docs[0] != docs[1]).any() and (opened(500, seed=1).search(rows(5), 500)[0] != docs).any()


def test_no_document_is_favoured():
    docs = opened(50, n_queries=4000).search(rows(4000), 5)[0]
    counts = np.bincount(docs.ravel(), minlength=50)  # 400 expected each, spread about 19
    assert abs(counts - 400).max() < 5 * 19


def test_the_recipe_takes_the_first_of_the_order_but_no_positive(beir, tmp_path):
    overrides = ["rank.rankers=[random, bm25]", "select.by=bm25", "rank.order=random", "format=jsonl"]
    result = pipeline.mine(str(beir), Recipe.named("random", overrides), tmp_path / "run")
    assert result.info["counts"]["negatives"] == 7 * 4
    loaded = load_run(tmp_path / "run", None)[1]
    order = RANKERS.make("random").open(loaded, Context("cache")).search(rows(7), 30)[0]
    for row, example in enumerate(result.training_set):
        positives = {document.doc_id for document in example.positives}
        first = [doc for doc in loaded.documents.ids(order[row]) if doc not in positives]
        assert [document.doc_id for document in example.negatives] == first[:4]
