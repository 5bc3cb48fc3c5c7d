"""Several runs become one training set: shares, batches without conflicts, what is kept out, bad input."""

import json

import pytest

import hardneg
from tests.mixing.conftest import run_of


def lines(folder):
    return [json.loads(line) for line in (folder / "train.jsonl").read_text(encoding="utf-8").splitlines()]


def documents(row):
    return {document["text"] for document in (*row["positives"], *row["negatives"])}


def test_batches_are_of_one_run_and_follow_each_other_at_random(runs, tmp_path):
    info = hardneg.mix(runs, tmp_path / "out", {"batch_size": 2, "near_copy": 1})
    rows = lines(tmp_path / "out")
    assert [part["name"] for part in info["parts"]] == ["colours", "fruits"]
    # 9 and 8 rows make 4 batches of 2 each; one of the colours is in none
    assert (info["rows"], info["batches"]["count"]) == (16, 8) and info["batches"]["kept"]
    assert [part["rows"] for part in info["parts"]] == [8, 8]
    names = {row["query_id"] for row in rows}
    assert sum(part["distinct_rows"] for part in info["parts"]) == len(names) >= 12
    for begin in range(0, 16, 2):
        assert len({row["query_id"].split("/")[0] for row in rows[begin : begin + 2]}) == 1
    assert {row["query_id"].split("/")[0] for row in rows[:8]} == {"colours", "fruits"}


@pytest.mark.parametrize(("kind", "count"), [("one", 57), ("all", 60)])
def test_no_row_of_a_batch_holds_a_positive_of_another(runs, tmp_path, kind, count):
    """Of one run: 32 and 28 of 60 rows make 10 and 9 batches of 3."""
    settings = {"batches": kind, "batch_size": 3, "near_copy": 1, "size": 60}
    info = hardneg.mix(runs, tmp_path / "out", settings)
    rows = lines(tmp_path / "out")
    assert len(rows) == info["rows"] == count
    for begin in range(0, count, 3):
        batch = rows[begin : begin + 3]
        assert len({row["query"] for row in batch}) == 3
        for row in batch:
            own = {document["text"] for document in row["positives"]}
            assert not any(own & documents(other) for other in batch if other is not row)


def test_batches_of_all_runs_have_rows_by_their_shares(runs, tmp_path):
    settings = {"batches": "all", "batch_size": 3, "near_copy": 1, "size": 30, "parts": [{"weight": 2}, {}]}
    info = hardneg.mix(runs, tmp_path / "out", settings)
    rows = lines(tmp_path / "out")
    # 2 x 9 to 8: of 30 rows 20.77 and 9.23, so 21 and 9, and in each batch 2.1 and 0.9
    assert [part["rows"] for part in info["parts"]] == [21, 9]
    of_colours = [
        sum(row["query_id"].startswith("colours/") for row in rows[begin : begin + 3])
        for begin in range(0, 30, 3)
    ]
    assert sum(of_colours) == 21 and set(of_colours) == {2, 3}


@pytest.mark.parametrize(("temperature", "expected"), [(1.0, [24, 10]), (0.0, [17, 17]), (0.5, [20, 14])])
def test_shares_by_temperature(runs, tmp_path, temperature, expected):
    """34 rows of weighted sizes 18 and 8: 23.5 and 10.5; by their square roots, 3 to 2: 20.4 and 13.6."""
    parts = [{"weight": 2}, {}]
    settings = {"batch_size": 1, "size": 34, "temperature": temperature, "parts": parts, "near_copy": 1}
    info = hardneg.mix(runs, tmp_path / "out", settings)
    assert [part["rows"] for part in info["parts"]] == expected


def test_a_prompt_a_name_and_a_cap_are_of_one_run(runs, tmp_path):
    parts = [{"prompt": "colour: ", "name": "c", "cap": 3}, {}]
    info = hardneg.mix(runs, tmp_path / "out", {"batch_size": 1, "parts": parts, "near_copy": 1})
    rows = lines(tmp_path / "out")
    colours = [row for row in rows if row["query_id"].startswith("c/")]
    assert len(colours) == 3 and all(row["query"].startswith("colour: what is ") for row in colours)
    assert all(document["doc_id"].startswith("c/") for row in colours for document in row["negatives"])
    assert not any(row["query"].startswith("colour: ") for row in rows if row not in colours)
    assert info["parts"][0]["left_out"] == {"over_the_cap": 6}


