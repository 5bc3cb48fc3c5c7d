"""Instructions that a source has for single queries: kept beside the text, never part of it."""

import pytest

from hardneg import Collection
from hardneg.core.errors import DataError
from hardneg.sources import LoadOptions, load

ALL = LoadOptions(split="all")
PAIRS = [
    {"query": "amber", "instruction": "Find a definition:", "positive": "a resin"},
    {"query": "fir", "instruction": "", "positive": "a tree"},
    {"query": "elk", "instruction": None, "positive": "a deer"},
]


def prompts(collection):
    rows = range(len(collection.queries))
    return dict(zip(collection.queries.ids(rows), collection.queries.prompts(rows) or (), strict=False))


def test_a_column_of_pairs_is_kept_and_the_text_is_as_without_it():
    found = Collection.of(PAIRS)
    assert prompts(found) == {"q1": "Find a definition:", "q2": "", "q3": ""}
    assert found.queries.texts([0, 1, 2]) == ["amber", "fir", "elk"] and found.unread_columns == ()
    plain = Collection.of([{"query": row["query"], "positive": row["positive"]} for row in PAIRS])
    assert plain.queries.prompts([0]) is None and plain.digest != found.digest
    empty = Collection.of([{**row, "instruction": ""} for row in PAIRS])
    assert empty.queries.prompts([0]) is None and empty.digest == plain.digest


@pytest.mark.parametrize("name", ["prompt", "instruction", "Instruction"])
def test_a_beir_folder_has_them_in_its_queries(write, tmp_path, name):
    write("set/corpus.jsonl", [{"_id": "d1", "text": "one"}])
    write("set/queries.jsonl", [{"_id": "q1", "text": "first", name: "Claim:\n"}])
    write("set/qrels/test.tsv", "q1\td1\t1\n")
    assert prompts(load(str(tmp_path / "set"), LoadOptions(split="test"))) == {"q1": "Claim:\n"}


@pytest.mark.parametrize(
    "row",
    [
        {"query": "q", "pos": ["p"], "neg": ["n"], "prompt": "Do"},
        {"query_id": "1", "query": "q", "prompt": "Do", "positives": [{"doc_id": "a", "text": "p"}]},
        {"query": "q", "instruction": "Do", "positive_passages": [{"docid": "1", "text": "p"}]},
        {
            "messages": [{"role": "system", "content": "Do"}, {"role": "user", "content": "q"}],
            "positive_messages": [[{"role": "assistant", "content": "p"}]],
        },
    ],
)
def test_training_sets_have_them_where_their_trainers_read_them(write, row):
    found = load(str(write("set.jsonl", [row])), ALL)
    assert list(prompts(found).values()) == ["Do"] and found.queries.texts([0]) == ["q"]


def test_queries_in_memory_have_them():
    made = Collection.of(
        {"1": {"text": "q", "prompt": "Do"}, "2": "r"}, corpus={"d": "p"}, judgments={"1": {"d": 1}}
    )
    assert prompts(made) == {"1": "Do"}


def test_a_text_under_two_prompts_is_two_queries():
    rows = [{"query": "amber", "prompt": how, "positive": how} for how in ("shortly", "at length", "shortly")]
    assert prompts(Collection.of(rows)) == {"q1": "shortly", "q2": "at length"}


def test_another_column_is_named_and_one_that_is_the_query_is_no_prompt(write):
    file = write("set.jsonl", [{"prompt": "who", "task": "Find", "chosen": "Ada"}])
    named = {"query": "prompt", "positive": "chosen"}
    assert load(str(file), LoadOptions(split="all", columns=named)).queries.prompts([0]) is None
    assert prompts(load(str(file), LoadOptions(split="all", columns={**named, "prompt": "task"}))) == {
        "q1": "Find"
    }


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"prompt": ["a"]}], r'"prompt" is a list; the prompt of a query is a string; rename the column if'),
        (
            [{"query_id": "1", "prompt": "a"}, {"query_id": "1", "prompt": "b"}],
            "query id \"1\" is given twice, with different prompts: 'a' and 'b'",
        ),
        (
            [{"prompt": "a", "instruction": "b"}],
            "prompt and instruction could each be the prompt; choose one with --column prompt=prompt",
        ),
    ],
)
def test_what_is_no_prompt_is_an_error_of_one_line(rows, message):
    with pytest.raises(DataError, match=message):
        Collection.of([{"query": "q", "positive": "p", **row} for row in rows])
