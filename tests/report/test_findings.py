"""What stands out in a run of ten queries."""

import numpy as np
import pytest

from hardneg.core.components import VALIDATORS
from hardneg.report.checks import Check
from hardneg.report.columns import GROUPS
from hardneg.report.findings import findings, warnings
from hardneg.report.i18n import Locale
from tests.report.made import RUN, summary

EN = Locale("en")


def found(language="en", **given):
    """Returns (kind, sentence) of all findings."""
    return findings(summary(**given), Locale(language))


def of(text, **given):
    """Returns (kind, sentence) of the findings in which a text is."""
    return [finding for finding in found(**given) if text in finding[1]]


def test_the_numbers_come_first_after_the_warnings():
    assert found()[0] == ("plain", "35 negatives for 10 queries out of 200 candidates.")
    warned = found(warnings=[{"kind": "empty", "text": "empty", "queries": 10}])
    assert [kind for kind, _ in warned[:2]] == ["bad", "plain"]
    assert warned[0][1] == "The training set is empty: none of 10 queries has a negative."


def test_a_warning_that_the_report_does_not_know_is_as_run_json_has_it():
    given = [{"kind": "new", "text": "something new"}]
    assert found(warnings=given)[0] == ("bad", "something new") and warnings(summary(warnings=given)) == given


def test_numbers_of_warnings_are_written_as_their_kind():
    lost = {"kind": "lost_queries", "text": "", "lost": 6, "queries": 1000, "share": 0.006}
    text = found(warnings=[lost])[0][1]
    assert text.startswith("6 of 1,000 queries (0.6\u202f%)")
    assert found("ru", warnings=[lost])[0][1] != text


@pytest.mark.parametrize(
    ("rate", "high", "kind"),
    [(0.101, 0.2, "bad"), (0.1, 0.2, "plain"), (0.05, 0.1, "good"), (0.05, 0.11, "plain")],
)
def test_a_rate_is_bad_above_a_tenth_and_good_where_its_interval_ends_below(rate, high, kind):
    audit = {"rate": rate, "low": 0.01, "high": high, "method": "judged_sample", "judged": 200}
    [(found_kind, sentence)] = of("of the negatives are relevant", audit=audit)
    assert found_kind == kind and sentence.endswith(
        "Measured by verdicts: 200. More of them narrow the interval."
    )


def test_a_rate_over_the_target_is_bad():
    audit = {"rate": 0.05, "low": 0.01, "high": 0.06, "target": {"rate": 0.05}}
    assert not of("over the target", audit=audit)
    assert of("over the target of 4\u202f%", audit={**audit, "target": {"rate": 0.04}})[0][0] == "bad"


def test_without_an_audit_that_is_said():
    assert of("was not measured") and of("was not measured", audit={"rate": None})


def test_negatives_above_their_positive_are_bad_from_a_twentieth_on():
    assert of("scores higher", negatives=[0.5] * 20) == [("good", EN("find.none_above"))]
    assert of("score higher", negatives=[-0.5] + [0.5] * 19)[0] == (
        "plain",
        EN("find.above", share="5\u202f%"),
    )
    assert of("score higher", negatives=[-0.5, -0.5] + [0.5] * 18)[0][0] == "bad"
    assert not of("than the weakest positive")


def test_suspected_ones_and_a_missing_calibration_are_told():
    select = {**RUN["recipe"]["select"], "rules": [{"suspected-false-negative": {}}]}
    counts = {**RUN["counts"], "dropped": {"suspected_false_negative": 1234, "surplus": 1}}
    sentences = of("suspected false negatives", recipe={**RUN["recipe"], "select": select}, counts=counts)
    assert sentences[0] == ("plain", "1,234 candidates were dropped as suspected false negatives.")
    unknown = {"validators": {}, "calibration": {"estimable": False, "why": "too few"}}
    assert of("are not estimated: too few", validation=unknown)
    poor = [{"kind": "poor_calibration", "text": ""}]
    assert not of("are not estimated", validation=unknown, warnings=poor), "the warning says it"


def near(negatives):
    counts = np.zeros(len(GROUPS), np.int64)
    counts[GROUPS.index("negative")], counts[GROUPS.index("dropped")] = negatives, 5
    return Check("near_duplicate", VALIDATORS.make("near-duplicate"), counts=counts)


def test_near_duplicates_are_bad_among_negatives():
    assert of("near-duplicate", checks=[near(0)]) == [("good", EN("find.no_near"))]
    assert of("Near-duplicates", checks=[near(2), near(1)]) == [("bad", EN("find.near", count="3"))]
    assert not of("duplicate")


@pytest.mark.parametrize(("near", "kind"), [(0, "good"), (1, "bad")])
def test_an_evaluation_set_with_anything_in_common_is_bad(near, kind):
    facts = {
        "evaluation": "test.jsonl", "queries": {"exact": 0, "near": near},
        "positives": {"exact": 0, "near": 0},
    }  # fmt: skip
    check = Check("leakage", VALIDATORS.make({"leakage": {"evaluation": "test.jsonl"}}))
    [(found_kind, _)] = of("test.jsonl", checks=[check], validation={"validators": {"leakage": facts}})
    assert found_kind == kind


def test_the_commonest_reason_but_what_was_not_needed():
    assert of("commonest reason")[0][1].startswith(
        "The commonest reason to drop a candidate: relative margin (20\u202f%)."
    )
    assert not of("commonest reason", counts={**RUN["counts"], "dropped": {"surplus": 5}})


def test_short_queries_are_bad_above_a_twentieth():
    assert of("3 queries (30\u202f%) got fewer negatives")[0][0] == "bad"
    assert of("fewer negatives", short={"rules_exhausted": 1})[0][0] == "bad"
    made = summary(short={"rules_exhausted": 1})
    made.queries += [f"r{n}" for n in range(10)]
    assert [kind for kind, text in findings(made, EN) if text.startswith("1 queries (5\u202f%)")] == ["plain"]
    assert of("got all its negatives", short={}) == [("good", EN("find.no_short"))]


def test_documents_that_serve_many_queries_are_told():
    assert not of("several queries", uses={"a": 1, "b": 1})
    assert of("several queries", uses={"a": 2, "b": 1, "c": 1})[0][1].startswith("50\u202f%")
    assert of("is a negative for", uses={"a": 3})[0] == (
        "bad",
        EN("find.overused", doc="a", count="3", share="30\u202f%"),
    )
    assert not of("is a negative for", uses={"a": 2}), "two are no many"


def test_the_two_rankers_that_agree_least_are_named():
    shared = [[10, 5, 2], [5, 10, 4], [2, 4, 10]]
    sentences = of("ten best", rankers=("bm25", "dense", "late"), shared=shared)
    assert sentences == [("plain", "bm25 and late share 20\u202f% of their ten best documents.")]
    assert not of("ten best")


def test_verdicts_and_skipped_queries_are_counted():
    assert of("Verdicts on 3 pairs", verdicts={"pairs": 3, "removed": 2, "added": 1})[0][0] == "plain"
    assert of("have no row", export={**RUN["export"], "skipped": 2})[0][1].startswith("2 queries")
    assert not of("Verdicts on") and not of("have no row")


def test_suspected_positives_are_counted_by_what_suspects_them():
    positives = {
        "why": "too few",
        "suspected": 9,
        "suspected_by": {"consistency": 1, "too_short": 9, "boilerplate": 0},
    }
    assert of("too-short 9, the rankers' scores 1;", positives=positives)
    assert not of(
        "by what finds them", positives={"why": "too few", "suspected": 0, "suspected_by": {"too_short": 0}}
    )
