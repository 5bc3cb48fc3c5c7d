"""Figures and tables in a notebook."""

import pytest

from hardneg import DataError, Recipe, open_run
from hardneg.report.plot import Plots
from tests.evil import collection as evil

NAMES = sorted(name for name in vars(Plots) if not name.startswith("_") and name != "summary")


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_of_a_full_run_is_a_chart(full, name):
    chart = getattr(open_run(full).plot, name)()
    assert chart.to_dict()["$schema"].startswith("https://vega.github.io/schema/vega-lite/")


def test_a_figure_without_data_is_refused(run):
    plot = open_run(run).plot
    assert plot.scores("flat").to_dict()
    for figure in (plot.audit, plot.reliability, plot.probabilities, lambda: plot.scores("none")):
        with pytest.raises(DataError, match="has no data to draw"):
            figure()


def test_tables_in_notebooks_show_the_main_facts(run, collection):
    opened = open_run(run)
    assert "with a positive" in collection._repr_html_()
    assert "rank.rankers.bm25.k1" in Recipe.build(opened.info["recipe"])._repr_html_()
    assert "negatives" in opened._repr_html_()
    shown = opened.training_set._repr_html_()
    assert next(iter(opened.training_set)).query in shown


def test_tables_in_notebooks_escape_what_documents_hold():
    shown = evil()._repr_html_()
    assert "&lt;script&gt;" in shown and "<script>" not in shown and "<img" not in shown
