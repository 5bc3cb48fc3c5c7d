"""What the report says of near-duplicates, similar queries, shared sources and leakage."""

import json

import numpy as np
import pyarrow as pa
import pytest

from hardneg import Recipe, mine
from hardneg.core.components import VALIDATORS
from hardneg.report import write_report
from hardneg.report.checks import Check, differing, duplicate_examples, shingle_similarity
from hardneg.report.columns import GROUPS
from hardneg.report.findings import findings
from hardneg.report.i18n import LANGUAGES, Locale
from hardneg.report.summary import summarize
from hardneg.report.tables import checks, leaks
from hardneg.testing import collection

EN = Locale("en")
ANSWER = "Amber is the resin of ancient trees, hardened over millions of years in the ground."
DOCUMENTS = {
    "a#1": ANSWER,
    "a#2": "Amber was traded from the shores of the cold sea to towns in the south, far away.",
    "copy": ANSWER.replace("millions", "billions"),
    "b": "Resin of a pine smells of the forest and hardens slowly when it meets the air outside.",
    "c": "Amber rooms were built of thin plates, glued on wood, and lit by a lot of candles.",
}
QUERIES = {
    "q1": "what is amber made of, and where",
    "q2": "what is amber made of, and when",
    "q3": "amber rooms",
}
JUDGMENTS = [("q1", "a#1", 1), ("q2", "b", 1), ("q3", "c", 1)]


@pytest.fixture(scope="module")
def data():
    return collection(DOCUMENTS, QUERIES, JUDGMENTS)


@pytest.fixture(scope="module")
def checked_run(data, tmp_path_factory):
    """A run over a copy of a positive, a similar query, a shared source and an evaluation set that leaks."""
    folder = tmp_path_factory.mktemp("checked")
    evaluation = folder / "exam.jsonl"
    pairs = [
        {"query": QUERIES["q3"], "positive": "Nothing of the kind."},
        {"query": "how old is amber", "positive": ANSWER},
    ]
    evaluation.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
    validators = [
        "near-duplicate",
        "same-source",
        "sibling-positives",
        {"leakage": {"evaluation": str(evaluation), "split": "all"}},
    ]
    recipe = Recipe.named("naive", rankers=["bm25"], validators=validators)
    mine(data, recipe, folder / "run")
    return folder / "run"


def test_each_check_counts_what_it_finds(checked_run):
    by_kind = {check.finds: check for check in summarize(checked_run).checks}
    assert {kind: check.found for kind, check in by_kind.items()} == {
        "copies": 1,  # q1: copy
        "same source": 1,  # q1: a#2
        "similar queries": 2,  # q1: b, q2: a#1
        "leakage": 6,  # a#1 and its near copy, for each query
    }
    assert by_kind["copies"].hits[0][:2] == ("q1", "copy")
    assert by_kind["copies"].of("negative") == 1
    assert by_kind["leakage"].of("positive") == 1
    assert by_kind["similar queries"].queries == 2


def test_examples_are_shown_beside_what_they_resemble(checked_run, data):
    shown = {c.finds: duplicate_examples(c, data) for c in summarize(checked_run).checks}
    [copy] = shown["copies"]
    assert (copy.resembles, copy.other_id) == ("positive", "a#1")
    assert [text.strip() for text, differs in copy.text if differs] == ["billions"]
    assert [text.strip() for text, differs in copy.other_text if differs] == ["millions"]
    [chunk] = shown["same source"]
    assert (chunk.hit.doc_id, chunk.other_id) == ("a#2", "a#1")
    similar = {
        one.hit.query_id: (one.hit.doc_id, one.resembles, one.other_id) for one in shown["similar queries"]
    }
    assert similar == {"q1": ("b", "similar_query", "q2"), "q2": ("a#1", "similar_query", "q1")}
    assert all(one.resembles == "" for one in shown["leakage"])


def test_without_texts_the_ids_are_shown(checked_run):
    for check in summarize(checked_run).checks:
        assert all(one.text == [] and one.hit.doc_id for one in duplicate_examples(check, None))


