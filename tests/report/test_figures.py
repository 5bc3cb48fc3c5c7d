"""The figures: each draws what there is, and nothing where there is nothing."""

import re

import pytest

from hardneg.report import write_figures
from hardneg.report.figures import FIGURES, candidates, rates
from hardneg.report.figures.style import FILE_STYLE, PAGE_STYLE, svg
from hardneg.report.i18n import LANGUAGES, Locale
from hardneg.report.pages import run_figures
from hardneg.report.summary import summarize

EN = Locale("en")
ALWAYS = {"funnel", "scores.bm25", "scores.flat", "margins", "ranks", "agreement"}


def test_a_plain_run_has_the_figures_that_need_no_validation(run):
    assert {name for name, _ in run_figures(summarize(run), EN, PAGE_STYLE)} == ALWAYS


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_full_run_has_them_all(full, language):
    names = {name for name, _ in run_figures(summarize(full), Locale(language), PAGE_STYLE)}
    validated = {"probabilities", "margin_probabilities", "reliability", "checks", "audit", "trade_off"}
    validated |= {"compared.nDCG@10", "compared.recall@100"}
    assert names == ALWAYS | validated
    assert {name.partition(".")[0] for name in names} == set(FIGURES)


def test_figures_on_a_page_take_their_colours_from_it_and_have_their_numbers(full):
    for name, chart in run_figures(summarize(full), EN, PAGE_STYLE):
        drawing = svg(chart, "x")
        assert "#ffffff" not in drawing and "<script" not in drawing and " style=" not in drawing
        assert all(part.startswith("x-") for part in re.findall(r'\bid="([^"]+)', drawing))
        assert "aria-label=" in drawing, name
    assert 'fill="var(--negative)"' in svg(candidates.funnel(summarize(full), EN, PAGE_STYLE))


def test_the_funnel_ends_with_the_negatives(run):
    summary = summarize(run)
    steps = candidates.funnel_steps(summary, EN)
    counts = summary.run["counts"]
    assert steps[0]["end"] == counts["candidates"]
    assert (steps[-1]["begin"], steps[-1]["end"]) == (0, counts["negatives"])
    for upper, lower in zip(steps[1:-1], steps[2:], strict=True):
        assert upper["begin"] == lower["end"]


def test_thresholds_are_those_of_the_recipe(run, full):
    summary = summarize(full)
    assert summary.margin_limits == [0.05] and summary.probability_limits[-1] == 0.4
    summary.run["recipe"]["select"]["rules"] = [{"max-score": {"maximum": 0.7, "by": "flat"}}]
    assert summary.score_limits("flat") == [("maximum", 0.7)]
    assert summary.score_limits("bm25") == [] == summary.margin_limits
    assert "at most 0.7" in svg(candidates.scores(summary, EN, PAGE_STYLE, "flat"))


def test_files_are_svg_and_png(full, tmp_path):
    files = write_figures(full, tmp_path / "figures", language="ru")
    assert len(files) == 2 * 14
    for file in files:
        start = file.read_bytes()[:8]
        assert start.startswith(b"<svg") if file.suffix == ".svg" else start == b"\x89PNG\r\n\x1a\n"


def test_moves_are_drawn_with_their_counts():
    drawing = svg(candidates.moves([("Dropped: a", "Negatives: b", 1234)], EN, PAGE_STYLE))
    assert "1,234" in drawing and candidates.moves([], EN, PAGE_STYLE) is None


def test_axes_write_numbers_as_the_language_does(full):
    drawings = {
        language: {
            name: svg(chart) for name, chart in run_figures(summarize(full), Locale(language), FILE_STYLE)
        }
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


def test_labels_of_the_trade_off_do_not_overlap():
    pairs = ((0.0, 0), (0.5, 0.1), (0.52, 0.11), (1, 1))
    points = [{"hardness": hardness, "rate": rate, "at": str(hardness)} for hardness, rate in pairs]
    assert [point["label"] for point in rates._labelled(points)] == ["0.0", "0.5", "", "1"]
