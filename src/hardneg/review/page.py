"""The page of a review, whole in one answer."""

from __future__ import annotations

import importlib.resources
import re

from markupsafe import Markup

from hardneg.report.i18n import Words
from hardneg.report.page import embedded, environment, read
from hardneg.report.page import policy as page_policy


def page(words: Words, judge: str) -> str:
    """Returns the page as HTML.

    Args:
        words: Its language.
        judge: The name that it begins with.
    """
    own = importlib.resources.files("hardneg.review") / "pages"
    style, script, template = (
        (own / f"review.{kind}").read_text(encoding="utf-8") for kind in ("css", "js", "html")
    )
    wanted = ("review.", "reason.", "examples.")
    told = {key: text for key, text in words.all.items() if key.startswith(wanted)}
    return (
        environment()
        .from_string(template)
        .render(
            words=words,
            style=Markup(read("page.css") + style),
            script=Markup(read("text.js") + script),
            data=embedded({"words": told, "judge": judge, "language": words.language}),
        )
    )


def policy(html: str) -> str:
    """Returns the content security policy of the page: its own script and style, its own server."""
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert style and script
    return f"{page_policy(script[1], style[1])}; connect-src 'self'; frame-ancestors 'none'"
