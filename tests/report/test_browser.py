"""The report in a real browser: readable on all screens, searchable, safe against markup in documents."""

import pytest

from hardneg import Recipe, mine, select
from hardneg.report import write_report, write_versus
from tests.browser import opened
from tests.evil import ATTACKS
from tests.evil import collection as evil


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    """A run whose data tries to be markup, and its pages."""
    folder = tmp_path_factory.mktemp("attacked")
    data = evil()
    rankers = ["bm25", {"bm25": {"k1": 0.3, "name": "two"}}]
    result = mine(data, Recipe.named("naive", rankers=rankers), folder / "run")
    again = Recipe.named("naive", ranked_by=result.info["recipe"], negatives=1)
    select(folder / "run", again, folder / "again", collection=data, report=False)
    write_report(folder / "run", data, folder / "report.html")
    write_versus((folder / "run", folder / "again"), data, folder / "versus.html")
    return folder


@pytest.mark.parametrize("name", ["report.html", "versus.html"])
def test_nothing_in_a_document_runs(attacked, chromium, name):
    with opened(chromium, (attacked / name).as_uri()) as page:
        cards = page.locator(".example")
        assert cards.count() == 6
        for card in cards.all()[1:]:
            card.locator("summary").click()
        page.wait_for_timeout(100)
        assert page.evaluate("window.pwned") is None
        assert page.locator("main img, main iframe, main style, main textarea").count() == 0
        assert page.locator("script").count() == 2
        shown = page.inner_text("main")
        for attack in ATTACKS[:5]:
            assert attack in shown
        assert "{{ 7 * 7 }}" in shown


@pytest.fixture
def report(full, collection, tmp_path):
    return write_report(full, collection, tmp_path / "report.html").as_uri()


def test_the_examples_can_be_searched_filtered_and_ordered(report, chromium):
    with opened(chromium, report) as page:
        found = page.locator(".tools [role=status]")
        assert found.inner_text() == "7 found"
        page.locator("input[type=search]").fill("LARCH")
        matching = page.locator(".example").count()
        assert 0 < matching < 7
        page.locator("input[type=search]").fill("no such words")
        assert page.locator(".example").count() == 0 and "Nothing matches" in page.inner_text("main")
        page.locator("input[type=search]").fill("")
        page.locator("select").first.select_option("reason:surplus")
        assert found.inner_text() != "0 found"
        page.locator("select").nth(1).select_option("most_probable")
        assert page.locator(".example").count() > 0


def test_numbers_show_where_the_pointer_is(report, chromium):
    with opened(chromium, report) as page:
        page.locator("#funnel svg [aria-roledescription=bar]").first.hover()
        assert page.locator("#tip").is_visible() and "Candidates: " in page.inner_text("#tip")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_in_light_and_dark(report, chromium, scheme):
    options = {"viewport": {"width": 360, "height": 740}, "color_scheme": scheme}
    with opened(chromium, report, **options) as page:
        assert page.evaluate("document.documentElement.scrollWidth") == 360
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(16, 21, 29)") == (scheme == "dark")
        page.locator("#theme").click()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != ground


def test_without_javascript_all_but_the_examples_is_there(report, chromium):
    with opened(chromium, report, java_script_enabled=False) as page:
        text = page.inner_text("main")
        assert "What stands out" in text and "The examples need JavaScript" in text
        assert page.locator("figure svg").count() == 14


FONTS = ("DejaVu Sans", "Liberation Sans", "Liberation Serif")


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_no_letter_of_a_figure_is_cut_whatever_the_font(
    full, collection, tmp_path, chromium, language, width
):
    page_file = write_report(full, collection, tmp_path / "report.html", language=language)
    with opened(chromium, page_file.as_uri(), viewport={"width": width, "height": 900}) as page:
        for font in FONTS:
            cut = page.evaluate(
                """(font) => [...document.querySelectorAll("figure svg.marks")].flatMap((svg) => {
                  const whole = svg.getBoundingClientRect();
                  return [...svg.querySelectorAll("text")].filter((text) => {
                    text.setAttribute("font-family", font);
                    const box = text.getBoundingClientRect();
                    return box.left < whole.left - 1 || box.right > whole.right + 1
                      || box.top < whole.top - 2 || box.bottom > whole.bottom + 2;
                  }).map((text) => text.textContent);
                })""",
                font,
            )
            assert cut == [], (font, cut)


def test_forms_of_a_word_are_matched_and_other_words_are_not(report, chromium):
    with opened(chromium, report) as page:
        script = "([query, word]) => hasForm(wordSet(query), word)"
        for query, word in (
            ("янтарь", "янтаря"),
            ("столица", "столицы"),
            ("stand", "standing"),
            ("ab1", "ab1"),
        ):
            assert page.evaluate(script, [query, word]), word
        for query, word in (
            ("amber", "amble"),
            ("cat", "cats"),
            ("stand", "standardised"),
            ("янтарь", "январь"),
        ):
            assert not page.evaluate(script, [query, word]), word
