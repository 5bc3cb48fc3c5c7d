"""The page on a mixture."""

import json
import re

import pytest

from hardneg import DataError
from hardneg.report import write_mixture
from hardneg.report.figures import mixtures
from hardneg.report.figures.style import FILE_STYLE, svg
from hardneg.report.i18n import Locale
from hardneg.report.mixture_page import mixture_page
from tests.cli.test_cli import run as command
from tests.report.runs import write

EN = Locale("en")


def part(name, rows, **changed):
    document = {"doc_id": f"{name}/d", "title": "<b>T", "text": "answer", "score": 0.5, "weight": 1.0}
    example = {
        "query_id": f"{name}/q", "query": "who <i>", "positives": [document], "negatives": [document],
        "n_negatives": 7,
    }  # fmt: skip
    return {
        "name": name, "run": f"runs/{name}", "fingerprint": "f", "recipe": "naive", "prompt": None,
        "rows_found": 100, "left_out": {}, "rows": rows, "distinct_rows": 50, "share": rows / 300,
        "prompts": {"rows": 0, "distinct": 0, "first": ""},
        "hardness": {"by": "bm25", "score": 12.5, "relative_margin": 0.25},
        "false_negatives": {"expected": None, "measured": None},
        "examples": [example],
    } | changed  # fmt: skip


MEASURED = {"rate": 0.2, "low": 0.1, "high": 0.3, "method": "judged_sample"}
FACTS = {
    "fingerprint": "m",
    "finished": True,
    "settings": {"format": "jsonl", "temperature": 0.5, "near_copy": 0.9, "seed": 42},
    "parts": [
        part("some & other", 250, false_negatives={"expected": 0.1, "measured": MEASURED}),
        part(
            "second",
            50,
            left_out={"in_the_evaluation_set": 7, "query_of_an_earlier_run": 3},
            prompts={"rows": 50, "distinct": 2, "first": "Find: "},
            false_negatives={"expected": 0.03, "measured": None},
            likeness={"in_batch": 0.4, "at_random": 0.01},
        ),
    ],
    "rows": 300,
    "batches": {"kind": "clustered", "size": 5, "count": 60, "kept": True, "example": ["one <b>", "two"]},
    "holdout": {"data/held": 12},
    "export": {"format": {"jsonl": {}}, "files": ["train.jsonl"], "rows": 300, "skipped": 0, "notes": {}},
}


@pytest.fixture
def folder(tmp_path):
    write(tmp_path / "mix.json", FACTS)
    return tmp_path


@pytest.mark.parametrize(("language", "words"), [("en", "A mixture of"), ("ru", "Смесь: ")])
def test_a_mixture_is_one_page_in_the_language_asked_for(folder, capsys, language, words):
    command("report", folder, "--lang", language, "--figures", folder / "figures")
    assert capsys.readouterr().out.strip() == str(folder / "report.html")
    html = (folder / "report.html").read_text(encoding="utf-8")
    assert words in html and "some &amp; other" in html and "one &lt;b&gt;" in html and "<i>" not in html
    assert html.count("<svg") == 3 and not re.search(r"""(src|href)=["']?(https?:|//)""", html)
    files = sorted(path.name for path in (folder / "figures").glob("*.svg"))
    assert files == ["false_negatives.svg", "likeness.svg", "rows.svg"]


def test_the_tables_have_every_part_with_its_figures(folder):
    html = write_mixture(folder).read_text(encoding="utf-8")
    rows = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", html)]
    percent = EN.percent
    assert ["second", "naive", "100", "50", "50", percent(50 / 300)] in rows
    assert ["second", "query in an evaluation set", "7", percent(0.07)] in rows
    assert ["second", "Find: ", "50", "2"] in rows and ["held", "12"] in rows
    measured = f"{percent(0.2)} ({percent(0.1)} to {percent(0.3)})"
    assert ["some &amp; other", "bm25", "12.500", "0.250", percent(0.1), measured] in rows
    assert ["second", "bm25", "12.500", "0.250", percent(0.03), "not known"] in rows


def test_what_stands_out_is_said_first():
    html = mixture_page(FACTS, EN)
    found = dict(reversed(pair) for pair in re.findall(r'<li class="(\w+)">(.*?)</li>', html))
    assert (
        found[f"Of the negatives of some &amp; other, {EN.percent(0.2)} are relevant by its audit."] == "bad"
    )
    assert any("occurs 5.0 times on average" in text and kind == "bad" for text, kind in found.items())
    assert found["Some parts have a prompt before their queries, these have none: some &amp; other."] == "bad"
    assert found["No batch holds a known or suspected positive of another row&#39;s query."] == "good"
    assert found["Rows that were left out as their query is in an evaluation set: 7."] == "plain"
    lost = {**FACTS, "batches": {**FACTS["batches"], "kept": False}, "holdout": {}}
    html = mixture_page(lost, EN)
    assert "the batches are lost in it" in html and "No evaluation set was named" in html


def test_bars_and_intervals_carry_their_numbers():
    rate, low, high = (EN.percent(share) for share in (0.2, 0.1, 0.3))
    assert f"some & other: {rate} [{low}, {high}]".replace("&", "&amp;") in svg(
        mixtures.false_negatives(FACTS, EN, FILE_STYLE)
    )
    assert f"second: 50 ({EN.percent(50 / 300)})" in svg(mixtures.rows(FACTS, EN, FILE_STYLE))
    assert "second, in a batch: 0.400" in svg(mixtures.likeness(FACTS, EN, FILE_STYLE))
    plain = {**FACTS, "parts": [part("one", 300)]}
    assert mixtures.likeness(plain, EN, FILE_STYLE) is None
    assert mixtures.false_negatives(plain, EN, FILE_STYLE) is None


def test_the_examples_are_for_the_script_of_the_page():
    html = mixture_page(FACTS, EN)
    data = json.loads(re.search(r'id="payload">(.*?)</script>', html)[1])
    assert [query["id"] for query in data["queries"]] == ["some & other/q", "second/q"]
    assert data["queries"][0]["counts"] == [1, 7, 0] and data["total"] == 100
    assert data["queries"][0]["negatives"] == [
        ["some & other/d", None, [], None, "negative", None, 1.0, "bm25 0.500"]
    ]


def test_an_unfinished_or_damaged_mixture_is_refused(tmp_path):
    write(tmp_path / "mix.json", {**FACTS, "finished": False})
    with pytest.raises(DataError, match="holds no finished mixture; run the same hardneg mix command again"):
        write_mixture(tmp_path)
    (tmp_path / "mix.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="hardneg mix"):
        write_mixture(tmp_path)