def test_queries_of_an_earlier_run_and_of_an_evaluation_set_are_left_out(runs, tmp_path):
    again = [{"query": "What  is RED", "positive": "red is a word of three letters"}]
    later = run_of(["circle", "square"], tmp_path / "shapes-run", "shapes", again)
    held_out = tmp_path / "test.jsonl"
    held_out.write_text(
        json.dumps({"query": "what is blue", "positive": "a colour"}) + "\n", encoding="utf-8"
    )
    settings = {"batch_size": 1, "near_copy": 1, "holdout": [str(held_out)], "holdout_split": "all"}
    info = hardneg.mix([*runs, later], tmp_path / "out", settings)
    assert info["holdout"] == {str(held_out): 1}
    assert [part["left_out"] for part in info["parts"]] == [
        {"in_the_evaluation_set": 1}, {}, {"query_of_an_earlier_run": 1}
    ]  # fmt: skip
    asked = [row["query"] for row in lines(tmp_path / "out")]
    assert "what is blue" not in asked and asked.count("what is red") == 1 and "What is RED" not in asked


def test_near_copies_are_copies(runs, tmp_path):
    long = "what is the difference between a very ripe apple and one that fell from the tree"
    first = [{"query": long, "positive": "ripeness"}]
    second = [{"query": long + "?", "positive": "falling"}]
    pair = [
        run_of(["one", "two", "three"], tmp_path / "a-run", "a", first),
        run_of(["four", "five", "six"], tmp_path / "b-run", "b", second),
    ]
    info = hardneg.mix(pair, tmp_path / "out", {"batch_size": 1})
    assert info["parts"][1]["left_out"] == {"query_of_an_earlier_run": 1}


def test_the_same_mixture_is_the_same_bytes_and_may_be_made_again(runs, tmp_path):
    settings = {"batch_size": 2, "temperature": 0.5}
    for _ in range(2):
        hardneg.mix(runs, tmp_path / "a", settings)
    hardneg.mix(runs, tmp_path / "b", settings)
    for name in ("train.jsonl", "README.md", "mix.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    other = {**settings, "seed": 1}
    hardneg.mix(runs, tmp_path / "c", other)
    assert (tmp_path / "a" / "train.jsonl").read_bytes() != (tmp_path / "c" / "train.jsonl").read_bytes()


def test_a_file_lists_the_runs_relative_to_itself(runs, tmp_path):
    file = runs[0].parent / "mixture.yaml"
    file.write_text(
        "parts:\n- run: colours-run\n  weight: 2\n- run: fruits-run\nbatch_size: 1\nnear_copy: 1\n",
        encoding="utf-8",
    )
    info = hardneg.mix(file, tmp_path / "out", {"seed": 7})
    assert [part["rows"] for part in info["parts"]] == [12, 5]
    assert info["settings"]["seed"] == 7


def test_the_card_shows_each_part(runs, tmp_path):
    hardneg.mix(runs, tmp_path / "out", {"batch_size": 2, "format": "sentence-transformers-labeled-pair"})
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "| `colours` | `random` | 9 |" in card and "| `label` |" in card
    assert "the batches are lost in it" in card


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 9}, "fruits: its 8 rows make no batch of 9; make batch_size smaller"),
        ({"format": "nope"}, 'unknown format "nope"'),
        ({"temperature": 2}, "mixture: temperature: .* less than or equal to 1"),
        ({"batchsize": 2}, 'mixture: unknown setting "batchsize"'),
        (
            {"parts": [{"name": "x"}, {"name": "x"}]},
            '2 runs are of a collection "x"; give each part a',
        ),
        (
            {"batch_size": 17, "batches": "all", "size": 17},
            "of 9, at most . of its 9 rows were found",
        ),
    ],
)
def test_what_cannot_be_mixed_is_an_error_of_one_line(runs, tmp_path, settings, message):
    with pytest.raises(hardneg.ConfigError, match=message):
        hardneg.mix(runs, tmp_path / "out", {"near_copy": 1, **settings})


