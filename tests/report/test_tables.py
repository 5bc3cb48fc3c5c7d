"""Tiles and tables of a run of ten queries, as texts."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from hardneg.mining.recipe import Recipe
from hardneg.report import tables
from hardneg.report.checks import Check
from hardneg.report.columns import GROUPS
from hardneg.report.i18n import Locale
from hardneg.testing import collection
from tests.report.made import RUN, summary

EN, RU = Locale("en"), Locale("ru")
KNOWN = collection(
    {"a": "amber " * 30, "b": "birch", "c": "cedar"}, {"q0": "what " * 30, "q1": "who"},
    [("q0", "c", 1), ("q1", "c", 1)],
)  # fmt: skip


def test_tiles_are_the_numbers_at_the_top():
    made = {what: (value, remark) for value, what, remark in tables.tiles(summary(), EN)}
    assert made == {
        "queries": ("10", ""), "documents": ("1,234", ""), "candidates": ("200", ""),
        "negatives": ("35", "3.5 per query"), "short queries": ("3", "30\u202f%"),
        "false-negative rate": ("–", "not measured"), "duration": ("2 min", ""),
    }  # fmt: skip


def test_a_measured_rate_has_its_interval():
    audit = {"rate": 0.05, "low": 0.01, "high": 0.1, "confidence": 0.9}
    tiles = {what: (value, remark) for value, what, remark in tables.tiles(summary(audit=audit), EN)}
    assert tiles["false-negative rate"] == ("5\u202f%", "1\u202f% to 10\u202f%, 90\u202f% confidence")


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.25, "0.2 s"),
        (9.96, "10.0 s"),
        (10, "10 s"),
        (89.4, "89 s"),
        (90, "2 min"),
        (5369, "89 min"),
        (5400, "1 h 30 min"),
    ],
)
def test_a_duration_is_in_seconds_minutes_or_hours(seconds, shown):
    assert tables.tiles(summary(seconds={"rank": seconds}), EN)[-1][0] == shown


def test_settings_are_those_that_matter():
    made = dict(tables.settings(summary(), EN))
    values = list(made.values())
    assert values[:2] == ["small", "own: What it does."]
    assert "relative-margin (margin 0.05)" in values and "50" in values and "python 3.11" in values
    assert "None" not in values and "" not in values


def recipe(name, **changes):
    settings = {**Recipe.named(name).settings(), **changes}
    return dict(tables.settings(summary(recipe=settings), EN)).values(), dict(
        tables.settings(summary(recipe=settings), RU)
    ).values()


def test_a_named_recipe_is_described_in_its_words_where_they_are_true_and_english():
    described = " ".join(Recipe.named("naive").description.split())
    english, russian = recipe("naive")
    assert f"naive: {described}" in english and not any(described in value for value in russian)
    changed = {**Recipe.named("naive").settings()["select"], "rules": [{"window": {"first": 7}}]}
    english, _ = recipe("naive", select=changed)
    assert not any(described in value for value in english) and any(
        "window (first 7)" in value for value in english
    )


def test_dropped_ones_are_sorted_by_how_many_they_are():
    rows = tables.dropped(summary(), EN)
    assert [(row[0], row[1], row[2]) for row in rows] == [
        ("not needed", "100", "50\u202f%"), ("relative margin", "40", "20\u202f%"),
        ("text of the query", "2", "1\u202f%"),
    ]  # fmt: skip
    assert all(row[3] for row in rows)


def test_texts_that_repeat_are_counted_where_there_are_any():
    assert tables.copies(summary(), EN) == [("text of the query", "2")]
    merged = {**RUN["collection"], "notes": {"merged_duplicate_documents": 1500}}
    assert tables.copies(summary(collection=merged), EN)[1][1] == "1,500"
    assert tables.copies(summary(counts={"candidates": 1}), EN) == []


def test_rankers_are_measured_on_the_known_positives():
    ranking = {"bm25": {"mrr": 0.5, "recall_at_10": 0.75, "beyond_depth": 0.1}}
    assert tables.quality(summary(ranking=ranking), EN) == [("bm25", "0.500", "0.750", "10\u202f%")]
    assert tables.quality(summary(), EN) == []


def test_the_probabilities_have_their_auc_where_it_is_known():
    found = {"auc": 0.9, "auc_first_20": 0.75, "calibration_error": None}
    made = tables.separation(summary(validation={"calibration": found}), RU)
    assert [row[:2] for row in made] == [
        ("AUC (площадь под ROC-кривой)", "0,900"),
        ("То же на первых 20 местах", "0,750"),
    ]
    assert tables.separation(summary(validation={}), EN) == []


def test_a_check_has_what_it_examined_and_found():
    counts = np.zeros(len(GROUPS), np.int64)
    counts[GROUPS.index("negative")], counts[GROUPS.index("dropped")] = 1, 3
    check = Check("near_duplicate", VALIDATORS.make("near-duplicate"), examined=40, queries=2, counts=counts)
    assert tables.checks(summary(checks=[check]), EN) == [
        ("Near-duplicates", "40", "4", "10\u202f%", "1", "2")
    ]


def test_leaks_are_by_evaluation_set():
    overlap = {"looked_at": 10, "exact": 1, "near": 2, "examples": ["a", "b", "c", "d"]}
    facts = {"evaluation": "test", "queries": overlap, "positives": {**overlap, "examples": []}}
    check = Check("leakage", VALIDATORS.make({"leakage": {"evaluation": "test"}}))
    made = summary(checks=[check], validation={"validators": {"leakage": {**facts, "dropped_queries": 3}}})
    [leak] = tables.leaks(made, EN)
    assert (leak["name"], leak["dropped"]) == ("test", 3) and [row[1:] for row in leak["rows"]] == [
        ("10", "1", "2")
    ] * 2
    assert [text for _, text in leak["examples"]] == ["a", "b", "c"]
    assert tables.leaks(summary(checks=[check]), EN) == [] and tables.leakage(summary()) == []


def test_documents_used_more_than_once_have_the_beginning_of_their_text():
    made = summary(uses={"b": 2, "a": 2, "c": 1})
    rows = tables.most_used(made, KNOWN)
    assert [(doc, count) for doc, _, count in rows] == [("a", 2), ("b", 2)]
    assert rows[0][1] == "amber " * 18 + "amber …" and rows[1][1] == "birch"
    assert tables.most_used(made, None) == [("a", "", 2), ("b", "", 2)]


def test_short_queries_have_their_reason():
    made = summary()
    made.short += [("q1", "", "corpus_exhausted"), ("q0", "", "corpus_exhausted")]
    rows = tables.short_queries(made, KNOWN, EN)
    assert rows[0] == ("q1", "who", "the whole corpus was searched") and rows[1][1].endswith("what …")
    assert [text for _, text, _ in tables.short_queries(made, None, EN)] == ["", ""]
