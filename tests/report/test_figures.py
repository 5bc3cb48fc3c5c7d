"""The figures: each draws what there is, and nothing where there is nothing."""

import re

import pytest

from hardneg.report import write_figures
from hardneg.report.figures import FIGURES, candidates, rates
from hardneg.report.figures.moves import moves
from hardneg.report.figures.style import FILE, PAGE, svg
from hardneg.report.gather import gather
from hardneg.report.i18n import LANGUAGES, Words
from hardneg.report.sections import drawn

EN = Words("en")
ALWAYS = {"funnel", "scores.bm25", "scores.flat", "margins", "ranks", "agreement"}


def test_a_plain_run_has_the_figures_that_need_no_validation(run):
    assert {name for name, _ in drawn(gather(run), EN, PAGE)} == ALWAYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_run_has_them_all(full, language):
    names = {name for name, _ in drawn(gather(full), Words(language), PAGE)}
    validated = {"doubt", "margin_doubt", "reliability", "checks", "audit", "trade_off"}
    validated |= {"compared.nDCG@10", "compared.recall@100"}
    assert names == ALWAYS | validated
    assert {name.partition(".")[0] for name in names} == set(FIGURES)


def test_figures_on_a_page_take_their_colours_from_it_and_tell_their_numbers(full):
    for name, chart in drawn(gather(full), EN, PAGE):
        drawing = svg(chart, "x")
        assert "#ffffff" not in drawing and "<script" not in drawing and " style=" not in drawing
        assert all(found.startswith("x-") for found in re.findall(r'\bid="([^"]+)', drawing))
        assert "aria-label=" in drawing, name
    assert 'fill="var(--negative)"' in svg(candidates.funnel(gather(full), EN, PAGE))


def test_the_funnel_ends_with_the_negatives(run):
    found = gather(run)
    steps = candidates.funnel_steps(found, EN)
    counts = found.run["counts"]
    assert steps[0]["end"] == counts["candidates"]
    assert (steps[-1]["begin"], steps[-1]["end"]) == (0, counts["negatives"])
    for upper, lower in zip(steps[1:-1], steps[2:], strict=True):
        assert upper["begin"] == lower["end"]


def test_thresholds_are_those_of_the_recipe(run, full):
    found = gather(full)
    assert candidates.margin_limits(found) == [0.05] and candidates.doubt_limits(found)[-1] == 0.4
    found.run["recipe"]["select"]["rules"] = [{"max-score": {"maximum": 0.7, "by": "flat"}}]
    assert candidates.score_limits(found, "flat") == [("max_score", 0.7)]
    assert candidates.score_limits(found, "bm25") == [] == candidates.margin_limits(found)
    assert "at most 0.7" in svg(candidates.scores(found, EN, PAGE, "flat"))


def test_files_are_svg_and_png(full, tmp_path):
    files = write_figures(full, tmp_path / "figures", language="ru")
    assert len(files) == 2 * 14
    for file in files:
        start = file.read_bytes()[:8]
        assert start.startswith(b"<svg") if file.suffix == ".svg" else start == b"\x89PNG\r\n\x1a\n"


def test_moves_are_drawn_with_their_counts():
    drawing = svg(moves([("Dropped: a", "Negatives: b", 1234)], EN, PAGE))
    assert "1,234" in drawing and moves([], EN, PAGE) is None


def test_axes_write_numbers_as_the_language_does(full):
    drawings = {
        language: {name: svg(chart) for name, chart in drawn(gather(full), Words(language), FILE)}
        for language in LANGUAGES
    }
    for name, russian in drawings["ru"].items():
        assert not re.search(r">\d*\.\d+%?</text>", russian), name
        assert re.search(r">[\d,]+\.?\d*%?</text>", drawings["en"][name]), name
    assert ">0,4</text>" in drawings["ru"]["reliability"] and ">0.4</text>" in drawings["en"]["reliability"]
    assert ">20\u202f%</text>" in drawings["ru"]["audit"]
    assert "отступ 0,05</text>" in drawings["ru"]["margins"]


def test_a_chart_for_a_notebook_carries_its_locale(full):
    from hardneg.report.plot import Plots

    assert Plots(full, "ru").margins().to_dict()["config"]["locale"]["number"]["decimal"] == ","
    assert "locale" not in Plots(full).margins().to_dict()["config"]


def test_labels_of_the_trade_off_do_not_stand_on_each_other():
    pairs = ((0.0, 0), (0.5, 0.1), (0.52, 0.11), (1, 1))
    points = [{"hardness": hardness, "rate": rate, "at": str(hardness)} for hardness, rate in pairs]
    assert [point["label"] for point in rates._labelled(points)] == ["0.0", "0.5", "", "1"]
