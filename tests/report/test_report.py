"""The pages as files: whole, safe, and true to the run."""

import json
import re
from dataclasses import replace

import pytest

from hardneg import ConfigError, Recipe, select
from hardneg.report import tables, write_report, write_versus
from hardneg.report.findings import findings
from hardneg.report.i18n import Locale
from hardneg.report.page import embedded, policy
from hardneg.report.summary import summarize
from tests.cli.test_cli import run as command


def page(path):
    return path.read_text(encoding="utf-8")


def payload(html):
    return json.loads(re.search(r'<script type="application/json" id="payload">(.*?)</script>', html)[1])


@pytest.mark.parametrize(("language", "word"), [("en", "What stands out"), ("ru", "Главное")])
def test_a_report_is_one_file_in_the_language_asked_for(full, collection, tmp_path, language, word):
    html = page(write_report(full, collection, tmp_path / "r.html", language=language))
    assert f'<html lang="{language}">' in html and word in html
    assert not re.search(r"""(src|href)=["']?(https?:|//)""", html)
    assert "url(http" not in html and "@import" not in html
    for title in re.findall(r"<h3>(.*?)</h3>", html):
        assert title
    assert html.count("<svg") >= 12


def test_the_report_of_a_run_without_audit_says_what_is_missing(run, collection, tmp_path):
    html = page(write_report(run, collection))
    assert (run / "report.html").exists()
    assert "hardneg audit" in html and "Measured false negatives" not in html


def test_all_numbers_at_the_top_are_the_run_s(run, collection):
    html = page(write_report(run, collection))
    counts = json.loads(page(run / "run.json"))["counts"]
    tiles = re.findall(r'<div class="tile card"><b>(.*?)</b><span>(.*?)</span>', html)
    shown = dict((label, value) for value, label in tiles)
    assert shown["negatives"] == f"{counts['negatives']:,}"
    assert shown["candidates"] == f"{counts['candidates']:,}"


def test_a_sample_says_so(run, collection, tmp_path):
    data = payload(page(write_report(run, collection, tmp_path / "r.html", limit=2)))
    assert (data["sampled"], data["total"], len(data["queries"])) == (2, 7, 2)


def test_data_in_a_page_can_end_no_element():
    text = embedded({"a": "</script><!-- & \u2028"})
    assert not set(text) & set("<>&\u2028") and json.loads(text) == {"a": "</script><!-- & \u2028"}


def test_the_policy_allows_this_script_alone():
    first = policy("one()", "b{}")
    assert first.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in first
    assert first != policy("two()", "b{}")


def test_a_diff_page_shows_what_changed_and_why(run, collection, tmp_path):
    other = tmp_path / "other"
    select(
        run,
        Recipe.named("naive", ranked_by=json.loads(page(run / "run.json"))["recipe"]),
        other,
        report=False,
    )
    html = page(write_versus((run, other), collection, tmp_path / "v.html"))
    assert "select.negatives" in html
    data = payload(html)
    assert data["total"] == len(data["queries"]) > 0
    for example in data["queries"]:
        assert all(row[7].startswith("In the second: ") for row in example["negatives"])
        assert all(row[7].startswith("In the first: ") for row in example["dropped"])
        assert example["negatives"] or example["dropped"]
        assert example["positives"]


def test_the_same_run_twice_changes_nothing(run, collection, tmp_path):
    html = page(write_versus((run, run), collection, tmp_path / "v.html"))
    assert "The two runs choose the same negatives." in html and payload(html)["queries"] == []


def test_the_command_writes_report_figures_and_comparison(run, tmp_path, capsys):
    command("report", run, "--lang", "ru", "--figures", tmp_path / "figures")
    assert capsys.readouterr().out.strip() == str(run / "report.html")
    assert (tmp_path / "figures" / "funnel.png").stat().st_size > 1000
    command("report", run, run, "--examples", 1)
    assert (run / "report-run.html").exists()
    command("report", run, "--lang", "de", expect=2)
    assert "unknown language" in capsys.readouterr().err


def test_a_run_whose_source_is_gone_still_has_a_report(run, beir, caplog):
    (beir / "corpus.jsonl").unlink()
    command("report", run)
    assert "ids for texts" in caplog.text
    assert "The source is not available" in payload(page(run / "report.html"))["texts"]["examples.no_text"]


def test_runs_of_different_collections_are_not_compared(run, tmp_path):
    from hardneg import mine
    from tests.evil import collection as evil

    mine(evil(), Recipe.named("naive", rankers=["bm25"]), tmp_path / "evil")
    with pytest.raises(
        ConfigError, match="different collections, and have no query with a positive in common"
    ):
        write_versus((run, tmp_path / "evil"), None, tmp_path / "v.html")


def test_of_a_collection_that_has_grown_the_common_queries_are_compared(run, tmp_path):
    from hardneg import mine
    from hardneg.runs.diff import compare
    from hardneg.testing import collection

    texts = {"d0": "amber resin", "d1": "birch bark", "d2": "cedar wood", "d3": "amber wood"}
    queries = {"q0": "what is amber", "q1": "what is birch", "q2": "what is cedar"}
    judged = [("q0", "d0", 1), ("q1", "d1", 1), ("q2", "d2", 1)]
    recipe = Recipe.named("random", negatives=2)
    before = {k: texts[k] for k in ("d0", "d1", "d2")}, {k: queries[k] for k in ("q0", "q1")}, judged[:2]
    mine(collection(*before), recipe, tmp_path / "before")
    mine(collection(texts, queries, judged), recipe, tmp_path / "after")
    found = compare(tmp_path / "before", tmp_path / "after")
    assert found["queries"] == {"both": 2, "first_only": 0, "second_only": 1}
    # Each of the two common queries had both other documents; now two of the other three.
    assert found["negatives"]["both"] + found["negatives"]["first_only"] == 4
    assert found["negatives"]["both"] + found["negatives"]["second_only"] == 4
    write_versus((tmp_path / "before", tmp_path / "after"), None, tmp_path / "v.html")
    assert "compared are the 2 queries that both runs have" in page(tmp_path / "v.html")


