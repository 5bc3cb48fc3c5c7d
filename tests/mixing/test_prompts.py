"""The prompts of single queries in a mixture: before the query, by the part's setting."""

import json

import pytest

import hardneg
from tests.mixing.test_mixture import lines


def run_of(folder, prompts):
    rows = [
        {"query": f"what is n{n}", "positive": f"n{n} is a number", "prompt": prompt}
        for n, prompt in enumerate(prompts)
    ]
    file = folder / "numbers.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return hardneg.mine(str(file), hardneg.Recipe.named("random", negatives=1), folder / "run", report=False)


@pytest.fixture
def run(tmp_path):
    return run_of(tmp_path, ["Find a number:", "Count!\n", ""])


@pytest.mark.parametrize(
    ("prompt", "expected", "distinct"),
    [
        (None, ["Find a number: what is n0", "Count!\nwhat is n1", "what is n2"], 2),
        ("Ask: ", ["Ask: what is n0", "Ask: what is n1", "Ask: what is n2"], 1),
        ("", ["what is n0", "what is n1", "what is n2"], 0),
        ("{prompt} Q: ", ["Find a number: Q: what is n0", "Count!\n Q: what is n1", "what is n2"], 2),
    ],
)
def test_the_setting_says_what_stands_before_a_query(run, tmp_path, prompt, expected, distinct):
    settings = {"batch_size": 1, "near_copy": 1, "parts": [{"prompt": prompt}]}
    info = hardneg.mix([run], tmp_path / "out", settings, report=False)
    assert sorted(row["query"] for row in lines(tmp_path / "out")) == sorted(expected)
    assert "prompt" not in lines(tmp_path / "out")[0]
    own = info["parts"][0]["prompts"]
    assert own["distinct"] == distinct and own["rows"] == sum("what" != each[:4] for each in expected)
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert ("## Prompts" in card) == bool(distinct)


def test_the_ranking_and_the_record_of_a_run_do_not_have_it_in_the_query(run, tmp_path):
    assert run.info["collection"]["prompts"] == 2
    (tmp_path / "plain").mkdir()
    plain = run_of(tmp_path / "plain", [None, None, None])
    assert "prompts" not in plain.info["collection"] and plain.candidates == run.candidates
    assert {example.prompt for example in plain.training_set} == {None}
    assert [example.query for example in run.training_set] == ["what is n0", "what is n1", "what is n2"]
    assert [example.prompt for example in run.training_set] == ["Find a number:", "Count!\n", ""]


def test_a_setting_that_needs_prompts_of_the_source_is_an_error_without_them(runs, tmp_path):
    with pytest.raises(hardneg.ConfigError, match="colours: its prompt holds {prompt}, the query's own, and"):
        hardneg.mix(runs, tmp_path / "out", {"batch_size": 1, "parts": [{"prompt": "{prompt}: "}, {}]})
