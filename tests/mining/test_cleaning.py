"""Training sets that hardneg did not mine: doubtful negatives go, the rest stays, in every format."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from hardneg.core.components import FORMATS
from hardneg.core.errors import ConfigError, DataError
from hardneg.core.records import Example, Scored
from hardneg.mining.cleaning import clean
from hardneg.mining.recipe import Recipe
from hardneg.runs import ledger
from hardneg.sources import LoadOptions, training
from tests.cli.test_cli import run

TOWNS = "riga oslo kiel bonn lund york".split()
THINGS = "amber birch cedar delta ember fjord".split()


def _filler(word, number):
    return " ".join(f"{word}{number}{letter}" for letter in "abcdefgh")


def _examples():
    """Each query has a positive and four negatives: a near copy of it, a relevant one, two that are not."""
    for number, (town, thing) in enumerate(zip(TOWNS, THINGS, strict=True)):
        answer = f"{thing} is sold at the market of {town} " + _filler("stall", number)
        texts = {
            "copy": f"{answer}.",
            "relevant": f"{thing} sold {town}",
            "easy": _filler("nothing", number),
            "other": f"the harbour of {town} is  old " + _filler("quay", number),
        }
        docs = [Scored(f"{kind}{number}", "", text, 0.5) for kind, text in texts.items()]
        yield Example(
            f"q{number}", f"where is {thing} sold in {town}", [Scored(f"p{number}", "", answer, 0.9)], docs
        )


EXAMPLES = list(_examples())
KEPT = {doc.text for example in EXAMPLES for doc in example.negatives if doc.doc_id[:4] in ("easy", "othe")}
GONE = {doc.text for example in EXAMPLES for doc in example.negatives} - KEPT


def recipe(*overrides):
    """BM25 alone, so that no model is needed; too few positives to calibrate, so the margin decides."""
    return Recipe.named("clean", overrides, rankers=["bm25", "listed"])


def everything(folder):
    return "\n".join(
        json.dumps(pq.read_table(path).to_pylist(), ensure_ascii=False)
        if path.suffix == ".parquet"
        else path.read_text(encoding="utf-8")
        for path in sorted(folder.glob("train*"))
    )


def ways():
    for name in FORMATS.names():
        if name not in ("trec", "nemo"):
            suffixes = {FORMATS.get(name).suffix}
            tables = name.startswith("sentence-transformers") or name in ("jsonl", "pylate")
            for suffix in sorted(suffixes | ({".parquet"} if tables else set())):
                yield pytest.param(name, suffix, id=f"{name}{suffix}")


@pytest.mark.parametrize(("name", "suffix"), ways())
def test_every_format_comes_back_without_what_is_doubtful_and_else_as_it_was(name, suffix, tmp_path):
    source = tmp_path / f"given{suffix}"
    FORMATS.make(name).write(EXAMPLES, source)
    result = clean(source, recipe(), tmp_path / "run")
    out = tmp_path / "run" / f"train{suffix}"
    FORMATS.make(name).lint(out)
    expected = "parquet" if (name, suffix) == ("jsonl", ".parquet") else name
    assert list(result.info["export"]["format"]) == [expected]
    kept = negatives_of(out)
    assert kept == {(e.query, d.text) for e in EXAMPLES for d in e.negatives if d.text in KEPT}
    assert {t.text for e in entries(out) for t in e.positives} == {e.positives[0].text for e in EXAMPLES}
    decisions = {
        row["doc_id"]: row["decision"]
        for block in ledger.iterate(tmp_path / "run")
        for row in block.table.to_pylist()
        if row["score.listed"] is not None
    }
    assert sorted(decisions.values()) == ["dropped"] * 12 + ["negative"] * 12


def entries(path):
    """Returns what the rows of a training set hold, as hardneg reads them."""
    return [entry for _, _, _, entry in training.entries(path, LoadOptions())]


def negatives_of(path):
    return {(entry.query, text.text) for entry in entries(path) for text in entry.negatives}


def test_what_else_a_row_holds_stays(tmp_path):
    example = EXAMPLES[0]
    texts = {doc.doc_id: doc.text for doc in example.negatives}
    row = {
        "query": example.query, "pos": [example.positives[0].text], "neg": list(texts.values()),
        "neg_scores": [0.1, 0.2, 0.3, 0.4], "prompt": "find", "note": {"kept": [1, None]},
    }  # fmt: skip
    untouched = {**row, "query": "lone", "neg": ["nothing like it"], "neg_scores": [1.5]}
    source = tmp_path / "given.jsonl"
    source.write_text("".join(json.dumps(each) + "\n" for each in (row, untouched)), encoding="utf-8")
    clean(source, recipe(), tmp_path / "run")
    lines = (tmp_path / "run" / "train.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0]) == {**row, "neg": [texts["easy0"], texts["other0"]], "neg_scores": [0.3, 0.4]}
    assert json.loads(lines[1]) == untouched


def test_tables_of_several_columns_repeat_what_is_left_and_rows_without_any_go(tmp_path):
    example = EXAMPLES[0]
    copy, relevant, easy, _ = (doc.text for doc in example.negatives)
    source = tmp_path / "given.tsv"
    with source.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, delimiter="\t")
        writer.writerow(["anchor", "positive", "negative_1", "negative_2"])
        writer.writerow([example.query, example.positives[0].text, copy, easy])
        writer.writerow([example.query, example.positives[0].text, relevant, copy])
    result = clean(source, recipe(), tmp_path / "run")
    with (tmp_path / "run" / "train.tsv").open(encoding="utf-8", newline="") as opened:
        written = list(csv.reader(opened, delimiter="\t"))
    assert written == [
        ["anchor", "positive", "negative_1", "negative_2"],
        [example.query, example.positives[0].text, easy, easy],
    ]
    notes = {"dropped_negatives": 3, "rows_without_negatives": 1}
    assert result.info["export"]["notes"] == notes and result.info["export"]["skipped"] == 1


COPAL, PARIS = "Copal is a young tree resin.", "Paris is the capital of France."
BERLIN = "Berlin is the capital of Germany."


def own(rows, tmp_path, name="given.jsonl", **load):
    """Returns the rows that are left of these, and what was counted."""
    source = tmp_path / name
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    overrides = [f"load.{setting}={value}" for setting, value in load.items()]
    export = clean(source, recipe(*overrides), tmp_path / "run").info["export"]
    left = [json.loads(line) for line in (tmp_path / "run" / name).with_name("train.jsonl").open()]
    return left, {**export["notes"], "skipped": export["skipped"]}


@pytest.mark.parametrize(("name", "suffix"), ways())
def test_a_listed_negative_that_is_the_positive_is_dropped_in_every_format(name, suffix, tmp_path):
    easy = Scored("easy", "", PARIS, 0.1)
    rows = [
        Example("q1", "what is copal", [Scored("p1", "", COPAL, 0.9)], [Scored("p1", "", COPAL, 0.9), easy]),
        Example("q2", "capital of germany", [Scored("p2", "", BERLIN, 0.9)], [easy, easy]),
    ]
    source = tmp_path / f"given{suffix}"
    FORMATS.make(name).write(rows, source)
    export = clean(source, recipe(), tmp_path / "run").info["export"]
    out = tmp_path / "run" / f"train{suffix}"
    FORMATS.make(name).lint(out)
    assert negatives_of(out) == {("what is copal", PARIS), ("capital of germany", PARIS)}
    assert export["notes"]["dropped_negatives"] == 1


def test_a_negative_that_another_row_has_as_positive_or_that_is_a_copy_is_dropped(tmp_path):
    rows = [
        {"anchor": "what is resin", "positive": "Resin is sticky.", "negative": PARIS},
        {
            "anchor": "What is  resin",
            "positive": "What is a resin: it flows from trees.",
            "negative": "Resin is sticky.",
        },
        {
            "anchor": "what is resin",
            "positive": "What is a resin: it flows from trees.",
            "negative": "RESIN is  sticky.",
        },
    ]
    left, notes = own(rows, tmp_path)
    assert left == rows[:1]
    assert notes == {"dropped_negatives": 2, "rows_without_negatives": 2, "skipped": 2}


def test_what_becomes_of_rows_with_empty_negatives_or_without_any(tmp_path):
    rows = [
        {"query": "capital of germany", "pos": [BERLIN], "neg": [PARIS, " "], "neg_scores": [0.2, 0.1]},
        {"query": "what is copal", "pos": [COPAL], "neg": []},
        {"query": "what is resin", "pos": ["Resin is sticky."], "neg": [""]},
        {"query": "what is jet", "pos": [], "neg": [PARIS]},
        {"query": "what is birch", "pos": [""], "neg": [PARIS]},
    ]
    left, notes = own(rows, tmp_path, empty_texts="skip")
    assert left == [{**rows[0], "neg": [PARIS], "neg_scores": [0.2]}, rows[1]]
    assert notes == {
        "dropped_negatives": 0, "empty_negatives": 2, "rows_given_without_negatives": 1,
        "rows_without_negatives": 1, "rows_of_queries_not_examined": 2, "skipped": 3,
    }  # fmt: skip


def test_a_row_without_a_positive_whose_query_has_one_elsewhere_is_left_out(tmp_path):
    rows = [
        {"query": "what is copal", "pos": [COPAL], "neg": [PARIS]},
        {"query": "what is copal", "pos": [], "neg": [BERLIN]},
    ]
    left, notes = own(rows, tmp_path, empty_texts="skip")
    assert left == rows[:1] and notes == {"dropped_negatives": 0, "rows_without_positives": 1, "skipped": 1}


def test_labelled_pairs_stay_one_by_one(tmp_path):
    rows = [
        {"anchor": "what is copal", "document": COPAL, "label": 1},
        {"anchor": "what is copal", "document": COPAL, "label": 0},
        {"anchor": "what is copal", "document": PARIS, "label": 0},
        {"anchor": "nobody knows", "document": PARIS, "label": 0},
    ]
    left, notes = own(rows, tmp_path)
    assert left == [rows[0], rows[2]]
    assert notes["dropped_negatives"] == 1 and notes["rows_of_queries_not_examined"] == 1


def test_rows_of_other_splits_stay(tmp_path):
    rows = [
        {"query": "what is copal", "positive": COPAL, "negative": PARIS, "split": "train"},
        {"query": "capital of germany", "positive": BERLIN, "negative": BERLIN, "split": "test"},
    ]
    assert own(rows, tmp_path)[0] == rows


def test_a_set_whose_negatives_are_all_positives_is_refused(tmp_path):
    with pytest.raises(DataError, match="lists no negatives but positives of the same queries"):
        own([{"query": "what is copal", "pos": [COPAL], "neg": [COPAL]}], tmp_path)


def test_lists_in_cells_are_cut_and_all_other_cells_stay(tmp_path):
    cells = [
        ["what is copal", f'["{COPAL}"]', f'["{PARIS}","{COPAL}"]', "[0.2,0.9]", '["a","b","c"]'],
        ["capital of germany", BERLIN, f'["{PARIS}"]', "[0.2]", "['x']"],
        ["what is jet", "Jet is a stone.", "[]", "null", ""],
    ]
    source, out = tmp_path / "given.csv", tmp_path / "run" / "train.csv"
    with source.open("w", encoding="utf-8", newline="") as opened:
        csv.writer(opened).writerows([["query", "pos", "neg", "neg_scores", "tags"], *cells])
    clean(source, recipe(), tmp_path / "run")
    with out.open(encoding="utf-8", newline="") as opened:
        _, *left = csv.reader(opened)
    assert left == [[*cells[0][:2], f'["{PARIS}"]', "[0.2]", cells[0][4]], *cells[1:]]


def test_scores_in_cells_that_are_no_json_are_refused(tmp_path):
    source = tmp_path / "given.tsv"
    lines = ["query\tpos\tneg\tneg_scores", f'what is copal\t{COPAL}\t["{COPAL}", "{PARIS}"]\t[0.9 0.2]']
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with pytest.raises(
        DataError, match=r"^given\.tsv:2: \"neg_scores\" is a text, '\[0\.9 0\.2\]'; a list in JSON"
    ):
        clean(source, recipe(), tmp_path / "run")


def test_several_positives_of_a_query_do_not_multiply_rows(tmp_path):
    rows = [
        {
            "anchor": "where is amber sold",
            "positive": "amber is sold at the market of riga",
            "negative": "a stone",
        },
        {
            "anchor": "where is amber sold",
            "positive": "amber is sold in oslo at the quay",
            "negative": "a fjord",
        },
    ]
    source = tmp_path / "given.parquet"
    pq.write_table(pa.Table.from_pylist(rows), source)
    clean(source, recipe(), tmp_path / "run")
    assert pq.read_table(tmp_path / "run" / "train.parquet").to_pylist() == rows


def test_a_long_list_is_examined_to_its_end(tmp_path):
    row = {"query": "amber", "pos": ["amber stone"], "neg": [f"number {n}" for n in range(150)]}
    source = tmp_path / "given.jsonl"
    source.write_text(json.dumps(row) + "\n", encoding="utf-8")
    result = clean(source, recipe(), tmp_path / "run")
    assert result.info["counts"]["negatives"] == 150


def test_listed_negatives_have_a_probability_and_no_score_of_lists_is_learned_from(tmp_path):
    rows = []
    for number in range(40):
        words = f"amber{number} birch{number % 7} cedar{number % 5}"
        rows.append({"query": words, "pos": [f"{words} stone"], "neg": [f"birch{number % 7} fjord", "delta"]})
    source = tmp_path / "given.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = clean(source, recipe(), tmp_path / "run")
    assert result.info["validation"]["calibration"]["estimable"]
    assert "listed" not in result.info["validation"]["calibration"]["weights"]
    table = [row for block in ledger.iterate(tmp_path / "run") for row in block.table.to_pylist()]
    listed = [r for r in table if r["score.listed"] is not None and r["reason"] != "judged_relevant"]
    probabilities = [r["p_false_negative"] for r in listed]
    assert len(probabilities) == 80 and None not in probabilities and max(probabilities) > 0


def test_the_command_writes_another_format_on_demand(tmp_path, capsys):
    source = tmp_path / "given.jsonl"
    FORMATS.make("tevatron").write(EXAMPLES, source)
    out = tmp_path / "run"
    run("clean", source, "--out", out, "--ranker", "bm25", "--format", "flagembedding", "--quiet")
    rows = [json.loads(line) for line in (out / "train.jsonl").open(encoding="utf-8")]
    assert {text for row in rows for text in row["neg"]} == KEPT
    run("export", out, "--format", "jsonl", "-o", tmp_path / "again.jsonl")


def test_what_cannot_be_cleaned_is_told(tmp_path):
    with pytest.raises(DataError, match="there is no file"):
        clean(tmp_path / "nothing.jsonl", recipe(), tmp_path / "run")
    bare = tmp_path / "bare.jsonl"
    bare.write_text('{"query": "a", "positive": "b"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="lists no negatives"):
        clean(bare, recipe(), tmp_path / "run")
    with pytest.raises(ConfigError, match="no ranker listed"):
        clean(bare, Recipe.named("naive", rankers=["bm25"]), tmp_path / "run")


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: json.dumps(rows),
        lambda rows: json.dumps(rows, indent=2),
        lambda rows: "".join(json.dumps(row) + "\n" for row in rows),
        lambda rows: json.dumps([[*row.values()] for row in rows]),
        lambda rows: "".join(json.dumps([*row.values()]) + "\n" for row in rows),
    ],
)
def test_json_keeps_its_form(tmp_path, write):
    rows = [
        {"query": "what is copal", "positive": COPAL, "negative_1": PARIS},
        {"query": "capital of germany", "positive": BERLIN, "negative_1": COPAL},
    ]
    dropped = [*rows, {"query": "what is jet", "positive": "Jet is wood.", "negative_1": "Jet is wood."}]
    (tmp_path / "given.json").write_text(write(dropped), encoding="utf-8")
    clean(tmp_path / "given.json", recipe(), tmp_path / "run")
    left = (tmp_path / "run" / "train.json").read_text(encoding="utf-8")
    given = write(rows)
    assert left == given if given[-1] == "\n" else json.loads(left) == json.loads(given)
