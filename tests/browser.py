"""A real Chromium for the tests of pages; `tests/conftest.py` says what happens without one."""

import shutil
from contextlib import contextmanager

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


def executable():
    return next((path for path in map(shutil.which, NAMES) if path), None)


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        browser = driver.chromium.launch(executable_path=executable(), args=options)
        yield browser
        browser.close()


@contextmanager
def opened(chromium, url, **options):
    """Yields a page, and fails on what its console complains of and on requests to elsewhere."""
    options = {"viewport": {"width": 1280, "height": 900}, **options}
    context = chromium.new_context(**options)
    page = context.new_page()
    complaints, requests = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto(url)
    yield page
    context.close()
    assert complaints == []
    home = url.rpartition("/")[0]
    assert [asked for asked in requests if not asked.startswith(home)] == []