def test_one_run_twice_is_an_error(runs, tmp_path):
    with pytest.raises(hardneg.ConfigError, match="is named 2 times; its `weight` repeats its rows"):
        hardneg.mix([runs[0], runs[0]], tmp_path / "out")


def test_a_folder_of_something_else_stays_as_it_is(runs, tmp_path):
    (tmp_path / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(
        hardneg.ConfigError, match=r"holds other files \(thesis.txt, ...\); choose an empty --out"
    ):
        hardneg.mix(runs, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    hardneg.mix(runs, tmp_path / "out", {"batch_size": 2})
    with pytest.raises(hardneg.ConfigError, match="holds another mixture"):
        hardneg.mix(runs, tmp_path / "out", {"batch_size": 4})
    with pytest.raises(hardneg.ConfigError, match="make no batch"):
        hardneg.mix(runs, tmp_path / "other", {"batch_size": 9})
    hardneg.mix(runs, tmp_path / "other", {"batch_size": 2})  # what was not finished is no mixture yet


@pytest.mark.parametrize(
    ("text", "message"), [("batch_size: 2", "`parts` must list the runs"), ("a: [", "not YAML")]
)
def test_a_file_without_runs_is_an_error(tmp_path, text, message):
    (tmp_path / "mixture.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(hardneg.HardnegError, match=message):
        hardneg.mix(tmp_path / "mixture.yaml", tmp_path / "out")


def test_runs_in_memory_are_mixed_too(tmp_path):
    made = [
        hardneg.mine(
            hardneg.Collection.of([(f"what is {word}", f"{word} thing") for word in words], name=words[0]),
            hardneg.Recipe.named("random", negatives=1),
        )
        for words in (["a1", "a2", "a3"], ["b1", "b2", "b3"])
    ]
    assert hardneg.mix(made, tmp_path / "out", {"batch_size": 1, "near_copy": 1})["rows"] == 6


def test_a_row_that_goes_with_no_other_is_left_out(tmp_path):
    """The positive of the first is the negative of all others, which go together."""
    rows = [{"query": "q0", "positive": "d0", "negative": "x"}]
    rows += [{"query": f"q{n}", "positive": f"d{n}", "negative": "d0"} for n in range(1, 5)]
    file = tmp_path / "set.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    cleaned = hardneg.clean(
        file, tmp_path / "run", hardneg.Recipe.named("clean", validators=[]), report=False
    )
    assert cleaned.info["counts"]["negatives"] == 5
    info = hardneg.mix([tmp_path / "run"], tmp_path / "out", {"batch_size": 2, "near_copy": 1, "size": 4})
    assert info["parts"][0]["distinct_rows"] == 4
    assert "q0" not in {row["query"] for row in lines(tmp_path / "out")}


def test_it_has_a_report_unless_told_not_to(runs, tmp_path):
    settings = {"batch_size": 2, "near_copy": 1}
    hardneg.mix(runs, tmp_path / "out", settings)
    html = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "A mixture of colours, fruits" in html and "what is" in html
    again = hardneg.write_report(tmp_path / "out", tmp_path / "again.html", language="ru")
    assert "Смесь: colours, fruits" in again.read_text(encoding="utf-8")
    hardneg.mix(runs, tmp_path / "plain", settings, report=False)
    assert not (tmp_path / "plain" / "report.html").exists()


def test_what_is_known_of_a_part_is_by_its_run(runs, tmp_path):
    """The recipe `random` estimates no probabilities; its scores are by `dense`."""
    info = hardneg.mix(runs, tmp_path / "out", {"batch_size": 2, "near_copy": 1}, report=False)
    for part in info["parts"]:
        assert part["false_negatives"] == {"expected": None, "measured": None}
        assert part["hardness"]["by"] == "dense" and part["hardness"]["score"] is not None
        assert 0 < len(part["examples"]) <= 5 and part["examples"][0]["n_negatives"] == 1
    assert len(info["batches"]["example"]) == 2