def test_negatives_above_the_positive_are_no_fault_where_probabilities_decide(run, full):
    def above(found):
        kinds = {text: kind for kind, text in findings(found, Locale("en"))}
        return next(((kind, text) for text, kind in kinds.items() if "score higher" in text), None)

    found = summarize(full)
    found.margins.counts[1, :10] += 1000
    assert above(found)[0] == "plain" and "is at most 40\u202f%" in above(found)[1]
    rules = [{"false-negative-rate": {"maximum": 0.05, "bound": 1.0}}]
    all_kept = replace(found, run={**found.run, "recipe": {**found.run["recipe"], "select": {
        **found.run["recipe"]["select"], "rules": rules}}})  # fmt: skip
    assert above(all_kept)[0] == "plain" and "admits all" in above(all_kept)[1]
    found.probabilities.counts[:] = 0
    assert above(found)[0] == "bad" and "at most" not in above(found)[1]


@pytest.mark.parametrize(
    ("rate", "high", "kind"), [(0.02, 0.04, "good"), (0.05, 0.4, "plain"), (0.2, 0.3, "bad")]
)
def test_a_rate_is_good_only_if_its_interval_is(full, rate, high, kind):
    found = summarize(full)
    found.audit.update(rate=rate, low=0.01, high=high, target=None)
    sentences = {text: kind for kind, text in findings(found, Locale("en"))}
    [rate] = [text for text in sentences if text.startswith("About")]
    assert sentences[rate] == kind and rate.endswith("verdicts: 200. More of them narrow the interval.")


def test_a_recipe_is_described_by_what_ran(run):
    summary = summarize(run)
    for language, word in (("en", "Candidates of bm25"), ("ru", "Кандидатов находят bm25")):
        described = dict(tables.settings(summary, Locale(language)))[Locale(language)("mined.recipe")]
        assert described.startswith(f"perc-pos: {word}") and "relative-margin" in described
    own = {**summary.run, "recipe": Recipe.named("perc-pos").settings()}
    shown = dict(tables.settings(replace(summary, run=own), Locale("en")))["Recipe"]
    assert "TopK-PercPos" in shown


def test_warnings_stand_first_in_both_languages(run):
    summary = summarize(run)
    given = [
        {"kind": "lost_queries", "text": "", "lost": 85, "queries": 114, "share": 85 / 114},
        {"kind": "poor_calibration", "text": "", "why": ""},
        {"kind": "verdicts", "text": "", "pairs": 20, "before": 348, "after": 37, "scale": 2.5},
        {"kind": "fewer", "text": "", "before": 348, "after": 37},
        {"kind": "empty", "text": "", "queries": 114},
        {"kind": "language", "text": "", "ranker": "dense", "model": "m", "own": "en", "found": "ru"},
        {"kind": "near_chance", "text": "", "ranker": "dense", "hits": 6, "positives": 41, "chance": 6.83},
        {"kind": "prompts", "text": "", "ranker": "dense", "names": "sts", "setting": "rank.rankers.dense"},
        {"kind": "lengths", "text": "", "ranker": "v", "shortest": ".5", "longest": "4", "setting": "s=dot"},
        {"kind": "of a later version", "text": "As it is."},
    ]
    verdicts = {"pairs": 20, "removed": 311, "added": 0}
    warned = replace(summary, run={**summary.run, "warnings": given, "verdicts": verdicts})
    for language in ("en", "ru"):
        shown = findings(warned, Locale(language))
        assert [kind for kind, _ in shown[: len(given)]] == ["bad"] * len(given)
        assert "85" in shown[0][1] and "75" in shown[0][1] and "37" in shown[2][1] and "6" in shown[6][1]
        assert shown[9][1] == "As it is." and any("311" in sentence for _, sentence in shown[10:])
    assert len(tables.quality(summary, Locale("en"))) == 2


@pytest.mark.parametrize(
    ("text", "kind"),
    [(0.41, "bad"), (0.02, "plain")],
)
def test_texts_that_a_model_cuts_stand_out_if_much_is_lost(run, text, kind):
    found = summarize(run)
    cut = {
        "documents": {"sample": 200, "cut": 31, "text": text},
        "queries": {"sample": 9, "cut": 0, "text": 0},
    }
    cutting = {"dense": {"max_length": 64, "truncation": cut}}
    found = replace(found, run={**found.run, "rankers": cutting})
    [(level, said)] = [each for each in findings(found, Locale("en")) if "tokens" in each[1]]
    assert level == kind and "the first 64 tokens: it cuts 16\u202f% of the doc" in said
    assert any("обрезает документов" in said for _, said in findings(found, Locale("ru")))
    assert "estimate" not in said
    given = {
        "kind": "truncated",
        "ranker": "dense",
        "limit": 64,
        "documents": 0.155,
        "unread": text,
        "text": "",
    }
    warned = replace(found, run={**found.run, "warnings": [given]})
    [(level, said)] = [each for each in findings(warned, Locale("en")) if "tokens" in each[1]]
    assert level == "bad" and said.endswith("hardneg mine --chunk 64 cuts them into chunks.")
    assert any("--chunk 64 разрежет" in said for _, said in findings(warned, Locale("ru")))
    larger = replace(found, run={**found.run, "collection": {**found.run["collection"], "documents": 201}})
    [said] = [each for _, each in findings(larger, Locale("en")) if "tokens" in each]
    assert said.endswith("is lost. This is an estimate, from a sample of 200.")
