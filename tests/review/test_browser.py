"""The review in a real browser: with the keyboard, through reloads and kills, against hostile documents."""

import os
import re
import signal
import subprocess
import sys
import threading
from functools import partial

import pytest

from hardneg import Recipe, mine
from hardneg.core import verdicts
from hardneg.review import open_server
from tests.browser import opened
from tests.evil import ATTACKS
from tests.evil import collection as evil
from tests.mining.test_positives import Similar, scores, shuffled


def pair(page):
    return tuple(page.locator("#query").get_attribute("data-pair").split("\t"))


def press(page, key):
    """Presses a key and waits until the next candidate is there."""
    before = pair(page)
    page.keyboard.press(key)
    page.wait_for_function(
        "pair => document.getElementById('query').dataset.pair !== pair", arg="\t".join(before)
    )
    return before


def judgments(path):
    return {judged.pair: str(judged.verdict) for judged in verdicts.read(path)}


def ready(page):
    page.wait_for_selector("#item:not([hidden])")


def test_a_person_judges_with_the_keyboard(server, chromium):
    with opened(chromium, server.url) as page:
        ready(page)
        keys = {"r": "relevant", "n": "not_relevant", "u": "unsure", "1": "relevant"}
        expected = {press(page, key): verdict for key, verdict in keys.items()}
        assert judgments(server.session.path) == expected
        assert "4 of" in page.inner_text("#count")
        press(page, "z")
        assert len(judgments(server.session.path)) == 3
        assert pair(page) == list(expected)[-1]


def test_a_reload_goes_on_where_it_was(server, chromium):
    with opened(chromium, server.url) as page:
        ready(page)
        first = press(page, "n")
        now = pair(page)
        page.reload()
        ready(page)
        assert pair(page) == now and judgments(server.session.path) == {first: "not_relevant"}


def test_another_judge_begins_at_the_beginning_and_keys_type_the_name(server, chromium):
    with opened(chromium, server.url) as page:
        ready(page)
        first = press(page, "n")
        page.locator("#judge").fill("")
        page.locator("#judge").press_sequentially("nur")
        assert len(judgments(server.session.path)) == 1
        page.locator("#judge").press("Enter")
        page.wait_for_function("() => document.getElementById('count').textContent.startsWith('0 ')")
        assert pair(page) == first
        page.locator("#judge").blur()
        press(page, "n")
        assert page.locator("#agreement").inner_text() == (
            "anna and nur gave one and the same answer to all 1 candidates"
        )
        assert {judged.judge for judged in verdicts.read(server.session.path)} == {"anna", "nur"}


def test_buttons_do_what_keys_do_until_all_is_done(run, collection, chromium):
    with open_server(run, collection, judge="anna", port=0, count=2) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        with opened(chromium, server.url, viewport={"width": 390, "height": 800}) as page:
            ready(page)
            assert page.evaluate("document.documentElement.scrollWidth") == 390
            page.locator("[data-verdict=relevant]").click()
            page.wait_for_function("() => document.getElementById('count').textContent === '1 of 2'")
            page.locator("[data-verdict=unsure]").click()
            page.wait_for_selector("#done:not([hidden])")
            assert "hardneg audit" in page.inner_text("#done")
            assert page.locator("[data-verdict=relevant]").is_disabled()
        server.shutdown()


def test_documents_run_nothing(tmp_path, chromium):
    data = evil()
    mine(data, Recipe.named("naive", rankers=["bm25"]), tmp_path / "run")
    name = "<img src=x onerror=window.pwned=1>"
    with open_server(tmp_path / "run", data, judge=name, port=0) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        seen = ""
        with opened(chromium, server.url) as page:
            ready(page)
            for _ in range(len(server.session._queue.items) - 1):
                seen += page.inner_text("main")
                press(page, "n")
            assert page.evaluate("window.pwned") is None
            assert page.locator("main img, main iframe, main svg, main style, main script").count() == 0
        server.shutdown()
    for attack in ATTACKS[:5]:
        assert attack in seen


@pytest.fixture
def started(run):
    """Starts the command in a process of its own; returns it and the page's address."""
    processes = []

    def start():
        command = [
            sys.executable,
            "-m",
            "hardneg",
            "review",
            str(run),
            "--no-browser",
            "--port",
            "0",
            "--judge",
            "anna",
        ]
        # Python ignores SIGINT in background jobs, so the child restores its default.
        interruptible = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=interruptible)
        processes.append(process)
        return process, re.search(r"http://\S+", process.stderr.readline())[0]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


def test_judgments_outlive_kill_9(started, run, chromium):
    process, url = started()
    with opened(chromium, url) as page:
        ready(page)
        expected = {press(page, "r"): "relevant", press(page, "n"): "not_relevant"}
        now = pair(page)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert judgments(run / verdicts.FILE) == expected
    with (run / verdicts.FILE).open("ab") as file:
        file.write(b'{"query_id": "q0", "doc')  # what a kill in the midst of writing leaves
    _, url = started()
    with opened(chromium, url) as page:
        ready(page)
        assert pair(page) == now
        press(page, "u")
    assert judgments(run / verdicts.FILE) == {**expected, now: "unsure"}


def test_ctrl_c_ends_the_review_well(started, run):
    process, _ = started()
    process.send_signal(signal.SIGINT)
    output = process.communicate(timeout=20)[1]
    assert process.returncode == 0
    assert "judgments.jsonl" in output and "Traceback" not in output


def test_a_click_shows_the_other_tab(tmp_path, chromium):
    known = shuffled()
    recipe = Recipe.named("naive", ["format=jsonl"], rankers=[Similar(scores(known))], negatives=2)
    mine(known, recipe, tmp_path / "run", report=False)
    with open_server(tmp_path / "run", known, judge="anna", port=0, count=7) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        with opened(chromium, server.url) as page:
            ready(page)
            assert page.locator("[role=tab][aria-selected=true]").inner_text() == "Negatives"
            shown = pair(page)
            page.locator("[data-tab=positives]").click()
            page.wait_for_selector("[data-tab=positives][aria-selected=true]")
            assert pair(page) != shown and "p(wrong positive)" in page.inner_text("#candidate")
            press(page, "n")
            page.locator("[data-tab=negatives]").click()
            page.wait_for_selector("[data-tab=negatives][aria-selected=true]")
            assert pair(page) == shown and page.inner_text("#count").startswith("0 ")
        [judged] = verdicts.read(server.session.path)
        assert judged.verdict == "not_relevant"
        server.shutdown()
