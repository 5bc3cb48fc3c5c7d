"""The page on a comparison of recipes."""

import json
import re

import pytest

from hardneg import DataError
from hardneg.report import write_comparison
from hardneg.report.figures import rates
from hardneg.report.figures.style import FILE_STYLE, PAGE_STYLE, svg
from hardneg.report.i18n import Locale
from hardneg.report.pages import comparison_figures
from tests.cli.test_cli import run as command
from tests.report.runs import COMPARED, write

EN = Locale("en")


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "compare.json", COMPARED)
    return tmp_path


@pytest.mark.parametrize(("language", "words"), [("en", "Recipes compared on"), ("ru", "Сравнение рецептов")])
def test_a_comparison_is_one_page_in_the_language_asked_for(folder, capsys, language, words):
    command("report", folder, "--lang", language, "--figures", folder / "figures")
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert words in html and "some &amp; other" in html and "static:&lt;m&gt;" in html
    assert html.count("<svg") == 4 and not re.search(r"""(src|href)=["']?(https?:|//)""", html)
    files = sorted(path.name for path in (folder / "figures").glob("*.svg"))
    assert files == [
        "differences.nDCG@10.svg", "false_negatives.svg", "measured.nDCG@10.svg", "measured.recall@100.svg",
    ]  # fmt: skip


def test_the_table_has_every_arm_with_its_figures(folder):
    html = write_comparison(folder).read_text(encoding="utf-8")
    rows = re.findall(r"<tr>(.*?)</tr>", html)[1:]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert [row[0] for row in cells] == ["untrained", "naive", "perc-pos", "default"]
    assert cells[3][1:6] == ["0.4800", "0.450–0.510", "±0.0100", "+0.0800", "+0.0300* (p 0.010)"]
    assert cells[2][5] == "+0.0100 (p 0.400)" and cells[1][8:10] == ["40\u202f%", "30\u202f%"]


def test_intervals_carry_their_numbers():
    charts = {name: svg(chart) for name, chart in comparison_figures(COMPARED, EN, FILE_STYLE)}
    assert "default: 0.480 [0.450, 0.510]" in charts["measured.nDCG@10"]
    assert "default: +0.030 [+0.010, +0.050]" in charts["differences.nDCG@10"]
    assert "untrained" not in charts["differences.nDCG@10"]
    rate, low, high = (EN.percent(share) for share in (0.08, 0.04, 0.12))
    assert f"perc-pos: {rate} [{low}, {high}]" in charts["false_negatives"]


def test_what_is_not_known_is_not_drawn():
    rows = [{**COMPARED["rows"][1], "mined": {"false_negatives": None}}]
    assert (
        rates.false_negatives(rows, EN, PAGE_STYLE) is None
        and rates.differences(rows, EN, PAGE_STYLE) is None
    )
    assert rates.measured(rows, EN, PAGE_STYLE, "MAP") is None


def test_a_damaged_comparison_is_refused(tmp_path):
    (tmp_path / "compare.json").write_text(json.dumps(COMPARED)[:-5], encoding="utf-8")
    with pytest.raises(DataError, match="compare again"):
        write_comparison(tmp_path)
