"""Makes the pictures of the documentation from a real run: `python docs/screenshots.py RUN`."""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from hardneg import open_run
from hardneg.report import write_report
from hardneg.review import open_server

IMAGES = Path(__file__).parent / "images"


def main(run: str) -> None:
    """Writes `images/*.png` from the run directory `run`, which is not changed."""
    opened = open_run(run)
    collection = opened.training_set.collection
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        copy = Path(shutil.copytree(run, Path(folder) / "run"))
        pages = {
            lang: write_report(copy, collection, copy / f"{lang}.html", language=lang)
            for lang in ("en", "ru")
        }
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shot(browser, pages["en"].as_uri(), "report.png")
        shot(browser, pages["ru"].as_uri(), "report-ru.png")
        for part in ("scores", "probabilities", "audit"):
            shot(browser, pages["en"].as_uri(), f"{part}.png", f"#{part}")
        with open_server(copy, collection, judge="you", port=0) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            shot(browser, server.url, "review.png")
            server.shutdown()
        browser.close()


def shot(browser: Browser, url: str, name: str, part: str = "") -> None:
    """Writes a picture of a page, or of one part of it."""
    page = browser.new_page(viewport={"width": 1100, "height": 800}, device_scale_factor=1)
    page.goto(url)
    page.wait_for_timeout(300)
    IMAGES.mkdir(exist_ok=True)
    if part:
        page.locator(part).screenshot(path=IMAGES / name)
    else:
        page.screenshot(path=IMAGES / name)
    page.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
