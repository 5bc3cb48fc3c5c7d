"""Which text stands before queries and documents, and what is said of prompts that nothing chooses."""

from types import SimpleNamespace

import numpy as np
import pytest

from hardneg.core.components import Context
from hardneg.rankers.dense import Dense
from hardneg.rankers.dense.prompts import chosen_prompts, shown, unused_prompts
from hardneg.testing import collection
from tests import tiny

INSTRUCT = {"web_search_query": "find: ", "sts_query": "same: ", "document": ""}


def model(prompts, default=None):
    return SimpleNamespace(prompts=prompts, default_prompt_name=default)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("intfloat/multilingual-e5-small", ("query: ", "passage: ")),
        ("/models/e5-base-v2/", ("query: ", "passage: ")),
        (
            "intfloat/multilingual-e5-large-instruct",
            (
                "Instruct: Given a web search query, retrieve relevant passages that answer the query\n"
                "Query: ",
                "",
            ),
        ),
        ("nomic-ai/nomic-embed-text-v1.5", ("search_query: ", "search_document: ")),
        ("sentence-transformers/all-MiniLM-L6-v2", ("", "")),
        ("BAAI/bge-m3", ("", "")),
    ],
)
def test_prompts_of_known_families(name, expected):
    assert chosen_prompts(model({}), name, None, None) == expected
    # Names that say nothing of queries and documents do not hide the family's.
    assert chosen_prompts(model({"clustering": "cluster: "}), name, None, None) == expected


@pytest.mark.parametrize(
    ("prompts", "default", "given", "expected"),
    [
        ({"query": "q: ", "passage": "p: "}, None, (None, None), ("q: ", "p: ")),
        ({"query": "q: "}, None, (None, None), ("q: ", "")),
        (INSTRUCT, None, (None, None), ("", "")),
        (INSTRUCT, "sts_query", (None, None), ("same: ", "same: ")),
        (INSTRUCT, None, ("web_search_query", None), ("find: ", "")),
        (INSTRUCT, None, ("my own: ", "sts_query"), ("my own: ", "same: ")),
        ({"query": "q: "}, None, ("", ""), ("", "")),
    ],
)
def test_the_prompts_of_a_model(prompts, default, given, expected):
    assert chosen_prompts(model(prompts, default), "some/model", *given) == expected


def test_prompts_that_nothing_chooses_are_named():
    assert unused_prompts(model(INSTRUCT), "some/model", "query_prompt") == ["web_search_query", "sts_query"]
    assert unused_prompts(model({"query": "q: ", "sts": "s: "}), "some/model", "query_prompt") == []
    assert unused_prompts(model(INSTRUCT, "sts_query"), "some/model", "query_prompt") == []
    assert unused_prompts(model(INSTRUCT), "intfloat/e5-mistral-7b-instruct", "query_prompt") == []
    assert unused_prompts(model({"query": "", "document": ""}), "some/model", "query_prompt") == []
    assert unused_prompts(model({"query": "q: "}), "some/reranker", "prompt") == ["query"]
    assert shown([str(n) for n in range(14)]) == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"


def test_a_ranker_logs_them_records_them_and_takes_one_by_name(tmp_path, caplog):
    folder = str(tiny.bi_encoder(tmp_path, prompts=INSTRUCT))
    known = collection({"a": "one step", "b": "two leaps"}, {"q": "small mice"}, [("q", "a", 1)])
    context = Context(tmp_path)
    silent = Dense(folder).open(known, context)
    assert silent.facts["unused_prompts"] == ["sts_query", "web_search_query"]
    assert (
        "sts_query, web_search_query; choose one: --set rank.rankers.dense.query_prompt=NAME" in caplog.text
    )
    named = Dense(folder, query_prompt="web_search_query").open(known, context)
    written = Dense(folder, query_prompt="find: ").open(known, context)
    assert named.facts == written.facts and named.facts["query_prompt"] == "find: "
    assert "unused_prompts" not in named.facts
    row, docs = np.array([0], np.int32), np.array([[0, 1]], np.int32)
    assert (named.score(row, docs) == written.score(row, docs)).all()
    assert (named.score(row, docs) != silent.score(row, docs)).any()