def test_leakage_of_queries_and_positives_is_reported(checked_run):
    found = summarize(checked_run)
    [leak] = leaks(found, EN)
    assert leak["name"] == "exam.jsonl"
    assert leak["rows"] == [("training queries", "3", "1", "0"), ("their positives", "3", "1", "0")]
    assert ("training queries", QUERIES["q3"]) in leak["examples"]
    sentences = [text for kind, text in findings(found, EN) if kind == "bad"]
    assert "The evaluation set exam.jsonl contains 1 training queries and 1 of their positives." in sentences
    assert any(text.startswith("Near-duplicates of a positive") and ": 1." in text for text in sentences)


def test_the_table_has_a_row_a_check(checked_run):
    rows = checks(summarize(checked_run), EN)
    assert [row[0] for row in rows] == [
        "Near-duplicates", "Same source", "Similar queries", "Leakage",
    ]  # fmt: skip
    assert rows[0][2:] == ("1", EN.percent(1 / int(rows[0][1])), "1", "1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_shows_the_section(checked_run, data, tmp_path, language):
    locale = Locale(language)
    html = write_report(checked_run, data, tmp_path / "r.html", language=language).read_text(encoding="utf-8")
    assert '<section id="checks">' in html and locale("figure.checks") in html
    assert '<mark class="differs">billions ' in html and locale("leak.title", name="exam.jsonl") in html
    assert locale("data.not_checked", validators="x")[:30] not in html


def test_a_run_without_those_validators_says_so(run, tmp_path):
    html = write_report(run, None, tmp_path / "r.html").read_text(encoding="utf-8")
    assert (
        '<section id="checks">' not in html
        and "leakage, near-duplicate, same-source, sibling-positives" in html
    )


def part(**columns):
    return pa.table({"query_id": ["q", "q", "r"], "doc_id": ["d", "e", "f"], **columns})


def test_a_positive_is_no_finding_but_a_leak():
    evidence = {"evidence.near_duplicate": [1.0, 0.9, 0.1], "evidence.leakage": [1.0, 0.0, 0.9]}
    groups = np.array([GROUPS.index(group) for group in ("positive", "negative", "dropped")], np.int8)
    near = Check("near_duplicate", VALIDATORS.make("near-duplicate"))
    leak = Check("leakage", VALIDATORS.make("leakage:some"))
    for check in (near, leak):
        check.add(part(**evidence), groups)
    assert (near.found, near.examined, near.hits[0].doc_id) == (1, 2, "e")
    assert (leak.found, leak.examined, leak.of("positive"), leak.of("dropped")) == (2, 3, 1, 1)


def test_what_has_no_evidence_is_not_counted():
    near = Check("near_duplicate", VALIDATORS.make("near-duplicate"))
    near.add(
        part(**{"evidence.near_duplicate": pa.array([None, 0.9, None], pa.float32())}), np.ones(3, np.int8)
    )
    near.add(part(), np.ones(3, np.int8))
    assert (near.examined, near.found, near.queries) == (1, 1, 1)


def test_differences_are_marked_and_found_deep_in_a_text():
    assert differing("a red fox runs", "a grey fox runs") == [
        ("a ", False),
        ("red ", True),
        ("fox runs", False),
    ]
    common = "word " * 200
    parts = differing(common + "here it ends", common + "there it ends")
    assert parts[0][0].startswith("… ") and ("here ", True) in parts
    assert sum(len(text) for text, _ in parts) < 330


def test_a_difference_may_fill_what_is_shown_to_its_last_character():
    shared, own = f"{'c' * 99} ", f"{'r' * 219} "
    assert differing(f"{shared}{own}end", f"{shared}other end") == [
        (shared, False),
        (own, True),
        ("…", False),
    ]
    assert differing(f"{shared}{own}", f"{shared}other") == [(shared, False), (own, True)]


def test_similarity_is_that_of_shingles_of_five_characters():
    assert shingle_similarity("Abcde  F", "abcde f") == 1 and shingle_similarity(
        "abcdef", "bcdefg"
    ) == pytest.approx(1 / 3)
    assert shingle_similarity("", "abc") == 0
