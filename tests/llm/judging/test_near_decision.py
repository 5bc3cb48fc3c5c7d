"""Which pairs a budget is spent on, what it bought, and what more would buy."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.errors import ConfigError
from hardneg.core.verdicts import Verdict
from hardneg.llm.judging import judge
from hardneg.llm.judging.budget import JudgeBudget
from hardneg.llm.judging.near_decision import near_decision
from hardneg.runs import ledger
from tests.cli.test_cli import run

SUSPECTED = "suspected_false_negative"


@pytest.fixture
def part(monkeypatch):
    """Returns a function that lets the ledger be a part with these rows."""

    def given(*rows):
        names = ("query_id", "doc_id", "rank", "decision", "reason", "p_false_negative")
        kinds = (pa.string(), pa.string(), pa.int32(), pa.string(), pa.string(), pa.float32())
        columns = [
            pa.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)
        ]
        table = pa.table(dict(zip(names, columns, strict=True)))
        monkeypatch.setattr(ledger, "parts", lambda folder: ["part"])
        monkeypatch.setattr(ledger, "read_table", lambda path, columns: table.select(columns))

    return given


def chosen(bound=0.1, negatives=2):
    return {"recipe": {"select": {"negatives": negatives, "rules": [{"suspected-false-negative": bound}]}}}


PART = (
    ("q", "a", 1, "positive", "judged_relevant", None),
    ("q", "b", 2, "dropped", SUSPECTED, 0.2),  # worth 0.8 * 0.1 / 0.9 = 0.089
    ("q", "c", 3, "dropped", SUSPECTED, 0.91),  # worth 0.01
    ("q", "d", 4, "negative", "top", 0.05),
    ("q", "e", 5, "negative", "top", 0.09),
    ("q", "f", 6, "dropped", SUSPECTED, 0.11),  # behind the last negative: it would not be chosen
    ("q", "g", 7, "dropped", "surplus", 0.05),
    ("r", "a", 1, "negative", "top", 0.02),
    ("r", "b", 9, "dropped", SUSPECTED, 0.5),  # worth 0.056; its query is short
)


def test_pairs_stand_in_the_order_of_what_their_verdicts_are_worth(part):
    part(*PART)
    near = near_decision("run", chosen())
    assert near.bound == pytest.approx(0.1)
    assert list(near.pairs) == [("q", "e"), ("q", "b"), ("r", "b"), ("q", "d"), ("r", "a"), ("q", "c")]
    assert near.chosen.tolist() == [True, False, False, True, True, False]


def test_the_summary_says_what_was_bought_and_what_more_would_buy(part):
    part(*PART)
    said = {("q", "e"): Verdict.RELEVANT, ("q", "b"): Verdict.NOT_RELEVANT, ("x", "y"): Verdict.RELEVANT}
    found = near_decision("run", chosen()).summary(said)
    assert (found["near"], found["judged"], found["found"], found["admitted"]) == (6, 2, 1, 1)
    assert found["expected"] == {"found": 0.1, "admitted": 0.8}
    assert found["more"] == {"pairs": 2, "found": 0.1, "admitted": 0.5}  # r b and q d
    assert found["left"] == {"found": 0.1, "admitted": 0.6}  # 0.05 + 0.02; 0.5 + 0.09


def test_of_the_dropped_no_more_are_asked_about_than_a_query_may_have_negatives(part):
    part(*PART)
    near = near_decision("run", chosen(negatives=1))
    assert list(near.pairs) == [("q", "e"), ("q", "b"), ("q", "d"), ("r", "a")], (
        "not q c, worth less than q b"
    )


def test_a_pair_of_several_examples_is_asked_about_once(part):
    part(*PART, ("q", "e", 5, "negative", "top", 0.09))
    assert list(near_decision("run", chosen()).pairs).count(("q", "e")) == 1


def test_a_recipe_without_a_bound_has_negatives_alone(part):
    part(*PART)
    run = {"recipe": {"select": {"negatives": 2, "rules": [{"max-score": 3}, {"not-installed": {}}]}}}
    near = near_decision("run", run)
    assert list(near.pairs) == [("q", "e"), ("q", "d"), ("r", "a")] and near.bound == 0.5


def test_a_run_without_probabilities_is_one_line(part):
    part(("q", "d", 4, "negative", "top", None))
    with pytest.raises(ConfigError, match="has no probabilities of false negatives"):
        near_decision("run", chosen())


@pytest.mark.parametrize(
    ("text", "pairs", "tokens"),
    [
        ("500", 500, None), ("1_000 pairs", 1000, None), ("200000 tokens", None, 200_000),
        ("2.5 money", None, 5_000_000), (" 7 ", 7, None),
    ],
)  # fmt: skip
def test_budgets_are_pairs_tokens_or_money(text, pairs, tokens):
    assert JudgeBudget.of(text, 0.5) == (pairs, tokens)


@pytest.mark.parametrize("text", ["many", "-3", "1.5", "2.5 tokens", "3 euros", "", "5 pairs more"])
def test_what_is_no_budget_is_one_line(text):
    with pytest.raises(ConfigError, match="--judge-budget"):
        JudgeBudget.of(text, None)
    with pytest.raises(ConfigError, match="needs the price of a million tokens"):
        JudgeBudget.of("3 money", None)


@pytest.fixture
def calibrated(write, tmp_path):
    """A run with probabilities: 40 queries, each of whose words stands in its positive and in four others."""
    words = [f"{chr(97 + n // 26)}{chr(97 + n % 26)}x" for n in range(40)]
    texts = [
        f"{word} {words[n - shift]} n{n} t{shift}" for n, word in enumerate(words) for shift in range(1, 6)
    ]
    pairs = [{"query": word, "positive": texts[5 * n]} for n, word in enumerate(words)]
    pairs += [{"query": f"{text} z", "positive": text} for text in texts[1::5]]
    file = write("pairs.jsonl", pairs)
    more = ("--recipe", "default", "--ranker", "bm25", "--negatives", 2, "--quiet")
    run("mine", file, "--out", tmp_path / "run", *more)
    return tmp_path / "run"


def test_a_budget_is_spent_on_what_is_worth_most(calibrated, served, capsys):
    near = near_decision(calibrated, json.loads((calibrated / "run.json").read_text()))
    served.grade = lambda query, document, model: "Grade: 3"
    summary = judge(calibrated, served.url, model="m", judge_budget="5 pairs", concurrency=1)
    assert summary["pairs"] == summary["judged"] == len(served.requests) == 5
    budget = summary["budget"]
    assert budget["given"] == "5 pairs" and budget["judged"] == 5 and budget["near"] == len(near.pairs)
    assert budget["found"] == int(near.chosen[:5].sum()) and budget["admitted"] == 0
    asked = ("--endpoint", served.url, "--model", "m", "--judge-budget", "40 tokens")
    run("judge", calibrated, *asked)
    assert "│ --judge-budget" in " ".join(capsys.readouterr().err.split())
    run("judge", calibrated, "--endpoint", served.url, "--model", "m", "--judge-budget", "9")
    printed = capsys.readouterr().err
    assert "false negatives found" in printed and "9 pairs more" in printed


def test_a_budget_chooses_the_pairs_by_itself(calibrated, served):
    for given in ({"limit": 3}, {"also": "dropped"}):
        with pytest.raises(ConfigError, match="judge_budget chooses the pairs by itself: leave out"):
            judge(calibrated, served.url, model="m", judge_budget="5", **given)


def test_one_command_judges_and_decides_again(calibrated, served, tmp_path, capsys):
    served.grade = lambda query, document, model: "Grade: 3"
    asked = ("--endpoint", served.url, "--model", "m", "--judge-budget", "6", "--out", tmp_path / "again")
    run("judge", calibrated, *asked)
    assert "by the verdicts" in capsys.readouterr().err
    info = json.loads((tmp_path / "again" / "run.json").read_text())
    assert info["verdicts"]["pairs"] == 6 and info["finished"]
    judged = {(line["query_id"], line["doc_id"]) for line in map(json.loads, verdict_lines(calibrated))}
    ledger_of = pq.read_table(tmp_path / "again" / "ledger").to_pylist()
    negatives = {(row["query_id"], row["doc_id"]) for row in ledger_of if row["decision"] == "negative"}
    assert len(judged) == 6 and not judged & negatives, "what was judged relevant is no negative any more"
    requests = len(served.requests)
    run("judge", calibrated, *asked)
    assert len(served.requests) == requests, "the same command asks nothing again"


def verdict_lines(folder):
    return (folder / "judgments.jsonl").read_text(encoding="utf-8").splitlines()
